"""
What an audit reads from AWS, through a session. Nothing is written, and no object is opened.
"""

import json

from aws_runbook import access, lifecycle
from aws_runbook.audit import CRITICAL, Finding, Found, Stored

_BLOCK = {
    "BlockPublicAcls": "block_public_acls",
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "RestrictPublicBuckets": "restrict_public_buckets",
}


def target(session, wanted, others):
    """
    The objects and unfinished uploads of a target, without those of ``others``, prefixes inside of its own; ``None`` when
    there is no such bucket.
    """
    # pgBackRest's archive can be large, and says nothing of the backups.
    part = "backup/" if wanted.kind == "pgbackrest" else ""
    root = f"{wanted.prefix}/" if wanted.prefix else ""
    inner = tuple(f"{prefix}/" for prefix in others if f"{prefix}/" != root and f"{prefix}/".startswith(root))
    answer = _read(session, wanted, "list_objects_v2", "list the backups", Prefix=root + part, absent=("NoSuchBucket",))
    if answer is None:
        return None
    listed = _read(session, wanted, "list_multipart_uploads", "list the unfinished uploads", Prefix=root)
    return Found(
        objects=tuple(
            Stored(entry["Key"], entry["Size"], entry["LastModified"])
            for entry in answer.get("Contents", [])
            if not entry["Key"].startswith(inner) and not entry["Key"].endswith("/")
        ),
        uploads=tuple(
            upload["Initiated"]
            for upload in listed.get("Uploads", [])
            if not upload["Key"].startswith(inner or ("\0",))
        ),
    )


def _read(session, wanted, method, doing, *, absent=(), **parameters):
    return session.read(
        "s3",
        method,
        f"{doing} in {wanted.location}",
        absent=absent,
        region=wanted.region,
        Bucket=wanted.bucket,
        **parameters,
    )


def expiry(session, wanted, rules):
    """Whether the lifecycle rules that pillar asks for are in force in a bucket, and what other rules endanger there."""
    answer = _read(
        session,
        wanted,
        "get_bucket_lifecycle_configuration",
        "read the lifecycle rules",
        absent=("NoSuchLifecycleConfiguration",),
    )
    found = (answer or {}).get("Rules", [])
    missing = [rule["ID"] for rule in rules["rules"] if not any(lifecycle.equal(rule, other) for other in found)]
    protected = [lifecycle.Protected(**place) for place in rules["protected"]]
    dangers, _ = lifecycle.dangers(wanted.bucket, found, [], protected, tuple(rules["allow"]))
    return [
        *(
            Finding(CRITICAL, "expiry", f"the lifecycle rule {name} is not in force: state.apply aws writes it.")
            for name in missing
        ),
        *(Finding(CRITICAL, "expiry", sentence) for sentence in dangers),
    ]


def public_access_block(session, wanted):
    """The four settings of Block Public Access, each off when it was never set."""
    answer = _read(
        session,
        wanted,
        "get_public_access_block",
        "read Block Public Access",
        absent=("NoSuchPublicAccessBlockConfiguration",),
    )
    settings = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return {name: settings.get(member, False) for member, name in _BLOCK.items()}


def bucket_policy(session, wanted):
    """A bucket's policy; ``None`` when it has none."""
    answer = _read(session, wanted, "get_bucket_policy", "read the bucket's policy", absent=("NoSuchBucketPolicy",))
    return answer and json.loads(answer["Policy"])


def account(session):
    """Users, groups, roles and policies of the account: holders, and the policies whose content is not given."""
    details = session.read(
        "iam",
        "get_account_authorization_details",
        "list who may do what in the account",
        Filter=["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"],
    )
    return access.holders(details), access.unknown_policies(details)
