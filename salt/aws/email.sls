# Rows E1-E13: topics, configuration sets, identities, SMTP users and the account of SES.
include:
  - aws.pillar

{%- from "aws/ready.jinja" import ready with context %}
{%- if ready %}
{%- set plan = salt["aws_email.plan"](format="data") %}

{%- for name, topic in plan.topics.items() %}

aws-topic-{{ name }}:
  sns_topic.present:
    - name: {{ name }}
{%- for argument, value in topic.items() %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- endfor %}

{%- for name, set in plan.configuration_sets.items() %}

aws-configuration-set-{{ name }}:
  ses_configuration_set.present:
    - name: {{ name }}
{%- for argument, value in set.items() %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- for topic in plan.topics %}
      - sns_topic: aws-topic-{{ topic }}
{%- endfor %}
{%- endfor %}

{%- for name, identity in plan.identities.items() %}

aws-identity-{{ name }}:
  ses_identity.present:
    - name: {{ name | json }}
{%- for argument, value in identity.items() if argument != "receives" %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- for topic in plan.topics %}
      - sns_topic: aws-topic-{{ topic }}
{%- endfor %}
{%- for set in plan.configuration_sets %}
      - ses_configuration_set: aws-configuration-set-{{ set }}
{%- endfor %}
{%- endfor %}

{%- for region, names in plan.published.items() %}

aws-dns-{{ region }}:
  ses_dns.published:
    - identities: {{ names | json }}
    - region: {{ region }}
    - require:
{%- for name in names %}
      - ses_identity: aws-identity-{{ name }}
{%- endfor %}
{%- endfor %}

{%- for name, receiving in plan.receiving.items() %}

aws-receiving-{{ name }}:
  ses_receiving.verified:
    - name: {{ name | json }}
{%- for argument, value in receiving.items() %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- if name in plan.identities %}
      - ses_identity: aws-identity-{{ name }}
{%- endif %}
{%- endfor %}

{%- for name, user in plan.smtp_users.items() %}

aws-smtp-user-{{ name }}:
  ses_smtp_user.present:
    - name: {{ name }}
{%- for argument, value in user.items() %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- endfor %}

{%- if plan.account %}

aws-ses-account:
  ses_account.configured:
{%- for argument, value in plan.account.items() %}
    - {{ argument }}: {{ value | json }}
{%- endfor %}
    - require:
      - aws_account: aws-pillar
{%- endif %}
{%- endif %}
