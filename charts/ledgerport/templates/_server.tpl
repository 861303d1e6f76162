{{/* A server with a volume that outlives the release: headless Service and StatefulSet of one.
     Takes .root, .name, .called, .service, .user, .ports, .container (YAML), .volumes (YAML), .storage (values), .annotations, .stand (a stand-in). */}}
{{- define "ledgerport.server" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .called }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "ledgerport.labels" . | nindent 4 }}
spec:
  serviceName: {{ .service }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "ledgerport.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "ledgerport.selector" . | nindent 8 }}
        {{- if .stand }}
        ledgerport/sandbox: "true"
        {{- end }}
        {{- with .root.Values.pods.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        {{- include "ledgerport.podSecurity" (dict "user" .user) | nindent 8 }}
      {{- with include "ledgerport.placement" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          {{- .container | nindent 10 }}
          resources:
            {{- toYaml .storage.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 64Mi}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .storage.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .storage.size }}
{{- end }}
