{{/*
What the five services are made of. Ports, network policies and environments follow from this table.
  package   the Python package, which its image runs
  grpc      whether it answers gRPC;  http  whether it has pages or webhooks;  database  whether it owns one
  calls     whom it calls by gRPC
  outside   what it reaches outside of the cluster: https, mail
*/}}
{{- define "ledgerport.services" -}}
auth: {package: auth, grpc: true, http: false, database: true, calls: [], outside: [https, mail]}
connections: {package: connections, grpc: true, http: false, database: true, calls: [auth], outside: [notices, mail]}
shopify-sync: {package: shopify_sync, grpc: true, http: true, database: true, calls: [auth], outside: [https]}
qbo-writer: {package: qbo_writer, grpc: true, http: false, database: true, calls: [auth, connections], outside: [https]}
gateway: {package: gateway, grpc: false, http: true, database: false, calls: [auth, connections, shopify-sync, qbo-writer], outside: []}
{{- end }}

{{/* Ports, the same for all. */}}
{{- define "ledgerport.ports" -}}
{grpc: 50051, http: 8080, ops: 9090}
{{- end }}

{{/* Names of the stand-ins: hosts that resolve both in the pods and, being below localhost, in a browser. */}}
{{- define "ledgerport.sandboxes" -}}
intuit: {name: intuit-sandbox, package: intuit_sandbox, port: 8091, prefix: INTUIT_SANDBOX}
shopify: {name: shopify-sandbox, package: shopify_sandbox, port: 8092, prefix: SHOPIFY_SANDBOX}
{{- end }}

{{/* Plain settings of a service, as data of its ConfigMap. Takes .root, .name, .is (its row of the table), .svc (its values). */}}
{{- define "ledgerport.settings" -}}
{{- $root := .root }}
{{- $values := $root.Values }}
{{- $ports := fromYaml (include "ledgerport.ports" $root) }}
{{- $told := dict
    "OPS_LISTEN" (printf "0.0.0.0:%v" $ports.ops)
    "LOG_LEVEL" $values.log.level
    "DRAIN_SECONDS" $values.drainSeconds
    "PUBLIC_URL" $values.publicUrl
    "OTEL_EXPORTER_OTLP_ENDPOINT" $values.telemetry.otlpEndpoint
    "IDENTITY_KEY_FILE" (printf "/etc/ledgerport/identity/%s" .svc.identity.key)
    "IDENTITY_PUBLIC_KEYS_DIR" "/etc/ledgerport/public-keys"
    "INTUIT_CLIENT_ID" $values.intuit.clientId
    "INTUIT_DISCOVERY_URL" $values.intuit.discoveryUrl
    "QBO_API_URL" $values.intuit.apiUrl
    "SHOPIFY_CLIENT_ID" $values.shopify.clientId
    "SHOPIFY_ADMIN_URL" $values.shopify.adminUrl }}
{{- if .is.grpc }}{{ $_ := set $told "GRPC_LISTEN" (printf "0.0.0.0:%v" $ports.grpc) }}{{ end }}
{{- if .is.http }}{{ $_ := set $told "HTTP_LISTEN" (printf "0.0.0.0:%v" $ports.http) }}{{ end }}
{{- range .is.calls }}
{{- $_ := set $told (printf "%s_ADDRESS" (. | replace "-" "_" | upper)) (printf "%s-%s-pods:%v" (include "ledgerport.fullname" $root) . $ports.grpc) }}
{{- end }}
{{- if $values.tls.enabled }}
{{- $_ := set $told "GRPC_TLS_CERTIFICATE_FILE" "/etc/ledgerport/tls/tls.crt" }}
{{- $_ := set $told "GRPC_TLS_KEY_FILE" "/etc/ledgerport/tls/tls.key" }}
{{- $_ := set $told "GRPC_TLS_AUTHORITY_FILE" "/etc/ledgerport/tls/ca.crt" }}
{{- end }}
{{- if $values.sandbox.enabled }}
{{- $stand := fromYaml (include "ledgerport.sandboxes" $root) }}
{{- $intuit := printf "http://%s-0.localhost:%v" $stand.intuit.name $stand.intuit.port }}
{{- $_ := set $told "INTUIT_DISCOVERY_URL" (printf "%s/.well-known/openid_sandbox_configuration" $intuit) }}
{{- $_ := set $told "QBO_API_URL" $intuit }}
{{- $_ := set $told "SHOPIFY_ADMIN_URL" (printf "http://%s-0.localhost:%v/{shop}" $stand.shopify.name $stand.shopify.port) }}
{{- end }}
{{- if eq .name "auth" }}
{{- $_ := set $told "SEALING_KEYS_FILE" (printf "/etc/ledgerport/sealing-keys/%s" .svc.sealingKeys.key) }}
{{- $_ := set $told "OIDC_CLIENT_ID" $values.signOn.clientId }}
{{- $_ := set $told "OIDC_ONLY" $values.signOn.only }}
{{- $_ := set $told "OIDC_AUTO_SIGN_UP" $values.signOn.autoSignUp }}
{{- end }}
{{- if eq .name "connections" }}{{ $_ := set $told "NOTICE_WEBHOOK_URL" $values.notices.webhookUrl }}{{ end }}
{{- if has .name (list "auth" "connections") }}{{ $_ := set $told "MAIL_FROM" $values.mail.from }}{{ end }}
{{- if has .name (list "auth" "gateway") }}{{ $_ := set $told "OIDC_ISSUER" $values.signOn.issuer }}{{ end }}
{{- if eq .name "shopify-sync" }}{{ $_ := set $told "WEBHOOK_URL" (include "ledgerport.webhookRoot" $root) }}{{ end }}
{{- if eq .name "gateway" }}
{{- $_ := set $told "SESSION_SECRET_FILE" (printf "/etc/ledgerport/session/%s" .svc.sessionSecret.key) }}
{{- $_ := set $told "FORWARDED_HOPS" $values.forwardedHops }}
{{- $_ := set $told "SUPPORT_CONTACT" $values.supportContact }}
{{- end }}
{{- range $name, $value := merge (dict) .svc.settings $told }}
{{- if ne (toString $value) "" }}
{{ $name }}: {{ toString $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* One environment variable from a Secret; nothing where no Secret is named. Takes .name and .from. */}}
{{- define "ledgerport.secretVariable" -}}
{{- if .from.secret }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.secret }}
      key: {{ .from.key }}
{{- end }}
{{- end }}

