"""
The consequences of a change of Object Lock, which cannot be undone.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

_HOLDERS = {
    "COMPLIANCE": "nobody, including the account's root user, can",
    "GOVERNANCE": "only principals with s3:BypassGovernanceRetention can",
}


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
