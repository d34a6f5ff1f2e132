"""S3."""

from aws_runbook.services.service import Made, Service, Whole

# Also by SES when it tries whether it can write; S3's answer to HEAD has nothing but the status.
_ABSENT = ("NoSuchBucket", "404", "InvalidS3Configuration")


def _answers(pages):
    """
    Where each bucket is. One that is not listed may be another account's: that HEAD alone tells.

    One that is listed without its region, as stores other than S3 do, exists nevertheless: the answer is then to be asked for.
    """
    for page in pages:
        for bucket in page.get("Buckets") or ():
            region = bucket.get("BucketRegion")
            answer = {"BucketRegion": region, "ResponseMetadata": {"HTTPHeaders": {}}} if region else None
            yield "head_bucket", {"Bucket": bucket["Name"]}, answer


SERVICES = (
    Service(
        "s3",
        # Its actions are older than its operations.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
        action_names={
            "HeadBucket": "ListBucket",
            "ListBuckets": "ListAllMyBuckets",
            "ListObjectsV2": "ListBucket",
            "ListMultipartUploads": "ListBucketMultipartUploads",
            "ListObjectVersions": "ListBucketVersions",
            "DeleteObjects": "DeleteObject",
            "CopyObject": "PutObject",
            "CreateMultipartUpload": "PutObject",
            "UploadPart": "PutObject",
            "UploadPartCopy": "PutObject",
            "CompleteMultipartUpload": "PutObject",
            # Of versions, with the parameters used here.
            "HeadObject": "GetObjectVersion",
            "GetObjectTagging": "GetObjectVersionTagging",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
            "DeleteBucketLifecycle": "PutLifecycleConfiguration",
            "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
            "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
            "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
            "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
            "GetBucketEncryption": "GetEncryptionConfiguration",
            "PutBucketEncryption": "PutEncryptionConfiguration",
            "DeleteBucketTagging": "PutBucketTagging",
        },
        busy=("OperationAborted",),
        subjects=("Bucket",),
        made={
            "create_bucket": Made(("Bucket",), ("Bucket", "BucketName"), _ABSENT),
            "put_bucket_policy": Made(("Bucket",), ("BucketName",), _ABSENT),
        },
        # S3 returns the regions only if a parameter is given.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
        whole=Whole(
            "list_buckets",
            {"MaxBuckets": 1000},
            _answers,
            frozenset({"head_bucket"}),
            "list the buckets of the account",
            own={"head_bucket": ("Bucket", r".+")},
        ),
    ),
)
