"""
Read and write one setting of a bucket: Block Public Access, tags, versioning.

``region`` is the bucket's; the session's by default.
"""

from aws_runbook.aws import tags as tagging

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


def write(session, name, what, method, **parameters):
    """Set one setting, ``what`` in sentences, of a bucket in the session's region."""
    session.write(
        "s3", method, f"set the {what} of the bucket {name}", region=session.region, Bucket=name, **parameters
    )


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


def write_tags(session, name, tags):
    """Set all tags of a bucket; without any, none are left."""
    if tags:
        write(session, name, "tags", "put_bucket_tagging", Tagging={"TagSet": tagging.listing(tags)})
    else:
        session.write("s3", "delete_bucket_tagging", f"untag the bucket {name}", region=session.region, Bucket=name)
