{{/* All that one service is: account, settings, Deployment, Service, disruption budget, autoscaler.
     Takes .root, .name, .is (its row of the table), .svc (its values). */}}
{{- define "ledgerport.service" -}}
{{- $ports := fromYaml (include "ledgerport.ports" .root) -}}
{{- $scaled := and .svc.autoscaling.enabled (.root.Capabilities.APIVersions.Has "autoscaling/v2") -}}
{{- $least := ternary .svc.autoscaling.min .svc.replicas $scaled | int -}}
{{- $settings := include "ledgerport.settings" . -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
data:
  {{- $settings | trim | nindent 2 }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "ledgerport.selector" . | nindent 4 }}
  ports:
    {{- if .is.grpc }}
    - {name: grpc, port: {{ $ports.grpc }}, targetPort: grpc, protocol: TCP, appProtocol: {{ ternary "https" "kubernetes.io/h2c" .root.Values.tls.enabled }}}
    {{- end }}
    {{- if .is.http }}
    - {name: http, port: 80, targetPort: http, protocol: TCP, appProtocol: http}
    {{- end }}
    - {name: ops, port: {{ $ports.ops }}, targetPort: ops, protocol: TCP, appProtocol: http}
{{- if .is.grpc }}
---
# Leads to each pod that is ready, not to one of them for as long as a connection lasts: callers share their calls out.
apiVersion: v1
kind: Service
metadata:
  {{- include "ledgerport.metadata" (merge (dict "called" (printf "%s-pods" .name)) .) | nindent 2 }}
spec:
  clusterIP: None
  selector:
    {{- include "ledgerport.selector" . | nindent 4 }}
  ports:
    - {name: grpc, port: {{ $ports.grpc }}, targetPort: grpc, protocol: TCP, appProtocol: {{ ternary "https" "kubernetes.io/h2c" .root.Values.tls.enabled }}}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
spec:
  {{- if not $scaled }}
  replicas: {{ .svc.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  progressDeadlineSeconds: 300
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "ledgerport.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "ledgerport.selector" . | nindent 8 }}
        {{- with .root.Values.pods.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ $settings | sha256sum }}
        {{- with .root.Values.pods.annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "ledgerport.podOfService" . | nindent 6 }}
{{- if and .root.Values.disruptionBudgets (gt $least 1) (.root.Capabilities.APIVersions.Has "policy/v1") }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "ledgerport.selector" . | nindent 6 }}
{{- end }}
{{- if $scaled }}
---
{{ include "ledgerport.autoscaler" . }}
{{- end }}
{{- end }}

{{- define "ledgerport.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "ledgerport.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "ledgerport.fullname" .root }}-{{ .name }}
  minReplicas: {{ .svc.autoscaling.min }}
  maxReplicas: {{ .svc.autoscaling.max }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .svc.autoscaling.cpu }}}
    {{- with .svc.autoscaling.external }}
    {{- if .metric }}
    - type: External
      external:
        metric:
          name: {{ .metric }}
          {{- with .labels }}
          selector:
            matchLabels:
              {{- toYaml . | nindent 14 }}
          {{- end }}
        target: {type: AverageValue, averageValue: {{ .average | quote }}}
    {{- end }}
    {{- end }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
      policies: [{type: Pods, value: 1, periodSeconds: 60}]
{{- end }}
