#!/bin/bash
set -euo pipefail
timestamp=$(date -u +%Y%m%dT%H%M%SZ)
{%- for database in pillar.postgres.backup.databases %}
pg_dump --host="{{ sockets }}" --username=postgres --format=tar "{{ database }}" \
  | aws s3 cp --only-show-errors - "s3://{{ pillar.postgres.backup.location }}/${timestamp}_{{ database }}.tar"
{%- endfor %}
