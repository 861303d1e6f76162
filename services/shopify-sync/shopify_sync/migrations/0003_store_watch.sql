-- What is known of a store beyond its objects: what it grants, how it answers, how often it is heard of.

ALTER TABLE store
    ADD COLUMN scopes            text[]      NOT NULL DEFAULT '{}',
    -- What webhooks had not brought: at the last look, since the last webhook, and ever.
    ADD COLUMN found_last        bigint      NOT NULL DEFAULT 0,
    ADD COLUMN found_since_heard bigint      NOT NULL DEFAULT 0,
    ADD COLUMN found_ever        bigint      NOT NULL DEFAULT 0,
    -- A moving mean of the longer pauses between webhooks.
    ADD COLUMN usual_gap         interval,
    ADD COLUMN api_served        text        NOT NULL DEFAULT '',
    ADD COLUMN api_deprecated    text        NOT NULL DEFAULT '',
    ADD COLUMN refusal           text        NOT NULL DEFAULT '',
    ADD COLUMN refused_since     timestamptz;
