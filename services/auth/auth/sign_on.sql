-- name: sign_on_state_add
INSERT INTO sign_on_state (state_hash, browser_hash, nonce, verifier, invitation, person_id, next, expires_at)
VALUES (%(state_hash)s, %(browser_hash)s, %(nonce)s, %(verifier)s, %(invitation)s, %(person_id)s, %(next)s,
        now() + make_interval(secs => %(life)s));

-- name: sign_on_state_use
-- Used once, by whomever; what it was made for is checked by the caller.
DELETE FROM sign_on_state WHERE state_hash = %(state_hash)s AND expires_at > now()
RETURNING browser_hash, nonce, verifier, invitation, person_id, next;

-- name: sign_on_states_prune
DELETE FROM sign_on_state WHERE expires_at < now();

-- name: person_of_identity
SELECT p.id, p.email, p.name, p.password_hash FROM person_identity i JOIN person p ON p.id = i.person_id
 WHERE i.issuer = %(issuer)s AND i.subject = %(subject)s;

-- name: identity_link
INSERT INTO person_identity (issuer, subject, person_id) VALUES (%(issuer)s, %(subject)s, %(person_id)s)
ON CONFLICT DO NOTHING;

-- name: has_identity
SELECT true FROM person_identity WHERE person_id = %(person_id)s LIMIT 1;

-- name: password_erase
UPDATE person SET password_hash = NULL WHERE id = %(id)s;
