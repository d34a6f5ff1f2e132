"""
The shape of ``recovery`` in pillar, of a server or of a bucket, and what its numbers must say together.
"""

from aws_runbook.pillar.shapes import DAYS, FLAG, choice, key, mapping, whole

COMPLIANCE, GOVERNANCE = "COMPLIANCE", "GOVERNANCE"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
_MOST_LOCK_DAYS = 36_500

RECOVERY = mapping(
    {
        "days": key(
            DAYS,
            "How long overwritten and deleted objects can be recovered. The bucket keeps versions.",
            left_out="needed, unless `allow_suspend` is set",
        ),
        "lock": key(
            choice(COMPLIANCE, GOVERNANCE),
            "Object Lock: versions cannot be deleted before their time, with `COMPLIANCE` by nobody. It cannot be undone.",
            left_out="not managed",
        ),
        "lock_days": key(
            whole(" of days", most=_MOST_LOCK_DAYS),
            "How long an object is locked, from its creation: at least `retention_days` and `days` together.",
            left_out="needed with `lock`",
        ),
        "retention_days": key(
            DAYS,
            "How many days the backups in the bucket reach back, if no other key of pillar says so. The audit compares it with the backups.",
            left_out="needed with `lock`",
        ),
        "allow_suspend": key(
            FLAG,
            "Suspends versioning: no new versions are kept. Existing versions stay until the lifecycle rule deletes them.",
            default=False,
        ),
    },
    "give a mapping of days, lock, lock_days and retention_days, or allow_suspend: True",
)


def problems(path, recovery):
    """What the numbers of ``recovery``, at the key ``path``, do not say together: sentences."""
    if recovery.get("allow_suspend"):
        beside = sorted(name for name in recovery if name != "allow_suspend" and recovery[name] is not None)
        wording = f"{path}:allow_suspend is True, and {', '.join(beside)} beside it: versions are either kept or not; leave out one."
        return [wording] if beside else []
    if recovery.get("days") is None:
        return [f"{path}:days is missing; give a whole number of days, 1 or more."]
    return _lock_problems(path, recovery) if recovery.get("lock") else _unlocked_problems(path, recovery)


def _unlocked_problems(path, recovery):
    days = recovery.get("lock_days")
    wording = (
        f"{path}:lock_days is {days}, and lock is left out: give {COMPLIANCE} or {GOVERNANCE}, or leave out lock_days."
    )
    return [] if days is None else [wording]


def _lock_problems(path, recovery):
    missing = [name for name in ("lock_days", "retention_days") if recovery.get(name) is None]
    if missing:
        wording = (
            f"{path}:lock is {recovery['lock']}, and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} left out: a "
            "lock runs from an object's creation, so lock_days must be at least retention_days (how far the backups reach back) "
            "and days together."
        )
        return [wording]
    return too_short(path, recovery["lock_days"], recovery["retention_days"], recovery["days"], "retention_days")


def too_short(path, lock_days, kept, days, what):
    """Whether a lock ends while its object may still be needed for recovery: a sentence with the arithmetic, or none."""
    wording = (
        f"{path}:lock_days is {lock_days}: a lock runs from an object's creation, so give at least {what} and days together, "
        f"{kept} + {days} = {kept + days}."
    )
    return [] if lock_days >= kept + days else [wording]
