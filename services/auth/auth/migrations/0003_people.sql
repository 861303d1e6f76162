-- Sessions that a person can tell apart, reset links, single sign-on, API tokens, and tries counted by where they come from.

-- A person who only signs in with a provider has no password.
ALTER TABLE person ALTER COLUMN password_hash DROP NOT NULL;

ALTER TABLE session ADD COLUMN user_agent text NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN address text NOT NULL DEFAULT '';
CREATE INDEX session_person ON session (person_id);

ALTER TABLE invitation ADD COLUMN id text NOT NULL DEFAULT gen_random_uuid()::text;
CREATE UNIQUE INDEX invitation_id ON invitation (id);
CREATE INDEX invitation_business ON invitation (business_id);

-- Tries that count against somebody, by the SHA-256 of what they are counted by; forgotten when long enough ago.
CREATE TABLE counted_try (
    key     bytea       PRIMARY KEY,
    number  integer     NOT NULL,
    last_at timestamptz NOT NULL,
    free_at timestamptz NOT NULL
);
CREATE INDEX counted_try_last ON counted_try (last_at);

-- Where an account was signed in to before, so that strangers cannot slow its owner down.
CREATE TABLE familiar_address (
    email   text        NOT NULL,
    address text        NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (email, address)
);

CREATE TABLE password_reset (
    token_hash bytea       PRIMARY KEY,
    person_id  text        NOT NULL REFERENCES person (id),
    -- The member who made the link where no mail is sent.
    made_by    text        REFERENCES person (id),
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_reset_person ON password_reset (person_id);

-- A provider's identity; (issuer, subject) is what a provider never gives to another person.
CREATE TABLE person_identity (
    issuer    text        NOT NULL,
    subject   text        NOT NULL,
    person_id text        NOT NULL REFERENCES person (id),
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX person_identity_person ON person_identity (person_id, issuer);

CREATE TABLE sign_on_state (
    state_hash   bytea       PRIMARY KEY,
    browser_hash bytea       NOT NULL,
    nonce        text        NOT NULL,
    verifier     text        NOT NULL,
    -- The hash of an invitation to be used on the way back.
    invitation   bytea,
    -- The person to link to, where one was signed in.
    person_id    text        REFERENCES person (id),
    next         text        NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sign_on_state_end ON sign_on_state (expires_at);

CREATE TABLE api_token (
    id           text        PRIMARY KEY,
    token_hash   bytea       NOT NULL UNIQUE,
    business_id  text        NOT NULL REFERENCES business (id),
    person_id    text        NOT NULL REFERENCES person (id),
    name         text        NOT NULL,
    -- Never an Owner's.
    role         smallint    NOT NULL CHECK (role BETWEEN 1 AND 3),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_token_business ON api_token (business_id) WHERE revoked_at IS NULL;
