-- name: connections_by_status
SELECT provider, status, paused, count(*) AS count FROM connection GROUP BY provider, status, paused;

-- name: notices_behind
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest
  FROM notice_delivery WHERE done_at IS NULL;
