"""
Read and write the policy of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from aws_runbook.buckets import settings
from aws_runbook.iam import policies


def read(session, name, region=None, absent=()):
    """
    Return the policy of a bucket with its statements as a list; an empty policy if there is none.

    ``region`` is the bucket's; the session's by default. Errors with the codes ``absent`` count as no policy.
    """
    answer = settings.read(session, name, "policy", "get_bucket_policy", ("NoSuchBucketPolicy", *absent), region)
    return policies.of_resource(answer or {})


def write(session, name, document):
    """Set the policy of a bucket; one without statements is deleted."""
    where = {"region": session.region, "Bucket": name}
    if document["Statement"]:
        doing = f"set the policy of the bucket {name}"
        session.write("s3", "put_bucket_policy", doing, Policy=policies.dumps(document), **where)
    else:
        session.write("s3", "delete_bucket_policy", f"delete the policy of the bucket {name}", **where)
