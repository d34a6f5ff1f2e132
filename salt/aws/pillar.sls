# Fails, with a sentence for each problem, when pillar is wrong or the account is not the one that it names. The other files then
# render nothing, or their states are not run.
{%- from "aws/ready.jinja" import loaded, missing, over_ssh, problems, ready with context %}
{%- from "aws/state.jinja" import quoted %}

aws-pillar:
{#- Asked for here only, and where that is needed: to list one state, Salt loads the files of all. #}
{%- if loaded or not over_ssh and salt["sys.list_state_functions"]("aws_account.pillar_valid") %}
  aws_account.pillar_valid:
    - problems: {{ quoted(problems if loaded else [missing]) }}
    - expected: {{ quoted(salt["aws_account.expected"]() or false if ready else false) }}
{%- else %}
  # Not even the state modules are here, and of Salt's own states this one alone fails with our sentence under test=True too.
  # https://docs.saltproject.io/en/latest/ref/states/all/salt.states.test.html#salt.states.test.mod_watch
  test.mod_watch:
    - result: false
    - changes: {}
    - comment: {{ quoted(missing) }}
{%- endif %}
