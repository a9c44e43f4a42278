{{/* The name of a part: the release's, and the part's. */}}
{{- define "agentgrid.name" -}}
{{- printf "%s-%s" .root.Release.Name .part | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What selects the pods of a part. */}}
{{- define "agentgrid.selector" -}}
app.kubernetes.io/name: agentgrid
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "agentgrid.labels" -}}
{{ include "agentgrid.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "agentgrid.image" -}}
{{- printf "%s/%s:%s" .root.Values.images.registry .name (.root.Values.images.tag | default .root.Chart.AppVersion) -}}
{{- end -}}

{{/* What every pod has, apart from its containers. */}}
{{- define "agentgrid.pod" -}}
automountServiceAccountToken: false
# Variables such as SILO_PORT=tcp://..., which Kubernetes makes of every Service, are no settings.
enableServiceLinks: false
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - { name: {{ . }} }
  {{- end }}
{{- end }}
terminationGracePeriodSeconds: {{ .root.Values.shutdownSeconds }}
{{- end -}}

{{- define "agentgrid.gpuPod" -}}
{{- with .Values.gpuRuntimeClass }}
runtimeClassName: {{ . }}
{{- end }}
tolerations:
  - { key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }
{{- end -}}

{{- define "agentgrid.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "agentgrid.selector" . | nindent 8 }}
{{- end -}}

{{- define "agentgrid.probes" -}}
startupProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 2
  failureThreshold: {{ .startTries }}
readinessProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
{{- end -}}

{{- define "agentgrid.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* Resources, with GPUs among the limits. */}}
{{- define "agentgrid.resources" -}}
resources:
  requests:
    {{- toYaml .resources.requests | nindent 4 }}
  limits:
    {{- toYaml .resources.limits | nindent 4 }}
    {{- if .gpus }}
    nvidia.com/gpu: {{ .gpus }}
    {{- end }}
{{- end -}}

{{/* Variables of every process of a cluster. */}}
{{- define "agentgrid.clusterEnv" -}}
{{- if .Values.redis.enabled -}}
- name: REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ .Values.secret }}, key: redis-password } }
- name: AGENTGRID_REDIS
  value: {{ include "agentgrid.name" (dict "root" . "part" "redis") }}:6379,password=$(REDIS_PASSWORD)
{{- else -}}
- name: REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ .Values.secret }}, key: redis-password, optional: true } }
- name: AGENTGRID_REDIS
  value: {{ required "redis.address: a Redis is needed where redis.enabled is false" .Values.redis.address }},password=$(REDIS_PASSWORD)
{{- end }}
- name: AGENTGRID_API_KEY_HASH
  valueFrom: { secretKeyRef: { name: {{ .Values.secret }}, key: api-key-hash } }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.instance.id=$(POD_NAME)
{{- end -}}

{{- define "agentgrid.settings" -}}
envFrom:
  - configMapRef: { name: {{ include "agentgrid.name" (dict "root" . "part" "settings") }} }
{{- end -}}

{{/* Pods are replaced when the settings change; a changed configuration is taken up by the running ones. */}}
{{- define "agentgrid.settingsSum" -}}
annotations:
  checksum/settings: {{ toJson .Values.settings | sha256sum }}
{{- end -}}

{{- define "agentgrid.monitoringEnv" -}}
{{- if .Values.monitoring.enabled }}
# A second API key, which may read only: Prometheus knows it in the clear.
- { name: AGENTGRID_API_KEYS__METRICS__NAME, value: metrics }
- { name: AGENTGRID_API_KEYS__METRICS__SCOPES__0, value: read }
- name: AGENTGRID_API_KEYS__METRICS__HASH
  valueFrom: { secretKeyRef: { name: {{ .Values.secret }}, key: metrics-key-hash } }
{{- end }}
{{- end -}}

{{- define "agentgrid.hasConfig" -}}
{{- if or .Values.config.agents .Values.config.plans }}yes{{ end -}}
{{- end -}}

{{- define "agentgrid.configEnv" -}}
{{- if include "agentgrid.hasConfig" . }}
- { name: AGENTGRID_CONFIG, value: /config }
{{- end }}
{{- end -}}

{{/* The whole folder: files that are mounted one by one (subPath) would never change. */}}
{{- define "agentgrid.configMount" -}}
{{- if include "agentgrid.hasConfig" . }}
- { name: config, mountPath: /config, readOnly: true }
{{- end }}
{{- end -}}

{{- define "agentgrid.configVolume" -}}
{{- if include "agentgrid.hasConfig" . }}
- name: config
  configMap:
    name: {{ include "agentgrid.name" (dict "root" . "part" "config") }}
    items:
      {{- if .Values.config.agents }}
      - { key: agents.yaml, path: agents.yaml }
      {{- end }}
      {{- range $file, $text := .Values.config.plans }}
      - { key: {{ $file | quote }}, path: {{ printf "plans/%s" $file | quote }} }
      {{- end }}
{{- end }}
{{- end -}}

{{- define "agentgrid.storageClass" -}}
{{- with . }}
storageClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "agentgrid.silosSelector" -}}
matchLabels:
  app.kubernetes.io/instance: {{ .Release.Name }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values:
      {{- range $kind, $silo := .Values.silos }}
      {{- if $silo }}
      - silo-{{ $kind }}
      {{- end }}
      {{- end }}
{{- end -}}
