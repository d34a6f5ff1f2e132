# The states of aws/buckets.sls, from the same plan, without what Ceph's gateway answers otherwise than S3: default encryption and object
# ownership, which it takes for ListObjects and CreateBucket, and the public access block. docs/doubles.md has how.
include:
  - aws.pillar

{%- from "aws/state.jinja" import state %}
{%- set plan = salt["aws_backup.plan"](format="data") %}
{%- for name, bucket in plan.buckets.items() %}
{{- state("aws-bucket-" ~ name, "s3_bucket.present", {
  "name": name,
  "region": bucket.region,
  "versioning": bucket.versioning,
  "object_lock_mode": bucket.get("object_lock_mode"),
  "object_lock_days": bucket.get("object_lock_days"),
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
  "recovery": lifecycle.recovery,
}, [("s3_bucket", "aws-bucket-" ~ name)]) }}
{%- endfor %}
