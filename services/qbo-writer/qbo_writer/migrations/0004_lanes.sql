-- What happens now goes before history, what is pushed by hand goes without triggers, and writes may go in batches.

ALTER TABLE record
    -- From a history import: it goes after what happens now.
    ADD COLUMN history boolean  NOT NULL DEFAULT false,
    -- A person pushed it: no trigger holds it.
    ADD COLUMN pushed  boolean  NOT NULL DEFAULT false,
    -- What others refer to goes first.
    ADD COLUMN rank    smallint NOT NULL GENERATED ALWAYS AS (
        CASE kind WHEN 'setup' THEN 0 WHEN 'customer' THEN 1 WHEN 'product' THEN 2 WHEN 'order' THEN 3
                  WHEN 'payment' THEN 4 ELSE 5 END) STORED;

ALTER INDEX record_runnable RENAME TO record_due;
CREATE INDEX record_runnable ON record (business_id, history, rank, arrival) WHERE status = 'pending';

-- The request id of the batch that it was sent in: its answer protects no single document of it.
ALTER TABLE claim ADD COLUMN batch text NOT NULL DEFAULT '';

-- How many requests the holder had started, and when, so that the next one keeps inside the limits too.
ALTER TABLE company_lease
    ADD COLUMN spent    jsonb       NOT NULL DEFAULT '[]',
    ADD COLUMN spent_at timestamptz NOT NULL DEFAULT now();

-- Which writers there are: each takes its share of the companies.
CREATE TABLE writer (
    holder  text        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
