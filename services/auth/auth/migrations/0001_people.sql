-- Who a person is, which Businesses there are, and who may do what in them.

CREATE TABLE person (
    id            text        PRIMARY KEY,
    email         text        NOT NULL UNIQUE CHECK (email = lower(email)),
    name          text        NOT NULL,
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE business (
    id         text        PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE membership (
    business_id text        NOT NULL REFERENCES business (id),
    person_id   text        NOT NULL REFERENCES person (id),
    -- ledgerport.common.v1.Role: 1 viewer, 2 bookkeeper, 3 admin, 4 owner.
    role        smallint    NOT NULL CHECK (role BETWEEN 1 AND 4),
    joined_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, person_id)
);
CREATE INDEX membership_person ON membership (person_id, joined_at);

-- The browser holds the token; only its SHA-256 is kept.
CREATE TABLE session (
    id         text        PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE,
    person_id  text        NOT NULL REFERENCES person (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE invitation (
    token_hash  bytea       PRIMARY KEY,
    business_id text        NOT NULL REFERENCES business (id),
    email       text        NOT NULL,
    role        smallint    NOT NULL CHECK (role BETWEEN 1 AND 4),
    invited_by  text        NOT NULL REFERENCES person (id),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz
);
