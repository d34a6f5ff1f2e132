# The network of row D3: VPCs, their subnets, and security groups, those that presets of databases name among them.
include:
  - aws.pillar

{%- from "aws/ready.jinja" import ready with context %}
{%- from "aws/state.jinja" import state %}
{%- if ready %}
{%- set plan = salt["aws_database.plan"](format="data") %}
{%- set kinds = (
  ("vpcs", "aws-vpc", "ec2_vpc"),
  ("subnets", "aws-subnet", "ec2_subnet"),
  ("security_groups", "aws-security-group", "ec2_security_group"),
) %}

{%- for kind, id, module in kinds %}
{%- for slot, arguments in plan[kind].items() %}
{{- state(id ~ "-" ~ slot, module ~ ".present", arguments, arguments.require) }}
{%- endfor %}
{%- endfor %}
{%- endif %}
