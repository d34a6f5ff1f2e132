include:
  - aws.network
  - aws.buckets
  - aws.iam
  - aws.email
  - aws.databases
