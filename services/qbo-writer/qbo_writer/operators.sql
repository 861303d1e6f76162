-- name: records_behind
-- Of each company with work, the head of both its lines, up to a bound. What was sent and is not answered waits since
-- it was claimed, however often it was tried since.
-- insert: companies_with_pending
SELECT CASE WHEN c.business_id <> ALL(%(open)s) THEN 'held' WHEN lane.history THEN 'history' ELSE 'records' END AS queue,
       sum(head.count)::bigint AS waiting, max(head.oldest)::float8 AS oldest
  FROM company c CROSS JOIN (VALUES (false), (true)) AS lane (history)
 CROSS JOIN LATERAL (
       SELECT count(*) AS count,
              extract(epoch FROM now() - min(coalesce(claim.claimed_at, line.changed_at))) AS oldest
         FROM (SELECT id, changed_at FROM record r
                WHERE r.business_id = c.business_id AND r.status = 'pending' AND r.history = lane.history
                ORDER BY r.rank, r.arrival LIMIT 500) AS line
         LEFT JOIN claim ON claim.record_id = line.id) AS head
 WHERE c.business_id IS NOT NULL AND head.count > 0
 GROUP BY 1;

-- name: claims_behind
-- Sent, or about to be, and not settled.
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(claimed_at)), 0)::float8 AS oldest
  FROM (SELECT claimed_at FROM claim LIMIT 10000) AS first;

-- name: records_not_synced
SELECT status, reason, count(*) AS count FROM record WHERE status IN ('error', 'on_hold')
 GROUP BY status, reason ORDER BY count(*) DESC;

-- name: writers_by_state
SELECT CASE WHEN rests_until > now() THEN 'resting' ELSE 'working' END AS state, count(*) AS count
  FROM writer WHERE seen_at > now() - make_interval(secs => %(seconds)s) GROUP BY 1;

-- name: writers
SELECT w.holder, w.name, greatest(extract(epoch FROM w.rests_until - now()), 0)::float8 AS rests,
       (SELECT count(*) FROM company_lease l WHERE l.holder = w.holder AND l.until > now()) AS companies
  FROM writer w WHERE w.seen_at > now() - make_interval(secs => %(seconds)s) ORDER BY w.name, w.holder;

-- name: writer_rest
UPDATE writer SET rests_until = now() + make_interval(secs => %(seconds)s) WHERE holder = ANY(%(holders)s);
