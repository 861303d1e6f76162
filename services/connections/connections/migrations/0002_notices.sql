-- Where a store lies in time, when a consent ends for good, a feed of changes, and what people are told.

ALTER TABLE connection
    ADD COLUMN store_zone      text        NOT NULL DEFAULT '',
    ADD COLUMN hard_expires_at timestamptz,
    -- Of 30, 14 and 3 days before the end: the smallest that was announced.
    ADD COLUMN announced_days  smallint,
    -- The place of the last change in the feed that watchers resume from.
    ADD COLUMN watch_version   bigint      NOT NULL DEFAULT 0;
CREATE INDEX connection_watch ON connection (watch_version);
CREATE INDEX connection_end ON connection (refresh_expires_at) WHERE status = 2;

-- One row, locked by each change until its commit, so that versions become visible in their order.
CREATE TABLE watch_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint  NOT NULL
);
INSERT INTO watch_counter (version) VALUES (0);

CREATE TABLE notice (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id  text        NOT NULL,
    provider     text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('unhealthy', 'recovered', 'expiring')),
    sentence     text        NOT NULL,
    raised_at    timestamptz NOT NULL DEFAULT now(),
    over_at      timestamptz,
    dismissed_at timestamptz,
    dismissed_by text        NOT NULL DEFAULT ''
);
CREATE INDEX notice_of ON notice (business_id, id DESC) WHERE dismissed_at IS NULL;

-- What is still to be sent. 'recipients' becomes one 'email' for each person once auth has told who they are.
CREATE TABLE notice_delivery (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id  bigint      NOT NULL REFERENCES notice (id),
    channel    text        NOT NULL CHECK (channel IN ('recipients', 'email', 'webhook')),
    recipient  text        NOT NULL DEFAULT '',
    tries      integer     NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz,
    failure    text        NOT NULL DEFAULT '',
    UNIQUE (notice_id, channel, recipient)
);
CREATE INDEX notice_delivery_due ON notice_delivery (not_before) WHERE done_at IS NULL;
