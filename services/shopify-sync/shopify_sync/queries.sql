-- name: store_connected
-- Newest credential wins. A reconnect keeps the place up to which all was looked at.
INSERT INTO store AS s (shop_domain, business_id, shop_id, zone, currency, connected, credential_version, connected_at,
                        caught_up_to)
VALUES (%(shop_domain)s, %(business_id)s, %(shop_id)s, %(zone)s, %(currency)s, true, %(version)s, %(at)s, %(at)s)
ON CONFLICT (shop_domain) DO UPDATE
   SET business_id = EXCLUDED.business_id, shop_id = EXCLUDED.shop_id, zone = EXCLUDED.zone,
       currency = EXCLUDED.currency, connected = true, credential_version = EXCLUDED.credential_version,
       connected_at = EXCLUDED.connected_at, catch_up_wanted = true, subscriptions_at = NULL,
       caught_up_to = CASE WHEN s.business_id = EXCLUDED.business_id THEN s.caught_up_to ELSE EXCLUDED.caught_up_to END
 WHERE s.business_id <> EXCLUDED.business_id OR s.credential_version < EXCLUDED.credential_version;

-- name: store_lost
UPDATE store SET connected = false, credential_version = %(version)s
 WHERE business_id = %(business_id)s AND credential_version < %(version)s;

-- name: store_of_shop
SELECT shop_domain, business_id, zone, currency, connected FROM store WHERE shop_domain = %(shop_domain)s;

-- name: stores_with_news
-- Connected stores with hints that are due.
SELECT shop_domain, business_id, zone, currency, connected FROM store AS s
 WHERE connected AND EXISTS (SELECT FROM hint AS h
                              WHERE h.shop_domain = s.shop_domain AND h.kind <> 'uninstalled' AND h.not_before <= now());

