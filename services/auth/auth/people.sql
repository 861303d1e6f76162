-- name: person_add
INSERT INTO person (id, email, name, password_hash)
VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s) ON CONFLICT (email) DO NOTHING;

-- name: person_by_email
SELECT id, email, name, password_hash FROM person WHERE email = %(email)s;

-- name: password_replace
UPDATE person SET password_hash = %(password_hash)s WHERE id = %(id)s AND password_hash = %(old_hash)s;

-- name: business_add
INSERT INTO business (id, name) VALUES (%(id)s, %(name)s);

-- name: membership_add
INSERT INTO membership (business_id, person_id, role) VALUES (%(business_id)s, %(person_id)s, %(role)s)
ON CONFLICT DO NOTHING;

-- name: memberships
-- Oldest first: the first one is the one to act in where none is named.
SELECT m.business_id, b.name AS business_name, m.role FROM membership m JOIN business b ON b.id = m.business_id
 WHERE m.person_id = %(person_id)s ORDER BY m.joined_at, m.business_id;

-- name: role_in
SELECT role FROM membership WHERE business_id = %(business_id)s AND person_id = %(person_id)s;

-- name: members
SELECT p.id, p.email, p.name, m.role, m.joined_at FROM membership m JOIN person p ON p.id = m.person_id
 WHERE m.business_id = %(business_id)s ORDER BY m.joined_at, p.email;

-- name: session_add
INSERT INTO session (id, token_hash, person_id) VALUES (%(id)s, %(token_hash)s, %(person_id)s)
RETURNING created_at + make_interval(secs => %(absolute)s);

-- name: session_of
-- The session and its person, while neither limit has passed.
SELECT s.id AS session_id, p.id AS person_id, p.email, p.name, s.seen_at < now() - interval '1 minute' AS stale
  FROM session s JOIN person p ON p.id = s.person_id
 WHERE s.token_hash = %(token_hash)s
   AND s.created_at > now() - make_interval(secs => %(absolute)s)
   AND s.seen_at > now() - make_interval(secs => %(idle)s);

-- name: session_touch
UPDATE session SET seen_at = now() WHERE id = %(id)s;

-- name: session_end
DELETE FROM session WHERE token_hash = %(token_hash)s;

-- name: sessions_prune
DELETE FROM session WHERE created_at < now() - make_interval(secs => %(absolute)s)
    OR seen_at < now() - make_interval(secs => %(idle)s);

-- name: invitation_add
INSERT INTO invitation (token_hash, business_id, email, role, invited_by, expires_at)
VALUES (%(token_hash)s, %(business_id)s, %(email)s, %(role)s, %(invited_by)s, now() + make_interval(secs => %(life)s))
RETURNING expires_at;

-- name: invitation_of
SELECT business_id, email, role FROM invitation
 WHERE token_hash = %(token_hash)s AND accepted_at IS NULL AND expires_at > now() FOR UPDATE;

-- name: invitation_accept
UPDATE invitation SET accepted_at = now() WHERE token_hash = %(token_hash)s AND accepted_at IS NULL;

-- name: sign_in_failures
SELECT number FROM sign_in_failure
 WHERE email = %(email)s AND since > now() - make_interval(secs => %(window)s);

-- name: sign_in_failed
-- Counts a try before its password is looked at, so that many at once are counted too.
INSERT INTO sign_in_failure AS f (email, since, number) VALUES (%(email)s, now(), 1)
ON CONFLICT (email) DO UPDATE
   SET number = CASE WHEN f.since > now() - make_interval(secs => %(window)s) THEN f.number + 1 ELSE 1 END,
       since = CASE WHEN f.since > now() - make_interval(secs => %(window)s) THEN f.since ELSE now() END
RETURNING number;

-- name: sign_in_worked
DELETE FROM sign_in_failure WHERE email = %(email)s;

-- name: sign_in_failures_prune
DELETE FROM sign_in_failure WHERE since < now() - make_interval(secs => %(window)s);
