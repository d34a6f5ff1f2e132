"""
Manage S3 buckets.

.. code-block:: yaml

    aws-bucket-ocp-registry-backup:
      s3_bucket.present:
        - name: ocp-registry-backup
        - region: eu-west-2
        - public_access_block: True
        - server_side_encryption: AES256
        - object_ownership: BucketOwnerEnforced
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, listed="s3", batched=("present",))


def present(
    name,
    public_access_block=None,
    server_side_encryption=None,
    kms_master_key_id=None,
    object_ownership=None,
    versioning=None,
    tags=None,
    purge=False,
    object_lock_mode=None,
    object_lock_days=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a bucket exists in ``region`` with the given attributes. Arguments left at ``None`` are not managed.

    name
        The bucket. One that belongs to another account, or is in another region, is an error.
    public_access_block
        ``True`` blocks all public access, ``False`` blocks none. Or a mapping of all four settings
        (``block_public_acls``, ``ignore_public_acls``, ``block_public_policy``, ``restrict_public_buckets``).
    server_side_encryption
        The default encryption: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``.
    kms_master_key_id
        The KMS key for ``aws:kms`` and ``aws:kms:dsse``.
    object_ownership
        ``BucketOwnerEnforced``, ``BucketOwnerPreferred`` or ``ObjectWriter``.
    versioning
        ``Enabled`` or ``Suspended``. Once it is enabled, a warning that starts with ``Waiting:`` says for fifteen minutes
        that AWS may not have it in force everywhere.
    tags
        A mapping. Other tags of the bucket are kept, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    object_lock_mode, object_lock_days
        Object Lock's default retention: ``COMPLIANCE`` (nobody can delete a version before its days are over) or
        ``GOVERNANCE`` (who has ``s3:BypassGovernanceRetention`` can), and the days. It needs versioning, is for what is
        written from then on, and cannot be taken off again.
    region, profile, keyid, key
        The region of the bucket, and the connection to the account.
    """
    return states.present("s3_bucket", locals(), converge.Salt(globals()))


def absent(name, delete_objects=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a bucket does not exist.

    name
        The bucket. The state fails while it contains objects.
    delete_objects
        ``True`` to delete all its objects, in all versions, with it.
    region, profile, keyid, key
        The region of the bucket, and the connection to the account.
    """
    return states.absent("s3_bucket", locals(), converge.Salt(globals()))
