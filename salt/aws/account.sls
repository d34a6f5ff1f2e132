include:
  - aws.buckets
  - aws.iam
