{{/* One peer: the pods of a component of this release. Takes .root and .name. */}}
{{- define "ledgerport.peer" -}}
- podSelector:
    matchLabels:
      {{- include "ledgerport.selector" . | nindent 6 }}
{{- end }}

{{/* DNS, for whoever speaks to anybody. Takes the root. */}}
{{- define "ledgerport.toDns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  {{- with .Values.networkPolicies.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* One server: in the chart if it is on there, else where the values say. Takes .root, .name, .enabled, .port, .to. */}}
{{- define "ledgerport.toServer" -}}
- ports:
    - {port: {{ .port }}, protocol: TCP}
  {{- if .enabled }}
  to:
    {{- include "ledgerport.peer" . | nindent 4 }}
  {{- else if .to }}
  to:
    {{- toYaml .to | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "ledgerport.toPostgresql" -}}
{{- $policies := .Values.networkPolicies }}
{{- include "ledgerport.toServer" (dict "root" . "name" "postgresql" "enabled" .Values.postgresql.enabled "port" (ternary 5432 $policies.postgresqlPort .Values.postgresql.enabled) "to" $policies.postgresqlTo) }}
{{- end }}

{{- define "ledgerport.toNats" -}}
{{- $policies := .Values.networkPolicies }}
{{- include "ledgerport.toServer" (dict "root" . "name" "nats" "enabled" .Values.nats.enabled "port" (ternary 4222 $policies.natsPort .Values.nats.enabled) "to" $policies.natsTo) }}
{{- end }}

{{/* The internet without what is private. Takes .root and .port. */}}
{{- define "ledgerport.toOutside" -}}
- ports:
    - {port: {{ .port }}, protocol: TCP}
  to:
    - ipBlock:
        cidr: 0.0.0.0/0
        {{- with .root.Values.networkPolicies.outsideExcept }}
        except:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    - ipBlock:
        cidr: ::/0
        {{- /* unique local and link-local, as the private networks above */}}
        except: ["fc00::/7", "fe80::/10"]
{{- end }}

{{/* Where a service goes. Takes the same as ledgerport.service. */}}
{{- define "ledgerport.egressOfService" -}}
{{- $values := .root.Values }}
{{- $ports := fromYaml (include "ledgerport.ports" .root) }}
{{ include "ledgerport.toDns" .root }}
{{ include "ledgerport.toNats" .root }}
{{- if .is.database }}
{{ include "ledgerport.toPostgresql" .root }}
{{- end }}
{{- range .is.calls }}
- ports:
    - {port: {{ $ports.grpc }}, protocol: TCP}
  to:
    {{- include "ledgerport.peer" (dict "root" $.root "name" .) | nindent 4 }}
{{- end }}
{{- $web := and (has "https" .is.outside) (or (not $values.sandbox.enabled) (and (eq .name "auth") $values.signOn.issuer)) }}
{{- if or $web (and (has "notices" .is.outside) $values.notices.webhookUrl) }}
{{ include "ledgerport.toOutside" (dict "root" .root "port" 443) }}
{{- end }}
{{- if and (has "mail" .is.outside) $values.mail.smtp.secret }}
{{ include "ledgerport.toOutside" (dict "root" .root "port" $values.mail.port) }}
{{- end }}
{{- if and $values.sandbox.enabled (has "https" .is.outside) }}
{{- range $provider, $stand := fromYaml (include "ledgerport.sandboxes" .root) }}
{{- if has $.name (index (dict "intuit" (list "auth" "qbo-writer") "shopify" (list "auth" "shopify-sync")) $provider) }}
- ports:
    - {port: {{ $stand.port }}, protocol: TCP}
  to:
    {{- include "ledgerport.peer" (dict "root" $.root "name" $stand.name) | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- if $values.telemetry.otlpEndpoint }}
- ports:
    - {port: {{ $values.telemetry.port }}, protocol: TCP}
  {{- with $values.telemetry.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with .svc.egress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Who comes to a service. Takes the same as ledgerport.service, and .services, the table. */}}
{{- define "ledgerport.ingressOfService" -}}
{{- $values := .root.Values }}
{{- $ports := fromYaml (include "ledgerport.ports" .root) }}
- ports:
    - {port: {{ $ports.ops }}, protocol: TCP}
  from:
    {{- include "ledgerport.peer" (dict "root" .root "name" "test") | nindent 4 }}
    {{- with $values.networkPolicies.monitoringFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- if .is.grpc }}
- ports:
    - {port: {{ $ports.grpc }}, protocol: TCP}
  from:
    {{- range $caller, $is := .services }}
    {{- if has $.name $is.calls }}
    {{- include "ledgerport.peer" (dict "root" $.root "name" $caller) | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- with $values.networkPolicies.apiClientsFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- if .is.http }}
- ports:
    - {port: {{ $ports.http }}, protocol: TCP}
  {{- if $values.networkPolicies.ingressFrom }}
  from:
    {{- toYaml $values.networkPolicies.ingressFrom | nindent 4 }}
    {{- if eq .name "gateway" }}
    {{- include "ledgerport.peer" (dict "root" .root "name" "test") | nindent 4 }}
    {{- else if $values.sandbox.enabled }}
    {{- include "ledgerport.peer" (dict "root" .root "name" "shopify-sandbox") | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
