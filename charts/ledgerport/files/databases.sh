#!/bin/sh
# Run once by the image, when the volume is empty: a role and a database of its own for each service, named and opened
# as in the service's URL (postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE, password in letters and digits).
set -eu
env | sed -n 's/^DATABASE_URL_[a-z_]*=//p' | while read -r url; do
  account=${url#*://}; account=${account%%@*}
  database=${url##*/}; database=${database%%\?*}
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set role="${account%%:*}" --set password="${account#*:}" --set database="$database" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
