# Fails, with a sentence for each problem, when the pillar cannot be meant. The other files then render nothing.
aws-pillar:
{%- if "aws_account.problems" in salt %}
  aws_account.pillar_valid: []
{%- else %}
  # The modules were not synced, or lack boto3 or jsonschema.
  test.fail_without_changes:
    - name: aws-pillar
    - comment: >-
        The modules of saltext.aws-runbook are not loaded. Run `salt-call saltutil.sync_all` and restart the minion;
        if that does not help, `salt-call aws_account.problems` says what is missing.
{%- endif %}
