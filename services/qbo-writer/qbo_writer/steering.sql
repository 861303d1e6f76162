-- name: hold_records
-- Locked in one order, so that no write of them is claimed between a look and a person's decision.
SELECT id FROM record WHERE business_id = %(business_id)s AND id = ANY(%(record_ids)s) ORDER BY id FOR UPDATE;

-- name: retry_record
UPDATE record SET status = 'pending', reason = '', sentence = '', waits_for = NULL, not_before = '-infinity',
                  failures = 0, revision = revision + 1, changed_at = now()
 WHERE business_id = %(business_id)s AND id = %(record_id)s AND status IN ('error', 'skipped', 'on_hold', 'pending');

-- name: retry_all
-- Each with a line in the audit log that says who retried it.
WITH chosen AS (
    SELECT r.id FROM record r
     WHERE r.business_id = %(business_id)s AND r.status = 'error'
-- insert: record_filter
     ORDER BY r.id FOR NO KEY UPDATE),
retried AS (
    UPDATE record r SET status = 'pending', reason = '', sentence = '', waits_for = NULL, not_before = '-infinity',
                        failures = 0, revision = r.revision + 1, changed_at = now()
      FROM chosen WHERE r.id = chosen.id RETURNING r.id)
INSERT INTO attempt (id, business_id, record_id, operation, outcome, sentence, trace_id)
SELECT gen_random_uuid(), %(business_id)s, id, 'retry', 'pending', %(sentence)s, %(trace_id)s FROM retried;

-- name: ignore_records
-- Not while it is being written: a claim may have reached QuickBooks already.
UPDATE record r SET status = 'skipped', reason = 'IGNORED', sentence = %(sentence)s, waits_for = NULL,
                    revision = revision + 1, changed_at = now()
 WHERE r.business_id = %(business_id)s AND r.id = ANY(%(record_ids)s)
   AND r.status IN ('error', 'on_hold', 'pending', 'skipped')
   AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.record_id = r.id)
RETURNING r.id;

-- name: not_to_be_ignored
-- Why the rest of them cannot be left out now: in QuickBooks, or on its way there.
SELECT count(*) FILTER (WHERE r.status = 'synced') AS in_quickbooks,
       count(*) FILTER (WHERE r.status <> 'synced' AND r.reason <> 'IGNORED') AS being_written
  FROM record r WHERE r.business_id = %(business_id)s AND r.id = ANY(%(record_ids)s);

-- name: steered_add
-- A person's decision stands in the audit log beside the tries.
INSERT INTO attempt (id, business_id, record_id, operation, outcome, reason, sentence, trace_id)
SELECT gen_random_uuid(), %(business_id)s, steered.id, %(operation)s, %(outcome)s, %(reason)s, %(sentence)s, %(trace_id)s
  FROM unnest(%(record_ids)s::uuid[]) steered (id);

-- name: records_by_id
-- insert: record_row
  FROM record r LEFT JOIN document d ON d.record_id = r.id AND d.part = 1
 WHERE r.business_id = %(business_id)s AND r.id = ANY(%(record_ids)s);

-- name: count_records
SELECT r.kind, r.status, count(*) AS count FROM record r
 WHERE r.business_id = %(business_id)s
-- insert: record_filter
 GROUP BY r.kind, r.status ORDER BY r.kind, r.status;

-- name: attempts_to_export
-- Newest first, without the bodies that went out and came back.
SELECT a.at, r.kind, r.reference, r.source_id, a.outcome, a.operation, a.entity, a.number, a.qbo_id, a.reason,
       a.sentence, a.cause, a.cure, a.http_status, a.intuit_tid, a.trace_id, a.arrival
  FROM attempt a JOIN record r ON r.id = a.record_id
 WHERE a.business_id = %(business_id)s
-- insert: attempts_filter
 ORDER BY a.arrival DESC LIMIT %(limit)s;
