-- name: hints_behind
-- Objects of connected stores that are to be fetched, up to a bound.
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(hinted_at)), 0)::float8 AS oldest
  FROM (SELECT h.hinted_at FROM hint h JOIN store s USING (shop_domain) WHERE s.connected LIMIT 20000) AS first;

-- name: imports_behind
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest
  FROM import_job WHERE status IN ('queued', 'counting', 'running');

-- name: privacy_behind
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(received_at)), 0)::float8 AS oldest
  FROM privacy_request WHERE done_at IS NULL;

-- name: stores_looked_at
SELECT connected_at, last_webhook_at, usual_gap, found_since_heard, scopes, subscribed_topics, subscriptions_at, refusal,
       extract(epoch FROM now() - coalesce(last_catch_up_at, connected_at))::float8 AS caught_up_ago
  FROM store WHERE connected LIMIT 20000;
