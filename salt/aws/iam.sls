# Rows I1-I4: who may write backups, and with which key.
include:
  - aws.pillar

{%- from "aws/ready.jinja" import ready with context %}
{%- if ready %}
{%- set plan = salt["aws_backup.plan"](format="data") %}

{%- for name, policy in plan.policies.items() %}

aws-policy-{{ name }}:
  iam_backup_policy.present:
    - name: {{ name }}
    - targets: {{ policy.targets | json }}
    - require:
      - aws_account: aws-pillar
{%- endfor %}

{%- for name, group in plan.groups.items() %}

aws-group-{{ name }}:
  iam_group.present:
    - name: {{ name }}
    - policies: {{ group.policies | json }}
    - require:
{%- for policy in group.policies %}
      - iam_backup_policy: aws-policy-{{ policy }}
{%- endfor %}
{%- endfor %}

{%- for name, user in plan.users.items() %}

aws-user-{{ name }}:
  iam_user.present:
    - name: {{ name }}
    - policies: {{ user.policies | json }}
    - groups: {{ user.groups | json }}
    - detached_policies: {{ user.detached_policies | json }}
    - require:
{%- for policy in user.policies %}
      - iam_backup_policy: aws-policy-{{ policy }}
{%- endfor %}
{%- for group in user.groups %}
      - iam_group: aws-group-{{ group }}
{%- endfor %}
{%- endfor %}

{%- for name, key in plan["keys"].items() %}

aws-key-{{ name }}:
  iam_access_key.present:
    - name: {{ name }}
    - store: {{ key.store | json }}
    - rotate_days: {{ key.rotate_days | json }}
    - grace_days: {{ key.grace_days | json }}
    - require:
      - iam_user: aws-user-{{ name }}
{%- endfor %}
{%- endif %}
