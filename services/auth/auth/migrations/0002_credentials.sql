-- The permanent tie of a Business to a QuickBooks company, and the sealed tokens of both providers.

CREATE TABLE binding (
    business_id  text        PRIMARY KEY REFERENCES business (id),
    realm_id     text        NOT NULL UNIQUE CHECK (realm_id ~ '^[0-9]{1,20}$'),
    company_name text        NOT NULL,
    bound_by     text        NOT NULL,
    bound_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (business_id, realm_id)
);

CREATE FUNCTION binding_is_permanent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a binding is permanent: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER binding_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON binding
    FOR EACH STATEMENT EXECUTE FUNCTION binding_is_permanent();
-- Also for sessions that play a replica's part.
ALTER TABLE binding ENABLE ALWAYS TRIGGER binding_stays;

CREATE TABLE credential (
    business_id         text        NOT NULL REFERENCES business (id),
    provider            text        NOT NULL CHECK (provider IN ('quickbooks', 'shopify')),
    -- Where calls go: the realm, or the shop's myshopify.com domain.
    account             text        NOT NULL,
    -- Who it is: the realm, or the shop's gid.
    account_id          text        NOT NULL,
    account_name        text        NOT NULL,
    state               text        NOT NULL CHECK (state IN ('active', 'refused', 'revoked')),
    -- Grows with each change; an access token is known by the version that stored it.
    version             bigint      NOT NULL DEFAULT 1,
    access_sealed       bytea,
    refresh_sealed      bytea,
    scopes              text        NOT NULL DEFAULT '',
    connected_by        text        NOT NULL,
    connected_at        timestamptz NOT NULL DEFAULT now(),
    issued_at           timestamptz NOT NULL DEFAULT now(),
    -- Empty: does not expire.
    expires_at          timestamptz,
    refresh_expires_at  timestamptz,
    hard_expires_at     timestamptz,
    reason              text        NOT NULL DEFAULT '',
    explanation         text        NOT NULL DEFAULT '',
    -- One refresh at a time: only the holder of the newest fence may store.
    refresh_fence       bigint      NOT NULL DEFAULT 0,
    refresh_until       timestamptz,
    refresh_failures    integer     NOT NULL DEFAULT 0,
    refresh_not_before  timestamptz,
    realm_id            text GENERATED ALWAYS AS (CASE provider WHEN 'quickbooks' THEN account END) STORED,
    PRIMARY KEY (business_id, provider),
    -- Tokens of QuickBooks can be kept only for the bound company.
    FOREIGN KEY (business_id, realm_id) REFERENCES binding (business_id, realm_id),
    CHECK (state <> 'active' OR access_sealed IS NOT NULL),
    CHECK (state <> 'revoked' OR (access_sealed IS NULL AND refresh_sealed IS NULL))
);
CREATE UNIQUE INDEX credential_one_business_a_shop ON credential (account)
    WHERE provider = 'shopify' AND state <> 'revoked';

-- Replaced refresh tokens, tried before anyone is asked to sign in again.
CREATE TABLE refresh_spare (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id text        NOT NULL,
    provider    text        NOT NULL,
    sealed      bytea       NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (business_id, provider) REFERENCES credential (business_id, provider)
);
CREATE INDEX refresh_spare_of ON refresh_spare (business_id, provider);

-- Tokens that were erased here and are still to be revoked at Intuit.
CREATE TABLE revocation (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id text        NOT NULL REFERENCES business (id),
    provider    text        NOT NULL,
    account     text        NOT NULL,
    sealed      bytea       NOT NULL,
    tries       integer     NOT NULL DEFAULT 0,
    -- While someone is calling the provider, this lies after their time-out.
    busy_until  timestamptz NOT NULL DEFAULT '-infinity',
    not_before  timestamptz NOT NULL DEFAULT '-infinity',
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE oauth_state (
    state_hash  bytea       PRIMARY KEY,
    provider    text        NOT NULL,
    business_id text        NOT NULL REFERENCES business (id),
    person_id   text        NOT NULL REFERENCES person (id),
    session_id  text        NOT NULL,
    shop        text        NOT NULL DEFAULT '',
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX oauth_state_end ON oauth_state (expires_at);
