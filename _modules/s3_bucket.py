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

from aws_runbook.aws import members
from aws_runbook.aws import tags as tagging
from aws_runbook.backups import buckets
from aws_runbook.errors import AwsError
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.functions import connected
from aws_runbook.kinds.kind import Attribute, Kind

_PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def _find(bucket):
    """The region of a bucket, which must be the one that was asked for; ``None`` when there is no such bucket."""
    return buckets.found(bucket.session, bucket.name)


def _get(bucket, what, method, absent=()):
    session = bucket.session
    doing = f"read the {what} of {bucket}"
    return session.read("s3", method, doing, absent=absent, region=session.region, Bucket=bucket.name)


def _put(bucket, what, method, **parameters):
    session = bucket.session
    session.write("s3", method, f"set the {what} of {bucket}", region=session.region, Bucket=bucket.name, **parameters)


def _check_public_access_block(where, attribute, value):
    if isinstance(value, bool):
        return value
    arguments.exactly(where, attribute, value, _PUBLIC_ACCESS_BLOCK, bool)
    return _simplest(dict(value))


def _simplest(settings):
    """All on is ``True`` and all off ``False``: so that the two ways to write them compare equal."""
    values = set(settings.values())
    return values.pop() if len(values) == 1 else settings


def _public_access_block(bucket):
    absent = ("NoSuchPublicAccessBlockConfiguration",)
    answer = _get(bucket, "public access block", "get_public_access_block", absent)
    settings = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return _simplest({ours: settings.get(theirs, False) for ours, theirs in _PUBLIC_ACCESS_BLOCK.items()})


def _write_public_access_block(bucket, wanted):
    value = wanted["public_access_block"]
    settings = dict.fromkeys(_PUBLIC_ACCESS_BLOCK, value) if isinstance(value, bool) else value
    configuration = {theirs: settings[ours] for ours, theirs in _PUBLIC_ACCESS_BLOCK.items()}
    _put(bucket, "public access block", "put_public_access_block", PublicAccessBlockConfiguration=configuration)


def _encryption(bucket):
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)
    return _get(bucket, "default encryption", "get_bucket_encryption", absent)


