-- name: push_count
-- What a push of these would take, and what it leaves as it is. What a person ignored is taken by its id alone.
SELECT count(*) FILTER (WHERE r.status <> 'synced' AND NOT under_way AND NOT left_out) AS to_push,
       count(*) FILTER (WHERE r.status = 'synced') AS in_books,
       count(*) FILTER (WHERE under_way) AS on_their_way,
       count(*) FILTER (WHERE left_out) AS left_out
  FROM record r
 CROSS JOIN LATERAL (SELECT r.status = 'pending' AND r.push_run IS NOT NULL AS under_way,
                            r.reason = 'IGNORED' AND %(record_ids)s::uuid[] IS NULL AS left_out) l
 WHERE r.business_id = %(business_id)s AND r.kind <> 'setup'
-- insert: record_filter
   AND (%(record_ids)s::uuid[] IS NULL OR r.id = ANY(%(record_ids)s::uuid[]));

-- name: push_run_add
INSERT INTO push_run (id, business_id, started_by, asked, in_books, on_their_way, left_out)
VALUES (%(run_id)s, %(business_id)s, %(started_by)s, %(asked)s, %(in_books)s, %(on_their_way)s, %(left_out)s);

-- name: push_patience
-- A push of very many records may take as long as its call.
SET LOCAL statement_timeout = '55s';

-- name: push_records
-- The members of the run, their records back in line without triggers, and a line for each in the audit log: all in
-- the database, however many they are. Many at once go after what happens now, as an import does.
WITH chosen AS (
    SELECT r.id, r.status, r.reason, r.revision FROM record r
     WHERE r.business_id = %(business_id)s AND r.kind <> 'setup' AND r.status <> 'synced'
       AND (r.status <> 'pending' OR r.push_run IS NULL)
       AND (%(record_ids)s::uuid[] IS NOT NULL OR r.reason <> 'IGNORED')
       AND (%(record_ids)s::uuid[] IS NULL OR r.id = ANY(%(record_ids)s::uuid[]))
-- insert: record_filter
     ORDER BY r.id FOR NO KEY UPDATE),
members AS (
    INSERT INTO push_member (run_id, record_id, was, was_reason, revision)
    SELECT %(run_id)s, id, status, reason, revision + 1 FROM chosen),
said AS (
    INSERT INTO attempt (id, business_id, record_id, operation, outcome, sentence, trace_id)
    SELECT gen_random_uuid(), %(business_id)s, id, 'push', 'pending', %(sentence)s, %(trace_id)s FROM chosen)
UPDATE record r SET status = 'pending', reason = '', sentence = '', waits_for = NULL, not_before = '-infinity',
                    failures = 0, pushed = true, push_run = %(run_id)s, revision = r.revision + 1, changed_at = now(),
                    history = r.history OR (SELECT count(*) > %(many)s FROM chosen)
  FROM chosen WHERE r.id = chosen.id;

-- name: push_run
SELECT id, started_by, started_at, asked, in_books, on_their_way, left_out, cancelled_by, cancelled_at, number,
       pending, synced, on_hold, for_moments, error, skipped, cancelled
  FROM push_run p
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE m.outcome = 'pending') AS pending,
           count(*) FILTER (WHERE m.outcome = 'synced') AS synced,
           count(*) FILTER (WHERE m.outcome = 'on_hold') AS on_hold,
           count(*) FILTER (WHERE m.outcome = 'error') AS error,
           count(*) FILTER (WHERE m.outcome = 'skipped') AS skipped,
           count(*) FILTER (WHERE m.outcome = 'cancelled') AS cancelled
      FROM push_member m WHERE m.run_id = p.id) counts
 CROSS JOIN LATERAL (
    SELECT count(*) AS for_moments
      FROM push_member m JOIN record r ON r.id = m.record_id JOIN record w ON w.id = r.waits_for
     WHERE m.run_id = p.id AND m.outcome = 'on_hold' AND r.push_run = p.id
       AND (w.status = 'pending'
            OR EXISTS (SELECT 1 FROM record v WHERE v.id = w.waits_for AND v.status = 'pending'))) moments
 WHERE p.business_id = %(business_id)s
   AND (%(run_id)s::uuid IS NULL OR p.id = %(run_id)s)
   AND (%(before)s::bigint IS NULL OR p.number < %(before)s)
 ORDER BY p.number DESC LIMIT %(limit)s;

