# Rows D1-D3: DB subnet groups, instances and clusters.
include:
  - aws.pillar
  - aws.network

{%- from "aws/ready.jinja" import ready with context %}
{%- from "aws/state.jinja" import state %}
{%- if ready %}
{%- set plan = salt["aws_database.plan"](format="data") %}
{%- set kinds = (
  ("subnet_groups", "aws-subnet-group", "rds_subnet_group"),
  ("instances", "aws-instance", "rds_instance"),
  ("clusters", "aws-cluster", "rds_cluster"),
) %}

{%- for kind, id, module in kinds %}
{%- for slot, arguments in plan[kind].items() %}
{{- state(id ~ "-" ~ slot, module ~ ".present", arguments, arguments.require) }}
{%- endfor %}
{%- endfor %}
{%- endif %}
