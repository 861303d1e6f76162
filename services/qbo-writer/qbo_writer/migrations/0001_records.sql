-- Records and what became of them: one row a Shopify thing, one row a document in QuickBooks, one row an attempt.

CREATE TABLE record (
    id                uuid        PRIMARY KEY,
    business_id       text        NOT NULL,
    kind              text        NOT NULL CHECK (kind IN ('customer', 'product', 'order', 'refund', 'setup')),
    source_id         text        NOT NULL,
    parent_id         uuid        REFERENCES record (id),
    reference         text        NOT NULL,
    source_updated_at timestamptz NOT NULL,
    observed_at       timestamptz NOT NULL,
    content_hash      bytea       NOT NULL,
    -- The entity as protobuf. A refund's lies in its order, so its own is empty.
    payload           bytea       NOT NULL,
    status            text        NOT NULL CHECK (status IN ('pending', 'on_hold', 'synced', 'error', 'skipped')),
    reason            text        NOT NULL DEFAULT '',
    sentence          text        NOT NULL DEFAULT '',
    waits_for         uuid,
    not_before        timestamptz NOT NULL DEFAULT '-infinity',
    failures          integer     NOT NULL DEFAULT 0,
    total_minor       bigint,
    currency          text,
    traceparent       text        NOT NULL DEFAULT '',
    -- Grows with each change of the row, so that a settle can tell whether the entity changed meanwhile.
    revision          bigint      NOT NULL DEFAULT 1,
    changed_at        timestamptz NOT NULL DEFAULT now(),
    arrival           bigint GENERATED ALWAYS AS IDENTITY,
    UNIQUE (business_id, kind, source_id)
);
CREATE INDEX record_runnable ON record (business_id, not_before) WHERE status = 'pending';
CREATE INDEX record_waiting ON record (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX record_changed ON record (business_id, changed_at DESC, id);
CREATE INDEX record_children ON record (parent_id) WHERE parent_id IS NOT NULL;

-- What stands in QuickBooks for a record.
CREATE TABLE document (
    record_id    uuid        NOT NULL REFERENCES record (id),
    business_id  text        NOT NULL,
    entity       text        NOT NULL,
    qbo_id       text        NOT NULL,
    sync_token   text        NOT NULL,
    number       text        NOT NULL DEFAULT '',
    total_minor  bigint,
    currency     text,
    body_hash    bytea       NOT NULL,
    -- False: it was there before us and is only linked; we never change it.
    ours         boolean     NOT NULL,
    proof        jsonb       NOT NULL DEFAULT '[]',
    posted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id),
    UNIQUE (business_id, entity, qbo_id, record_id)
);

-- The first of the three steps of a write: committed before anything is sent, gone when it is settled.
CREATE TABLE claim (
    record_id   uuid        PRIMARY KEY REFERENCES record (id),
    business_id text        NOT NULL,
    operation   text        NOT NULL,
    entity      text        NOT NULL,
    request_id  text        NOT NULL,
    body        bytea       NOT NULL,
    body_hash   bytea       NOT NULL,
    number      text        NOT NULL DEFAULT '',
    txn_date    text        NOT NULL DEFAULT '',
    -- What the document is expected to come to: its proof is held against what was sent, not against what came since.
    expected    jsonb       NOT NULL DEFAULT '{}',
    revision    bigint      NOT NULL,
    claimed_at  timestamptz NOT NULL DEFAULT now(),
    tries       integer     NOT NULL DEFAULT 0
);

CREATE TABLE attempt (
    id              uuid        PRIMARY KEY,
    business_id     text        NOT NULL,
    record_id       uuid        NOT NULL REFERENCES record (id),
    at              timestamptz NOT NULL DEFAULT now(),
    operation       text        NOT NULL,
    outcome         text        NOT NULL,
    entity          text        NOT NULL DEFAULT '',
    qbo_id          text        NOT NULL DEFAULT '',
    number          text        NOT NULL DEFAULT '',
    reason          text        NOT NULL DEFAULT '',
    sentence        text        NOT NULL DEFAULT '',
    cause           text        NOT NULL DEFAULT '',
    cure            text        NOT NULL DEFAULT '',
    request         text        NOT NULL DEFAULT '',
    response        text        NOT NULL DEFAULT '',
    http_status     integer     NOT NULL DEFAULT 0,
    intuit_tid      text        NOT NULL DEFAULT '',
    trace_id        text        NOT NULL DEFAULT '',
    duration_ms     integer     NOT NULL DEFAULT 0,
    arrival         bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX attempt_newest ON attempt (business_id, arrival DESC);
CREATE INDEX attempt_of_record ON attempt (record_id, arrival DESC);

-- One writer to a company at a time. The fence grows with each new holder, so a late one cannot settle.
CREATE TABLE company_lease (
    business_id text        PRIMARY KEY,
    holder      text        NOT NULL,
    fence       bigint      NOT NULL,
    until       timestamptz NOT NULL
);

-- What we know of a company's lists, so that no order needs a query (reads are metered).
CREATE TABLE company_name (
    business_id text    NOT NULL,
    list        text    NOT NULL CHECK (list IN ('Customer', 'Vendor', 'Employee', 'Item', 'Account')),
    qbo_id      text    NOT NULL,
    name        text    NOT NULL,
    email       text    NOT NULL DEFAULT '',
    sku         text    NOT NULL DEFAULT '',
    type        text    NOT NULL DEFAULT '',
    subtype     text    NOT NULL DEFAULT '',
    active      boolean NOT NULL,
    PRIMARY KEY (business_id, list, qbo_id)
);
CREATE TABLE company (
    business_id text        PRIMARY KEY,
    realm_id    text        NOT NULL,
    info        jsonb       NOT NULL,
    preferences jsonb       NOT NULL,
    tax_codes   jsonb       NOT NULL DEFAULT '[]',
    tax_rates   jsonb       NOT NULL DEFAULT '[]',
    loaded_at   timestamptz NOT NULL
);
