# Rows B1-B3: the buckets that backups go to, and when what is in them expires.
include:
  - aws.pillar

{%- from "aws/ready.jinja" import ready with context %}
{%- from "aws/state.jinja" import state %}
{%- if ready %}
{%- set plan = salt["aws_backup.plan"](format="data") %}

{%- for name, bucket in plan.buckets.items() %}
{{- state("aws-bucket-" ~ name, "s3_bucket.present", {
  "name": name,
  "region": bucket.region,
  "public_access_block": True,
  "server_side_encryption": "AES256",
  "object_ownership": "BucketOwnerEnforced",
  "versioning": bucket.get("versioning"),
  "object_lock_mode": bucket.get("object_lock_mode"),
  "object_lock_days": bucket.get("object_lock_days"),
  "tags": bucket.tags or none,
}) }}
{%- endfor %}

{%- for name, lifecycle in plan.lifecycle.items() %}
{{- state("aws-lifecycle-" ~ name, "s3_lifecycle.managed", {
  "name": name,
  "region": plan.buckets[name].region,
  "rules": lifecycle.rules,
  "protected": lifecycle.protected,
  "allow": lifecycle.allow,
  "declared": lifecycle.declared,
  "recovery": lifecycle.get("recovery"),
}, [("s3_bucket", "aws-bucket-" ~ name)]) }}
{%- endfor %}
{%- endif %}
