-- name: state_add
INSERT INTO oauth_state (state_hash, provider, business_id, person_id, session_id, shop, expires_at)
VALUES (%(state_hash)s, %(provider)s, %(business_id)s, %(person_id)s, %(session_id)s, %(shop)s,
        now() + make_interval(secs => %(life)s));

-- name: state_use
-- Used up by whoever comes first, whatever becomes of it.
UPDATE oauth_state SET used_at = now()
 WHERE state_hash = %(state_hash)s AND used_at IS NULL AND expires_at > now()
RETURNING provider, business_id, person_id, session_id, shop;

-- name: states_prune
DELETE FROM oauth_state WHERE expires_at < now() - interval '1 hour';

-- name: binding_of
SELECT business_id, realm_id, company_name FROM binding WHERE business_id = %(business_id)s;

-- name: binding_of_realm
SELECT business_id, realm_id, company_name FROM binding WHERE realm_id = %(realm_id)s;

-- name: binding_add
INSERT INTO binding (business_id, realm_id, company_name, bound_by)
VALUES (%(business_id)s, %(realm_id)s, %(company_name)s, %(bound_by)s);

-- name: credential_of
SELECT business_id, provider, account, account_id, account_name, state, version, access_sealed, refresh_sealed, scopes,
       connected_by, connected_at, issued_at, expires_at, refresh_expires_at, hard_expires_at, reason, explanation,
       refresh_not_before, now() AS read_at
  FROM credential WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: shop_holder
SELECT business_id FROM credential WHERE provider = 'shopify' AND account = %(account)s AND state <> 'revoked';

-- name: credential_put
-- A connect or reconnect: replaces all, and a refresh that is under way may not store any more.
INSERT INTO credential AS c (business_id, provider, account, account_id, account_name, state, access_sealed,
       refresh_sealed, scopes, connected_by, issued_at, expires_at, refresh_expires_at, hard_expires_at)
VALUES (%(business_id)s, %(provider)s, %(account)s, %(account_id)s, %(account_name)s, 'active', %(access_sealed)s,
       %(refresh_sealed)s, %(scopes)s, %(connected_by)s, %(issued_at)s, %(expires_at)s, %(refresh_expires_at)s,
       %(hard_expires_at)s)
ON CONFLICT (business_id, provider) DO UPDATE
   SET account = EXCLUDED.account, account_id = EXCLUDED.account_id, account_name = EXCLUDED.account_name,
       state = 'active', version = c.version + 1, access_sealed = EXCLUDED.access_sealed,
       refresh_sealed = EXCLUDED.refresh_sealed, scopes = EXCLUDED.scopes, connected_by = EXCLUDED.connected_by,
       connected_at = now(), issued_at = EXCLUDED.issued_at, expires_at = EXCLUDED.expires_at,
       refresh_expires_at = EXCLUDED.refresh_expires_at, hard_expires_at = EXCLUDED.hard_expires_at, reason = '',
       explanation = '', refresh_fence = c.refresh_fence + 1, refresh_until = NULL, refresh_failures = 0,
       refresh_not_before = NULL
RETURNING version;

-- name: refresh_claim
-- Take the lease if nobody holds it. The fence grows with each lease, so a late holder cannot store.
UPDATE credential SET refresh_fence = refresh_fence + 1, refresh_until = now() + make_interval(secs => %(lease)s)
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND state = 'active' AND version = %(version)s
   AND (refresh_until IS NULL OR refresh_until < now())
   AND (refresh_not_before IS NULL OR refresh_not_before <= now())
RETURNING refresh_fence, refresh_sealed, version;

-- name: refresh_store
UPDATE credential
   SET version = version + 1, access_sealed = %(access_sealed)s, refresh_sealed = %(refresh_sealed)s,
       issued_at = %(issued_at)s, expires_at = %(expires_at)s, refresh_expires_at = %(refresh_expires_at)s,
       hard_expires_at = coalesce(%(hard_expires_at)s, hard_expires_at),
       refresh_until = NULL, refresh_failures = 0, refresh_not_before = NULL
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND state = 'active'
   AND refresh_fence = %(fence)s
