-- name: api_token_add
INSERT INTO api_token (id, token_hash, business_id, person_id, name, role, expires_at)
VALUES (%(id)s, %(token_hash)s, %(business_id)s, %(person_id)s, %(name)s, %(role)s,
        now() + make_interval(days => %(days)s));

-- name: api_tokens_living
SELECT count(*) FROM api_token
 WHERE business_id = %(business_id)s AND revoked_at IS NULL AND expires_at > now();

-- name: api_tokens
-- Those that work: of one member, or of all where none is named.
SELECT t.id, t.name, least(t.role, m.role) AS role, p.id AS person_id, p.email, p.name AS person_name, t.created_at,
       t.expires_at, t.last_used_at
  FROM api_token t
  JOIN membership m ON m.business_id = t.business_id AND m.person_id = t.person_id
  JOIN person p ON p.id = t.person_id
 WHERE t.business_id = %(business_id)s AND t.revoked_at IS NULL AND t.expires_at > now()
   AND %(person_id)s IN ('', t.person_id)
 ORDER BY t.created_at DESC, t.id;

-- name: api_token_behind
-- What a token stands for now: never more than its maker may do today.
SELECT t.id, t.name, t.business_id, b.name AS business_name, p.id AS person_id, p.email, p.name AS person_name,
       least(t.role, m.role) AS role, extract(epoch FROM t.expires_at - now())::float AS life,
       coalesce(t.last_used_at < now() - interval '1 minute', true) AS stale
  FROM api_token t
  JOIN business b ON b.id = t.business_id
  JOIN membership m ON m.business_id = t.business_id AND m.person_id = t.person_id
  JOIN person p ON p.id = t.person_id
 WHERE t.token_hash = %(token_hash)s AND t.revoked_at IS NULL AND t.expires_at > now();

-- name: api_token_used
UPDATE api_token SET last_used_at = now() WHERE id = %(id)s;

-- name: api_token_revoke
UPDATE api_token t SET revoked_at = now()
 WHERE t.id = %(id)s AND t.business_id = %(business_id)s AND t.revoked_at IS NULL;

-- name: api_token_maker
SELECT t.person_id, coalesce(m.role, 0) AS role FROM api_token t
  LEFT JOIN membership m ON m.business_id = t.business_id AND m.person_id = t.person_id
 WHERE t.id = %(id)s AND t.business_id = %(business_id)s;

-- name: api_tokens_end
UPDATE api_token SET revoked_at = now()
 WHERE person_id = %(person_id)s AND business_id = %(business_id)s AND revoked_at IS NULL;

-- name: api_tokens_end_all
UPDATE api_token SET revoked_at = now() WHERE person_id = %(person_id)s AND revoked_at IS NULL;
