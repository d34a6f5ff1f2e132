"""
The ACL of a bucket: what it grants to others, and whether ACLs can be switched off.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from aws_runbook.buckets import settings
from aws_runbook.errors import RunbookError

# The object ownership with which ACLs are off.
ENFORCED = "BucketOwnerEnforced"


def granted(session, name):
    """
    Return what a bucket's ACL grants to others than its owner: pairs of a permission and a grantee (a URI or an id).

    AWS accepts ``BucketOwnerEnforced`` only if there are no such grants.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    answer = settings.read(session, name, "ACL", "get_bucket_acl")
    owner = answer["Owner"].get("ID")
    grants = [(grant["Permission"], grant["Grantee"]) for grant in answer["Grants"]]
    return sorted(
        (permission, str(grantee.get("URI") or grantee.get("EmailAddress") or grantee.get("ID")))
        for permission, grantee in grants
        if grantee.get("ID") != owner or grantee.get("URI")
    )


def in_words(grants):
    """Describe the result of :func:`granted` in words."""
    return ", ".join(f"{permission} to {who.rpartition('/')[2]}" for permission, who in grants)


def check(bucket, known, attributes):
    """
    Raise when ACLs are to be switched off, and the bucket's own gives something to others: AWS refuses it then.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    if not known or attributes.get("object_ownership") != ENFORCED or known.get("object_ownership") == ENFORCED:
        return
    others = granted(bucket.session, bucket.name)
    if others:
        raise RunbookError(
            f"The ACL of the bucket {bucket.name} grants access to others than its owner ({in_words(others)}), and S3 accepts "
            f"{ENFORCED} only without such grants. If nobody needs them, remove them from the bucket's access control list in the S3 console, "
            "under Permissions."
        )
