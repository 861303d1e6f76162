{{/* The pod of a service. Takes the same as ledgerport.service. */}}
{{- define "ledgerport.podOfService" -}}
{{- $values := .root.Values -}}
{{- $ports := fromYaml (include "ledgerport.ports" .root) -}}
serviceAccountName: {{ include "ledgerport.fullname" .root }}-{{ .name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- /* preStop, then up to three things drain one after the other: delivery, gRPC, HTTP */}}
terminationGracePeriodSeconds: {{ add 10 (mul 3 $values.drainSeconds) }}
{{- with $values.pods.priorityClass }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- include "ledgerport.podSecurity" dict | nindent 2 }}
{{- include "ledgerport.placement" . }}
{{ include "ledgerport.spread" . }}
{{- with include "ledgerport.waiting" . }}
initContainers:
  {{- trim . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "ledgerport.image" . }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    ports:
      {{- if .is.grpc }}
      - {name: grpc, containerPort: {{ $ports.grpc }}, protocol: TCP}
      {{- end }}
      {{- if .is.http }}
      - {name: http, containerPort: {{ $ports.http }}, protocol: TCP}
      {{- end }}
      - {name: ops, containerPort: {{ $ports.ops }}, protocol: TCP}
    envFrom:
      - configMapRef:
          name: {{ include "ledgerport.fullname" .root }}-{{ .name }}
    env:
      {{- include "ledgerport.secretVariables" . | trim | nindent 6 }}
    startupProbe:
      httpGet: {path: /healthz, port: ops}
      periodSeconds: 1
      failureThreshold: 120
    readinessProbe:
      httpGet: {path: /readyz, port: ops}
      periodSeconds: 3
      timeoutSeconds: 4
      failureThreshold: 2
    livenessProbe:
      httpGet: {path: /healthz, port: ops}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    lifecycle:
      preStop:
        exec:
          # Whoever still sends here hears of the end before we stop listening.
          command: [python, -c, "import time; time.sleep(4)"]
    resources:
      {{- toYaml .svc.resources | nindent 6 }}
    securityContext:
      {{- include "ledgerport.containerSecurity" .root | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- range $volume := fromYamlArray (include "ledgerport.volumes" .) }}
      - {name: {{ $volume.name }}, mountPath: /etc/ledgerport/{{ $volume.name }}, readOnly: true}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- include "ledgerport.volumes" . | nindent 2 }}
{{- end }}

{{/* Files that a service is given, each folder named as its volume below /etc/ledgerport. */}}
{{- define "ledgerport.volumes" -}}
- name: identity
  secret:
    secretName: {{ .svc.identity.secret }}
    defaultMode: 0440
    items: [{key: {{ .svc.identity.key }}, path: {{ .svc.identity.key }}}]
- name: public-keys
  configMap:
    name: {{ .root.Values.identity.publicKeys }}
{{- if eq .name "auth" }}
- name: sealing-keys
  secret:
    secretName: {{ .svc.sealingKeys.secret }}
    defaultMode: 0440
    items: [{key: {{ .svc.sealingKeys.key }}, path: {{ .svc.sealingKeys.key }}}]
{{- end }}
{{- if eq .name "gateway" }}
- name: session
  secret:
    secretName: {{ .svc.sessionSecret.secret }}
    defaultMode: 0440
    items: [{key: {{ .svc.sessionSecret.key }}, path: {{ .svc.sessionSecret.key }}}]
{{- end }}
{{- if .root.Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ .root.Values.tls.secretPrefix }}-{{ .name }}
    defaultMode: 0440
{{- end }}
{{- if .root.Values.trust.configMap }}
- name: trust
  configMap:
    name: {{ .root.Values.trust.configMap }}
{{- end }}
{{- end }}
