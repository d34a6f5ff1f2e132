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
    ``object_lock_mode``, ``object_lock_days``
        Object Lock's default retention: ``COMPLIANCE`` or ``GOVERNANCE``, and how many days from its creation an object
        is locked. A bucket without reads ``None`` for both. Object Lock needs versioning and cannot be taken off again.
    ``tags``
        A mapping of strings.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of the bucket, and how to reach the
account (see the page on connections). IAM actions: ``s3:ListBucket`` to find a bucket; for each attribute that is asked
about ``s3:GetBucketPublicAccessBlock``, ``s3:GetEncryptionConfiguration``, ``s3:GetBucketOwnershipControls``,
``s3:GetBucketVersioning``, ``s3:GetBucketObjectLockConfiguration``, ``s3:GetBucketTagging``, and the same with ``Put`` to
change it (``s3:PutBucketObjectLockConfiguration``); ``s3:GetBucketTagging`` and ``s3:PutBucketTagging`` also to note since when
versions are kept, which AWS does not tell; ``s3:GetBucketAcl`` where ACLs are to be switched off; ``s3:CreateBucket``;
``s3:DeleteBucket``.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.buckets import acl, contents, encryption, lookup, object_lock, settings, versions
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.kinds.pending_entries import entries
from aws_runbook.pillar.check import check_bucket

# Arguments that take texts.
TEXTS = ("kms_master_key_id",)


def _find(bucket):
    """The region of a bucket, which must be the requested one; ``None`` if the bucket does not exist."""
    return lookup.found(bucket.session, bucket.name)


def _check_public_access_block(where, attribute, value):
    if isinstance(value, bool):
        return value
    arguments.exactly(where, attribute, value, settings.PUBLIC_ACCESS_BLOCK, bool)
    return _simplest(dict(value))


def _simplest(switches):
    """All on is ``True`` and all off ``False``, so that both forms compare equal."""
    values = set(switches.values())
    return values.pop() if len(values) == 1 else switches


def _public_access_block(bucket):
    return _simplest(settings.public_access_block(bucket.session, bucket.name))


def _write_public_access_block(bucket, wanted):
    value, members = wanted["public_access_block"], settings.PUBLIC_ACCESS_BLOCK
    switches = dict.fromkeys(members, value) if isinstance(value, bool) else value
    configuration = {theirs: switches[ours] for ours, theirs in members.items()}
    settings.write(
        bucket.session,
        bucket.name,
        "public access block",
        "put_public_access_block",
        PublicAccessBlockConfiguration=configuration,
    )


def _object_ownership(bucket):
    absent = ("OwnershipControlsNotFoundError",)
    answer = settings.read(bucket.session, bucket.name, "object ownership", "get_bucket_ownership_controls", absent)
    rules = (answer or {}).get("OwnershipControls", {}).get("Rules", [])
    return next((rule["ObjectOwnership"] for rule in rules), None)


def _write_object_ownership(bucket, wanted):
    rules = [{"ObjectOwnership": wanted["object_ownership"]}]
    settings.write(
        bucket.session,
        bucket.name,
        "object ownership",
        "put_bucket_ownership_controls",
        OwnershipControls={"Rules": rules},
    )


def _versioning(bucket):
    return settings.versioning(bucket.session, bucket.name)


def _together(bucket, wanted):
    if not lookup.NAME.fullmatch(bucket.name):
        arguments.formed("bucket", "name", bucket.name, check_bucket)
    if wanted.get("versioning") == "Suspended" and wanted.get("object_lock_mode"):
        raise RunbookError(
            f"{bucket.where}: versioning is Suspended, and object_lock_mode is {wanted['object_lock_mode']}; Object Lock needs "
            "versions: leave out one."
        )
    return wanted


def _tag_set(bucket):
    return settings.tag_set(bucket.session, bucket.name)


