-- name: connection_make
-- Every Business has both connections from the first time either is heard of.
INSERT INTO connection (business_id, provider) VALUES (%(business_id)s, %(provider)s) ON CONFLICT DO NOTHING;

-- name: connection_of
SELECT business_id, provider, status, status_since, reason, explanation, paused, paused_since, paused_by, account_id,
       account_name, shop_domain, connected_by, connected_at, refresh_expires_at, scopes, last_write_at, version,
       credential_version, last_probe_at, unreachable_since, revoke_asked_at, store_zone, hard_expires_at,
       watch_version, now() AS read_at
  FROM connection WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: connections_of
SELECT business_id, provider, status, status_since, reason, explanation, paused, paused_since, paused_by, account_id,
       account_name, shop_domain, connected_by, connected_at, refresh_expires_at, scopes, last_write_at, version,
       credential_version, last_probe_at, unreachable_since, revoke_asked_at, store_zone, hard_expires_at,
       watch_version, now() AS read_at
  FROM connection WHERE business_id = %(business_id)s;

-- name: connection_move
-- Names the version it saw: no row means that someone else moved it meanwhile.
UPDATE connection
   SET status = %(status)s, reason = %(reason)s, explanation = %(explanation)s,
       status_since = CASE WHEN status = %(status)s THEN status_since ELSE now() END,
       paused = %(paused)s, paused_since = %(paused_since)s, paused_by = %(paused_by)s,
       account_id = %(account_id)s, account_name = %(account_name)s, shop_domain = %(shop_domain)s,
       connected_by = %(connected_by)s, connected_at = %(connected_at)s, scopes = %(scopes)s,
       refresh_expires_at = %(refresh_expires_at)s, store_zone = %(store_zone)s, hard_expires_at = %(hard_expires_at)s,
       credential_version = greatest(credential_version, %(credential_version)s),
       unreachable_since = CASE WHEN status = %(status)s THEN unreachable_since END,
       version = version + 1
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND version = %(seen)s
RETURNING version;

-- name: gate_changed
-- The counter's row stays locked until the commit.
WITH counter AS (UPDATE gate_counter SET version = version + 1 RETURNING version)
UPDATE connection SET gate_version = counter.version, gate_changed_at = clock_timestamp() FROM counter
 WHERE business_id = %(business_id)s AND provider = 'quickbooks';

-- name: gates_after
-- The counter and the gates in one snapshot; a version from the future (a restored database) means: all of them.
SELECT g.version AS upto, c.business_id, c.status, c.paused
  FROM gate_counter g
  LEFT JOIN connection c ON c.provider = 'quickbooks'
       AND c.gate_version > CASE WHEN %(after)s > g.version THEN 0 ELSE %(after)s END
 ORDER BY c.gate_version;

-- name: seconds_since_gate_change
SELECT greatest(extract(epoch FROM clock_timestamp() - gate_changed_at), 0)::float8 FROM connection
 WHERE business_id = %(business_id)s AND provider = 'quickbooks' AND gate_changed_at > now() - interval '1 hour';

-- name: credential_seen
UPDATE connection SET credential_version = %(version)s
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND credential_version < %(version)s;

-- name: refresh_end_seen
UPDATE connection SET credential_version = %(version)s, refresh_expires_at = %(refresh_expires_at)s,
       hard_expires_at = coalesce(%(hard_expires_at)s, hard_expires_at)
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND credential_version < %(version)s;

-- name: wrote
UPDATE connection SET last_write_at = greatest(last_write_at, %(at)s)
 WHERE business_id = %(business_id)s AND provider = 'quickbooks';

-- name: history_add
INSERT INTO history (business_id, provider, actor, sentence, status, paused)
VALUES (%(business_id)s, %(provider)s, %(actor)s, %(sentence)s, %(status)s, %(paused)s);

-- name: history_page
SELECT id, provider, at, actor, sentence, status, paused FROM history
 WHERE business_id = %(business_id)s AND id < %(before)s ORDER BY id DESC LIMIT %(size)s;

-- name: probes_take
-- Taking one moves its next time ahead, so that no replica probes it twice.
UPDATE connection c SET next_probe_at = now() + make_interval(secs => %(every)s)
  FROM (SELECT business_id, provider FROM connection
         WHERE status IN (2, 3) AND next_probe_at <= now()
         ORDER BY next_probe_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED) due
 WHERE c.business_id = due.business_id AND c.provider = due.provider
RETURNING c.business_id, c.provider;

-- name: probe_answered
UPDATE connection SET last_probe_at = now(), unreachable_since = NULL
 WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: probe_unanswered
-- Since when the provider has been away.
UPDATE connection SET last_probe_at = now(), unreachable_since = coalesce(unreachable_since, now())
 WHERE business_id = %(business_id)s AND provider = %(provider)s
RETURNING extract(epoch FROM now() - unreachable_since)::float8;

