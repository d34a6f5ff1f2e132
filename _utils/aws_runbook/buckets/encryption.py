"""
The default encryption of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
"""

from aws_runbook.aws import unknown_elements
from aws_runbook.buckets import settings


def _configuration(bucket):
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)
    return settings.read(bucket.session, bucket.name, "default encryption", "get_bucket_encryption", absent)


def _rule(bucket):
    rules = (_configuration(bucket) or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    return next(iter(rules), {})


def default(bucket):
    """Return the algorithm and the key that apply by default, by their names in the API."""
    return _rule(bucket).get("ApplyServerSideEncryptionByDefault", {})


def write(bucket, wanted):
    """Write the algorithm and its key, which are one rule; its other elements are sent again, because S3 replaces it."""
    unknown_elements.refuse(
        f"The default encryption of the bucket {bucket.name}", unknown_elements.unknown(_configuration(bucket))
    )
    rule, known = _rule(bucket), default(bucket)
    algorithm = wanted.get("server_side_encryption", known.get("SSEAlgorithm", "AES256"))
    key_id = wanted.get("kms_master_key_id", known.get("KMSMasterKeyID"))
    applied = {"SSEAlgorithm": algorithm}
    if key_id and algorithm != "AES256":
        applied["KMSMasterKeyID"] = key_id
    rules = [{**rule, "ApplyServerSideEncryptionByDefault": applied}]
    settings.write(
        bucket.session,
        bucket.name,
        "encryption",
        "put_bucket_encryption",
        ServerSideEncryptionConfiguration={"Rules": rules},
    )
