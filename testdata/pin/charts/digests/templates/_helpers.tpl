{{- define "shop.image" -}}
{{- $ref := printf "%s/%s" .image.registry .image.repository -}}
{{- if .image.digest }}{{ printf "%s@%s" $ref .image.digest }}{{ else }}{{ printf "%s:%s" $ref .image.tag }}{{ end -}}
{{- end -}}
