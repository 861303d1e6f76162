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

-- name: person_lock
SELECT id FROM person WHERE id = %(id)s FOR UPDATE;

-- name: person_by_id
SELECT id, email, name, password_hash FROM person WHERE id = %(id)s;

-- name: password_set
UPDATE person SET password_hash = %(password_hash)s WHERE id = %(id)s;

-- name: business_lock
-- Changes of roles in one Business come one after the other.
SELECT id FROM business WHERE id = %(id)s FOR UPDATE;

-- name: businesses_of
SELECT count(*) FROM membership WHERE person_id = %(person_id)s;

-- name: owners_of
SELECT count(*) FROM membership WHERE business_id = %(business_id)s AND role = 4;

-- name: role_set
UPDATE membership SET role = %(role)s WHERE business_id = %(business_id)s AND person_id = %(person_id)s;

-- name: membership_end
DELETE FROM membership WHERE business_id = %(business_id)s AND person_id = %(person_id)s;

-- name: session_add
INSERT INTO session (id, token_hash, person_id, address, user_agent)
VALUES (%(id)s, %(token_hash)s, %(person_id)s, %(address)s, %(user_agent)s)
RETURNING created_at + make_interval(secs => %(absolute)s);

-- name: session_of
-- The session and its person, while neither limit has passed.
SELECT s.id AS session_id, p.id AS person_id, p.email, p.name, s.seen_at < now() - interval '1 minute' AS stale
  FROM session s JOIN person p ON p.id = s.person_id
 WHERE s.token_hash = %(token_hash)s
   AND s.created_at > now() - make_interval(secs => %(absolute)s)
   AND s.seen_at > now() - make_interval(secs => %(idle)s);

-- name: session_touch
UPDATE session SET seen_at = now(), address = coalesce(nullif(%(address)s, ''), address) WHERE id = %(id)s;

-- name: sessions_of
SELECT id, address, user_agent, created_at, seen_at FROM session
 WHERE person_id = %(person_id)s
   AND created_at > now() - make_interval(secs => %(absolute)s)
   AND seen_at > now() - make_interval(secs => %(idle)s)
 ORDER BY seen_at DESC, id LIMIT %(most)s;

-- name: session_end
DELETE FROM session WHERE token_hash = %(token_hash)s;

-- name: session_end_own
DELETE FROM session WHERE id = %(id)s AND person_id = %(person_id)s;

-- name: sessions_end
DELETE FROM session WHERE person_id = %(person_id)s AND id <> %(keep)s;

-- name: sessions_prune
DELETE FROM session WHERE created_at < now() - make_interval(secs => %(absolute)s)
    OR seen_at < now() - make_interval(secs => %(idle)s);

-- name: invitation_add
INSERT INTO invitation (token_hash, business_id, email, role, invited_by, expires_at)
VALUES (%(token_hash)s, %(business_id)s, %(email)s, %(role)s, %(invited_by)s, now() + make_interval(secs => %(life)s))
RETURNING expires_at;

-- name: invitation_of
-- Open, and made by somebody who could make it today as well.
SELECT i.id, i.business_id, b.name AS business_name, i.email, i.role, i.invited_by, i.expires_at
  FROM invitation i
  JOIN business b ON b.id = i.business_id
  JOIN membership m ON m.business_id = i.business_id AND m.person_id = i.invited_by
 WHERE i.token_hash = %(token_hash)s AND i.accepted_at IS NULL AND i.expires_at > now()
   AND m.role >= greatest(3, i.role)
   FOR UPDATE OF i;

-- name: invitations_for
-- The open ones for one e-mail, which a provider has proved.
SELECT i.id, i.business_id, b.name AS business_name, i.email, i.role, i.invited_by, i.expires_at
  FROM invitation i
  JOIN business b ON b.id = i.business_id
  JOIN membership m ON m.business_id = i.business_id AND m.person_id = i.invited_by
 WHERE i.email = %(email)s AND i.accepted_at IS NULL AND i.expires_at > now() AND m.role >= greatest(3, i.role)
 ORDER BY i.created_at, i.id FOR UPDATE OF i;