-- name: webhooks_add
-- The deliveries among these that are new.
INSERT INTO webhook (shop_domain, webhook_id, topic, triggered_at)
SELECT * FROM unnest(%(shops)s::text[], %(ids)s::text[], %(topics)s::text[], %(times)s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING shop_domain, webhook_id;

-- name: webhooks_prune
DELETE FROM webhook WHERE received_at < now() - interval '7 days';

-- name: stores_heard
-- Only the longer pauses say how often a store is heard of: what happens brings several webhooks at once.
UPDATE store
   SET last_webhook_at = now(), found_since_heard = 0,
       usual_gap = CASE WHEN now() - last_webhook_at < interval '1 hour' THEN usual_gap
                        ELSE coalesce(usual_gap * 0.7 + (now() - last_webhook_at) * 0.3, now() - last_webhook_at) END
 WHERE shop_domain = ANY(%(shops)s);

-- name: stores_look_again
UPDATE store SET subscriptions_at = NULL WHERE shop_domain = ANY(%(shops)s);

-- name: store_itself
UPDATE store SET zone = %(zone)s, currency = %(currency)s, scopes = %(scopes)s WHERE shop_domain = %(shop_domain)s;

-- name: store_answers
UPDATE store
   SET api_served = %(served)s, api_deprecated = %(deprecated)s, refusal = %(refusal)s,
       refused_since = CASE WHEN %(refusal)s = '' THEN NULL WHEN refusal = %(refusal)s THEN refused_since
                            ELSE now() END
 WHERE business_id = %(business_id)s AND connected;

-- part: hint_in_line
-- Folded: one row an object. Hinted again while it is being fetched, it is fetched once more.
INSERT INTO hint AS h (shop_domain, kind, source_id, gone, hinted_at, traceparent)
VALUES (%(shop_domain)s, %(kind)s, %(source_id)s, %(gone)s, %(hinted_at)s, %(traceparent)s)
ON CONFLICT (shop_domain, kind, source_id) DO UPDATE
   SET hinted = h.hinted + 1, gone = h.gone OR EXCLUDED.gone, hinted_at = greatest(h.hinted_at, EXCLUDED.hinted_at),

-- name: hint_told
-- By a webhook, or by a person who asks for it: its trace goes on from there.
-- insert: hint_in_line
       traceparent = EXCLUDED.traceparent;

-- name: hint_found
-- By looking around: what told of it before stays its cause.
-- insert: hint_in_line
       traceparent = h.traceparent;

-- name: privacy_add
INSERT INTO privacy_request (shop_domain, webhook_id, topic, body)
VALUES (%(shop_domain)s, %(webhook_id)s, %(topic)s, %(body)s) ON CONFLICT DO NOTHING;

-- name: hints_claim
-- Due hints of one store and kind, ours for a while: a crash gives them back by itself.
UPDATE hint SET not_before = now() + make_interval(secs => %(lease)s)
 WHERE (shop_domain, kind, source_id) IN (
       SELECT shop_domain, kind, source_id FROM hint
        WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND not_before <= now()
        ORDER BY hinted_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
RETURNING kind, source_id, gone, hinted, hinted_at, traceparent, failures;

-- name: hints_hold
-- The lease of a fetch that still goes on; what was given up meanwhile stays due.
UPDATE hint SET not_before = now() + make_interval(secs => %(lease)s)
 WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND source_id = ANY(%(source_ids)s) AND not_before > now();

-- name: hint_done
-- Only if nobody hinted at it meanwhile.
DELETE FROM hint WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND source_id = %(source_id)s
                   AND hinted = %(hinted)s;

-- name: hint_again
-- Hinted at while it was fetched: due at once.
UPDATE hint SET not_before = '-infinity'
 WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND source_id = %(source_id)s AND hinted > %(hinted)s;

-- name: hints_later
UPDATE hint SET not_before = now() + make_interval(secs => %(seconds)s), failures = failures + 1
 WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND source_id = ANY(%(source_ids)s);

-- name: hints_back
-- Due at once, and no failure of theirs: too many were asked for together.
UPDATE hint SET not_before = '-infinity'
 WHERE shop_domain = %(shop_domain)s AND kind = %(kind)s AND source_id = ANY(%(source_ids)s);

-- name: hints_waiting
SELECT count(*) FROM hint WHERE shop_domain = %(shop_domain)s;

-- name: emitted_of
SELECT source_id, content_hash, sequence, updated_at FROM emitted
 WHERE shop_domain = %(shop_domain)s AND source_id = ANY(%(source_ids)s) FOR UPDATE;

-- name: emitted_put
INSERT INTO emitted (shop_domain, source_id, content_hash, updated_at, sequence, customer_id)
VALUES (%(shop_domain)s, %(source_id)s, %(content_hash)s, %(updated_at)s, %(sequence)s, %(customer_id)s)
ON CONFLICT (shop_domain, source_id) DO UPDATE
   SET content_hash = EXCLUDED.content_hash, updated_at = EXCLUDED.updated_at, sequence = EXCLUDED.sequence,
       customer_id = EXCLUDED.customer_id;

-- name: emitted_seen
-- Looked at again, and nothing to say: no later look takes this version for one that nobody told of.
UPDATE emitted AS e SET updated_at = seen.at
  FROM unnest(%(source_ids)s::text[], %(times)s::timestamptz[]) AS seen (id, at)
 WHERE e.shop_domain = %(shop_domain)s AND e.source_id = seen.id AND e.updated_at < seen.at;

-- name: versions_unknown
-- Those among these that changed since they were last looked at. `untold`: and nothing hints at them.
SELECT found.id AS source_id,
       NOT EXISTS (SELECT FROM hint AS h
                    WHERE h.shop_domain = %(shop_domain)s AND h.kind = %(kind)s AND h.source_id = found.id) AS untold
  FROM unnest(%(source_ids)s::text[], %(known_by)s::text[], %(times)s::timestamptz[]) AS found (id, known_by, at)
 WHERE NOT EXISTS (SELECT FROM emitted AS e
                    WHERE e.shop_domain = %(shop_domain)s AND e.source_id = found.known_by AND e.updated_at >= found.at);

-- name: catch_up_due
SELECT shop_domain, business_id, zone, currency, connected FROM store
 WHERE connected AND (catch_up_wanted OR last_catch_up_at IS NULL
                      OR last_catch_up_at < now() - make_interval(secs => %(every)s));

-- name: caught_up_to
SELECT caught_up_to FROM store WHERE shop_domain = %(shop_domain)s;

-- name: catch_up_begins
UPDATE store SET catch_up_wanted = false WHERE shop_domain = %(shop_domain)s;

-- name: catch_up_done
-- The first look after a connect finds what happened before there were webhooks: that is nobody's fault.
UPDATE store
   SET caught_up_to = %(caught_up_to)s,
       found_last = CASE WHEN last_catch_up_at IS NULL THEN 0 ELSE %(found)s END,
       found_ever = found_ever + CASE WHEN last_catch_up_at IS NULL THEN 0 ELSE %(found)s END,
       found_since_heard = found_since_heard + CASE WHEN last_catch_up_at IS NULL THEN 0 ELSE %(found)s END,
       last_catch_up_at = now()
 WHERE shop_domain = %(shop_domain)s;

-- name: catch_up_wanted
UPDATE store SET catch_up_wanted = true WHERE business_id = %(business_id)s AND connected;

-- name: subscriptions_due
SELECT shop_domain, business_id, zone, currency, connected FROM store
 WHERE connected AND (subscriptions_at IS NULL OR subscriptions_at < now() - make_interval(secs => %(every)s));

-- name: subscriptions_seen
UPDATE store SET subscribed_topics = %(topics)s, subscriptions_at = now() WHERE shop_domain = %(shop_domain)s;

-- name: intake_status
SELECT shop_domain, connected_at, scopes, subscribed_topics, subscriptions_at, last_webhook_at, last_catch_up_at,
       found_last, found_since_heard, found_ever, usual_gap, api_served, api_deprecated, refusal, refused_since
  FROM store
 WHERE business_id = %(business_id)s ORDER BY connected DESC, connected_at DESC LIMIT 1;

-- name: store_known
SELECT shop_domain FROM store WHERE shop_domain = %(shop_domain)s;

-- name: stores_known
SELECT shop_domain FROM store;

-- name: uninstalled_stores
-- Also those that are not connected any more: the store's refusals may come before its farewell.
SELECT shop_domain, business_id, zone, currency, connected FROM store
 WHERE shop_domain IN (SELECT shop_domain FROM hint WHERE kind = 'uninstalled' AND not_before <= now());

-- name: privacy_take
-- The oldest that waits, for as long as the transaction lasts.
SELECT id, shop_domain, webhook_id, topic, body FROM privacy_request WHERE done_at IS NULL
 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: privacy_done
-- The body names the person, and is needed no longer.
UPDATE privacy_request SET done_at = now(), body = '', business_id = %(business_id)s, customer_id = %(customer_id)s,
       held = %(held)s, sentence = %(sentence)s WHERE id = %(id)s;

-- name: privacy_page
SELECT id, topic, shop_domain, customer_id, received_at, done_at, held, sentence FROM privacy_request
 WHERE business_id = %(business_id)s AND id < %(before)s ORDER BY id DESC LIMIT %(size)s;

-- name: held_of_customer
SELECT source_id FROM emitted
 WHERE shop_domain = %(shop_domain)s
   AND (source_id = %(customer_id)s OR source_id = ANY(%(orders)s)
        OR (%(customer_id)s <> '' AND customer_id = %(customer_id)s))
 ORDER BY source_id;

-- name: held_of_shop
SELECT source_id FROM emitted
 WHERE shop_domain = %(shop_domain)s AND (source_id LIKE '%%/Order/%%' OR source_id LIKE '%%/Customer/%%')
 ORDER BY source_id;

-- name: emitted_forget
-- The count of what was said stays, so that no event id comes twice; a hash of personal data does not.
UPDATE emitted SET content_hash = '', customer_id = ''
 WHERE shop_domain = %(shop_domain)s AND source_id = ANY(%(source_ids)s);

-- name: hints_forget
DELETE FROM hint WHERE shop_domain = %(shop_domain)s AND kind = 'customer' AND source_id = ANY(%(source_ids)s);

-- name: outbox_of_business
SELECT id, payload FROM outbox WHERE subject LIKE %(prefix)s AND id > %(after)s ORDER BY id LIMIT 500 FOR UPDATE;

-- name: outbox_rewrite
UPDATE outbox SET payload = %(payload)s WHERE id = %(id)s;

-- name: shop_forget_hints
DELETE FROM hint WHERE shop_domain = %(shop_domain)s;

-- name: shop_forget_emitted
DELETE FROM emitted WHERE shop_domain = %(shop_domain)s;

-- name: shop_forget_webhooks
DELETE FROM webhook WHERE shop_domain = %(shop_domain)s;

-- name: shop_forget_imports
DELETE FROM import_job WHERE shop_domain = %(shop_domain)s;

-- name: shop_forget
DELETE FROM store WHERE shop_domain = %(shop_domain)s AND NOT connected;

-- name: outbox_waiting_up_to
SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT %(most)s) AS waiting;

-- name: imports_nudge
UPDATE import_job SET not_before = '-infinity' WHERE bulk_id = ANY(%(bulk_ids)s) AND status = 'running';

-- name: import_start
-- None: the same request came before.
INSERT INTO import_job (business_id, shop_domain, request_id, started_by, first_day, last_day, from_at, before_at)
VALUES (%(business_id)s, %(shop_domain)s, %(request_id)s, %(started_by)s, %(first_day)s, %(last_day)s, %(from_at)s,
        %(before_at)s)
ON CONFLICT (business_id, request_id) DO NOTHING RETURNING id;

-- name: import_requested
SELECT id FROM import_job WHERE business_id = %(business_id)s AND request_id = %(request_id)s;

-- name: import_of
SELECT id, business_id, shop_domain, started_by, created_at, ended_at, first_day, last_day, from_at, before_at, status,
       counted, listed, way, bulk_id, gathered, reason, place, place_bytes, after_id, read, said, unchanged, not_there,
       set_aside, orders_per_minute, held_back, failures, holder
  FROM import_job WHERE business_id = %(business_id)s AND id = %(id)s;

-- name: import_page
SELECT id, business_id, shop_domain, started_by, created_at, ended_at, first_day, last_day, from_at, before_at, status,
       counted, listed, way, bulk_id, gathered, reason, place, place_bytes, after_id, read, said, unchanged, not_there,
       set_aside, orders_per_minute, held_back, failures, holder
  FROM import_job WHERE business_id = %(business_id)s AND id < %(before)s ORDER BY id DESC LIMIT %(size)s;

-- name: import_move
-- A move names the states that it may come from; whoever was at it finds out at its next commit.
UPDATE import_job
   SET status = %(status)s, holder = '', lease_until = '-infinity', not_before = '-infinity', failures = 0,
       orders_per_minute = 0, held_back = false,
       ended_at = CASE WHEN %(status)s IN ('done', 'cancelled', 'failed') THEN now() END
 WHERE business_id = %(business_id)s AND id = %(id)s AND status = ANY(%(before)s);

-- name: import_resume
UPDATE import_job SET status = CASE WHEN counted IS NULL THEN 'queued' ELSE 'running' END, not_before = '-infinity'
 WHERE business_id = %(business_id)s AND id = %(id)s AND status = 'paused';

-- name: imports_claim
-- Due jobs of connected stores that nobody is at. Each claim has a holder of its own: an earlier one commits no more.
UPDATE import_job SET holder = gen_random_uuid()::text, lease_until = now() + make_interval(secs => %(lease)s)
 WHERE id IN (SELECT job.id FROM import_job AS job JOIN store USING (shop_domain, business_id)
               WHERE job.status IN ('queued', 'counting', 'running') AND job.lease_until < now()
                 AND job.not_before <= now() AND store.connected
               ORDER BY job.id LIMIT %(most)s FOR UPDATE OF job SKIP LOCKED)
RETURNING id, business_id, shop_domain, started_by, created_at, ended_at, first_day, last_day, from_at, before_at,
          status, counted, listed, way, bulk_id, gathered, reason, place, place_bytes, after_id, read, said, unchanged,
          not_there, set_aside, orders_per_minute, held_back, failures, holder;

-- name: import_hold
UPDATE import_job SET lease_until = now() + make_interval(secs => %(lease)s), held_back = %(held_back)s
 WHERE id = %(id)s AND holder = %(holder)s AND status IN ('queued', 'counting', 'running');

-- name: import_leave
-- Nobody is at it any more; it is taken up again after so many seconds.
UPDATE import_job
   SET holder = '', lease_until = '-infinity', not_before = now() + make_interval(secs => %(seconds)s),
       failures = %(failures)s
 WHERE id = %(id)s AND holder = %(holder)s;

-- name: import_counting
UPDATE import_job SET status = 'counting' WHERE id = %(id)s AND holder = %(holder)s AND status = 'queued';

-- name: import_counted
UPDATE import_job SET counted = %(counted)s WHERE id = %(id)s AND holder = %(holder)s AND status = 'counting';

-- name: import_exports
UPDATE import_job SET status = 'running', way = 'bulk', bulk_id = %(bulk_id)s
 WHERE id = %(id)s AND holder = %(holder)s AND status = 'counting';

-- name: import_gathered
UPDATE import_job SET gathered = %(gathered)s, listed = %(listed)s
 WHERE id = %(id)s AND holder = %(holder)s AND status = 'running';

-- name: import_pages
-- What was read before is passed over quickly: it is known by its version.
UPDATE import_job
   SET status = 'running', way = 'paging', reason = %(reason)s, read = 0, after_id = 0, unchanged = 0, not_there = 0
 WHERE id = %(id)s AND holder = %(holder)s AND status IN ('counting', 'running');

-- name: import_advance
UPDATE import_job
   SET place = place + %(lines)s, place_bytes = %(place_bytes)s, after_id = %(after_id)s,
       read = read + %(lines)s, said = said + %(said)s, unchanged = unchanged + %(unchanged)s,
       not_there = not_there + %(not_there)s, set_aside = set_aside + %(set_aside)s,
       orders_per_minute = %(orders_per_minute)s, held_back = false, failures = 0
 WHERE id = %(id)s AND holder = %(holder)s AND status = 'running';

-- name: import_failed
UPDATE import_job SET status = 'failed', ended_at = now(), orders_per_minute = 0, held_back = false
 WHERE id = %(id)s AND holder = %(holder)s AND status IN ('counting', 'running');

-- name: import_done
UPDATE import_job SET status = 'done', ended_at = now(), orders_per_minute = 0, held_back = false
 WHERE id = %(id)s AND holder = %(holder)s AND status = 'running';

-- name: store_for_import
SELECT shop_domain, zone, scopes FROM store WHERE business_id = %(business_id)s AND connected;
