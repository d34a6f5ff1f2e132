"""
Decide what to change in a database, from its description and the wanted attributes only; and wait until it can be changed.

Changes take minutes, and AWS lists them as "pending modified values" until they are done. A pending change is waited for and does
not count as a difference, so that it is not requested twice.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
"""

import logging
from dataclasses import dataclass, field

from aws_runbook.aws import tags as tagging
from aws_runbook.databases import storage
from aws_runbook.databases.attributes import FIXED
from aws_runbook.errors import RunbookError
from aws_runbook.run.waiting import until

log = logging.getLogger(__name__)

# Databases take minutes: there is no use in asking more often. Seconds.
_PAUSE = 20.0
# Statuses in which it can be used and changed.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html#Aurora.Status
AVAILABLE = ("available", "storage-optimization", "storage-initialization", "storage-config-upgrade")
DELETING = ("deleting", "delete-precheck")
_STOPPED = "stopped"
# While AWS optimizes the storage after a change, it accepts no other change of the storage.
_OPTIMIZING = "storage-optimization"
# AWS accepts only a larger storage.
_FULL = "storage-full"
# Statuses that AWS does not leave by itself, and what to do. For others with such a name the console has the events.
_REMEDIES = {
    "cloning-failed": "delete it, and clone again",
    "failed": "restore it to a point in time under another name, or delete it",
    "inaccessible-encryption-credentials": "AWS cannot use its KMS key any more; restore a snapshot or a backup of it under another name",
    "inaccessible-encryption-credentials-recoverable": "AWS cannot use its KMS key; make that key usable again, and start it",
    "incompatible-create": "delete it, and create it again when the problem in its events in the RDS console is fixed",
    "incompatible-network": "its VPC lacks what AWS needs, such as free addresses in its subnets; see its events in the RDS console",
    "incompatible-option-group": "AWS cannot apply its option group; see its events in the RDS console",
    "incompatible-parameters": "AWS cannot start it with its DB parameter group; reset the parameters that its events in the RDS console name, and reboot it",
    "incompatible-restore": "AWS cannot restore it; delete it, and restore another backup or snapshot",
    "insufficient-capacity": "delete it, and create it again some hours later, or with another class or in another zone",
    "migration-failed": "delete it, and restore its snapshot again",
    "restore-error": "AWS could not restore it; see its events in the RDS console",
    _FULL: "give it a larger allocated_storage, with apply: now",
}
_STUCK_PREFIXES = ("incompatible-", "inaccessible-", "insufficient-")
_STUCK_SUFFIXES = ("-failed", "-error", "-full")
# AWS takes no final snapshot in these statuses. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
_WITHOUT_SNAPSHOT = (
    *("failed", "incompatible-network", "incompatible-restore", "incompatible-create", "insufficient-capacity"),
    *("cloning-failed", "migration-failed"),
    *("inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"),
)


@dataclass(frozen=True)
class Decision:
    """The changes, the warnings, the pending actions of AWS, and the changes that are possible only after them."""

    changes: dict = field(default_factory=dict)
    warnings: tuple = ()
    pending: tuple = ()
    later: dict = field(default_factory=dict)


def is_at_work(status):
    """Whether a status is one that AWS leaves by itself, so that waiting helps."""
    return status not in (*AVAILABLE, *DELETING, _STOPPED) and not _remedy(status)


def wait(subject, status, timeout):
    """
    Wait until ``status()`` is "available", or a status that AWS does not leave by itself; an error with the last status, when
    ``timeout`` seconds are over.
    """
    last = {}

    def settled():
        last["status"] = status()
        log.info("%s is %s", subject, last["status"])
        return not is_at_work(last["status"])

    if not until(settled, what=f"{subject} to be available", timeout=timeout, first=1.0, most=_PAUSE):
        raise RunbookError(
            f"{subject} is still {last['status']}, and the timeout has expired. AWS continues: run this again to check."
        )


def _remedy(status):
    """What to do about a status that AWS does not leave by itself; ``None`` for any other status."""
    stuck = status.startswith(_STUCK_PREFIXES) or status.endswith(_STUCK_SUFFIXES)
    return _REMEDIES.get(status, "see its events in the RDS console" if stuck else None)


