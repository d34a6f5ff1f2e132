# The control minion: the master's own minion, or an operator's machine with `salt-call --local`. What is here is all
# that it takes to manage the backups of the whole fleet in AWS.
aws:
  # The region for whatever names none of its own. It is us-east-1 also when this is left out.
  region: us-east-1

  # The minions whose backup pillar (postgres:backup, mysql:backup, backup, sync) is turned into buckets, lifecycle
  # rules, policies, users and access keys.
  servers:
    - kingfisher-main
    - registry
    - cms
    - credere
    - docs

  # How to reach the AWS account is left out, so the usual places are asked, as for the AWS CLI: the environment, then
  # ~/.aws/config, single sign-on, or the role of the machine. To choose a profile of ~/.aws/config:
  #
  # admin:
  #   aws_profile: ocp-admin