def _write_tags(bucket, wanted):
    """Write all tags at once, those of AWS among them: S3 refuses to remove those."""
    tags = tagging.BUCKET.whole(_tag_set(bucket), wanted["tags"])
    settings.write(bucket.session, bucket.name, "tags", "put_bucket_tagging", Tagging={"TagSet": tagging.listing(tags)})


_LOCK_ACTIONS = ("s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration")
_ENCRYPTION_ACTIONS = ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration")

KIND = Kind(
    name="s3_bucket",
    subject="S3 bucket",
    what="bucket",
    find=_find,
    identity=lambda bucket: {"region": bucket.entry},
    together=_together,
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
            read=lambda bucket: encryption.default(bucket).get("SSEAlgorithm"),
            write=encryption.write,
        ),
        Attribute(
            "kms_master_key_id",
            actions=_ENCRYPTION_ACTIONS,
            read=lambda bucket: encryption.default(bucket).get("KMSMasterKeyID"),
            write=encryption.write,
        ),
        Attribute(
            "object_ownership",
            actions=("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
            check=checks.choice(acl.ENFORCED, "BucketOwnerPreferred", "ObjectWriter"),
            read=_object_ownership,
            write=_write_object_ownership,
        ),
        Attribute(
            "versioning",
            actions=("s3:GetBucketVersioning", "s3:PutBucketVersioning", "s3:GetBucketTagging", "s3:PutBucketTagging"),
            check=checks.choice("Enabled", "Suspended"),
            read=_versioning,
            write=versions.write,
        ),
        Attribute(
            "tags",
            actions=("s3:GetBucketTagging", "s3:PutBucketTagging"),
            check=checks.tags(tagging.BUCKET),
            read=lambda bucket: tagging.BUCKET.of(_tag_set(bucket)),
            write=_write_tags,
            shared=True,
        ),
        Attribute(
            "object_lock_mode",
            actions=_LOCK_ACTIONS,
            check=checks.choice("COMPLIANCE", "GOVERNANCE"),
            read=lambda bucket: object_lock.described(bucket)[0],
            write=object_lock.write,
        ),
        Attribute(
            "object_lock_days",
            actions=_LOCK_ACTIONS,
            check=object_lock.check_days,
            read=lambda bucket: object_lock.described(bucket)[1],
            write=object_lock.write,
        ),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    The attributes of a bucket, or ``None`` when there is none of that name.

    attributes
        Only these are read: a list of ``public_access_block``, ``server_side_encryption``, ``kms_master_key_id``,
        ``object_ownership``, ``versioning``, ``object_lock_mode``, ``object_lock_days`` and ``tags``; each costs one
        call. Default: all.

    A bucket that belongs to another account, or is in another region than the requested one, is an error. IAM actions:
    ``s3:ListBucket``, and ``s3:ListAllMyBuckets`` to distinguish another account's bucket from one that must not be read; for the
    attributes ``s3:GetBucketPublicAccessBlock``, ``s3:GetEncryptionConfiguration``, ``s3:GetBucketOwnershipControls``,
    ``s3:GetBucketVersioning``, ``s3:GetBucketObjectLockConfiguration``, ``s3:GetBucketTagging``.
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

    A bucket that the account has already is not changed; a name that another account has is an error. IAM action:
    ``s3:CreateBucket``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.create ocp-registry-backup region=eu-west-2
    """
    parameters = {"Bucket": name}
    if session.region != "us-east-1":  # which is the one region that may not be named
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": session.region}
    try:
        session.write(
            "s3",
            "create_bucket",
            f"create the bucket {name} in {session.region}",
            absent=("BucketAlreadyOwnedByYou",),
            region=session.region,
            **parameters,
        )
    except AwsError as error:
        if error.code == "BucketAlreadyExists":
            lookup.found(session, name)  # which says whose it is
        raise
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
        ``Enabled`` or ``Suspended``. When it is enabled, a tag of the bucket notes that moment.
    object_lock_mode, object_lock_days
        Object Lock's default retention: ``COMPLIANCE`` or ``GOVERNANCE``, and for how many days, 36,500 at most. It is for
        objects written from then on, needs versioning, and cannot be removed.
    tags
        A mapping of strings; other tags are removed.

    A value that S3 does not accept is an error. IAM actions: ``s3:PutBucketPublicAccessBlock``,
    ``s3:PutEncryptionConfiguration`` with ``s3:GetEncryptionConfiguration``, ``s3:PutBucketOwnershipControls``,
    ``s3:PutBucketVersioning`` with ``s3:GetBucketVersioning`` and ``s3:GetBucketTagging``,
    ``s3:PutBucketObjectLockConfiguration`` with ``s3:GetBucketObjectLockConfiguration``, ``s3:PutBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.update ocp-registry-backup tags='{team: data}' region=eu-west-2
    """
    return KIND.update(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes of a bucket as ``describe`` returns them.

    A value that S3 does not accept is an error. Makes no call to AWS.

    attributes
        A mapping of what ``update`` takes.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.normalise ocp-registry-backup '{versioning: Enabled}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    The wanted attributes of a bucket, given its present ones: what cannot be is an error, and what cannot be undone is said.

    current
        Its description by ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes``, ``warnings`` (a line that starts with ``Waiting:`` while versioning is not in force everywhere) and
    ``losses``, sentences about the consequences of the change. IAM actions: ``s3:GetBucketTagging`` where versions are to be kept,
    ``s3:GetBucketObjectLockConfiguration`` where they are to be kept no more, or locked otherwise, ``s3:GetBucketAcl`` where ACLs are to be switched off.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.resolve ocp-db-backup '{versioning: Suspended}' '{versioning: Enabled}' region=eu-west-2
    """
    known, bucket = current or {}, KIND.of(session, name)
    if not current:  # older ones may have names that S3 does not take any more
        arguments.formed("bucket", "name", name, check_bucket)
    acl.check(bucket, known, attributes)
    versioning, warnings, losses = attributes.get("versioning"), [], []
    if versioning == "Suspended" and known.get("versioning") != versioning:
        if known and object_lock.read(session, name) is not None:
            raise RunbookError(
                f"The bucket {name} has Object Lock, which cannot be removed and requires versioning: leave out versioning: Suspended (in "
                "pillar, allow_suspend)."
            )
        if known.get("versioning"):
            losses.append(
                f"From now on the bucket {name} keeps no new versions: objects that are overwritten or deleted are lost. Existing versions stay "
                "until the lifecycle rule deletes them."
            )
    if versioning == "Enabled" and (known.get("versioning") != versioning or versions.starting(session, name)):
        warnings.append(f"Waiting: {versions.waiting(name)}")
    losses += object_lock.losses(bucket, known, attributes)
    return {"attributes": attributes, "warnings": warnings, "losses": losses}


@connected
def pending(session):
    """
    List what AWS must still do for the buckets in pillar.

    Returns a list of ``what``, ``on`` (who must act), ``since`` and ``do``. Nothing is written. IAM actions: ``s3:ListBucket``, ``s3:GetBucketTagging``.

    CLI Example:

    .. code-block:: bash

        salt-call s3_bucket.pending
    """
    found = []
    for name, wanted in __salt__["aws_backup.plan"](format="data")["buckets"].items():
        if wanted.get("versioning") == "Enabled":
            found += entries(f"versions in the bucket {name}", _starting, session, name, wanted["region"])
    return found


def _starting(session, name, region):
    bucket = KIND.of(session.within(region), name)
    since = versions.starting(bucket.session, name) if bucket.entry else None
    if since:
        yield {"what": f"versions in the bucket {name}", "on": "AWS", "since": since, "do": versions.waiting(name)}


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
    if delete_objects or contents.is_empty(session, name):
        return []
    return [
        (
            f"The bucket {name} holds objects and is not deleted. To destroy them, every version included, set delete_objects: True."
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
        contents.empty(session, name)
    session.write("s3", "delete_bucket", f"delete the bucket {name}", region=session.region, Bucket=name)
    return True