-- name: revoke_ask
UPDATE connection SET revoke_asked_at = %(at)s, revoke_asked_by = %(by)s,
       revoke_not_before = now() + make_interval(secs => %(wait)s)
 WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: revokes_take
UPDATE connection c SET revoke_not_before = now() + make_interval(secs => %(wait)s)
  FROM (SELECT business_id, provider FROM connection
         WHERE revoke_asked_at IS NOT NULL AND revoke_not_before <= now()
         ORDER BY revoke_not_before LIMIT 20 FOR UPDATE SKIP LOCKED) due
 WHERE c.business_id = due.business_id AND c.provider = due.provider
RETURNING c.business_id, c.provider, c.revoke_asked_at AS asked_at, c.revoke_asked_by AS asked_by;

-- name: revoke_done
UPDATE connection SET revoke_asked_at = NULL
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND revoke_asked_at = %(at)s;

-- name: watch_changed
-- The counter's row stays locked until the commit.
WITH counter AS (UPDATE watch_counter SET version = version + 1 RETURNING version)
UPDATE connection SET watch_version = counter.version FROM counter
 WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: watch_version
SELECT version FROM watch_counter;

-- name: watched_after
SELECT business_id, provider, status, status_since, reason, explanation, paused, paused_since, paused_by, account_id,
       account_name, shop_domain, connected_by, connected_at, refresh_expires_at, scopes, last_write_at, version,
       credential_version, last_probe_at, unreachable_since, revoke_asked_at, store_zone, hard_expires_at,
       watch_version, now() AS read_at
  FROM connection
 WHERE watch_version > %(after)s AND (%(businesses)s::text[] = '{}' OR business_id = ANY(%(businesses)s))
 ORDER BY watch_version;

-- name: notice_add
INSERT INTO notice (business_id, provider, kind, sentence)
VALUES (%(business_id)s, %(provider)s, %(kind)s, %(sentence)s) RETURNING id;

-- name: notices_over
UPDATE notice SET over_at = now()
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND kind = %(kind)s AND over_at IS NULL;

-- name: notices_page
SELECT id, provider, kind, sentence, raised_at, over_at IS NOT NULL AS over FROM notice
 WHERE business_id = %(business_id)s AND dismissed_at IS NULL AND id < %(before)s ORDER BY id DESC LIMIT %(size)s;

-- name: notice_dismiss
UPDATE notice SET dismissed_at = coalesce(dismissed_at, now()),
       dismissed_by = CASE WHEN dismissed_at IS NULL THEN %(by)s ELSE dismissed_by END
 WHERE business_id = %(business_id)s AND id = %(id)s;

-- name: expiring_take
-- Consents that come nearer to their end than was announced; the smallest of 30, 14 and 3 days that still holds.
UPDATE connection c SET announced_days = due.days
  FROM (SELECT business_id, provider,
               CASE WHEN refresh_expires_at < now() + interval '3 days' THEN 3
                    WHEN refresh_expires_at < now() + interval '14 days' THEN 14 ELSE 30 END AS days
          FROM connection
         WHERE status = 2 AND refresh_expires_at BETWEEN now() AND now() + interval '30 days'
         FOR UPDATE SKIP LOCKED) due
 WHERE c.business_id = due.business_id AND c.provider = due.provider
   AND (c.announced_days IS NULL OR c.announced_days > due.days)
RETURNING c.business_id, c.provider, c.account_name, c.refresh_expires_at, c.status, c.paused, now() AS read_at;

-- name: expiring_renewed
-- The end moved away again: the next time it comes near is announced anew.
UPDATE connection SET announced_days = NULL
 WHERE announced_days IS NOT NULL AND refresh_expires_at > now() + interval '31 days'
RETURNING business_id, provider;

-- name: expiring_forget
UPDATE connection SET announced_days = NULL WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: delivery_add
INSERT INTO notice_delivery (notice_id, channel, recipient)
VALUES (%(notice_id)s, %(channel)s, %(recipient)s) ON CONFLICT DO NOTHING;

-- name: deliveries_take
-- Ours for a while: a crash gives them back by itself.
UPDATE notice_delivery d SET tries = d.tries + 1, not_before = now() + make_interval(secs => %(lease)s)
  FROM notice n
 WHERE n.id = d.notice_id AND d.id IN (
       SELECT id FROM notice_delivery WHERE done_at IS NULL AND not_before <= now()
        ORDER BY not_before LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
RETURNING d.id, d.notice_id, d.channel, d.recipient, d.tries, d.created_at < now() - make_interval(days => %(days)s) AS old,
          n.business_id, n.provider, n.kind, n.sentence, n.raised_at;

-- name: delivery_done
UPDATE notice_delivery SET done_at = now(), failure = %(failure)s WHERE id = %(id)s;

-- name: delivery_later
UPDATE notice_delivery SET failure = %(failure)s,
       not_before = now() + make_interval(secs => least(%(first)s * 3 ^ least(tries - 1, 8), 3600)) WHERE id = %(id)s;
