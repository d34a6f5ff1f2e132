include:
  - aws.buckets
  - aws.iam
  - aws.email
