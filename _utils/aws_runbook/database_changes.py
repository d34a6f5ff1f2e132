"""
What is to be done about a database: decided from what AWS shows and what is wanted, and nothing else.

A database takes its time, and AWS keeps what it will do as "pending modified values". What is under way is waited for,
and is no difference; so nothing is asked for twice.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
"""

from dataclasses import dataclass, field

from aws_runbook.errors import RunbookError

AVAILABLE = ("available", "storage-optimization", "storage-config-upgrade")
DELETING = "deleting"
# AWS does not get out of these by itself.
_STUCK = ("failed", "storage-full", "restore-error")
_STOPPED = "stopped"
_STUCK_PREFIXES = ("incompatible-", "inaccessible-", "insufficient-")
_COPY = "Take a snapshot, restore it under another name with what is wanted, and move over"


@dataclass(frozen=True)
class Fixed:
    """An attribute that AWS does not change in place, and what to do instead."""

    way: str


FIXED = {
    "engine": Fixed("Make a database of another name and copy the data"),
    "storage_encrypted": Fixed(
        "Take a snapshot, copy it with a KMS key, restore the copy under another name, and move over"
    ),
    "kms_key_id": Fixed(
        "Take a snapshot, copy it with that KMS key, restore the copy under another name, and move over"
    ),
    "db_subnet_group_name": Fixed(f"{_COPY}, as another subnet group is another network"),
    "db_name": Fixed("Create the database with SQL (CREATE DATABASE)"),
    "database": Fixed("Create the database with SQL (CREATE DATABASE)"),
    "master_username": Fixed("Create the user with SQL (CREATE ROLE), or restore a snapshot under another name"),
}


@dataclass(frozen=True)
class Decision:
    """What would change, what is warned of, and what AWS must still do."""

    changes: dict = field(default_factory=dict)
    warnings: tuple = ()
    pending: tuple = ()


def is_at_work(status):
    """Whether AWS is at work on a database, so that waiting helps."""
    return status not in (*AVAILABLE, DELETING, _STOPPED) and not _is_stuck(status)


def _is_stuck(status):
    return status in _STUCK or status.startswith(_STUCK_PREFIXES)


def decide(name, subject, current, wanted, *, purge=False, now=False, warnings=()):
    """
    The :class:`Decision` about ``subject``, which is as ``current`` says (``None``: there is none).

    ``current`` has ``status``, ``pending`` (what AWS will change, by attribute), ``window`` and the attributes of
    ``wanted``, in which what is pending has come true already. ``now`` is for changes that do not wait for that window.
    """
    if current is None:
        made = {attribute: {"old": None, "new": value} for attribute, value in wanted.items()}
        return Decision({"name": {"old": None, "new": name}, **made}, tuple(warnings))
    status = current["status"]
    if status == DELETING:
        raise RunbookError(f"{subject} is being deleted; when it is gone, run this again.")
    _check_fixed(subject, current, wanted)
    changes = _difference(current, wanted, purge=purge)
    if not now:
        _check_alone(subject, changes)
    if _is_stuck(status):
        raise RunbookError(
            f"{subject} is {status}, and AWS does not change that by itself; see its page in the RDS console."
        )
    if status == _STOPPED:
        if changes:
            raise RunbookError(
                f"{subject} is stopped, and {', '.join(sorted(changes))} cannot be changed until somebody starts it (in the RDS "
                "console, or with the AWS CLI)."
            )
        return Decision(warnings=tuple(warnings))
    waiting = [sentence[0].lower() + sentence[1:] for sentence in _waiting(subject, current, changes)]
    what = subject.removeprefix("The ")
    entries = tuple({"what": what, "on": "AWS", "since": None, "do": sentence} for sentence in waiting)
    lines = (*(f"Waiting: {sentence}." for sentence in waiting), *warnings)
    return Decision(changes if status in AVAILABLE else {}, lines, entries)


def _check_fixed(subject, current, wanted):
    for attribute, fixed in FIXED.items():
        if attribute in wanted and current.get(attribute) != wanted[attribute]:
            raise RunbookError(
                f"{subject} has {attribute} {current.get(attribute)}, not {wanted[attribute]}, and AWS does not change that "
                f"in place. {fixed.way}."
            )
    size = current.get("allocated_storage")
    if size and wanted.get("allocated_storage", size) < size and not _grows(current, wanted):
        raise RunbookError(
            f"{subject} has allocated_storage {size}, not {wanted['allocated_storage']}, and storage cannot shrink. Name "
            f"{size}, or make a database of another name and copy the data."
        )


def _check_alone(subject, changes):
    """Who keeps the password changes in a call that does all it says at once, and that may interrupt connections."""
    others = changes.keys() - {"master_password", "tags"}
    if "master_password" in changes and others:
        raise RunbookError(
            f"{subject}: master_password changes at once, and {', '.join(sorted(others))} would with it. Say apply: now, or "
            "change one after the other."
        )


def _grows(current, wanted):
    """Whether storage grows by itself, so that it may be larger than was asked for."""
    return bool(wanted.get("max_allocated_storage", current.get("max_allocated_storage")))


def _difference(current, wanted, *, purge):
    changes = {}
    for attribute, value in wanted.items():
        known = current.get(attribute)
        if attribute == "allocated_storage" and known and known > value:
            continue
        target = {**(known or {}), **value} if attribute == "tags" and not purge else value
        if known != target and not (known is None and target in ([], {}, 0, False)):
            changes[attribute] = {"old": known, "new": target}
    return changes


def _waiting(subject, current, changes):
    status = current["status"]
    if status not in AVAILABLE:
        later = f"; {', '.join(sorted(changes))} can be changed when it is available" if changes else ""
        yield f"{subject} is {status}{later}"
    elif current["pending"]:
        what = ", ".join(f"{attribute} ({value})" for attribute, value in sorted(current["pending"].items()))
        window = f" in its maintenance window, {current['window']}" if current.get("window") else ""
        yield f"{subject}: AWS will change {what}{window}"


def obstacles(subject, status, *, protected, skip, snapshot, taken, unprotect, member_of=None):
    """Why a database must not be deleted: a list of sentences, empty when nothing is in the way."""
    found = []
    if member_of:
        return [
            f"{subject} belongs to the DB cluster {member_of} and is not deleted by itself: see rds_cluster.absent."
        ]
    if protected:
        found.append(
            f"{subject} has deletion protection and is not deleted. To end that: salt-call {unprotect}, and take "
            "deletion_protection out of pillar."
        )
    if skip is not True and not snapshot:
        found.append(
            f"{subject} is not deleted, as its data would be lost. To keep them, name a last snapshot as "
            "final_db_snapshot_identifier; to destroy them, say skip_final_snapshot: True."
        )
    if skip is True and snapshot:
        found.append(f"{subject}: skip_final_snapshot and final_db_snapshot_identifier are given; leave one out.")
    if taken:
        found.append(f"{subject} is not deleted: there is a snapshot {snapshot} already; name another.")
    if not found and status not in (*AVAILABLE, *_STUCK, _STOPPED):
        found.append(f"{subject} is {status} and cannot be deleted now; run this again when it is available.")
    return found
