-- name: refresh_tokens_by_days
-- Of tokens that work: by the earlier of the two ends that they have. Those that were refused are no tokens any more.
SELECT provider, count(*) AS count,
       CASE WHEN refresh_sealed IS NULL OR least(refresh_expires_at, hard_expires_at) IS NULL THEN 'no end'
            WHEN least(refresh_expires_at, hard_expires_at) <= now() THEN 'over'
            WHEN least(refresh_expires_at, hard_expires_at) < now() + interval '3 days' THEN 'under 3'
            WHEN least(refresh_expires_at, hard_expires_at) < now() + interval '14 days' THEN 'under 14'
            WHEN least(refresh_expires_at, hard_expires_at) < now() + interval '30 days' THEN 'under 30'
            ELSE '30 and more' END AS days
  FROM credential WHERE state = 'active' GROUP BY provider, days;

-- name: revocations_behind
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest FROM revocation;
