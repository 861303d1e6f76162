-- part: record_filter
-- The records a person asked for: every word of a filter that is not given lets all pass.
   AND (%(status)s::text IS NULL OR r.status = %(status)s)
   AND (%(kind)s::text IS NULL OR r.kind = %(kind)s)
   AND (%(text)s::text IS NULL OR r.reference ILIKE %(text)s OR r.sentence ILIKE %(text)s
        OR EXISTS (SELECT 1 FROM document d WHERE d.record_id = r.id AND d.number ILIKE %(text)s))
   AND (%(since)s::timestamptz IS NULL OR r.changed_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR r.changed_at < %(until)s)

-- part: attempts_filter
   AND (%(status)s::text IS NULL OR a.outcome = %(status)s)
   AND (%(kind)s::text IS NULL OR r.kind = %(kind)s)
   AND (%(text)s::text IS NULL OR r.reference ILIKE %(text)s OR a.sentence ILIKE %(text)s OR a.number ILIKE %(text)s)
   AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s)
   AND (%(before)s::bigint IS NULL OR a.arrival < %(before)s)

-- part: record_row
SELECT r.id, r.kind, r.status, r.reference, r.source_id, r.reason, r.sentence, r.total_minor, r.currency,
       r.changed_at, coalesce(d.entity, '') AS entity, coalesce(d.qbo_id, '') AS qbo_id,
       coalesce(d.number, '') AS number

-- part: companies_with_pending
-- From company to company by the index, however many records each has.
WITH RECURSIVE company AS (
    (SELECT business_id FROM record WHERE status = 'pending' ORDER BY business_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.business_id FROM record r WHERE r.status = 'pending' AND r.business_id > c.business_id
             ORDER BY r.business_id LIMIT 1)
      FROM company c WHERE c.business_id IS NOT NULL)

-- name: fold_record
-- Newest version wins; an older one, and the same content again, touch nothing. What a person ignored stays ignored.
INSERT INTO record AS r (id, business_id, kind, source_id, parent_id, reference, source_updated_at, observed_at,
                         content_hash, payload, status, total_minor, currency, traceparent, history)
VALUES (%(id)s, %(business_id)s, %(kind)s, %(source_id)s, %(parent_id)s, %(reference)s, %(source_updated_at)s,
        %(observed_at)s, %(content_hash)s, %(payload)s, 'pending', %(total_minor)s, %(currency)s, %(traceparent)s,
        %(history)s)
ON CONFLICT (business_id, kind, source_id) DO UPDATE
   SET reference = EXCLUDED.reference, source_updated_at = EXCLUDED.source_updated_at,
       observed_at = EXCLUDED.observed_at, content_hash = EXCLUDED.content_hash, payload = EXCLUDED.payload,
       total_minor = EXCLUDED.total_minor, currency = EXCLUDED.currency, traceparent = EXCLUDED.traceparent,
       history = EXCLUDED.history AND (r.history OR r.status <> 'pending'),
       status = CASE WHEN r.reason = 'IGNORED' THEN r.status ELSE 'pending' END,
       reason = CASE WHEN r.reason = 'IGNORED' THEN r.reason ELSE '' END,
       sentence = CASE WHEN r.reason = 'IGNORED' THEN r.sentence ELSE '' END,
       waits_for = NULL, not_before = '-infinity', failures = 0, revision = r.revision + 1, changed_at = now()
 WHERE (r.source_updated_at, r.observed_at) < (EXCLUDED.source_updated_at, EXCLUDED.observed_at)
   AND r.content_hash <> EXCLUDED.content_hash;

-- name: fold_version
-- The same content was seen once more, later: whatever is older than this look is old, even if it comes after it.
UPDATE record SET source_updated_at = %(source_updated_at)s, observed_at = %(observed_at)s
 WHERE business_id = %(business_id)s AND kind = %(kind)s AND source_id = %(source_id)s
   AND content_hash = %(content_hash)s
   AND (source_updated_at, observed_at) < (%(source_updated_at)s, %(observed_at)s);

-- name: add_record_if_missing
-- What an order itself tells of its buyer and its goods, until an event of their own comes.
INSERT INTO record (id, business_id, kind, source_id, reference, source_updated_at, observed_at, content_hash,
                    payload, status, traceparent, history)
VALUES (%(id)s, %(business_id)s, %(kind)s, %(source_id)s, %(reference)s, '-infinity', '-infinity', %(content_hash)s,
        %(payload)s, 'pending', %(traceparent)s, %(history)s)
ON CONFLICT (business_id, kind, source_id) DO NOTHING;

