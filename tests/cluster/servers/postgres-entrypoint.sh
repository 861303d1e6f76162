#!/bin/sh
# What the official image does at its start, as far as the chart relies on it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA" && chmod 700 "$PGDATA"
  (umask 077 && printf %s "$POSTGRES_PASSWORD" > /tmp/password)
  # shellcheck disable=SC2086 # a list of arguments
  initdb --pgdata "$PGDATA" --username postgres --pwfile /tmp/password \
    --auth-local trust --auth-host scram-sha-256 ${POSTGRES_INITDB_ARGS:-} >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses='' -c unix_socket_directories=$PGHOST" --wait start >/dev/null
  for first in /docker-entrypoint-initdb.d/*.sh; do "$first"; done
  pg_ctl --pgdata "$PGDATA" --mode fast --wait stop >/dev/null
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c "unix_socket_directories=$PGHOST"