{{/* What a service is told by Secrets. Takes the same as ledgerport.settings. */}}
{{- define "ledgerport.secretVariables" -}}
{{- $values := .root.Values }}
{{- if .is.database }}{{ include "ledgerport.secretVariable" (dict "name" "DATABASE_URL" "from" .svc.database) }}{{ end }}
{{- include "ledgerport.secretVariable" (dict "name" "NATS_URL" "from" .svc.nats) }}
{{- if eq .name "auth" }}
{{- include "ledgerport.secretVariable" (dict "name" "INTUIT_CLIENT_SECRET" "from" $values.intuit.clientSecret) }}
{{- include "ledgerport.secretVariable" (dict "name" "OIDC_CLIENT_SECRET" "from" $values.signOn.clientSecret) }}
{{- end }}
{{- if has .name (list "auth" "shopify-sync") }}
{{- include "ledgerport.secretVariable" (dict "name" "SHOPIFY_CLIENT_SECRET" "from" $values.shopify.clientSecret) }}
{{- end }}
{{- if eq .name "shopify-sync" }}
{{- include "ledgerport.secretVariable" (dict "name" "SHOPIFY_FORMER_SECRETS" "from" $values.shopify.formerSecrets) }}
{{- end }}
{{- if has .name (list "auth" "connections") }}
{{- include "ledgerport.secretVariable" (dict "name" "SMTP_URL" "from" $values.mail.smtp) }}
{{- end }}
{{- if eq .name "connections" }}
{{- include "ledgerport.secretVariable" (dict "name" "NOTICE_WEBHOOK_SECRET" "from" $values.notices.webhookSecret) }}
{{- end }}
{{- end }}
