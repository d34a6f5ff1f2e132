"""S3 buckets: finding them, their settings, versions, Object Lock, policy and objects."""
