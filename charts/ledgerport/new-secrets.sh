#!/bin/sh
# Prints the Secrets and the ConfigMap that the chart refers to, with new keys in them, for `kubectl apply -f -`.
# Run it once: other identity keys are no harm, but with another ring of sealing keys every connection must be made anew.
#
#   new-secrets.sh --try          for values-try.yaml: also passwords of the servers in the cluster, and the stand-ins' apps
#   new-secrets.sh                for servers of your own: reads AUTH_DATABASE_URL, CONNECTIONS_DATABASE_URL,
#                                 SHOPIFY_SYNC_DATABASE_URL, QBO_WRITER_DATABASE_URL, NATS_URL, INTUIT_CLIENT_SECRET
#                                 and SHOPIFY_CLIENT_SECRET from the environment
#   RELEASE=ledgerport            the name that the release will have
#
# Needs openssl 1.1.1 or newer. Nothing is written to disk but in a folder that is removed at the end.
set -eu
umask 077

release=${RELEASE:-ledgerport}
case $release in *ledgerport*) full=$release ;; *) full=$release-ledgerport ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

random() { openssl rand -hex "$1"; }
encoded() { printf %s "$1" | openssl base64 -A; }
indented() { sed 's/^/    /' "$1"; }
opened() { printf -- '---\napiVersion: v1\nkind: %s\nmetadata:\n  name: %s\n' "$1" "$2"; }
secret() { # NAME KEY VALUE ...
  opened Secret "$1"; shift
  printf 'type: Opaque\ndata:\n'
  while [ $# -gt 1 ]; do printf '  %s: %s\n' "$1" "$(encoded "$2")"; shift 2; done
}
given() { # VARIABLE
  eval "value=\${$1:-}"
  [ -n "$value" ] || { echo "$1 is not set, and --try was not said" >&2; exit 1; }
  printf %s "$value"
}

services="auth connections shopify-sync qbo-writer gateway"
for service in $services admin; do
  openssl genpkey -algorithm ed25519 -out "$folder/$service.pem"
  openssl pkey -in "$folder/$service.pem" -pubout -out "$folder/$service.pub"
done

if [ "${1:-}" = --try ]; then
  nats_password=$(random 24)
  nats=nats://ledgerport:$nats_password@$full-nats:4222
  intuit=$(random 24) shopify=$(random 24)
  secret ledgerport-nats password "$nats_password"
  secret ledgerport-postgresql password "$(random 24)"
  app() { printf '[{"client_id":"ledgerport-local","client_secret":"%s","redirect_uris":["%s/oauth/%s/callback"]}]' "$1" "${PUBLIC_URL:-http://localhost:8080}" "$2"; }
  secret ledgerport-sandbox intuit-clients "$(app "$intuit" quickbooks)" shopify-clients "$(app "$shopify" shopify)"
  database() { printf 'postgresql://%s:%s@%s-postgresql:5432/%s' "ledgerport_$1" "$(random 24)" "$full" "ledgerport_$1"; }
else
  nats=$(given NATS_URL)
  intuit=$(given INTUIT_CLIENT_SECRET)
  shopify=$(given SHOPIFY_CLIENT_SECRET)
  database() { given "$(printf %s "$1" | tr a-z A-Z)_DATABASE_URL"; }
fi

secret ledgerport-intuit client-secret "$intuit"
secret ledgerport-shopify client-secret "$shopify"
secret ledgerport-sealing-keys sealing-keys.json "{\"active\": \"k1\", \"keys\": {\"k1\": \"$(openssl rand -base64 32)\"}}"
for service in auth connections shopify-sync qbo-writer; do
  url=$(database "$(printf %s "$service" | tr - _)")
  secret "ledgerport-$service" database-url "$url" nats-url "$nats" identity.pem "$(cat "$folder/$service.pem")"
done
secret ledgerport-gateway nats-url "$nats" identity.pem "$(cat "$folder/gateway.pem")" session-secret "$(random 32)"
secret ledgerport-admin identity.pem "$(cat "$folder/admin.pem")"
opened ConfigMap ledgerport-identity
echo data:
for service in $services admin; do printf '  %s.pem: |\n' "$service"; indented "$folder/$service.pub"; done