-- name: runnable
-- The keys of what may be tried now: what happens now before history; in each, customers and items first, then sales,
-- their payments and refunds; else in order of arrival. What was sent before and is not settled goes alone.
-- A payment or refund waits while its order itself is to be tried, or was sent and is not answered.
SELECT r.id, coalesce(r.parent_id, r.id) AS family, r.history, r.rank,
       c.record_id IS NOT NULL OR r.kind = 'setup' AS alone
  FROM record r LEFT JOIN record p ON p.id = r.parent_id LEFT JOIN claim c ON c.record_id = r.id
 WHERE r.business_id = %(business_id)s AND r.status = 'pending' AND r.not_before <= now()
   AND (p.status IS NULL OR p.status <> 'pending') AND r.id <> ALL(%(under_way)s)
 ORDER BY r.history, r.rank, r.arrival
 LIMIT %(most)s;

-- name: records_to_write
SELECT r.id, r.business_id, r.kind, r.source_id, r.parent_id, r.reference, r.revision, r.failures, r.traceparent,
       r.pushed, r.history, coalesce(p.payload, r.payload) AS payload
  FROM record r LEFT JOIN record p ON p.id = r.parent_id
 WHERE r.id = ANY(%(ids)s) AND r.status = 'pending';

-- name: companies_with_work
-- insert: companies_with_pending
SELECT c.business_id, coalesce(l.until > now() AND l.holder <> %(holder)s, false) AS with_another
  FROM company c LEFT JOIN company_lease l ON l.business_id = c.business_id
 WHERE c.business_id IS NOT NULL
   AND EXISTS (SELECT 1 FROM record r
                WHERE r.business_id = c.business_id AND r.status = 'pending' AND r.not_before <= now());

-- name: lease_take
-- Ours if nobody holds it or we hold it already; the fence grows with each new holder.
INSERT INTO company_lease AS l (business_id, holder, fence, until)
VALUES (%(business_id)s, %(holder)s, 1, now() + make_interval(secs => %(seconds)s))
ON CONFLICT (business_id) DO UPDATE
   SET holder = EXCLUDED.holder, until = EXCLUDED.until,
       fence = l.fence + CASE WHEN l.holder = EXCLUDED.holder THEN 0 ELSE 1 END
 WHERE l.until < now() OR l.holder = EXCLUDED.holder
RETURNING fence;

-- name: lease_spent
-- What the holder before us had started, and how long ago it said so.
SELECT spent, extract(epoch FROM now() - spent_at)::float8 AS age FROM company_lease WHERE business_id = %(business_id)s;

-- name: lease_renew
UPDATE company_lease SET until = now() + make_interval(secs => %(seconds)s), spent = %(spent)s, spent_at = now()
 WHERE business_id = %(business_id)s AND holder = %(holder)s AND fence = %(fence)s;

-- name: lease_release
UPDATE company_lease SET until = now(), spent = %(spent)s, spent_at = now()
 WHERE business_id = %(business_id)s AND holder = %(holder)s AND fence = %(fence)s;

-- name: writer_alive
-- Whether an operator wants it to rest.
INSERT INTO writer (holder, name, seen_at) VALUES (%(holder)s, %(name)s, now())
ON CONFLICT (holder) DO UPDATE SET seen_at = now() RETURNING rests_until > now();

-- name: writers_gone
DELETE FROM writer WHERE holder = %(holder)s OR seen_at < now() - make_interval(secs => %(seconds)s);

-- name: writers_alive
SELECT count(*) FROM writer WHERE rests_until <= now();

-- name: lease_hold
-- Nothing may be claimed or settled by a holder that was replaced.
SELECT 1 FROM company_lease
 WHERE business_id = %(business_id)s AND holder = %(holder)s AND fence = %(fence)s FOR SHARE;

-- name: claim_of
SELECT record_id, part, operation, entity, qbo_id, request_id, batch, body, body_hash, number, txn_date, expected,
       covers, applies, revision, tries, extract(epoch FROM now() - claimed_at)::float8 AS age
  FROM claim WHERE record_id = %(record_id)s;

-- name: claim_add
INSERT INTO claim (record_id, business_id, part, operation, entity, qbo_id, request_id, batch, body, body_hash, number,
                   txn_date, expected, covers, applies, revision)
VALUES (%(record_id)s, %(business_id)s, %(part)s, %(operation)s, %(entity)s, %(qbo_id)s, %(request_id)s, %(batch)s,
        %(body)s, %(body_hash)s, %(number)s, %(txn_date)s, %(expected)s::jsonb, %(covers)s::jsonb, %(applies)s::jsonb,
        %(revision)s);

