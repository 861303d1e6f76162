-- name: sealed_otherwise
-- Values whose head names another key than the active one.
SELECT (SELECT count(*) FROM credential WHERE substring(access_sealed FOR length(%(head)s::bytea)) <> %(head)s)
     + (SELECT count(*) FROM credential WHERE substring(refresh_sealed FOR length(%(head)s::bytea)) <> %(head)s)
     + (SELECT count(*) FROM refresh_spare WHERE substring(sealed FOR length(%(head)s::bytea)) <> %(head)s)
     + (SELECT count(*) FROM revocation WHERE substring(sealed FOR length(%(head)s::bytea)) <> %(head)s);

-- name: access_to_reseal
SELECT business_id || '|' || provider AS key, business_id, provider, access_sealed AS sealed FROM credential
 WHERE substring(access_sealed FOR length(%(head)s::bytea)) <> %(head)s
   AND business_id || '|' || provider > %(after)s
 ORDER BY 1 LIMIT %(batch)s FOR UPDATE;

-- name: access_resealed
UPDATE credential SET access_sealed = %(sealed)s WHERE business_id || '|' || provider = %(key)s;

-- name: refresh_to_reseal
SELECT business_id || '|' || provider AS key, business_id, provider, refresh_sealed AS sealed FROM credential
 WHERE substring(refresh_sealed FOR length(%(head)s::bytea)) <> %(head)s
   AND business_id || '|' || provider > %(after)s
 ORDER BY 1 LIMIT %(batch)s FOR UPDATE;

-- name: refresh_resealed
UPDATE credential SET refresh_sealed = %(sealed)s WHERE business_id || '|' || provider = %(key)s;

-- name: spare_to_reseal
SELECT lpad(id::text, 20, '0') AS key, business_id, provider, sealed FROM refresh_spare
 WHERE substring(sealed FOR length(%(head)s::bytea)) <> %(head)s AND id > coalesce(nullif(%(after)s, ''), '0')::bigint
 ORDER BY id LIMIT %(batch)s FOR UPDATE;

-- name: spare_resealed
UPDATE refresh_spare SET sealed = %(sealed)s WHERE id = %(key)s::bigint;

-- name: revocation_to_reseal
SELECT lpad(id::text, 20, '0') AS key, business_id, provider, sealed FROM revocation
 WHERE substring(sealed FOR length(%(head)s::bytea)) <> %(head)s AND id > coalesce(nullif(%(after)s, ''), '0')::bigint
 ORDER BY id LIMIT %(batch)s FOR UPDATE;

-- name: revocation_resealed
UPDATE revocation SET sealed = %(sealed)s WHERE id = %(key)s::bigint;
