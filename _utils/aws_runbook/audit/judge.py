"""
Find what is wrong with backups and their safety, from what was read. Nothing here calls AWS.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from aws_runbook.amounts import duration, several, size
from aws_runbook.audit.grouping import split

CRITICAL, WARNING, NOTE = "critical", "warning", "note"
LEVELS = (CRITICAL, WARNING, NOTE)
STATUS = {CRITICAL: 2, WARNING: 1, NOTE: 0}

MAX_KEY_AGE_DAYS = 365
# The newest backup must have this share of the usual size, if there are enough backups to determine it.
_LEAST_SHARE = 0.5
_ENOUGH = 3
# S3 expires objects at the midnight after they are due, with some delay.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
_EXPIRY_DELAY = timedelta(days=3)
_UNFINISHED = timedelta(days=8)
# In a bucket with versioning the rule removes unfinished uploads at the midnight after their first day. S3 acts with some delay.
# Possible damage is critical for this long. After that it has been handled or is known.
_URGENT = timedelta(days=4)
_KEPT_UNFINISHED = timedelta(days=3)


@dataclass(frozen=True)
class Expected:
    """What pillar expects of a target's backups."""

    max_age: timedelta
    retention_full: int | None = None
    max_wal_age: timedelta | None = None


@dataclass(frozen=True)
class Found:
    """
    What was read about a target: its objects, when each unfinished upload was begun (``None`` if that could not be read), and when
    the newest WAL of each stanza was archived.
    """

    objects: tuple = ()
    uploads: tuple | None = ()
    archived: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One result of the audit that an operator should know."""

    level: str
    check: str
    message: str


@dataclass(frozen=True)
class Judged:
    """A target's backups and the findings about them."""

    backups: tuple
    findings: tuple
    odd_names: tuple = field(default=())


def judge(target, expected, found, now, recovery=None):
    """Return the findings about a target's backups; ``recovery`` is the recovery setting of the bucket in the plan."""
    backups, odd = split(target, found.objects)
    findings = [
        *_age(target, expected, backups, found.objects, now),
        *_names(backups, odd),
        *_sizes(backups),
        *_gaps(expected, backups),
        *_retention(target, expected, backups, now),
        *_archive(expected, backups, found.archived, now),
        *_uploads(found.uploads or (), recovery, now),
        *_reach(target, backups, recovery, now),
    ]
    return Judged(tuple(backups), tuple(findings), tuple(odd))


def _series(backups):
    found = defaultdict(list)
    for backup in backups:
        found[backup.series].append(backup)
    return found


def _age(target, expected, backups, objects, now):
    if target.kind == "sync":
        # The objects of a mirror are as old as the mirrored files. Only an empty mirror is a finding.
        return [] if objects else [Finding(CRITICAL, "age", "the mirror is empty.")]
    if not backups:
        return [Finding(CRITICAL, "age", "there is no backup.")]
    hours = expected.max_age / timedelta(hours=1)
    newest = {series: found[-1] for series, found in _series(backups).items()}
    stale = {series: backup for series, backup in newest.items() if now - backup.made > expected.max_age}
    level = CRITICAL if len(stale) == len(newest) else WARNING
    return [
        Finding(
            level, "age", f"the newest backup{_of(series)} is {_old(backup, now)}, and {hours:.0f} hours are allowed."
        )
        for series, backup in sorted(stale.items())
    ]


def _old(backup, now):
    if backup.made == backup.written:
        return f"{duration(now - backup.made)} old ({backup.name})"
    return f"{duration(now - backup.made)} old by its name ({backup.name}), though it was written {duration(now - backup.written)} ago"


def _of(series):
    # A suffix alone (".tar.gz") is not a name.
    return f" of {series}" if series and not series.startswith(".") else ""


def _names(backups, odd):
    undated = [backup.name for backup in backups if not backup.dated]
    found, what = (
        (odd, "like backups, which have a date") if odd else (undated, "with a date that can be that of a backup")
    )
    if not found:
        return []
    judged = "; they are judged by when they were written" if undated else ""
    return [
        Finding(
            WARNING,
            "names",
            f"not named {what}: {several(len(found), 'object')}, such as {', '.join(found[:3])}{judged}.",
        )
    ]


