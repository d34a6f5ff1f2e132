"""
Reads of a bucket that several modules and rooms need, each once: its region, or why AWS does not give it; ACL, public access, tags, versioning, Object Lock.

The answer to HEAD has no body: a bucket of another account and a missing permission both give 403. The list of the account's buckets
distinguishes them. The session itself checks for invalid credentials.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
"""

from datetime import timedelta

from aws_runbook import clock
from aws_runbook.aws import connection
from aws_runbook.aws import tags as tagging
from aws_runbook.aws.failures import DENIED
from aws_runbook.errors import AwsError, RunbookError

# For default retention in years. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
_YEAR = 365
_FORBIDDEN = "403"
# AWS does not give the time since when a bucket keeps versions. The note of a bucket that was suspended before says so.
NOTE = "aws-runbook:versions-since"
_AGAIN = " again"
# AWS asks to wait before it is relied on that a bucket keeps versions.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
IN_FORCE = timedelta(minutes=15)
# The settings of Block Public Access, with their names in the API.
PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
_CHOOSE = "Bucket names are shared by all accounts:"


def listed(session):
    """Return the account's buckets with their regions, as AWS lists them."""
    # S3 returns the regions only if the request has a parameter.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    answer = session.read("s3", "list_buckets", "list the buckets of the account", MaxBuckets=1000)
    return answer.get("Buckets", [])


def granted(session, name):
    """
    Return what a bucket's ACL grants to others than its owner: pairs of a permission and a grantee (a URI or an id).

    AWS accepts ``BucketOwnerEnforced`` only if there are no such grants.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    answer = session.read(
        "s3", "get_bucket_acl", f"read the ACL of the bucket {name}", region=session.region, Bucket=name
    )
    owner = answer["Owner"].get("ID")
    grants = [(grant["Permission"], grant["Grantee"]) for grant in answer["Grants"]]
    return sorted(
        (permission, str(grantee.get("URI") or grantee.get("EmailAddress") or grantee.get("ID")))
        for permission, grantee in grants
        if grantee.get("ID") != owner or grantee.get("URI")
    )


def told_grants(grants):
    """Describe the result of :func:`granted` in words."""
    return ", ".join(f"{permission} to {who.rpartition('/')[2]}" for permission, who in grants)


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
        return head.get("BucketRegion") or headers.get("x-amz-bucket-region") or session.region
    raise AwsError(f"Cannot {doing}: AWS says {_FORBIDDEN}: {reason}", _FORBIDDEN)


def object_lock(session, name):
    """Return the Object Lock configuration of a bucket; ``None`` if Object Lock is not enabled."""
    answer = session.read(
        "s3",
        "get_object_lock_configuration",
        f"read the Object Lock of the bucket {name}",
        absent=("ObjectLockConfigurationNotFoundError",),
        region=session.region,
        Bucket=name,
    )
    configuration = (answer or {}).get("ObjectLockConfiguration", {})
    return configuration if configuration.get("ObjectLockEnabled") == "Enabled" else None


def retention(configuration):
    """Return the mode and the days of the default retention in an Object Lock configuration; ``(None, None)`` without one."""
    found = ((configuration or {}).get("Rule") or {}).get("DefaultRetention") or {}
    days = found["Years"] * _YEAR if "Years" in found else found.get("Days")
    return found.get("Mode"), days


def tag_set(session, name, region=None):
    """Return the tags of a bucket in ``region`` (default: the session's), in AWS's form."""
    answer = session.read(
        "s3",
        "get_bucket_tagging",
        f"read the tags of the bucket {name}",
        absent=("NoSuchTagSet",),
        region=region or session.region,
        Bucket=name,
    )
    return (answer or {}).get("TagSet", [])


def versioning(session, name, region=None):
    """Return ``Enabled`` or ``Suspended``; ``None`` if versioning was never enabled. ``region`` is the session's by default."""
    doing = f"read the versioning of the bucket {name}"
    answer = session.read("s3", "get_bucket_versioning", doing, region=region or session.region, Bucket=name)
    return answer.get("Status")


def public_access_block(session, name, region=None):
    """Return the settings of Block Public Access. One that was never set is off. ``region`` is the session's by default."""
    answer = session.read(
        "s3",
        "get_public_access_block",
        f"read the public access block of the bucket {name}",
        absent=("NoSuchPublicAccessBlockConfiguration",),
        region=region or session.region,
        Bucket=name,
    )
    settings = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return {setting: settings.get(member, False) for setting, member in PUBLIC_ACCESS_BLOCK.items()}


def note(before):
    """Return the value of the tag :data:`NOTE` for a bucket whose versioning, so far ``before``, is being enabled."""
    return clock.now().replace(microsecond=0).isoformat() + (_AGAIN if before else "")


def noted(tags):
    """Return since when versioning is enabled, from a bucket's ``tags``; ``None`` if nothing is noted."""
    return clock.written((tagging.mapping(tags).get(NOTE) or "").removesuffix(_AGAIN))


def can_have_versions(session, name, days):
    """Whether a bucket can have versions that are noncurrent for more than so many days; ``True`` if that is unknown."""
    if versioning(session, name) is None:
        return False
    tags = tag_set(session, name)
    since = noted(tags)
    if since is None or tagging.mapping(tags)[NOTE].endswith(_AGAIN):
        return True
    return clock.now() - since > timedelta(days=days)


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
