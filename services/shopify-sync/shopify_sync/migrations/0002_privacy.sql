-- Whose an order is, and what became of each privacy request.

ALTER TABLE emitted ADD COLUMN customer_id text NOT NULL DEFAULT '';
CREATE INDEX emitted_customer ON emitted (shop_domain, customer_id) WHERE customer_id <> '';

ALTER TABLE privacy_request
    ADD COLUMN business_id text        NOT NULL DEFAULT '',
    ADD COLUMN customer_id text        NOT NULL DEFAULT '',
    -- [{"kind": "order", "id": "gid://…"}]: what we held when it was answered.
    ADD COLUMN held        jsonb       NOT NULL DEFAULT '[]',
    ADD COLUMN sentence    text        NOT NULL DEFAULT '',
    ADD COLUMN done_at     timestamptz;
CREATE INDEX privacy_request_waiting ON privacy_request (id) WHERE done_at IS NULL;
CREATE INDEX privacy_request_of ON privacy_request (business_id, id DESC);
