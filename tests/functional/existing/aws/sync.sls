include:
  - aws

/home/sysadmin-tools/bin/aws-sync.sh:
  test.nop: []
