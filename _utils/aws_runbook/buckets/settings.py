"""
Read the settings of a bucket: ACL, Block Public Access, tags, versioning, Object Lock.

``region`` is the bucket's; the session's by default.
"""

# For default retention in years. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
_YEAR = 365
# The settings of Block Public Access, with their names in the API.
PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


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


def describe_grants(grants):
    """Describe the result of :func:`granted` in words."""
    return ", ".join(f"{permission} to {who.rpartition('/')[2]}" for permission, who in grants)


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
