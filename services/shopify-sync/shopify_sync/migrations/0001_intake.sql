-- Stores, the hints that webhooks left, and what was last said of each Shopify object.

CREATE TABLE store (
    shop_domain          text        PRIMARY KEY,
    business_id          text        NOT NULL,
    shop_id              text        NOT NULL,
    zone                 text        NOT NULL,
    currency             text        NOT NULL,
    connected            boolean     NOT NULL,
    credential_version   bigint      NOT NULL,
    connected_at         timestamptz NOT NULL,
    last_webhook_at      timestamptz,
    -- Everything updated before this moment has been looked at.
    caught_up_to         timestamptz NOT NULL,
    last_catch_up_at     timestamptz,
    catch_up_wanted      boolean     NOT NULL DEFAULT true,
    subscribed_topics    text[]      NOT NULL DEFAULT '{}',
    subscriptions_at     timestamptz
);
CREATE UNIQUE INDEX store_of_business ON store (business_id) WHERE connected;

-- Deliveries seen, so that a repeated one hints at nothing new.
CREATE TABLE webhook (
    shop_domain  text        NOT NULL,
    webhook_id   text        NOT NULL,
    topic        text        NOT NULL,
    triggered_at timestamptz,
    received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shop_domain, webhook_id)
);
CREATE INDEX webhook_age ON webhook (received_at);

-- One row an object that may have changed, however many webhooks said so.
CREATE TABLE hint (
    shop_domain  text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('order', 'customer', 'product', 'uninstalled')),
    source_id    text        NOT NULL,
    gone         boolean     NOT NULL DEFAULT false,
    hinted       bigint      NOT NULL DEFAULT 1,
    hinted_at    timestamptz NOT NULL,
    traceparent  text        NOT NULL DEFAULT '',
    not_before   timestamptz NOT NULL DEFAULT '-infinity',
    failures     integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (shop_domain, kind, source_id)
);
CREATE INDEX hint_due ON hint (shop_domain, not_before);

-- What was last said of each object: unchanged content is not said again.
CREATE TABLE emitted (
    shop_domain  text        NOT NULL,
    source_id    text        NOT NULL,
    content_hash bytea       NOT NULL,
    updated_at   timestamptz NOT NULL,
    sequence     bigint      NOT NULL,
    PRIMARY KEY (shop_domain, source_id)
);

-- Shopify's privacy requests, whole: nothing can be fetched for them later.
CREATE TABLE privacy_request (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_domain  text        NOT NULL,
    webhook_id   text        NOT NULL,
    topic        text        NOT NULL,
    body         bytea       NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (shop_domain, webhook_id)
);
