-- name: mapping_rows
-- Products or customers by name. SKUs and e-mail addresses stand in the payload; whether they are what was found is
-- looked at afterwards.
SELECT * FROM mapped_record
 WHERE business_id = %(business_id)s AND kind = %(kind)s
   AND (%(mapped)s::boolean IS NULL OR (qbo_id <> '') = %(mapped)s)
   AND (%(text)s::text IS NULL OR name ILIKE %(text)s OR source_id ILIKE %(text)s OR qbo_name ILIKE %(text)s
        OR encode(payload, 'escape') ILIKE %(text)s)
   AND (key, source_id) > (%(after)s, %(after_id)s)
 ORDER BY key, source_id LIMIT %(limit)s;

-- name: mapping_row
SELECT * FROM mapped_record
 WHERE business_id = %(business_id)s AND kind = %(kind)s AND source_id = %(source_id)s;

-- name: mapping_counts
SELECT count(*) AS total, count(*) FILTER (WHERE m.qbo_id IS NULL AND NOT EXISTS (
           SELECT 1 FROM document d WHERE d.record_id = r.id)) AS unmapped
  FROM record r
  LEFT JOIN mapping m ON m.business_id = r.business_id AND m.kind = r.kind AND m.source_id = r.source_id
 WHERE r.business_id = %(business_id)s AND r.kind = %(kind)s;

-- name: gateway_rows
-- The clearing account of each gateway: chosen, or the one that LedgerPort found or made.
WITH label AS (
    SELECT label FROM seen_gateway WHERE business_id = %(business_id)s
    UNION SELECT source_id FROM mapping WHERE business_id = %(business_id)s AND kind = 'gateway'
)
SELECT l.label AS source_id, coalesce(m.qbo_id, '') AS qbo_id, coalesce(m.mapped_by, '') AS mapped_by, m.mapped_at
  FROM label l
  LEFT JOIN mapping m ON m.business_id = %(business_id)s AND m.kind = 'gateway' AND m.source_id = l.label
 ORDER BY lower(l.label), l.label;

-- name: tax_rows
WITH tax AS (
    SELECT tax_key FROM seen_tax WHERE business_id = %(business_id)s
    UNION SELECT source_id FROM mapping WHERE business_id = %(business_id)s AND kind = 'tax'
)
SELECT t.tax_key AS source_id, coalesce(m.qbo_id, '') AS qbo_id, coalesce(m.mapped_by, '') AS mapped_by, m.mapped_at
  FROM tax t
  LEFT JOIN mapping m ON m.business_id = %(business_id)s AND m.kind = 'tax' AND m.source_id = t.tax_key
 ORDER BY lower(t.tax_key), t.tax_key;

-- name: setup_documents
-- What LedgerPort itself found or made in the company.
SELECT r.source_id, d.qbo_id FROM record r JOIN document d ON d.record_id = r.id
 WHERE r.business_id = %(business_id)s AND r.kind = 'setup' AND r.source_id LIKE 'account:clearing:%%';

-- name: mapping_changes_add
-- The trail of what is about to change; what stays as it is leaves none.
INSERT INTO mapping_change (business_id, kind, source_id, before_id, after_id, changed_by)
SELECT %(business_id)s, %(kind)s, c.source_id, coalesce(m.qbo_id, ''), c.qbo_id, %(by)s
  FROM unnest(%(source_ids)s::text[], %(qbo_ids)s::text[]) c (source_id, qbo_id)
  LEFT JOIN mapping m ON m.business_id = %(business_id)s AND m.kind = %(kind)s AND m.source_id = c.source_id
 WHERE coalesce(m.qbo_id, '') <> c.qbo_id;

-- name: mappings_put
INSERT INTO mapping AS m (business_id, kind, source_id, qbo_id, mapped_by)
SELECT %(business_id)s, %(kind)s, c.source_id, c.qbo_id, %(by)s
  FROM unnest(%(source_ids)s::text[], %(qbo_ids)s::text[]) c (source_id, qbo_id) WHERE c.qbo_id <> ''
ON CONFLICT (business_id, kind, source_id) DO UPDATE
   SET qbo_id = EXCLUDED.qbo_id, mapped_by = EXCLUDED.mapped_by, mapped_at = now()
 WHERE m.qbo_id <> EXCLUDED.qbo_id;

-- name: mappings_drop
DELETE FROM mapping
 WHERE business_id = %(business_id)s AND kind = %(kind)s AND source_id = ANY(%(source_ids)s::text[]);

-- name: mapping_changes
SELECT c.number, c.kind, c.source_id, coalesce(r.reference, c.source_id) AS name, c.before_id, c.after_id,
       coalesce(b.name, c.before_id) AS before_name, coalesce(a.name, c.after_id) AS after_name,
       c.changed_by, c.changed_at
  FROM mapping_change c
  LEFT JOIN record r ON r.business_id = c.business_id AND r.kind = c.kind AND r.source_id = c.source_id
  CROSS JOIN LATERAL (SELECT CASE c.kind WHEN 'product' THEN 'Item' WHEN 'customer' THEN 'Customer'
                                         WHEN 'gateway' THEN 'Account' ELSE '' END AS list) l
  LEFT JOIN company_name b ON b.business_id = c.business_id AND b.list = l.list AND b.qbo_id = c.before_id
  LEFT JOIN company_name a ON a.business_id = c.business_id AND a.list = l.list AND a.qbo_id = c.after_id
 WHERE c.business_id = %(business_id)s
   AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
   AND (%(source_id)s::text IS NULL OR c.source_id = %(source_id)s)
   AND (%(before)s::bigint IS NULL OR c.number < %(before)s)
 ORDER BY c.number DESC LIMIT %(limit)s;

-- name: create_want
INSERT INTO create_wanted (business_id, kind, source_id, wanted_by)
VALUES (%(business_id)s, %(kind)s, %(source_id)s, %(wanted_by)s) ON CONFLICT DO NOTHING;

-- name: creations_unwant
-- What was chosen needs not be made.
DELETE FROM create_wanted w USING unnest(%(source_ids)s::text[], %(qbo_ids)s::text[]) c (source_id, qbo_id)
 WHERE w.business_id = %(business_id)s AND w.kind = %(kind)s AND w.source_id = c.source_id AND c.qbo_id <> '';

-- name: try_again
-- The records of these things, whatever they were refused or held for; what a person ignored stays ignored.
UPDATE record r
   SET status = 'pending', reason = '', sentence = '', waits_for = NULL, not_before = '-infinity', failures = 0,
       revision = r.revision + 1, changed_at = now()
  FROM unnest(%(source_ids)s::text[]) t (source_id)
 WHERE r.business_id = %(business_id)s AND r.kind = %(kind)s AND r.source_id = t.source_id
   AND r.status IN ('on_hold', 'error', 'skipped') AND r.reason <> 'IGNORED';

-- name: search_names
-- Exact first, then what begins so, then what holds it.
SELECT list, qbo_id, name, active, email, sku, type, subtype FROM company_name
 WHERE business_id = %(business_id)s AND list = %(list)s AND active
   AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s)) AND NOT type = ANY(%(not_types)s)
   AND (name ILIKE %(holds)s OR sku ILIKE %(holds)s OR email ILIKE %(holds)s OR qbo_id = %(text)s)
 ORDER BY lower(name) = lower(%(text)s) OR lower(sku) = lower(%(text)s) DESC, name ILIKE %(begins)s DESC,
          lower(name), qbo_id
 LIMIT %(limit)s;