-- name: claims_tried
UPDATE claim SET tries = tries + 1 WHERE record_id = ANY(%(ids)s);

-- name: claims_drop
DELETE FROM claim WHERE record_id = ANY(%(ids)s);

-- name: lock_records
-- In one order, so that two of us never wait for each other in a circle.
SELECT id FROM record WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE;

-- name: lock_unchanged
-- Those of the records that are still as they were planned.
SELECT r.id FROM record r JOIN unnest(%(ids)s::uuid[], %(revisions)s::bigint[]) AS planned (id, revision)
    ON r.id = planned.id AND r.revision = planned.revision
 WHERE r.status = 'pending' ORDER BY r.id FOR UPDATE OF r;

-- name: refused_writes
-- How many writes of each record QuickBooks refused for good: each next one needs a request id of its own.
SELECT record_id AS id, count(*) AS count FROM attempt
 WHERE record_id = ANY(%(ids)s) AND outcome IN ('error', 'on_hold') AND operation IN ('create', 'update', 'void')
 GROUP BY record_id;

-- name: documents_of
SELECT part, entity, qbo_id, number, total_minor, currency, voided, txn_date, proof
  FROM document WHERE record_id = %(record_id)s ORDER BY part;

-- name: family_documents
-- What stands in QuickBooks, or was sent and is not answered, for orders, their payments and their refunds; the claims
-- of the records that are being planned themselves are left out.
SELECT coalesce(r.parent_id, r.id) AS family, r.kind, r.source_id, d.part, d.entity, d.qbo_id, d.sync_token, d.number,
       coalesce(d.total_minor, 0) AS total, d.covers, d.applies, false AS in_flight, d.voided, d.txn_date AS date,
       d.tax_shifted, coalesce(d.currency, '') AS currency, d.customer_id
  FROM document d JOIN record r ON r.id = d.record_id
 WHERE r.id = ANY(%(families)s) OR r.parent_id = ANY(%(families)s)
UNION ALL
SELECT coalesce(r.parent_id, r.id), r.kind, r.source_id, c.part, c.entity, c.qbo_id, '', c.number,
       coalesce((c.expected->>'total')::bigint, 0), c.covers, c.applies, true, false, c.txn_date, false, '', ''
  FROM claim c JOIN record r ON r.id = c.record_id
 WHERE (r.id = ANY(%(families)s) OR r.parent_id = ANY(%(families)s)) AND c.record_id <> ALL(%(ids)s)
   AND c.operation = 'create'
 ORDER BY date, part;

-- name: document_put
INSERT INTO document (record_id, part, business_id, entity, qbo_id, sync_token, number, txn_date, total_minor, currency,
                      body_hash, ours, covers, applies, voided, tax_shifted, customer_id, proof)
VALUES (%(record_id)s, %(part)s, %(business_id)s, %(entity)s, %(qbo_id)s, %(sync_token)s, %(number)s, %(txn_date)s,
        %(total_minor)s, %(currency)s, %(body_hash)s, %(ours)s, %(covers)s, %(applies)s, %(voided)s, %(tax_shifted)s,
        %(customer_id)s, %(proof)s)
ON CONFLICT (record_id, part) DO UPDATE
   SET qbo_id = EXCLUDED.qbo_id, sync_token = EXCLUDED.sync_token, number = EXCLUDED.number,
       total_minor = EXCLUDED.total_minor, currency = EXCLUDED.currency, body_hash = EXCLUDED.body_hash,
       covers = EXCLUDED.covers, voided = EXCLUDED.voided, tax_shifted = EXCLUDED.tax_shifted,
       proof = EXCLUDED.proof;

-- name: mapped
-- What documents refer to: (kind, source id) -> Id.
SELECT r.kind, r.source_id, d.qbo_id FROM document d JOIN record r ON r.id = d.record_id
 WHERE r.business_id = %(business_id)s AND r.kind IN ('customer', 'product', 'setup');

-- name: settle
-- Synced, refused or held: but pending again where the entity changed while it was being written.
UPDATE record r
   SET status = CASE WHEN r.revision = s.revision THEN s.status ELSE 'pending' END,
       reason = CASE WHEN r.revision = s.revision THEN s.reason ELSE '' END,
       sentence = CASE WHEN r.revision = s.revision THEN s.sentence ELSE '' END,
       waits_for = CASE WHEN r.revision = s.revision THEN s.waits_for END,
       failures = 0, not_before = '-infinity', changed_at = now()
  FROM unnest(%(ids)s::uuid[], %(revisions)s::bigint[], %(statuses)s::text[], %(reasons)s::text[],
              %(sentences)s::text[], %(waits_for)s::uuid[]) AS s (id, revision, status, reason, sentence, waits_for)
 WHERE r.id = s.id RETURNING r.id, r.status;

