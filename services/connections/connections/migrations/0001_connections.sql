-- What is known of a Business's two connections, what became of them, and the gates that writers watch.

CREATE TABLE connection (
    business_id        text        NOT NULL,
    provider           text        NOT NULL CHECK (provider IN ('quickbooks', 'shopify')),
    -- ledgerport.events.v1.ConnectionStatus: 1 not connected, 2 connected, 3 unhealthy, 4 disconnected.
    status             smallint    NOT NULL DEFAULT 1 CHECK (status BETWEEN 1 AND 4),
    status_since       timestamptz NOT NULL DEFAULT now(),
    reason             text        NOT NULL DEFAULT '',
    explanation        text        NOT NULL DEFAULT '',
    paused             boolean     NOT NULL DEFAULT false,
    paused_since       timestamptz,
    paused_by          text        NOT NULL DEFAULT '',
    account_id         text        NOT NULL DEFAULT '',
    account_name       text        NOT NULL DEFAULT '',
    shop_domain        text        NOT NULL DEFAULT '',
    connected_by       text        NOT NULL DEFAULT '',
    connected_at       timestamptz,
    refresh_expires_at timestamptz,
    scopes             text        NOT NULL DEFAULT '',
    last_write_at      timestamptz,
    -- Grows with each move; an UPDATE names the version it saw.
    version            bigint      NOT NULL DEFAULT 0,
    -- The newest of auth's events that was heard; older ones are no-ops.
    credential_version bigint      NOT NULL DEFAULT 0,
    gate_version       bigint      NOT NULL DEFAULT 0,
    gate_changed_at    timestamptz NOT NULL DEFAULT '-infinity',
    last_probe_at      timestamptz,
    next_probe_at      timestamptz NOT NULL DEFAULT now(),
    unreachable_since  timestamptz,
    -- A Disconnect that auth has not carried out yet.
    revoke_asked_at    timestamptz,
    revoke_asked_by    text        NOT NULL DEFAULT '',
    revoke_not_before  timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (business_id, provider),
    CHECK (NOT paused OR provider = 'quickbooks')
);
CREATE INDEX connection_gate ON connection (gate_version) WHERE provider = 'quickbooks';
CREATE INDEX connection_probe ON connection (next_probe_at) WHERE status IN (2, 3);
CREATE INDEX connection_revoke ON connection (revoke_not_before) WHERE revoke_asked_at IS NOT NULL;

-- One row, locked by each change of a gate until its commit, so that versions become visible in their order.
CREATE TABLE gate_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint  NOT NULL
);
INSERT INTO gate_counter (version) VALUES (0);

CREATE TABLE history (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id text        NOT NULL,
    provider    text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text        NOT NULL,
    sentence    text        NOT NULL,
    status      smallint    NOT NULL,
    paused      boolean     NOT NULL
);
CREATE INDEX history_of ON history (business_id, id DESC);
