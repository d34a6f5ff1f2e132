#!/bin/bash
set -euo pipefail
{%- for directory in pillar.sync.directories %}
aws s3 sync --delete --only-show-errors "{{ root }}{{ directory }}" "s3://{{ pillar.sync.location }}{{ directory }}"
{%- endfor %}
