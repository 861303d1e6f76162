-- name: connection_make
-- Every Business has both connections from the first time either is heard of.
INSERT INTO connection (business_id, provider) VALUES (%(business_id)s, %(provider)s) ON CONFLICT DO NOTHING;

-- name: connection_of
SELECT business_id, provider, status, status_since, reason, explanation, paused, paused_since, paused_by, account_id,
       account_name, shop_domain, connected_by, connected_at, refresh_expires_at, scopes, last_write_at, version,
       credential_version, last_probe_at, unreachable_since, revoke_asked_at, now() AS read_at
  FROM connection WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: connections_of
SELECT business_id, provider, status, status_since, reason, explanation, paused, paused_since, paused_by, account_id,
       account_name, shop_domain, connected_by, connected_at, refresh_expires_at, scopes, last_write_at, version,
       credential_version, last_probe_at, unreachable_since, revoke_asked_at, now() AS read_at
  FROM connection WHERE business_id = %(business_id)s;

-- name: connection_move
-- Names the version it saw: no row means that someone else moved it meanwhile.
UPDATE connection
   SET status = %(status)s, reason = %(reason)s, explanation = %(explanation)s,
       status_since = CASE WHEN status = %(status)s THEN status_since ELSE now() END,
       paused = %(paused)s, paused_since = %(paused_since)s, paused_by = %(paused_by)s,
       account_id = %(account_id)s, account_name = %(account_name)s, shop_domain = %(shop_domain)s,
       connected_by = %(connected_by)s, connected_at = %(connected_at)s, scopes = %(scopes)s,
       refresh_expires_at = %(refresh_expires_at)s,
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
UPDATE connection SET credential_version = %(version)s, refresh_expires_at = %(refresh_expires_at)s
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
