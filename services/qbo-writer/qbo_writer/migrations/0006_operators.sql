-- What operators look at and steer: what is not in QuickBooks and why, and which writers rest.

-- Counting what is in error or on hold reads this alone, however many records are synced.
CREATE INDEX record_not_synced ON record (status, reason) WHERE status IN ('error', 'on_hold');

ALTER TABLE writer
    -- Of the machine or pod, so that an operator knows it.
    ADD COLUMN name        text        NOT NULL DEFAULT '',
    -- Until then it takes no company, because an operator said so.
    ADD COLUMN rests_until timestamptz NOT NULL DEFAULT '-infinity';