-- name: invitations
SELECT i.id, i.business_id, b.name AS business_name, i.email, i.role, p.email AS invited_by, i.expires_at
  FROM invitation i
  JOIN business b ON b.id = i.business_id
  JOIN membership m ON m.business_id = i.business_id AND m.person_id = i.invited_by
  JOIN person p ON p.id = i.invited_by
 WHERE i.business_id = %(business_id)s AND i.accepted_at IS NULL AND i.expires_at > now()
   AND m.role >= greatest(3, i.role)
 ORDER BY i.created_at, i.id LIMIT 200;

-- name: invitation_accept
UPDATE invitation SET accepted_at = now() WHERE id = %(id)s AND accepted_at IS NULL;

-- name: invitation_revoke
DELETE FROM invitation WHERE id = %(id)s AND business_id = %(business_id)s AND accepted_at IS NULL;

-- name: try_take
-- Counts a try and says when the next one may come; no row while one has to wait.
INSERT INTO counted_try AS t (key, number, last_at, free_at) VALUES (%(key)s, 1, now(), '-infinity')
ON CONFLICT (key) DO UPDATE
   SET number = CASE WHEN t.last_at < now() - make_interval(secs => %(forgotten)s) THEN 1 ELSE t.number + 1 END,
       last_at = now(),
       free_at = CASE WHEN t.last_at < now() - make_interval(secs => %(forgotten)s) THEN '-infinity'
                      WHEN t.number + 1 < %(free)s THEN '-infinity'
                      ELSE now() + make_interval(secs => least(
                           %(longest)s, %(first)s * power(2, least(t.number + 1 - %(free)s, 30)))) END
 WHERE t.free_at <= now() OR t.last_at < now() - make_interval(secs => %(forgotten)s)
RETURNING number;

-- name: try_wait
SELECT ceil(extract(epoch FROM free_at - now())) FROM counted_try WHERE key = %(key)s;

-- name: try_forgive
DELETE FROM counted_try WHERE key = %(key)s;

-- name: tries_prune
DELETE FROM counted_try WHERE last_at < now() - make_interval(secs => %(forgotten)s);

-- name: is_familiar
SELECT true FROM familiar_address WHERE email = %(email)s AND address = %(address)s;

-- name: address_is_familiar
INSERT INTO familiar_address AS f (email, address) SELECT %(email)s, %(address)s WHERE %(address)s <> ''
ON CONFLICT (email, address) DO UPDATE SET seen_at = now();

-- name: familiar_addresses_prune
DELETE FROM familiar_address WHERE seen_at < now() - make_interval(days => %(days)s);

-- name: password_reset_add
INSERT INTO password_reset (token_hash, person_id, made_by, expires_at)
VALUES (%(token_hash)s, %(person_id)s, %(made_by)s, now() + make_interval(secs => %(life)s))
RETURNING expires_at;

-- name: password_reset_of
SELECT r.person_id, p.email, r.made_by FROM password_reset r JOIN person p ON p.id = r.person_id
 WHERE r.token_hash = %(token_hash)s AND r.expires_at > now();

-- name: password_reset_use
DELETE FROM password_reset WHERE token_hash = %(token_hash)s AND expires_at > now() RETURNING person_id;

-- name: password_resets_end
DELETE FROM password_reset WHERE person_id = %(person_id)s;

-- name: password_resets_prune
DELETE FROM password_reset WHERE expires_at < now();

-- name: out_of_reach
-- Businesses of a person in which another one is no Admin, or below that person.
SELECT count(*) FROM membership theirs
  LEFT JOIN membership own ON own.business_id = theirs.business_id AND own.person_id = %(by)s
 WHERE theirs.person_id = %(person_id)s AND coalesce(own.role, 0) < greatest(3, theirs.role);
