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


def read(session, name, what, method, absent=(), region=None):
    """Return AWS's answer about one setting, ``what`` in sentences; ``None`` for errors with the codes ``absent``."""
    doing = f"read the {what} of the bucket {name}"
    return session.read("s3", method, doing, absent=absent, region=region or session.region, Bucket=name)


def granted(session, name):
    """
    Return what a bucket's ACL grants to others than its owner: pairs of a permission and a grantee (a URI or an id).

    AWS accepts ``BucketOwnerEnforced`` only if there are no such grants.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    answer = read(session, name, "ACL", "get_bucket_acl")
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
    absent = ("NoSuchPublicAccessBlockConfiguration",)
    answer = read(session, name, "public access block", "get_public_access_block", absent, region)
    settings = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return {setting: settings.get(member, False) for setting, member in PUBLIC_ACCESS_BLOCK.items()}


def tag_set(session, name, region=None):
    """Return the tags of a bucket in ``region`` (default: the session's), in AWS's form."""
    answer = read(session, name, "tags", "get_bucket_tagging", ("NoSuchTagSet",), region)
    return (answer or {}).get("TagSet", [])


def versioning(session, name, region=None):
    """Return ``Enabled`` or ``Suspended``; ``None`` if versioning was never enabled. ``region`` is the session's by default."""
    return read(session, name, "versioning", "get_bucket_versioning", region=region).get("Status")


def object_lock(session, name):
    """Return the Object Lock configuration of a bucket; ``None`` if Object Lock is not enabled."""
    absent = ("ObjectLockConfigurationNotFoundError",)
    answer = read(session, name, "Object Lock", "get_object_lock_configuration", absent)
    configuration = (answer or {}).get("ObjectLockConfiguration", {})
    return configuration if configuration.get("ObjectLockEnabled") == "Enabled" else None


def retention(configuration):
    """Return the mode and the days of the default retention in an Object Lock configuration; ``(None, None)`` without one."""
    found = ((configuration or {}).get("Rule") or {}).get("DefaultRetention") or {}
    days = found["Years"] * _YEAR if "Years" in found else found.get("Days")
    return found.get("Mode"), days
