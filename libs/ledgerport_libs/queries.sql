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
INSERT INTO dead_letter (consumer, subject, payload, error)
VALUES (%(consumer)s, %(subject)s, %(payload)s, %(error)s);
