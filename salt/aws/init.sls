# All of AWS that follows from pillar. A tree that has its own aws/init.sls keeps it, and names aws.account where this is meant.
include:
  - aws.account
