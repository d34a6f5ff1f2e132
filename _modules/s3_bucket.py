"""
Manage S3 buckets: where backups go.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-buckets-s3.html

Attributes
    ``public_access_block``
        ``True`` (all four settings of Block Public Access on), ``False`` (all off), or a mapping of them:
        ``block_public_acls``, ``ignore_public_acls``, ``block_public_policy``, ``restrict_public_buckets``.
    ``server_side_encryption``
        Default encryption: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``.
    ``kms_master_key_id``
        The KMS key (ARN or id) that goes with the latter two; left out, it is the account's ``aws/s3`` key.
    ``object_ownership``
        ``BucketOwnerEnforced`` (no ACLs), ``BucketOwnerPreferred`` or ``ObjectWriter``.
    ``versioning``
        ``Enabled`` or ``Suspended``. A bucket that never had it reads ``None``.
    ``tags``
        A mapping of strings.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of the bucket, and how to reach the
account (see the page on connections). IAM actions: ``s3:ListBucket`` to find a bucket; for each attribute that is asked
about ``s3:GetBucketPublicAccessBlock``, ``s3:GetEncryptionConfiguration``, ``s3:GetBucketOwnershipControls``,
``s3:GetBucketVersioning``, ``s3:GetBucketTagging``, and the same with ``Put`` to change it; ``s3:CreateBucket``;
``s3:DeleteBucket``.
"""

from aws_runbook import arguments, connection
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.session import connect

_PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
_CHOICES = {
    "server_side_encryption": ("AES256", "aws:kms", "aws:kms:dsse"),
    "object_ownership": ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
    "versioning": ("Enabled", "Suspended"),
}


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The attributes of a bucket, or ``None`` when there is none of that name.

    attributes
        Only these are read: a list of ``public_access_block``, ``server_side_encryption``, ``kms_master_key_id``,
        ``object_ownership``, ``versioning`` and ``tags``; each costs one call. Default: all.

    A bucket that belongs to another account, or is in another region than the one asked for, is an error. IAM actions:
    ``s3:ListBucket``; for the attributes ``s3:GetBucketPublicAccessBlock``, ``s3:GetEncryptionConfiguration``,
    ``s3:GetBucketOwnershipControls``, ``s3:GetBucketVersioning``, ``s3:GetBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.describe ocp-registry-backup region=eu-west-2
    """
    session = _session(region, profile, keyid, key)
    actual = _locate(session, name)
    if actual is None:
        return None
    if actual != session.region:
        # botocore's client goes to that region for this bucket from now on, even if it is deleted and made in another.
        connection.forget("s3")
        raise RunbookError(
            f"The bucket {name} is in {actual}, not in {session.region}. A bucket cannot be moved: name {actual} as "
            f"its region (aws:backup:buckets:{name}:region), or use another bucket."
        )
    wanted = _READERS if attributes is None else attributes
    return {"region": actual, **{attribute: _READERS[attribute](session, name) for attribute in wanted}}


def _locate(session, name):
    """The region a bucket is in; ``None`` when there is no such bucket."""
    doing = f"find the bucket {name}"
    try:
        head = session.read(
            "s3", "head_bucket", doing, Bucket=name, absent=("404", "NoSuchBucket"), region=session.region
        )
    except AwsError as error:
        # 403 also when the credentials lack s3:ListBucket on a bucket of one's own: AWS does not tell which.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        if error.code == "403":
            raise AwsError(
                f"Cannot {doing}: AWS says 403: it belongs to another AWS account, or the credentials in use lack "
                "s3:ListBucket on it. Bucket names are shared by all accounts: if it is not yours, choose another.",
                error.code,
            ) from error
        raise
    if head is None:
        return None
    headers = head["ResponseMetadata"]["HTTPHeaders"]
    return head.get("BucketRegion") or headers.get("x-amz-bucket-region") or session.region


def create(name, region=None, profile=None, keyid=None, key=None):
    """
    Create a bucket in ``region``, with AWS's defaults: public access blocked, encrypted, no ACLs.

    A bucket that the account has already is left as it is; a name that another account has is an error. IAM action:
    ``s3:CreateBucket``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.create ocp-registry-backup region=eu-west-2
    """
    session = _session(region, profile, keyid, key)
    parameters = {"Bucket": name}
    if session.region != "us-east-1":  # which is the one region that may not be named
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": session.region}
    session.write(
        "s3",
        "create_bucket",
        f"create the bucket {name} in {session.region}",
        absent=("BucketAlreadyOwnedByYou",),
        region=session.region,
        **parameters,
    )
    return True


def update(
    name,
    public_access_block=None,
    server_side_encryption=None,
    kms_master_key_id=None,
    object_ownership=None,
    versioning=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Write the given attributes of a bucket, one call each; ``None``, the default of each, leaves an attribute alone.

    public_access_block
        ``True`` (all four settings of Block Public Access on), ``False`` (all off), or a mapping of all four:
        ``block_public_acls``, ``ignore_public_acls``, ``block_public_policy``, ``restrict_public_buckets``.
    server_side_encryption, kms_master_key_id
        Default encryption: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``; and the KMS key (ARN or id) of the latter two.
    object_ownership
        ``BucketOwnerEnforced`` (no ACLs), ``BucketOwnerPreferred`` or ``ObjectWriter``.
    versioning
        ``Enabled`` or ``Suspended``.
    tags
        A mapping of strings; other tags are removed.

    A value that S3 does not have is an error. IAM actions: ``s3:PutBucketPublicAccessBlock``,
    ``s3:PutEncryptionConfiguration`` with ``s3:GetEncryptionConfiguration``, ``s3:PutBucketOwnershipControls``,
    ``s3:PutBucketVersioning``, ``s3:PutBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.update ocp-registry-backup tags='{team: data}' region=eu-west-2
    """
    attributes = {
        "public_access_block": public_access_block,
        "server_side_encryption": server_side_encryption,
        "kms_master_key_id": kms_master_key_id,
        "object_ownership": object_ownership,
        "versioning": versioning,
        "tags": tags,
    }
    session = _session(region, profile, keyid, key)
    for method, parameters, what in _calls(session, name, normalise(name, attributes)):
        session.write(
            "s3", method, f"set the {what} of the bucket {name}", region=session.region, Bucket=name, **parameters
        )
    return True


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes of a bucket as ``describe`` would give them; a value that S3 does not have is an error. Makes no call
    to AWS.

    attributes
        A mapping of what ``update`` takes.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.normalise ocp-registry-backup '{versioning: Enabled}'
    """
    checked = {attribute: value for attribute, value in attributes.items() if value is not None}
    where = f"bucket {name}"
    for attribute, allowed in _CHOICES.items():
        arguments.one_of(where, attribute, checked.get(attribute), allowed)
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    if "public_access_block" in checked:
        block = checked["public_access_block"]
        if not isinstance(block, bool):
            arguments.exactly(where, "public_access_block", block, _PUBLIC_ACCESS_BLOCK, bool)
            checked["public_access_block"] = _simplest(dict(block))
    return checked


def obstacles(name, delete_objects=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a bucket must not be deleted: a list of sentences, empty when nothing is in the way.

    delete_objects
        ``True`` when its objects, all versions of them, may be destroyed with it. Default: ``False``.

    IAM action: ``s3:ListBucketVersions``.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.obstacles ocp-registry-backup region=eu-west-2
    """
    session = _session(region, profile, keyid, key)
    if delete_objects:
        return []
    first = next(
        session.pages(
            "s3",
            "list_object_versions",
            f"look into the bucket {name}",
            region=session.region,
            Bucket=name,
            PaginationConfig={"MaxItems": 1},
        ),
        {},
    )
    if not (first.get("Versions") or first.get("DeleteMarkers")):
        return []
    return [
        (
            f"The bucket {name} holds objects and is not deleted. To destroy them, every version included, say "
            "delete_objects: True."
        )
    ]


