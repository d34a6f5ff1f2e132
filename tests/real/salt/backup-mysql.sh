#!/bin/bash
set -euo pipefail
timestamp=$(date -u +%Y%m%dT%H%M%SZ)
mariadb-dump --no-defaults --socket="{{ socket }}" --user=root --single-transaction --databases coalition \
  | gzip | aws s3 cp --only-show-errors - "s3://{{ pillar.mysql.backup.location }}/${timestamp}_coalition.sql.gz"
