"""
Read what an audit needs from AWS, through a session. Nothing is written, and no object is opened.
"""

from functools import partial

from aws_runbook import salt_commands
from aws_runbook.audit import access
from aws_runbook.audit.grouping import Stored, stanzas
from aws_runbook.audit.judge import CRITICAL, Finding
from aws_runbook.backups import lifecycle_dangers, lifecycle_rule
from aws_runbook.buckets import object_lock, settings
from aws_runbook.errors import AwsError
from aws_runbook.iam import account as iam_account
from aws_runbook.recovery import history
from aws_runbook.recovery.locations import Place


def objects(session, wanted, others):
    """
    Return a target's objects, except those below ``others``, prefixes inside its own; ``None`` if the bucket does not exist.
    """
    root, inner = _root(wanted), _inner(wanted, others)
    # pgBackRest's archive can be large; it is read separately below. A mirror can be large too, so its pages are not cached.
    part = "backup/" if wanted.kind == "pgbackrest" else ""
    doing = f"list the backups in {wanted.location}"
    where = {"region": wanted.region, "Bucket": wanted.bucket, "Prefix": root + part}
    try:
        return tuple(
            Stored(entry["Key"], entry["Size"], entry["LastModified"])
            for page in session.pages("s3", "list_objects_v2", doing, **where)
            for entry in page.get("Contents", [])
            if not entry["Key"].startswith(inner) and not entry["Key"].endswith("/")
        )
    except AwsError as error:
        if error.code != "NoSuchBucket":
            raise
    return None


def uploads(session, wanted, others):
    """Return the start time of each unfinished upload of a target."""
    root, inner = _root(wanted), _inner(wanted, others)
    listed = _read(session, wanted, "list_multipart_uploads", "list the unfinished uploads", Prefix=root)
    return tuple(upload["Initiated"] for upload in listed.get("Uploads", []) if not upload["Key"].startswith(inner))


def archived(session, wanted, found):
    """Return when the newest WAL of each stanza was archived, for the stanzas with backups among a repository's objects, ``found``."""
    return {stanza: _archived(session, wanted, _root(wanted), stanza) for stanza in stanzas(wanted, found)}


def damage(session, wanted, others, since):
    """Return the days after ``since`` with possible damage to a target's objects."""
    # As above: the archive of a repository is excluded.
    part = "backup/" if wanted.kind == "pgbackrest" else ""
    place = Place(wanted, _root(wanted) + part, _inner(wanted, others))
    return [line for line in history.lines(session, place, "day", since) if line.damage]


def _root(wanted):
    return f"{wanted.prefix}/" if wanted.prefix else ""


def _inner(wanted, others):
    root = _root(wanted)
    directories = {f"{prefix}/" for prefix in others if prefix} - {root}
    return tuple(directory for directory in directories if directory.startswith(root))


def _archived(session, wanted, root, stanza):
    """
    Return when the newest WAL of a stanza was archived; ``None`` if there is no WAL.

    Only the last directory ``archive/STANZA/VERSION-NUMBER/TIMELINE+LOG/`` is listed: at most 256 segments.
    https://pgbackrest.org/user-guide.html#quickstart/configure-archiving
    """
    found = _directory(session, wanted, f"{root}archive/{stanza}/")
    versions = [entry["Prefix"] for entry in found.get("CommonPrefixes", [])]
    if not versions:
        return None
    newest = max(versions, key=lambda prefix: int(prefix.rstrip("/").rpartition("-")[2]))
    logs = [entry["Prefix"] for entry in _directory(session, wanted, newest).get("CommonPrefixes", [])]
    segments = _directory(session, wanted, max(logs)).get("Contents", []) if logs else []
    return max((entry["LastModified"] for entry in segments), default=None)


def _directory(session, wanted, prefix):
    return _read(session, wanted, "list_objects_v2", "list the archive", Prefix=prefix, Delimiter="/")


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
    """Compare a bucket's lifecycle rules with those that pillar asks for, and find other rules that endanger backups."""
    answer = _read(
        session,
        wanted,
        "get_bucket_lifecycle_configuration",
        "read the lifecycle rules",
        absent=("NoSuchLifecycleConfiguration",),
    )
    found = (answer or {}).get("Rules", [])
    missing = [rule["ID"] for rule in rules["rules"] if not any(lifecycle_rule.equal(rule, other) for other in found)]
    protected = [lifecycle_dangers.Protected(**place) for place in rules["protected"]]
    dangers, _ = lifecycle_dangers.dangers(
        wanted.bucket,
        found,
        [],
        protected,
        tuple(rules["allow"]),
        lifecycle_dangers.remover(wanted.bucket, partial(session.command, region=wanted.region)),
        (rules.get("recovery") or {}).get("days"),
    )
    return [
        *(
            Finding(
                CRITICAL, "expiry", f"the lifecycle rule {name} is not in force; to write it: {salt_commands.apply()}."
            )
            for name in missing
        ),
        *(Finding(CRITICAL, "expiry", sentence) for sentence in dangers),
    ]


def keeping(session, wanted):
    """Return ``versioning`` of a bucket (``None``: never enabled) and ``lock``: mode and days of Object Lock's default retention."""
    return {
        "versioning": settings.versioning(session, wanted.bucket, wanted.region),
        "lock": object_lock.retention(object_lock.read(session.within(wanted.region), wanted.bucket)),
    }


def account(session):
    """Return the account's users and roles with their policies, and the policies whose documents are missing."""
    details = iam_account.details(session, "list the users and policies of the account", policies_of_aws=True)
    return access.holders(details), access.unknown_policies(details)
