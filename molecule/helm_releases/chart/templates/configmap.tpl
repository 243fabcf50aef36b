apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {{ .Values.labels | toJson }}
data:
  text: {{ .Values.message.text | quote }}