def decide(name, subject, current, wanted, *, purge=False, now=False, warnings=()):
    """
    The :class:`Decision` about ``subject``. ``current`` describes it; ``None`` when it does not exist.

    ``current`` has ``status``, ``pending`` (pending values by attribute), ``in_effect`` (the present values of these), ``window``,
    and the attributes of ``wanted``, with pending values already applied. With ``now``, changes do not wait for the maintenance
    window.
    """
    if current is None:
        made = {attribute: {"old": None, "new": value} for attribute, value in wanted.items()}
        return Decision({"name": {"old": None, "new": name}, **made}, tuple(warnings))
    status = current["status"]
    if status in DELETING:
        raise RunbookError(f"{subject} is being deleted; when it is gone, run this again.")
    _check_fixed(subject, current, wanted)
    changes = _difference(current, wanted, purge=purge)
    against = {}
    if not now:
        against = _against(current, changes)
        changes = {attribute: change for attribute, change in changes.items() if attribute not in against}
        check_at_once(subject, changes, current.get("held", ()))
    _check_status(subject, status, changes, current["pending"])
    if status == _STOPPED:
        return Decision(warnings=tuple(warnings))
    possible = {name: change for name, change in changes.items() if _is_taken(status, name)}
    later = {name: change for name, change in changes.items() if name not in possible}
    sentences = _waiting(subject, current, possible, later, now=now, against=against)
    waiting = [sentence[0].lower() + sentence[1:] for sentence in sentences]
    what = subject.removeprefix("The ")
    entries = tuple({"what": what, "on": "AWS", "since": None, "do": sentence} for sentence in waiting)
    return Decision(possible, (*(f"Waiting: {sentence}." for sentence in waiting), *warnings), entries, later=later)


def _check_status(subject, status, changes, pending):
    """Raise for a status that needs a person, unless ``changes`` or ``pending`` already contain the remedy."""
    if status == _STOPPED and changes:
        raise RunbookError(
            f"{subject} is stopped, and {', '.join(sorted(changes))} cannot be changed until somebody starts it (in the RDS "
            "console, or with the AWS CLI)."
        )
    remedy = _remedy(status)
    if remedy and not (status == _FULL and "allocated_storage" in {**changes, **pending}):
        raise RunbookError(f"{subject} is {status}, and AWS does not change that by itself: {remedy}.")


def _is_taken(status, attribute):
    """Whether AWS accepts a change of an attribute while the database has this status."""
    if status == _FULL:
        return attribute in (*storage.ATTRIBUTES, "max_allocated_storage")
    return status in AVAILABLE and not (status == _OPTIMIZING and attribute in storage.ATTRIBUTES)


def _check_fixed(subject, current, wanted):
    for attribute, way in FIXED.items():
        if attribute in wanted and current.get(attribute) != wanted[attribute]:
            raise RunbookError(
                f"{subject} has {attribute} {current.get(attribute)}, not {wanted[attribute]}, and AWS does not change that "
                f"in place. {way}."
            )
    size = _in_effect(current).get("allocated_storage", current.get("allocated_storage"))
    if size and wanted.get("allocated_storage", size) < size and not _grows(current, wanted):
        raise RunbookError(
            f"{subject} has allocated_storage {size}, not {wanted['allocated_storage']}, and storage cannot shrink. Set it to {size}, or create "
            "a database with another name and copy the data."
        )


def check_at_once(subject, changes, held):
    """
    Raise for ``changes`` that never wait for the maintenance window, as they need ``apply: now``.

    A new port restarts the database. A change of where the password is kept needs ``ApplyImmediately``. That applies everything in
    the call and every pending value (``held``, by AWS's names), and may interrupt connections.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    """
    if "port" in changes:
        raise RunbookError(
            f"{subject}: a change of port restarts it at once, outside of its maintenance window. To allow that, set apply: now."
        )
    if "master_password" not in changes:
        return
    others = sorted(set(changes) - {"master_password", "tags"})
    if others:
        raise RunbookError(
            f"{subject}: master_password changes at once, and {', '.join(others)} would change with it. Set apply: now, or change them one after "
            "the other."
        )
    if held:
        raise RunbookError(
            f"{subject}: master_password changes at once, and changes that wait for the maintenance window would be made with it: "
            f"{', '.join(held)}. To allow that, set apply: now, or run this again after the window."
        )


def check_reset(subject, held):
    """
    Raise when AWS would keep a new password for the maintenance window because other values wait for it (``held``).

    Until then the store and the database would have different passwords.
    """
    if held:
        raise RunbookError(
            f"{subject}: its password changes at once, and changes that wait for the maintenance window would be made with it: "
            f"{', '.join(held)}. Run this again after the window, or after a run with apply: now."
        )


