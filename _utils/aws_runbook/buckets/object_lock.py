"""
Object Lock: its default retention, and the consequences of a change, which cannot be undone.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from aws_runbook.buckets import settings
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments

# For default retention in years. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
_YEAR = 365
_MOST_DAYS = 36_500
_HOLDERS = {
    "COMPLIANCE": "nobody, including the account's root user, can",
    "GOVERNANCE": "only principals with s3:BypassGovernanceRetention can",
}


def read(session, name):
    """Return the Object Lock configuration of a bucket; ``None`` if Object Lock is not enabled."""
    absent = ("ObjectLockConfigurationNotFoundError",)
    answer = settings.read(session, name, "Object Lock", "get_object_lock_configuration", absent)
    configuration = (answer or {}).get("ObjectLockConfiguration", {})
    return configuration if configuration.get("ObjectLockEnabled") == "Enabled" else None


def retention(configuration):
    """Return the mode and the days of the default retention in an Object Lock configuration; ``(None, None)`` without one."""
    found = ((configuration or {}).get("Rule") or {}).get("DefaultRetention") or {}
    days = found["Years"] * _YEAR if "Years" in found else found.get("Days")
    return found.get("Mode"), days


def described(bucket):
    """Return the mode and the days of a bucket's default retention; ``(None, None)`` without one."""
    return retention(read(bucket.session, bucket.name))


def write(bucket, wanted):
    """Write mode and days, which are one rule; a value that is not given is kept."""
    mode, days = described(bucket)
    mode, days = wanted.get("object_lock_mode") or mode, wanted.get("object_lock_days") or days
    if not mode or not days:
        raise RunbookError(f"{bucket.where}: object_lock_mode and object_lock_days go together; give both.")
    rule = {"DefaultRetention": {"Mode": mode, "Days": days}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    settings.write(
        bucket.session,
        bucket.name,
        "Object Lock",
        "put_object_lock_configuration",
        ObjectLockConfiguration=configuration,
    )


def check_days(where, attribute, value):
    """Check the days of default retention."""
    arguments.days(where, attribute, value)
    if value > _MOST_DAYS:
        raise RunbookError(f"{where}: {attribute} is {value!r}; S3 locks objects for at most {_MOST_DAYS} days.")
    return value


def losses(bucket, known, attributes):
    """Return sentences about the consequences of the wanted ``attributes``, given those that are ``known``."""
    before = known.get("object_lock_mode"), known.get("object_lock_days")
    after = attributes.get("object_lock_mode", before[0]), attributes.get("object_lock_days", before[1])
    if None in after or before == after:
        return []
    enabled = bool(known) and read(bucket.session, bucket.name) is not None
    return consequences(bucket.name, before, after, enabled=enabled)


def consequences(name, before, after, *, enabled):
    """
    Return sentences about a change of the default retention of the bucket ``name``; none if nothing changes.

    ``before`` and ``after`` are pairs of a mode and a number of days, ``None`` for neither. ``enabled`` says whether Object Lock is enabled already.
    """
    mode, days = after
    if mode is None or days is None or before == after:
        return []
    found = [] if enabled else [_final(name)]
    found += _weaker(name, before, after)
    found.append(
        f"In the bucket {name}, {_HOLDERS[mode]} delete a version of a new object in its first {days} days, and its storage is paid for "
        "that long."
    )
    return [" ".join(found)]


def _final(name):
    return f"This cannot be undone: Object Lock cannot be removed from the bucket {name}, and versioning can no longer be suspended there."


def _weaker(name, before, after):
    less = []
    if before[1] and after[1] < before[1]:
        less.append(f"for a shorter time ({after[1]} instead of {before[1]} days)")
    if (before[0], after[0]) == ("COMPLIANCE", "GOVERNANCE"):
        less.append("less strictly (GOVERNANCE instead of COMPLIANCE)")
    if less:
        yield (
            f"In the bucket {name}, new objects are locked {' and '.join(less)}, and can be deleted sooner; the locks of existing objects "
            "stay."
        )
