"""
Find a bucket: its region, or why AWS does not give it.

The answer to HEAD has no body: a bucket of another account and a missing permission both give 403. The list of the account's buckets
distinguishes them. The session itself checks for invalid credentials.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
"""

import re

from aws_runbook.aws import connection
from aws_runbook.aws.failures import DENIED
from aws_runbook.aws.retries import UNREADABLE
from aws_runbook.errors import AwsError, RunbookError

# Names that a bucket can have, or could have once.
NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")

_FORBIDDEN = "403"
_CHOOSE = "Bucket names are shared by all accounts:"


def listed(session):
    """Return the account's buckets with their regions, as AWS lists them."""
    # S3 returns the regions only if the request has a parameter.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    answer = session.read("s3", "list_buckets", "list the buckets of the account", MaxBuckets=1000)
    return answer.get("Buckets", [])


def found(session, name):
    """Return the region of a bucket, which must be the session's; ``None`` if the bucket does not exist."""
    actual = region_of(session, name)
    if actual not in (None, session.region):
        # botocore's client keeps using that region for this bucket, even if the bucket is deleted and created in another region.
        connection.forget("s3")
        raise RunbookError(
            f"The bucket {name} is in {actual}, not in {session.region}. A bucket cannot be moved: name {actual} as "
            f"its region (aws:backup:buckets:{name}:region), or use another bucket."
        )
    return actual


def region_of(session, name):
    """Return the region of a bucket; ``None`` if the bucket does not exist."""
    doing = f"find the bucket {name}"
    if not NAME.fullmatch(name):  # botocore's sentence about it is its regular expression
        raise RunbookError(
            f"There is no bucket {name!r}: a bucket's name has letters, digits, '.', '-' and '_' only. Give a name without a prefix."
        )
    try:
        head = session.read(
            "s3", "head_bucket", doing, Bucket=name, absent=("404", "NoSuchBucket"), region=session.region
        )
    except AwsError as error:
        if error.code != _FORBIDDEN:
            raise
        reason = _reason(session, name)
    else:
        if head is None:
            return None
        headers = head["ResponseMetadata"]["HTTPHeaders"]
        return head.get("BucketRegion") or headers.get("x-amz-bucket-region") or _region_by_list(session, name, doing)
    raise AwsError(f"Cannot {doing}: AWS says {_FORBIDDEN}: {reason}", _FORBIDDEN)


def _region_by_list(session, name, doing):
    """Return the region of a bucket whose HEAD names none: S3 always does, other stores may not, and neither does a proxy's empty answer."""
    for bucket in listed(session):
        if bucket["Name"] == name:
            return bucket.get("BucketRegion") or session.region
    raise AwsError(
        f"Cannot {doing}: the answer is not a valid answer of AWS (it names no region, and the list of the account's buckets lacks this one). "
        "The answer was not used; run this again. If this happens again, a proxy or the network between this machine and AWS is the cause.",
        UNREADABLE,
    )


def _reason(session, name):
    try:
        ours = {bucket["Name"] for bucket in listed(session)}
    except AwsError as error:
        if error.code not in DENIED:
            raise
        return (
            "it belongs to another AWS account, or the credentials in use lack s3:ListBucket on it; s3:ListAllMyBuckets would show which. "
            f"{_CHOOSE} if it is not yours, choose another."
        )
    if name in ours:
        return "it belongs to this account, and the credentials in use need s3:ListBucket on it, from their policies and the bucket's."
    return f"it belongs to another AWS account. {_CHOOSE} choose another."
