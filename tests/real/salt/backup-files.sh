#!/bin/bash
set -euo pipefail
timestamp=$(date -u -d "{{ days | default(0) }} days" +%Y-%m-%dT%H-%M-%SZ)
tar -C "{{ root }}/" -cz
{%- for directory in pillar.backup.directories %} "{{ directory.lstrip("/") }}"{% endfor %} \
  | aws s3 cp --only-show-errors - "s3://{{ pillar.backup.location }}/${timestamp}.tar.gz"
