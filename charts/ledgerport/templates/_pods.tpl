{{/* What every pod of the chart is held to: nobody in particular, no capabilities, a root that cannot be written. */}}
{{- define "ledgerport.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user | default 10001 }}
runAsGroup: {{ .user | default 10001 }}
fsGroup: {{ .user | default 10001 }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "ledgerport.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ .Values.pods.readOnlyRootFilesystem }}
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where a pod may run, and what it is pulled with. Takes .root and .name. */}}
{{- define "ledgerport.placement" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Each zone and each node gets its share. Takes .root and .name. */}}
{{- define "ledgerport.spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.root.Values.pods.spread }}
    labelSelector:
      matchLabels:
        {{- include "ledgerport.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* Waits until the servers of this chart take connections, so that no first start is a crash. */}}
{{- define "ledgerport.waiting" -}}
{{- $values := .root.Values }}
{{- if or $values.postgresql.enabled $values.nats.enabled }}
- name: wait
  image: {{ include "ledgerport.image" . }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  command:
    - python
    - -c
    - |
      import socket, sys, time
      ends = time.monotonic() + 300
      for server in sys.argv[1:]:
          host, _, port = server.rpartition(":")
          while True:
              try:
                  socket.create_connection((host, int(port)), timeout=2).close()
                  break
              except OSError as error:
                  if time.monotonic() > ends:
                      sys.exit(f"{server} takes no connection: {error}")
                  time.sleep(0.2)
    {{- if and $values.postgresql.enabled .is.database }}
    - {{ include "ledgerport.fullname" .root }}-postgresql:5432
    {{- end }}
    {{- if $values.nats.enabled }}
    - {{ include "ledgerport.fullname" .root }}-nats:4222
    {{- end }}
  resources:
    requests: {cpu: 10m, memory: 32Mi}
    limits: {memory: 64Mi}
  securityContext:
    {{- include "ledgerport.containerSecurity" .root | nindent 4 }}
{{- end }}
{{- end }}
