# Rows E1-E13: topics, configuration sets, identities, SMTP users and the account of SES.
include:
  - aws.pillar

{%- from "aws/ready.jinja" import ready with context %}
{%- from "aws/state.jinja" import state %}
{%- if ready %}
{%- set plan = salt["aws_email.plan"](format="data") %}
{%- set kinds = (
  ("topics", "aws-topic", "sns_topic.present"),
  ("configuration_sets", "aws-configuration-set", "ses_configuration_set.present"),
  ("identities", "aws-identity", "ses_identity.present"),
  ("receiving", "aws-receiving", "ses_receiving.verified"),
  ("smtp_users", "aws-smtp-user", "ses_smtp_user.present"),
) %}

{%- for kind, id, function in kinds %}
{%- for name, arguments in plan[kind].items() %}
{{- state(id ~ "-" ~ name, function, dict(arguments, name=name), plan.require[kind][name]) }}
{%- endfor %}
{%- endfor %}

{%- for region, names in plan.published.items() %}
{{- state("aws-dns-" ~ region, "ses_dns.published", {"identities": names, "region": region}, plan.require.published[region]) }}
{%- endfor %}

{%- if plan.account %}
{{- state("aws-ses-account", "ses_account.configured", plan.account) }}
{%- endif %}
{%- endif %}
