# A reactor that mails each event of the beacon aws_drift, from the minion that found it; see plan.md. In the master's configuration:
#
#   reactor:
#     - salt/beacon/*/aws_drift/*:
#       - /srv/reactor/aws_drift_mail.sls
#
{%- set found = data.get('data', data) %}
{%- set head = 'To: ops@example.org\nSubject: AWS: ' ~ tag.split('/')[-1] ~ ' found by ' ~ data['id'] %}
mail-{{ data['_stamp'] }}:
  local.cmd.run:
    - tgt: {{ data['id'] | json }}
    - args:
      - cmd: /usr/sbin/sendmail -t -oi
      - stdin: {{ (head ~ '\n\n' ~ found['message'] ~ '\n') | json }}