-- name: retry_later
UPDATE record
   SET not_before = now() + make_interval(secs => %(seconds)s), failures = failures + 1, reason = %(reason)s,
       sentence = %(sentence)s, changed_at = now()
 WHERE id = %(record_id)s AND status = 'pending';

-- name: wait_out
UPDATE record SET not_before = now() + make_interval(secs => %(seconds)s) WHERE id = %(record_id)s;

-- name: wake_waiting
UPDATE record SET status = 'pending', reason = '', sentence = '', waits_for = NULL, changed_at = now()
 WHERE id IN (SELECT id FROM record WHERE waits_for = ANY(%(ids)s) AND status = 'on_hold' ORDER BY id FOR UPDATE);

-- name: goes_before_history
-- What happens now waits for it.
UPDATE record SET history = false WHERE id = %(record_id)s AND history;

-- name: spawn_record
-- A payment of an invoice is put in line; one that waits or failed before is looked at again.
INSERT INTO record AS r (id, business_id, kind, source_id, parent_id, reference, source_updated_at, observed_at,
                         content_hash, payload, status, total_minor, currency, traceparent)
VALUES (%(id)s, %(business_id)s, %(kind)s, %(source_id)s, %(parent_id)s, %(reference)s, '-infinity', '-infinity',
        '', '', 'pending', %(total_minor)s, %(currency)s, %(traceparent)s)
ON CONFLICT (business_id, kind, source_id) DO UPDATE
   SET status = 'pending', reason = '', sentence = '', waits_for = NULL, revision = r.revision + 1, changed_at = now()
 WHERE r.status IN ('on_hold', 'error') AND r.waits_for IS NULL;

-- name: wake_closed_period
-- The company was read again: what waited for an open period is tried again.
UPDATE record SET status = 'pending', reason = '', sentence = '', changed_at = now()
 WHERE business_id = %(business_id)s AND status = 'on_hold' AND reason = 'CLOSED_PERIOD';

-- name: dependency
-- Locked, so that it cannot be settled between this look and our hold.
SELECT id, kind, reference, status, sentence FROM record
 WHERE business_id = %(business_id)s AND kind = %(kind)s AND source_id = %(source_id)s FOR SHARE;

-- name: attempt_add
INSERT INTO attempt (id, business_id, record_id, operation, outcome, entity, qbo_id, number, reason, sentence, cause,
                     cure, request, response, http_status, intuit_tid, trace_id, duration_ms)
VALUES (%(id)s, %(business_id)s, %(record_id)s, %(operation)s, %(outcome)s, %(entity)s, %(qbo_id)s, %(number)s,
        %(reason)s, %(sentence)s, %(cause)s, %(cure)s, %(request)s, %(response)s, %(http_status)s, %(intuit_tid)s,
        %(trace_id)s, %(duration_ms)s);

-- name: company
SELECT realm_id, info, preferences, tax_codes, tax_rates, extract(epoch FROM now() - loaded_at)::float8 AS age
  FROM company WHERE business_id = %(business_id)s;

-- name: company_read_at
SELECT loaded_at FROM company WHERE business_id = %(business_id)s;

-- name: company_put
INSERT INTO company (business_id, realm_id, info, preferences, tax_codes, tax_rates, loaded_at)
VALUES (%(business_id)s, %(realm_id)s, %(info)s, %(preferences)s, %(tax_codes)s, %(tax_rates)s, now())
ON CONFLICT (business_id) DO UPDATE
   SET realm_id = EXCLUDED.realm_id, info = EXCLUDED.info, preferences = EXCLUDED.preferences,
       tax_codes = EXCLUDED.tax_codes, tax_rates = EXCLUDED.tax_rates, loaded_at = now();

-- name: names
SELECT list, qbo_id, name, active, email, sku, type, subtype, account FROM company_name WHERE business_id = %(business_id)s;

-- name: names_forget
DELETE FROM company_name WHERE business_id = %(business_id)s;

-- name: name_put
INSERT INTO company_name (business_id, list, qbo_id, name, email, sku, type, subtype, account, active)
VALUES (%(business_id)s, %(list)s, %(qbo_id)s, %(name)s, %(email)s, %(sku)s, %(type)s, %(subtype)s, %(account)s,
        %(active)s)
