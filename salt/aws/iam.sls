# Rows I1-I4: who may write backups, and with which key. Nothing is made for a bucket that turns out to be somebody else's.
include:
  - aws.pillar
  - aws.buckets

{%- from "aws/ready.jinja" import ready with context %}
{%- from "aws/state.jinja" import state %}
{%- if ready %}
{%- set plan = salt["aws_backup.plan"](format="data") %}
{%- set kinds = (
  ("policies", "aws-policy", "iam_backup_policy"),
  ("groups", "aws-group", "iam_group"),
  ("users", "aws-user", "iam_user"),
  ("keys", "aws-key", "iam_access_key"),
) %}

{%- for kind, id, module in kinds %}
{%- for name, arguments in plan[kind].items() %}
{{- state(id ~ "-" ~ name, module ~ ".present", dict(arguments, name=name), plan.require[kind][name]) }}
{%- endfor %}
{%- endfor %}
{%- endif %}