def delete(name, delete_objects=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete a bucket; AWS refuses while it holds objects.

    delete_objects
        ``True`` to delete every version of every object first. There is no way back. Default: ``False``.

    IAM actions: ``s3:DeleteBucket``; with ``delete_objects`` also ``s3:ListBucketVersions``, ``s3:DeleteObject`` and
    ``s3:DeleteObjectVersion``.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.delete ocp-registry-backup region=eu-west-2
    """
    session = _session(region, profile, keyid, key)
    if delete_objects is True:
        _empty(session, name)
    session.write("s3", "delete_bucket", f"delete the bucket {name}", region=session.region, Bucket=name)
    return True


def _empty(session, name):
    for page in session.pages(
        "s3", "list_object_versions", f"list the objects of the bucket {name}", region=session.region, Bucket=name
    ):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            continue
        answer = session.write(
            "s3",
            "delete_objects",
            f"delete the objects of the bucket {name}",
            region=session.region,
            Bucket=name,
            Delete={
                "Objects": [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found],
                "Quiet": True,
            },
        )
        for error in answer.get("Errors", []):
            raise AwsError(
                f"Cannot delete the object {error['Key']} of the bucket {name}: AWS says {error['Code']}: "
                f"{error.get('Message', '')}",
                error["Code"],
            )


def _read(session, name, what, method, absent=()):
    return session.read(
        "s3", method, f"read the {what} of the bucket {name}", absent=absent, region=session.region, Bucket=name
    )


def _read_public_access_block(session, name):
    answer = _read(
        session, name, "public access block", "get_public_access_block", ("NoSuchPublicAccessBlockConfiguration",)
    )
    settings = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return _simplest({ours: settings.get(theirs, False) for ours, theirs in _PUBLIC_ACCESS_BLOCK.items()})


def _simplest(settings):
    """All on is ``True`` and all off ``False``: so that the two ways to write them compare equal."""
    values = set(settings.values())
    return values.pop() if len(values) == 1 else settings


def _encryption(session, name):
    answer = _read(
        session,
        name,
        "default encryption",
        "get_bucket_encryption",
        ("ServerSideEncryptionConfigurationNotFoundError",),
    )
    rules = (answer or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    return next((rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules), {})


def _read_object_ownership(session, name):
    answer = _read(
        session, name, "object ownership", "get_bucket_ownership_controls", ("OwnershipControlsNotFoundError",)
    )
    rules = (answer or {}).get("OwnershipControls", {}).get("Rules", [])
    return next((rule["ObjectOwnership"] for rule in rules), None)


def _read_tags(session, name):
    answer = _read(session, name, "tags", "get_bucket_tagging", ("NoSuchTagSet",))
    return {tag["Key"]: tag["Value"] for tag in (answer or {}).get("TagSet", [])}


_READERS = {
    "public_access_block": _read_public_access_block,
    "server_side_encryption": lambda session, name: _encryption(session, name).get("SSEAlgorithm"),
    "kms_master_key_id": lambda session, name: _encryption(session, name).get("KMSMasterKeyID"),
    "object_ownership": _read_object_ownership,
    "versioning": lambda session, name: _read(session, name, "versioning", "get_bucket_versioning").get("Status"),
    "tags": _read_tags,
}


def _calls(session, name, attributes):
    """The calls that set ``attributes``: (method, parameters, what it sets). Encryption and its key are one call."""
    attributes = dict(attributes)
    if "server_side_encryption" in attributes or "kms_master_key_id" in attributes:
        known = _encryption(session, name)
        algorithm = attributes.pop("server_side_encryption", known.get("SSEAlgorithm", "AES256"))
        key_id = attributes.pop("kms_master_key_id", known.get("KMSMasterKeyID"))
        default = {"SSEAlgorithm": algorithm}
        if key_id and algorithm != "AES256":
            default["KMSMasterKeyID"] = key_id
        attributes["encryption"] = default
    return [(*_WRITERS[attribute](value), attribute.replace("_", " ")) for attribute, value in attributes.items()]


def _put_public_access_block(value):
    settings = dict.fromkeys(_PUBLIC_ACCESS_BLOCK, value) if isinstance(value, bool) else value
    return "put_public_access_block", {
        "PublicAccessBlockConfiguration": {theirs: settings[ours] for ours, theirs in _PUBLIC_ACCESS_BLOCK.items()}
    }


_WRITERS = {
    "public_access_block": _put_public_access_block,
    "encryption": lambda value: (
        "put_bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": value}]}},
    ),
    "object_ownership": lambda value: (
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": value}]}},
    ),
    "versioning": lambda value: ("put_bucket_versioning", {"VersioningConfiguration": {"Status": value}}),
    "tags": lambda value: (
        "put_bucket_tagging",
        {"Tagging": {"TagSet": [{"Key": name, "Value": text} for name, text in sorted(value.items())]}},
    ),
}