-- name: push_reasons
SELECT m.outcome, m.reason, count(*) AS count, min(m.record_id::text)::uuid AS example
  FROM push_member m JOIN push_run p ON p.id = m.run_id
 WHERE p.business_id = %(business_id)s AND p.id = %(run_id)s AND m.outcome IN ('on_hold', 'error', 'skipped')
 GROUP BY m.outcome, m.reason ORDER BY count(*) DESC, m.outcome, m.reason LIMIT %(limit)s;

-- name: pushed_records
-- insert: record_row
  FROM push_member m JOIN push_run p ON p.id = m.run_id JOIN record r ON r.id = m.record_id
  LEFT JOIN document d ON d.record_id = r.id AND d.part = 1
 WHERE p.business_id = %(business_id)s AND p.id = %(run_id)s
   AND (%(outcome)s::text IS NULL OR m.outcome = %(outcome)s)
   AND (%(after)s::uuid IS NULL OR m.record_id > %(after)s)
 ORDER BY m.record_id LIMIT %(limit)s;

-- name: push_hold_waiting
-- Locked in one order, so that no write of them is claimed while they are taken back.
SELECT count(*) FROM (
    SELECT r.id FROM push_member m JOIN record r ON r.id = m.record_id
     WHERE m.run_id = %(run_id)s AND m.outcome = 'pending' ORDER BY r.id FOR UPDATE OF r) held;

-- name: push_cancel_run
UPDATE push_run SET cancelled_by = %(cancelled_by)s, cancelled_at = now()
 WHERE business_id = %(business_id)s AND id = %(run_id)s AND cancelled_at IS NULL;

-- name: push_take_back
-- What nobody has begun to write. Refused or left out before and not changed since: so again, with what was said of it
-- then. All else is planned as if nobody had pushed it.
WITH waiting AS (
    SELECT m.record_id, m.was, m.was_reason, m.was IN ('error', 'skipped') AND r.revision = m.revision AS as_before,
           coalesce(a.sentence, '') AS sentence, coalesce(a.cause, '') AS cause, coalesce(a.cure, '') AS cure
      FROM push_member m JOIN record r ON r.id = m.record_id
      LEFT JOIN LATERAL (
        SELECT sentence, cause, cure FROM attempt
         WHERE record_id = m.record_id AND outcome = m.was AND reason = m.was_reason AND operation <> 'cancel push'
         ORDER BY arrival DESC LIMIT 1) a ON m.was IN ('error', 'skipped')
     WHERE m.run_id = %(run_id)s AND m.outcome = 'pending' AND r.status = 'pending'
       AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.record_id = r.id)),
told AS (
    UPDATE push_member m SET outcome = 'cancelled', reason = ''
      FROM waiting WHERE m.run_id = %(run_id)s AND m.record_id = waiting.record_id),
said AS (
    INSERT INTO attempt (id, business_id, record_id, operation, outcome, reason, sentence, cause, cure, trace_id)
    SELECT gen_random_uuid(), %(business_id)s, record_id, 'cancel push',
           CASE WHEN as_before THEN was ELSE 'pending' END, CASE WHEN as_before THEN was_reason ELSE '' END,
           %(sentence)s, CASE WHEN as_before THEN cause ELSE '' END, CASE WHEN as_before THEN cure ELSE '' END,
           %(trace_id)s FROM waiting)
UPDATE record r
   SET pushed = false, push_run = NULL, revision = r.revision + 1, changed_at = now(),
       status = CASE WHEN as_before THEN was ELSE 'pending' END,
       reason = CASE WHEN as_before THEN was_reason ELSE '' END,
       sentence = CASE WHEN as_before THEN waiting.sentence ELSE '' END
  FROM waiting WHERE r.id = waiting.record_id;