def _sizes(backups):
    findings = []
    for series, found in sorted(_series([backup for backup in backups if backup.full]).items()):
        *before, newest = found
        usual = median(backup.size for backup in before) if len(before) >= _ENOUGH else 0
        if newest.size == 0 or newest.size < usual * _LEAST_SHARE:
            known = f", and those before are {size(usual)}" if usual else ""
            findings.append(
                Finding(
                    CRITICAL, "size", f"the newest backup{_of(series)} is {size(newest.size)} ({newest.name}){known}."
                )
            )
    return findings


def _gaps(expected, backups):
    """Report missing runs: fewer backups than expected for the time between the oldest and the newest."""
    findings = []
    for series, found in sorted(_series(backups).items()):
        missing = [(one, after) for one, after in pairwise(found) if after.made - one.made > expected.max_age]
        if missing:
            one, after = missing[-1]
            span = found[-1].made - found[0].made
            findings.append(
                Finding(
                    WARNING,
                    "count",
                    f"there are {len(found)} backups{_of(series)} in {duration(span)}, with {several(len(missing), 'gap')}; the last "
                    f"one is of {duration(after.made - one.made)}, before {after.name}.",
                )
            )
    return findings


def _retention(target, expected, backups, now):
    if target.kind == "pgbackrest":
        return _full_retention(expected, backups)
    if not target.expires or not backups:
        return []
    kept = timedelta(days=target.expire_days)
    # S3 expires an object by the time it was written. The date in its name has no effect.
    first = min(backups, key=lambda backup: (backup.written, backup.name))
    if now - first.written > kept + _EXPIRY_DELAY:
        return [
            Finding(
                WARNING,
                "retention",
                f"the oldest backup is {duration(now - first.written)} old ({first.name}), and they should expire after "
                f"{target.expire_days} days.",
            )
        ]
    oldest = backups[0]
    if now - oldest.made < kept - _EXPIRY_DELAY:
        return [
            Finding(
                NOTE,
                "retention",
                f"backups reach back {duration(now - oldest.made)}, and {target.expire_days} days are kept: the first one was made then, or "
                "older ones were deleted.",
            )
        ]
    return []


def _full_retention(expected, backups):
    findings = []
    for stanza, found in sorted(_series(backups).items()):
        full = [backup for backup in found if backup.full]
        if not full:
            findings.append(Finding(CRITICAL, "retention", f"the stanza {stanza} has no full backup."))
        elif expected.retention_full and len(full) > expected.retention_full + 1:
            findings.append(
                Finding(
                    WARNING,
                    "retention",
                    f"the stanza {stanza} has {len(full)} full backups, and retention_full is {expected.retention_full}: "
                    "pgbackrest expire does not run.",
                )
            )
    return findings


def _archive(expected, backups, archived, now):
    """
    Return the findings about the WAL archive, without which no backup can be restored.

    A backup ends when the WAL that was written during it is archived. WAL older than the beginning of the backup is not sufficient.
    How old the newest WAL may be depends on the database, so only pillar can say it.
    https://pgbackrest.org/configuration.html#section-backup/option-archive-check
    """
    findings = []
    for stanza, found in sorted(_series(backups).items()):
        if stanza not in archived:
            continue
        newest, backup = archived[stanza], found[-1]
        if newest is None or newest < backup.begun:
            has = "none at all" if newest is None else f"the newest is of {duration(now - newest)} ago"
            findings.append(
                Finding(
                    CRITICAL,
                    "archive",
                    f"the WAL that the newest backup of the stanza {stanza} needs ({backup.name}) is not in the archive: {has}.",
                )
            )
        elif expected.max_wal_age and now - newest > expected.max_wal_age:
            hours = expected.max_wal_age / timedelta(hours=1)
            findings.append(
                Finding(
                    CRITICAL,
                    "archive",
                    f"the newest WAL of the stanza {stanza} is {duration(now - newest)} old, and {hours:.0f} hours are allowed.",
                )
            )
    return findings


def _uploads(uploads, recovery, now):
    """
    Report uploads that were begun long ago. The version that a finished upload replaces counts as old from the start of the upload.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    """
    old = [begun for begun in uploads if now - begun > (_KEPT_UNFINISHED if recovery else _UNFINISHED)]
    if not old:
        return []
    what = f"{several(len(old), 'unfinished upload')}, the oldest begun {duration(now - min(old))} ago"
    if recovery:
        wording = f"open longer than the rule of recovery allows: {what}; the versions that it overwrites would be kept for that much less time."
    else:
        wording = f"paid for and never deleted: {what}; see abort_multipart_days."
    return [Finding(WARNING, "uploads", wording)]


