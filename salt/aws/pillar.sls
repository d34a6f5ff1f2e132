# Fails, with a sentence for each problem, when the pillar cannot be meant. The other files then render nothing.
{%- from "aws/ready.jinja" import over_ssh, problems with context %}

aws-pillar:
{%- if problems is not none %}
  aws_account.pillar_valid:
    - problems: {{ problems | json }}
{%- else %}
  # The modules were not synced, or lack boto3 or jsonschema.
  test.fail_without_changes:
    - name: aws-pillar
    - comment: >-
{%- if over_ssh %}
        saltext.aws-runbook is not installed where salt-ssh runs, which takes only a part of it from file_roots: install it
        there, with the pip of the Python that runs salt-ssh.
{%- else %}
        The modules of saltext.aws-runbook are not loaded. Run `salt-call saltutil.sync_all` and restart the minion;
        if that does not help, `salt-call aws_account.problems` says what is missing.
{%- endif %}
{%- endif %}
