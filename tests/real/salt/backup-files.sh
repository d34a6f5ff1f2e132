#!/bin/bash
set -euo pipefail
timestamp=$(date -u -d "{{ days | default(0) }} days" +%Y%m%dT%H%M%SZ)
{%- for directory in pillar.backup.directories %}
tar -C "{{ root }}/" -cz "{{ directory.strip("/") }}" \
  | aws s3 cp --only-show-errors - "s3://{{ pillar.backup.location }}/{{ directory.strip("/") | replace("/", "_") }}_backup_${timestamp}.tar.gz"
{%- endfor %}