def _reach(target, backups, recovery, now):
    """Report a repository that reaches back further than pillar says. The lock's days are calculated from pillar's value."""
    stated = (recovery or {}).get("retention_days")
    if target.kind != "pgbackrest" or not stated or not backups:
        return []
    first = backups[0]
    days = -((first.made - now) // timedelta(days=1))
    if days <= stated:
        return []
    together = days + recovery["days"]
    lock = f", and lock_days {together} or more" if recovery.get("lock_days") else ""
    return [
        Finding(
            WARNING,
            "recovery",
            f"the oldest backup is {duration(now - first.made)} old ({first.name}), and recovery:retention_days is {stated}: set it to {days} or "
            f"more{lock}.",
        )
    ]


def judge_keeping(wanted, found, apply):
    """
    Compare versioning and Object Lock of a bucket with the plan, ``wanted``; ``found`` has ``versioning`` and ``lock``, a mode and days.

    ``apply`` is the command that corrects it.
    """
    findings = []
    if found["versioning"] != wanted["versioning"]:
        state = "suspended" if found["versioning"] else "not enabled"
        findings.append(f"versioning is {state}: objects that are deleted or overwritten now are lost")
    mode, days = wanted.get("object_lock_mode"), wanted.get("object_lock_days")
    if mode and found["lock"] != (mode, days):
        has = "{} for {} days".format(*found["lock"]) if found["lock"][0] else "not set"
        findings.append(f"Object Lock's default retention is {has}, not {mode} for {days} days")
    return [Finding(CRITICAL, "recovery", f"{wording}; to fix it: {apply}.") for wording in findings]


def judge_destruction(days, command, now):
    """
    Report deletions and overwrites that retention does not explain; ``days`` are the days with possible damage.

    ``command`` shows the whole history.
    """
    if not days:
        return []
    recent = [day for day in days if now - day.begin < _URGENT]
    last = (recent or days)[-1]
    level = (CRITICAL if any(day.certain for day in recent) else WARNING) if recent else NOTE
    wording = f"on {last.begin:%Y-%m-%d}, {'; '.join(last.damage)}"
    more = f" (and on {several(len(days) - 1, 'other day')})" if len(days) > 1 else ""
    return [Finding(level, "destruction", f"it looks like damage: {wording}{more}; see {command}.")]


def judge_keys(user, keys, rotate_days, max_age, now):
    """Return the findings about a user's access keys, each with ``status``, ``create_date`` and ``last_used_date``."""
    active = [key for key in keys or () if key["status"] == "Active"]
    if not active:
        return [Finding(WARNING, "key", f"the user {user} has no active access key.")]
    findings = []
    oldest_allowed = timedelta(days=rotate_days or MAX_KEY_AGE_DAYS)
    for key in active:
        age = now - _moment(key["create_date"])
        if age > oldest_allowed:
            findings.append(
                Finding(
                    WARNING,
                    "key",
                    f"the access key {key['access_key_id']} of the user {user} is {duration(age)} old; {oldest_allowed.days} days "
                    "are allowed.",
                )
            )
    used = [_moment(key["last_used_date"]) for key in active if key["last_used_date"]]
    if not used:
        findings.append(Finding(WARNING, "key", f"no access key of the user {user} was ever used."))
    elif now - max(used) > max_age:
        findings.append(
            Finding(
                WARNING, "key", f"the access keys of the user {user} were last used {duration(now - max(used))} ago."
            )
        )
    return findings


def _moment(text):
    return datetime.fromisoformat(text)


def judge_public(block, everybody):
    """
    Return the findings about public access to a bucket.

    ``block`` has the four settings of Block Public Access; ``everybody`` is what the bucket policy allows everybody.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    off = sorted(name for name, value in block.items() if not value)
    findings = []
    if everybody and not block.get("restrict_public_buckets"):
        findings.append(
            Finding(
                CRITICAL, "public", f"the bucket's policy lets everybody {' and '.join(sorted(everybody))} its objects."
            )
        )
    if off:
        findings.append(Finding(CRITICAL, "public", f"Block Public Access is not on: {', '.join(off)}."))
    return findings


def worst(findings):
    """Return the exit status for a monitor: 2 for a critical finding, 1 for a warning, 0 otherwise."""
    return max((STATUS[finding.level] for finding in findings), default=0)