def _encryption_rule(bucket):
    rules = (_encryption(bucket) or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    return next(iter(rules), {})


def _encryption_default(bucket):
    return _encryption_rule(bucket).get("ApplyServerSideEncryptionByDefault", {})


def _write_encryption(bucket, wanted):
    """Write the algorithm and its key, which are one rule; what else is in it is given again, as S3 replaces it."""
    members.refuse(f"The default encryption of the bucket {bucket.name}", members.unknown(_encryption(bucket)))
    rule, known = _encryption_rule(bucket), _encryption_default(bucket)
    algorithm = wanted.get("server_side_encryption", known.get("SSEAlgorithm", "AES256"))
    key_id = wanted.get("kms_master_key_id", known.get("KMSMasterKeyID"))
    default = {"SSEAlgorithm": algorithm}
    if key_id and algorithm != "AES256":
        default["KMSMasterKeyID"] = key_id
    rules = [{**rule, "ApplyServerSideEncryptionByDefault": default}]
    _put(bucket, "encryption", "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules})


def _object_ownership(bucket):
    answer = _get(bucket, "object ownership", "get_bucket_ownership_controls", ("OwnershipControlsNotFoundError",))
    rules = (answer or {}).get("OwnershipControls", {}).get("Rules", [])
    return next((rule["ObjectOwnership"] for rule in rules), None)


def _write_object_ownership(bucket, wanted):
    rules = [{"ObjectOwnership": wanted["object_ownership"]}]
    _put(bucket, "object ownership", "put_bucket_ownership_controls", OwnershipControls={"Rules": rules})


def _write_versioning(bucket, wanted):
    configuration = {"Status": wanted["versioning"]}
    _put(bucket, "versioning", "put_bucket_versioning", VersioningConfiguration=configuration)


def _tag_set(bucket):
    return (_get(bucket, "tags", "get_bucket_tagging", ("NoSuchTagSet",)) or {}).get("TagSet", [])


def _write_tags(bucket, wanted):
    """Write all tags at once, those of AWS among them: S3 refuses to remove those."""
    tags = tagging.BUCKET.whole(_tag_set(bucket), wanted["tags"])
    _put(bucket, "tags", "put_bucket_tagging", Tagging={"TagSet": tagging.listing(tags)})


_ENCRYPTION_ACTIONS = ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration")

KIND = Kind(
    name="s3_bucket",
    subject="S3 bucket",
    what="bucket",
    find=_find,
    identity=lambda bucket: {"region": bucket.entry},
    unique=True,
    attributes=(
        Attribute(
            "public_access_block",
            actions=("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
            check=_check_public_access_block,
            read=_public_access_block,
            write=_write_public_access_block,
        ),
        Attribute(
            "server_side_encryption",
            actions=_ENCRYPTION_ACTIONS,
            check=checks.choice("AES256", "aws:kms", "aws:kms:dsse"),
            read=lambda bucket: _encryption_default(bucket).get("SSEAlgorithm"),
            write=_write_encryption,
        ),
        Attribute(
            "kms_master_key_id",
            actions=_ENCRYPTION_ACTIONS,
            read=lambda bucket: _encryption_default(bucket).get("KMSMasterKeyID"),
            write=_write_encryption,
        ),
        Attribute(
            "object_ownership",
            actions=("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
            check=checks.choice("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
            read=_object_ownership,
            write=_write_object_ownership,
        ),
        Attribute(
            "versioning",
            actions=("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
            check=checks.choice("Enabled", "Suspended"),
            read=lambda bucket: _get(bucket, "versioning", "get_bucket_versioning").get("Status"),
            write=_write_versioning,
        ),
        Attribute(
            "tags",
            actions=("s3:GetBucketTagging", "s3:PutBucketTagging"),
            check=checks.tags(tagging.BUCKET),
            read=lambda bucket: tagging.BUCKET.of(_tag_set(bucket)),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    The attributes of a bucket, or ``None`` when there is none of that name.

    attributes
        Only these are read: a list of ``public_access_block``, ``server_side_encryption``, ``kms_master_key_id``,
        ``object_ownership``, ``versioning`` and ``tags``; each costs one call. Default: all.

    A bucket that belongs to another account, or is in another region than the one asked for, is an error. IAM actions:
    ``s3:ListBucket``, and ``s3:ListAllMyBuckets`` to tell another account's from one that may not be looked at; for the
    attributes ``s3:GetBucketPublicAccessBlock``, ``s3:GetEncryptionConfiguration``, ``s3:GetBucketOwnershipControls``,
    ``s3:GetBucketVersioning``, ``s3:GetBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.describe ocp-registry-backup region=eu-west-2
    """
    return KIND.describe(session, name, attributes)


@connected
def create(session, name):
    """
    Create a bucket in ``region``, with AWS's defaults: public access blocked, encrypted, no ACLs.

    A bucket that the account has already is left as it is; a name that another account has is an error. IAM action:
    ``s3:CreateBucket``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.create ocp-registry-backup region=eu-west-2
    """
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


@connected
@KIND.updates
def update(session, name, **attributes):
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

    A value that S3 does not accept is an error. IAM actions: ``s3:PutBucketPublicAccessBlock``,
    ``s3:PutEncryptionConfiguration`` with ``s3:GetEncryptionConfiguration``, ``s3:PutBucketOwnershipControls``,
    ``s3:PutBucketVersioning``, ``s3:PutBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.update ocp-registry-backup tags='{team: data}' region=eu-west-2
    """
    return KIND.update(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    The attributes of a bucket as ``describe`` would give them; a value that S3 does not accept is an error. Makes no call
    to AWS.

    attributes
        A mapping of what ``update`` takes.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.normalise ocp-registry-backup '{versioning: Enabled}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def obstacles(session, name, delete_objects=False):
    """
    Why a bucket must not be deleted: a list of sentences, empty when nothing is in the way.

    delete_objects
        ``True`` when its objects, all versions of them, may be destroyed with it. Default: ``False``.

    IAM action: ``s3:ListBucketVersions``.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.obstacles ocp-registry-backup region=eu-west-2
    """
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


@connected
def delete(session, name, delete_objects=False):
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
