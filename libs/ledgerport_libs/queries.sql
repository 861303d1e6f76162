-- name: outbox_add
-- The same event id again is the same event: nothing is added.
INSERT INTO outbox (event_id, subject, payload, headers)
VALUES (%(event_id)s, %(subject)s, %(payload)s, %(headers)s)
ON CONFLICT (event_id) DO NOTHING;

-- name: outbox_claim
-- The oldest unsent rows that no other publisher is holding.
SELECT id, event_id, subject, payload, headers FROM outbox
 WHERE published_at IS NULL ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED;

-- name: outbox_published
UPDATE outbox SET published_at = now() WHERE id = ANY(%(ids)s);

-- name: outbox_prune
DELETE FROM outbox WHERE published_at < now() - make_interval(days => %(days)s);

-- name: outbox_replay
-- The stream was lost: everything still kept goes out again.
UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL AND subject LIKE %(prefix)s;

-- name: outbox_waiting
SELECT count(*) FROM outbox WHERE published_at IS NULL;

-- name: outbox_behind
-- Counted up to a bound: more than that is only more of the same.
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest
  FROM (SELECT created_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 10000) AS first;

-- name: stream_seen
SELECT created_at FROM stream_seen WHERE stream = %(stream)s FOR UPDATE;

-- name: stream_remember
INSERT INTO stream_seen (stream, created_at) VALUES (%(stream)s, %(created_at)s)
ON CONFLICT (stream) DO UPDATE SET created_at = EXCLUDED.created_at;

-- name: inbox_add
-- One row touched: the event is new to this consumer. None: it was handled before.
INSERT INTO inbox (consumer, event_id) VALUES (%(consumer)s, %(event_id)s) ON CONFLICT DO NOTHING;

-- name: inbox_prune
DELETE FROM inbox WHERE received_at < now() - make_interval(days => %(days)s);

-- name: dead_letter_add
INSERT INTO dead_letter (consumer, subject, payload, error, event_id, traceparent)
VALUES (%(consumer)s, %(subject)s, %(payload)s, %(error)s, %(event_id)s, %(traceparent)s);

-- name: dead_letters
SELECT id, consumer, subject, error, received_at FROM dead_letter
 WHERE (%(consumer)s = '' OR consumer = %(consumer)s) AND id > %(after)s ORDER BY id LIMIT %(size)s;

-- name: dead_letters_by_consumer
SELECT consumer, count(*) AS count FROM dead_letter GROUP BY consumer ORDER BY consumer;

-- name: dead_letter_next
-- Skips what another replay holds.
SELECT id, event_id, subject, payload, traceparent FROM dead_letter
 WHERE consumer = %(consumer)s AND id > %(after)s AND (%(ids)s::bigint[] = '{}' OR id = ANY(%(ids)s))
 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: dead_letter_done
DELETE FROM dead_letter WHERE id = %(id)s;

-- name: dead_letter_failed
UPDATE dead_letter SET error = %(error)s WHERE id = %(id)s;

-- name: outbox_of_one
-- Subjects are <stream>.<version>.<business>.<what>.
SELECT count(*) FROM outbox WHERE published_at IS NOT NULL AND split_part(subject, '.', 3) = %(business)s;

-- name: outbox_again
UPDATE outbox SET published_at = NULL
 WHERE published_at IS NOT NULL AND split_part(subject, '.', 3) = %(business)s;

-- name: figures_take
-- A row: it is ours to look. None: another replica has looked lately.
UPDATE figures SET taken_at = now() WHERE taken_at < now() - make_interval(secs => %(every)s) RETURNING 1;

-- name: figures_put
UPDATE figures SET figures = %(figures)s, looked_at = now();

-- name: figures_read
SELECT figures, extract(epoch FROM looked_at)::float8 AS looked_at FROM figures WHERE looked_at > '-infinity';

-- name: look_briefly
SELECT set_config('statement_timeout', '5s', true);

-- name: operation_add
INSERT INTO operation (done_by, what, detail) VALUES (%(done_by)s, %(what)s, %(detail)s);
