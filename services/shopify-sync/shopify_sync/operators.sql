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

-- name: store_of_business
SELECT shop_domain FROM store WHERE business_id = %(business_id)s AND connected;

-- name: emitted_between
SELECT source_id FROM emitted
 WHERE shop_domain = %(shop_domain)s AND source_id LIKE %(ids)s
   AND updated_at >= %(from_at)s AND updated_at < %(before_at)s ORDER BY source_id LIMIT %(most)s;

-- name: emitted_unsay
-- The count of what was said stays, so that the next event has an id of its own.
UPDATE emitted SET content_hash = '' WHERE shop_domain = %(shop_domain)s AND source_id = ANY(%(source_ids)s);
