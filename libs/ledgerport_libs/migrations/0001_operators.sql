-- What operators see and do: figures that one replica reads for all, dead letters that can be replayed, what was done.

CREATE TABLE figures (
    only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Whoever moves this on looks; the others read what was found.
    taken_at  timestamptz NOT NULL DEFAULT '-infinity',
    looked_at timestamptz NOT NULL DEFAULT '-infinity',
    figures   jsonb       NOT NULL DEFAULT '[]'
);
INSERT INTO figures DEFAULT VALUES;

-- Empty for events that were given up before they were kept with their id.
ALTER TABLE dead_letter
    ADD COLUMN event_id    text NOT NULL DEFAULT '',
    ADD COLUMN traceparent text NOT NULL DEFAULT '';

-- Each change that an operator made by the admin command.
CREATE TABLE operation (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    done_by text        NOT NULL,
    what    text        NOT NULL,
    detail  jsonb       NOT NULL DEFAULT '{}'
);
