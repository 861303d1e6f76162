-- What a Business decided: Sync Config in versions, mappings by hand, and what intake saw that can be mapped.

CREATE TABLE sync_config (
    business_id text        NOT NULL,
    version     bigint      NOT NULL CHECK (version > 0),
    config      jsonb       NOT NULL,
    saved_by    text        NOT NULL,
    saved_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, version)
);
CREATE FUNCTION sync_config_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of the sync config is never changed';
END $$;
CREATE TRIGGER sync_config_stays BEFORE UPDATE OR DELETE ON sync_config
    FOR EACH ROW EXECUTE FUNCTION sync_config_stays();

-- No names here: those of customers are personal data, and stand in the record alone.
CREATE TABLE mapping (
    business_id text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('product', 'customer', 'gateway', 'tax')),
    source_id   text        NOT NULL,
    qbo_id      text        NOT NULL,
    mapped_by   text        NOT NULL,
    mapped_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, kind, source_id)
);

-- Every change of a mapping by a person. An empty id: not mapped by hand.
CREATE TABLE mapping_change (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id text        NOT NULL,
    kind        text        NOT NULL,
    source_id   text        NOT NULL,
    before_id   text        NOT NULL,
    after_id    text        NOT NULL,
    changed_by  text        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mapping_change_newest ON mapping_change (business_id, number DESC);

-- A person's permission to make this product or customer in QuickBooks; over as soon as it has a document.
CREATE TABLE create_wanted (
    business_id text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('product', 'customer')),
    source_id   text        NOT NULL,
    wanted_by   text        NOT NULL,
    wanted_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, kind, source_id)
);

-- What orders brought that can be mapped: taxes by name and rate, and payment gateways.
CREATE TABLE seen_tax (
    business_id text        NOT NULL,
    tax_key     text        NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, tax_key)
);
CREATE TABLE seen_gateway (
    business_id text        NOT NULL,
    label       text        NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, label)
);

-- Grows with each change of a Business's settings or mappings, in the commit of the change.
CREATE TABLE settings_stamp (
    business_id text   PRIMARY KEY,
    stamp       bigint NOT NULL
);

CREATE INDEX record_by_name ON record (business_id, kind, lower(reference), source_id)
 WHERE kind IN ('customer', 'product');

-- Which lists are kept is said once, in company_books.py: classes and locations are among them now.
ALTER TABLE company_name DROP CONSTRAINT IF EXISTS company_name_list_check;

-- Products and customers with what stands for them. What a person chose wins over the document.
CREATE VIEW mapped_record AS
SELECT r.business_id, r.kind, r.id AS record_id, r.source_id, r.reference AS name, lower(r.reference) AS key, r.payload,
       r.status, r.sentence, coalesce(m.qbo_id, d.qbo_id, '') AS qbo_id, m.qbo_id IS NOT NULL AS by_hand,
       n.qbo_id IS NOT NULL AS qbo_known, coalesce(n.name, '') AS qbo_name, coalesce(n.active, false) AS qbo_active,
       coalesce(n.email, '') AS qbo_email, coalesce(n.sku, '') AS qbo_sku, coalesce(n.type, '') AS qbo_type,
       coalesce(m.mapped_by, '') AS mapped_by, m.mapped_at,
       w.source_id IS NOT NULL AND d.qbo_id IS NULL AS create_wanted
  FROM record r
  LEFT JOIN mapping m ON m.business_id = r.business_id AND m.kind = r.kind AND m.source_id = r.source_id
  LEFT JOIN LATERAL (SELECT qbo_id FROM document WHERE record_id = r.id ORDER BY posted_at LIMIT 1) d ON true
  LEFT JOIN company_name n ON n.business_id = r.business_id AND n.qbo_id = coalesce(m.qbo_id, d.qbo_id)
                          AND n.list = CASE r.kind WHEN 'product' THEN 'Item' ELSE 'Customer' END
  LEFT JOIN create_wanted w ON w.business_id = r.business_id AND w.kind = r.kind AND w.source_id = r.source_id
 WHERE r.kind IN ('customer', 'product');
