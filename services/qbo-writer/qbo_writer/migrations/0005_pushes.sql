-- What people push: a run of records in the background, what became of each, and who asked for it.

-- The strongest lock first: who takes it after a weaker one meets the traffic in a deadlock.
LOCK TABLE record IN ACCESS EXCLUSIVE MODE;

CREATE TABLE push_run (
    id           uuid        PRIMARY KEY,
    business_id  text        NOT NULL,
    started_by   text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    -- What was asked for: the filter, or that records were picked.
    asked        jsonb       NOT NULL DEFAULT '{}',
    -- Found and left as they are: in QuickBooks already, on their way already, left out by a person.
    in_books     bigint      NOT NULL DEFAULT 0,
    on_their_way bigint      NOT NULL DEFAULT 0,
    left_out     bigint      NOT NULL DEFAULT 0,
    cancelled_by text        NOT NULL DEFAULT '',
    cancelled_at timestamptz,
    number       bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX push_run_newest ON push_run (business_id, number DESC);

CREATE TABLE push_member (
    run_id       uuid        NOT NULL REFERENCES push_run (id),
    record_id    uuid        NOT NULL REFERENCES record (id),
    -- What it was before, so that a cancelled push leaves it so. No sentence: it may name a person.
    was          text        NOT NULL,
    was_reason   text        NOT NULL,
    revision     bigint      NOT NULL,
    -- What the push came to: the record's status until it is decided; or 'cancelled'.
    outcome      text        NOT NULL DEFAULT 'pending',
    reason       text        NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, record_id)
);

ALTER TABLE record
    -- The run that still waits for what becomes of this record.
    ADD COLUMN push_run uuid;

-- Whichever statement moves a record: these marks go with it.
CREATE FUNCTION record_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What was planned before a person left the record out does not bring it back.
    IF OLD.reason = 'IGNORED' AND OLD.status = 'skipped' AND NEW.status <> 'skipped' AND NEW.revision = OLD.revision THEN
        NEW.status := OLD.status;
        NEW.reason := OLD.reason;
        NEW.sentence := OLD.sentence;
        NEW.waits_for := NULL;
    END IF;
    -- A push is for what was there when somebody pushed.
    IF NEW.status = 'synced' OR NEW.reason = 'IGNORED' OR NEW.content_hash <> OLD.content_hash THEN
        NEW.pushed := false;
    END IF;
    IF NEW.push_run IS NOT NULL AND NEW.push_run = OLD.push_run
       AND (NEW.status, NEW.reason) IS DISTINCT FROM (OLD.status, OLD.reason) THEN
        UPDATE push_member SET outcome = NEW.status, reason = NEW.reason
         WHERE run_id = NEW.push_run AND record_id = NEW.id;
        IF NEW.status NOT IN ('pending', 'on_hold') THEN
            NEW.push_run := NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER record_marks BEFORE UPDATE ON record
    FOR EACH ROW WHEN (OLD.pushed OR OLD.push_run IS NOT NULL OR OLD.reason = 'IGNORED')
    EXECUTE FUNCTION record_marks();