ON CONFLICT (business_id, list, qbo_id) DO UPDATE
   SET name = EXCLUDED.name, email = EXCLUDED.email, sku = EXCLUDED.sku, type = EXCLUDED.type,
       subtype = EXCLUDED.subtype, account = EXCLUDED.account, active = EXCLUDED.active;

-- name: summary_counts
SELECT kind, status, count(*) AS count FROM record WHERE business_id = %(business_id)s GROUP BY kind, status
 ORDER BY kind, status;

-- name: last_synced
SELECT max(posted_at) FROM document WHERE business_id = %(business_id)s;

-- name: synced_money
SELECT d.currency,
       sum(CASE WHEN d.entity IN ('RefundReceipt', 'CreditMemo') THEN -d.total_minor ELSE d.total_minor END)::bigint
           AS minor
  FROM document d
 WHERE d.business_id = %(business_id)s AND d.total_minor IS NOT NULL
   AND d.entity IN ('SalesReceipt', 'Invoice', 'RefundReceipt', 'CreditMemo')
 GROUP BY d.currency;

-- name: list_records
-- insert: record_row
  FROM record r LEFT JOIN document d ON d.record_id = r.id AND d.part = 1
 WHERE r.business_id = %(business_id)s
-- insert: record_filter
   AND (%(before)s::timestamptz IS NULL OR (r.changed_at, r.id) < (%(before)s, %(before_id)s))
 ORDER BY r.changed_at DESC, r.id DESC LIMIT %(limit)s;

-- name: one_record
-- insert: record_row
  FROM record r LEFT JOIN document d ON d.record_id = r.id AND d.part = 1
 WHERE r.business_id = %(business_id)s AND r.id = %(record_id)s;

-- name: list_attempts
SELECT a.id, a.record_id, r.kind, a.outcome, r.reference, r.source_id, a.at, a.entity, a.qbo_id, a.number, a.reason,
       a.sentence, a.cause, a.cure, a.request, a.response, a.intuit_tid, a.trace_id, a.http_status, a.duration_ms,
       a.operation, a.arrival
  FROM attempt a JOIN record r ON r.id = a.record_id
 WHERE a.business_id = %(business_id)s
   AND (%(record_id)s::uuid IS NULL OR a.record_id = %(record_id)s)
-- insert: attempts_filter
 ORDER BY a.arrival DESC LIMIT %(limit)s;

-- name: records_to_forget
-- Those named, and orders that mention the customer. Privacy requests are rare: looking through all orders is fine.
SELECT id, kind, source_id, reference, payload FROM record
 WHERE business_id = %(business_id)s AND kind IN ('customer', 'order')
   AND (source_id = ANY(%(source_ids)s)
        OR (kind = 'order' AND length(%(mention)s::bytea) > 0 AND position(%(mention)s::bytea IN payload) > 0))
 ORDER BY id FOR UPDATE;

-- name: record_forget
UPDATE record SET payload = %(payload)s, reference = %(reference)s,
       sentence = CASE WHEN sentence = '' THEN '' ELSE 'The details were erased at the customer''s request.' END
 WHERE id = %(id)s;

-- name: attempts_forget
-- What was said to and by QuickBooks names people; outcome, document, number and time stay.
UPDATE attempt SET request = '', response = '',
       sentence = CASE WHEN sentence = '' THEN '' ELSE 'The details were erased at the customer''s request.' END
 WHERE record_id = ANY(%(record_ids)s)
    OR record_id IN (SELECT id FROM record WHERE parent_id = ANY(%(record_ids)s));

-- name: push_texts_forget
-- What somebody searched for may be a name.
UPDATE push_run SET asked = asked #- '{all_of,text}'
 WHERE business_id = %(business_id)s AND asked #> '{all_of,text}' IS NOT NULL;

-- name: seen_tax_put
INSERT INTO seen_tax (business_id, tax_key) VALUES (%(business_id)s, %(tax_key)s) ON CONFLICT DO NOTHING;

-- name: seen_gateway_put
INSERT INTO seen_gateway (business_id, label) VALUES (%(business_id)s, %(label)s) ON CONFLICT DO NOTHING;

-- name: record_to_preview
SELECT r.id, r.business_id, r.kind, r.source_id, r.parent_id, r.reference, r.revision, r.failures, r.traceparent,
       r.pushed, r.history, coalesce(p.payload, r.payload) AS payload
  FROM record r LEFT JOIN record p ON p.id = r.parent_id
 WHERE r.business_id = %(business_id)s AND r.id = %(record_id)s;

-- name: payload_of
SELECT payload FROM record
 WHERE business_id = %(business_id)s AND kind = %(kind)s AND source_id = %(source_id)s;
