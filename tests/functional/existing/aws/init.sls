# A team's own aws/init.sls: it stays, and gets the include.
include:
  - aws.account

awscli:
  test.nop: []
