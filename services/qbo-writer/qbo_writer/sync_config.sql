-- name: settings_stamp
SELECT stamp FROM settings_stamp WHERE business_id = %(business_id)s;

-- name: settings_changed
-- Also the lock that makes changes of one Business's settings wait for each other.
INSERT INTO settings_stamp AS s (business_id, stamp) VALUES (%(business_id)s, 1)
ON CONFLICT (business_id) DO UPDATE SET stamp = s.stamp + 1;

-- name: sync_config_now
SELECT version, config, saved_by, saved_at FROM sync_config
 WHERE business_id = %(business_id)s ORDER BY version DESC LIMIT 1;

-- name: sync_config_versions
SELECT version, config, saved_by, saved_at FROM sync_config
 WHERE business_id = %(business_id)s AND version < %(before)s ORDER BY version DESC LIMIT %(limit)s;

-- name: sync_config_add
INSERT INTO sync_config (business_id, version, config, saved_by)
VALUES (%(business_id)s, %(version)s, %(config)s, %(saved_by)s);

-- name: reconsider
-- What was held, refused or left out for a reason that settings can change is tried again.
UPDATE record
   SET status = 'pending', reason = '', sentence = '', waits_for = NULL, not_before = '-infinity', failures = 0,
       revision = revision + 1, changed_at = now()
 WHERE business_id = %(business_id)s
   AND ((status IN ('on_hold', 'error') AND reason = ANY(%(reasons)s))
        OR (status = 'skipped' AND reason = ANY(%(skipped_reasons)s)));

-- name: chosen_mappings
SELECT kind, source_id, qbo_id FROM mapping WHERE business_id = %(business_id)s;

-- name: wanted_creations
-- What has a document was made, or matched: the permission is used up.
SELECT w.kind, w.source_id FROM create_wanted w
 WHERE w.business_id = %(business_id)s
   AND NOT EXISTS (SELECT 1 FROM record r JOIN document d ON d.record_id = r.id
                    WHERE r.business_id = w.business_id AND r.kind = w.kind AND r.source_id = w.source_id);

-- name: company_facts
SELECT realm_id, info, preferences, tax_codes, tax_rates, loaded_at FROM company WHERE business_id = %(business_id)s;

-- name: names_of_lists
SELECT list, qbo_id, name, active, email, sku, type, subtype FROM company_name
 WHERE business_id = %(business_id)s AND list = ANY(%(lists)s) ORDER BY lower(name), qbo_id;

-- name: name_of
SELECT list, qbo_id, name, active, email, sku, type, subtype FROM company_name
 WHERE business_id = %(business_id)s AND list = %(list)s AND qbo_id = %(qbo_id)s;