def _grows(current, wanted):
    """Whether storage autoscaling is on, so that the storage may be larger than wanted."""
    return bool(wanted.get("max_allocated_storage", current.get("max_allocated_storage")))


def _difference(current, wanted, *, purge):
    changes = {}
    for attribute, value in wanted.items():
        known = current.get(attribute)
        if attribute == "allocated_storage" and known and known > value != _in_effect(current).get(attribute):
            continue
        target = tagging.RDS.target(value, known or {}, purge=purge) if attribute == "tags" else value
        if known != target and not (known is None and target in ([], {}, 0, False)):
            changes[attribute] = {"old": known, "new": target}
    return changes


def _in_effect(current):
    """The present values of the attributes that have a pending value."""
    return current.get("in_effect") or {}


def kept(current, wanted):
    """The wanted attributes that are as wanted now and have another pending value."""
    in_effect = _in_effect(current)
    return {name: value for name, value in wanted.items() if name in in_effect and in_effect[name] == value}


def _against(current, changes):
    """
    The ``changes`` that would cancel a pending value: the present value is the wanted one.

    AWS cancels a pending change only with ``ApplyImmediately``, which applies all other pending values.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
    """
    in_effect = _in_effect(current)
    return {
        attribute: change["new"]
        for attribute, change in changes.items()
        if attribute in in_effect and in_effect[attribute] == change["new"]
    }


def _waiting(subject, current, changes, later, *, now, against):
    status = current["status"]
    if status not in AVAILABLE or later:
        names = ", ".join(sorted(later))
        yield f"{subject} is {status}" + (f"; {names} can be changed when it is available" if later else "")
    pending = {attribute: value for attribute, value in current["pending"].items() if attribute not in changes}
    if status in (*AVAILABLE, _FULL) and (pending or current.get("unnamed")):
        named = [f"{attribute} ({value})" for attribute, value in sorted(pending.items())]
        what = ", ".join([*named, *current.get("unnamed", ())])
        window = f" in its maintenance window, {current['window']}" if current.get("window") else ""
        # A change that is applied now also applies all pending changes.
        when = " at once" if now and changes.keys() - {"tags"} else window
        yield f"{subject}: AWS will change {what}{when}{_though(against)}"


def _though(against):
    if not against:
        return ""
    wanted_values = ", ".join(f"{attribute}: {value}" for attribute, value in sorted(against.items()))
    return (
        f", although pillar has {wanted_values}, as {'it is' if len(against) == 1 else 'they are'} now; to cancel that, set apply: now, which also makes "
        "all other waiting changes at once, or change pillar"
    )


def obstacles(
    subject, status, *, protected, skip, snapshot, taken, unprotect, member_of=None, whole=None, only_started=False
):
    """
    Why a database must not be deleted: a list of sentences, empty when nothing is in the way.

    ``whole`` is the status of a cluster without its instances, which the final snapshot is taken of. With ``only_started``, AWS does
    not delete a stopped database.
    """
    found = []
    if member_of:
        return [
            f"{subject} belongs to the DB cluster {member_of} and is not deleted by itself: see rds_cluster.absent."
        ]
    if protected:
        found.append(
            f"{subject} has deletion protection and is not deleted. To turn it off: {unprotect}, and remove deletion_protection from pillar."
        )
    if skip is not True and not snapshot:
        found.append(
            f"{subject} is not deleted, because its data would be lost. To keep the data, name a final snapshot as final_db_snapshot_identifier; "
            "to delete it, set skip_final_snapshot: True."
        )
    if skip is True and snapshot:
        found.append(f"{subject}: skip_final_snapshot and final_db_snapshot_identifier are given; leave one out.")
    if taken:
        found.append(f"{subject} is not deleted: there is a snapshot {snapshot} already; name another.")
    if snapshot and (whole or status) in _WITHOUT_SNAPSHOT:
        found.append(
            f"{subject} is {whole or status}, and AWS cannot take a final snapshot of it; to delete it with its data, set skip_final_snapshot: "
            "True."
        )
    if not found and status == _STOPPED and only_started:
        found.append(f"{subject} is stopped, and AWS deletes only a started one; start it, and run this again.")
    if not found and is_at_work(status):
        found.append(f"{subject} is {status} and cannot be deleted now; run this again when it is available.")
    return found
