-- History imports: what is asked for, how far it is, and who is at it.

CREATE TABLE import_job (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id       text        NOT NULL,
    shop_domain       text        NOT NULL,
    request_id        text        NOT NULL,
    started_by        text        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    ended_at          timestamptz,
    -- Whole days of the store, both included, and the moments that they are.
    first_day         date        NOT NULL,
    last_day          date        NOT NULL,
    from_at           timestamptz NOT NULL,
    before_at         timestamptz NOT NULL,
    status            text        NOT NULL DEFAULT 'queued'
                      CHECK (status IN ('queued', 'counting', 'running', 'paused', 'done', 'cancelled', 'failed')),
    -- Shopify's count before the start, and of the list that it made.
    counted           bigint,
    listed            bigint,
    way               text        NOT NULL DEFAULT '' CHECK (way IN ('', 'bulk', 'paging')),
    bulk_id           text        NOT NULL DEFAULT '',
    gathered          bigint      NOT NULL DEFAULT 0,
    -- Why it pages instead of reading an export, or why it failed.
    reason            text        NOT NULL DEFAULT '',
    -- Where it goes on: after so many lines and bytes of the export, or after this order.
    place             bigint      NOT NULL DEFAULT 0,
    place_bytes       bigint      NOT NULL DEFAULT 0,
    after_id          bigint      NOT NULL DEFAULT 0,
    -- Orders looked at, and what became of them.
    read              bigint      NOT NULL DEFAULT 0,
    said              bigint      NOT NULL DEFAULT 0,
    unchanged         bigint      NOT NULL DEFAULT 0,
    not_there         bigint      NOT NULL DEFAULT 0,
    set_aside         bigint      NOT NULL DEFAULT 0,
    orders_per_minute bigint      NOT NULL DEFAULT 0,
    held_back         boolean     NOT NULL DEFAULT false,
    failures          integer     NOT NULL DEFAULT 0,
    not_before        timestamptz NOT NULL DEFAULT '-infinity',
    holder            text        NOT NULL DEFAULT '',
    lease_until       timestamptz NOT NULL DEFAULT '-infinity',
    UNIQUE (business_id, request_id)
);
-- One at a time: two would only share the same limits.
CREATE UNIQUE INDEX import_job_one ON import_job (business_id)
 WHERE status IN ('queued', 'counting', 'running', 'paused');
CREATE INDEX import_job_of ON import_job (business_id, id DESC);
