{{/* Names and labels. Everything of a release begins with its name, which says ledgerport once. */}}
{{- define "ledgerport.fullname" -}}
{{- if contains "ledgerport" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-ledgerport{{ end }}
{{- end }}

{{/* What pods are selected by. Takes .root and .name (the component). */}}
{{- define "ledgerport.selector" -}}
app.kubernetes.io/name: ledgerport
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* Labels of everything. Takes .root and .name. */}}
{{- define "ledgerport.labels" -}}
{{ include "ledgerport.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* name, namespace and labels of one thing. Takes .root, .name and, where it is named otherwise, .called. */}}
{{- define "ledgerport.metadata" -}}
name: {{ include "ledgerport.fullname" .root }}-{{ .called | default .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ledgerport.labels" . | nindent 2 }}
{{- end }}

{{/* The image of a service. Takes .root and .name. */}}
{{- define "ledgerport.image" -}}
{{- $image := .root.Values.image -}}
{{ $image.registry }}/{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* host[:port] of publicUrl, and the host alone. */}}
{{- define "ledgerport.host" -}}
{{- (urlParse .Values.publicUrl).hostname -}}
{{- end }}

{{/* Where Shopify reaches shopify-sync, without the path: the service adds /webhooks/shopify by itself. */}}
{{- define "ledgerport.webhookRoot" -}}
{{- $here := ternary (printf "http://%s-shopify-sync" (include "ledgerport.fullname" .)) .Values.publicUrl .Values.sandbox.enabled -}}
{{- .Values.webhookUrl | default $here | trimSuffix "/" | trimSuffix "/webhooks/shopify" -}}
{{- end }}