RETURNING version;

-- name: refresh_give_back
-- The provider is in trouble: let the next one try after a growing wait, and never at once.
UPDATE credential
   SET refresh_until = NULL, refresh_failures = refresh_failures + 1,
       refresh_not_before = now() + make_interval(secs => least(0.5 * 2 ^ least(refresh_failures, 10), 60))
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND refresh_fence = %(fence)s;

-- name: spare_add
INSERT INTO refresh_spare (business_id, provider, sealed) VALUES (%(business_id)s, %(provider)s, %(sealed)s);

-- name: spares
SELECT sealed FROM refresh_spare WHERE business_id = %(business_id)s AND provider = %(provider)s
   AND parked_at > now() - make_interval(secs => %(life)s) ORDER BY id DESC LIMIT 3;

-- name: spares_drop
DELETE FROM refresh_spare WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: spares_prune
DELETE FROM refresh_spare WHERE parked_at < now() - make_interval(secs => %(life)s);

-- name: credential_refuse
-- The provider will not have us any more; only for the version that was refused.
UPDATE credential
   SET state = 'refused', version = version + 1, reason = %(reason)s, explanation = %(explanation)s,
       refresh_fence = refresh_fence + 1, refresh_until = NULL
 WHERE business_id = %(business_id)s AND provider = %(provider)s AND state = 'active' AND version = %(version)s
RETURNING version;

-- name: credential_revoke
-- Erased here; %(asked_at)s keeps an old order from ending a newer connection.
UPDATE credential c
   SET state = 'revoked', version = c.version + 1, access_sealed = NULL, refresh_sealed = NULL, reason = '',
       explanation = '', refresh_fence = c.refresh_fence + 1, refresh_until = NULL
  FROM (SELECT business_id, provider, refresh_sealed, access_sealed FROM credential
         WHERE business_id = %(business_id)s AND provider = %(provider)s FOR UPDATE) old
 WHERE c.business_id = old.business_id AND c.provider = old.provider AND c.state <> 'revoked'
   AND c.connected_at <= %(asked_at)s
RETURNING c.version, c.account, old.refresh_sealed, old.access_sealed;

-- name: idle_credentials
SELECT business_id, provider FROM credential
 WHERE state = 'active' AND refresh_sealed IS NOT NULL AND issued_at < now() - make_interval(days => %(days)s)
   AND (refresh_not_before IS NULL OR refresh_not_before <= now()) ORDER BY issued_at LIMIT 50;

-- name: revocation_add
INSERT INTO revocation (business_id, provider, account, sealed)
VALUES (%(business_id)s, %(provider)s, %(account)s, %(sealed)s);

-- name: revocation_take
UPDATE revocation SET busy_until = now() + make_interval(secs => %(lease)s), tries = tries + 1
 WHERE id = (SELECT id FROM revocation
              WHERE busy_until < now() AND (business_id = %(business_id)s OR (%(business_id)s = '' AND not_before <= now()))
              ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, business_id, provider, account, sealed, tries;

-- name: revocation_later
UPDATE revocation SET busy_until = '-infinity',
       not_before = now() + make_interval(secs => least(2 ^ least(tries, 12), 3600)) WHERE id = %(id)s;

-- name: revocation_done
DELETE FROM revocation WHERE id = %(id)s;

-- name: revocations_waiting
SELECT count(*) FROM revocation WHERE business_id = %(business_id)s AND provider = %(provider)s;

-- name: revocations_drop
-- A new consent replaces the old one, and revoking the old token now could end the new consent.
DELETE FROM revocation WHERE provider = %(provider)s AND account = %(account)s AND busy_until < now();

-- name: revocations_busy
SELECT count(*) FROM revocation WHERE provider = %(provider)s AND account = %(account)s;

-- name: notice_recipients
SELECT b.name AS business_name, p.email FROM membership m
  JOIN person p ON p.id = m.person_id JOIN business b ON b.id = m.business_id
 WHERE m.business_id = %(business_id)s AND m.role >= 3 ORDER BY p.email;
