# All of AWS that follows from pillar. A tree that has its own aws/init.sls includes aws.account there instead.
include:
  - aws.account
