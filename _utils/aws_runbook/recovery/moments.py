"""
The moment of a recovery: parsing, and the earliest one that is possible.
"""

import re
from datetime import datetime, timedelta, timezone

from aws_runbook import clock
from aws_runbook.errors import RunbookError

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?: ?(Z|UTC|[+-]\d\d:\d\d))?)?", re.ASCII | re.IGNORECASE
)
_EXAMPLES = "give a moment such as '2026-11-20 03:00', which is in UTC, or one with its zone, '2026-11-20 03:00+01:00'"
# An object that was uploaded in parts is dated by the beginning of its upload. A rule that removes unfinished uploads after one day
# counts from midnight, so that the upload may be completed almost two days later.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
MARGIN = timedelta(days=2)


def parse(as_of, now):
    """
    The moment that ``as_of`` means, in UTC, which is assumed if it has no zone; an invalid value and a moment in the future are errors.

    A date alone means its beginning. ``now`` is this moment.
    """
    moment = _read(as_of)
    if moment > now:
        raise RunbookError(f"as_of is {shown(moment)}, which is in the future: it is {shown(now)} now.")
    return moment


def _read(as_of):
    if isinstance(as_of, datetime):
        found = as_of
    else:
        parts = _FORM.fullmatch(as_of.strip()) if isinstance(as_of, str) else None
        if parts is None:
            raise RunbookError(f"as_of is {as_of!r}; {_EXAMPLES}.")
        day, time, zone = parts.groups()
        zone = zone if zone and zone[0] in "+-" else "+00:00"
        try:
            found = datetime.fromisoformat(f"{day} {time or '00:00'}{zone}")
        except ValueError as error:
            raise RunbookError(f"as_of is {as_of!r}, which is not a date and time ({error}); {_EXAMPLES}.") from None
    found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    if clock.sane(found) is None:
        raise RunbookError(f"as_of is {as_of!r}; {_EXAMPLES}.")
    # S3 shows whole seconds.
    return found.astimezone(timezone.utc).replace(microsecond=0)


def shown(moment):
    """A moment as it is shown, and as ``as_of`` takes it."""
    seconds = ":%S" if moment.second else ""
    return moment.astimezone(timezone.utc).strftime(f"%Y-%m-%d %H:%M{seconds} UTC")


def earliest(now, days):
    """
    The earliest moment for which all versions are kept, if noncurrent ones are kept for ``days``; ``None``: no limit.

    S3 removes a version so many days after its successor was made, and not before the next midnight.
    """
    if days is None:
        return None
    # A minute more, so that the moment is still valid when a person has read it.
    first = now - timedelta(days=days) + timedelta(minutes=1)
    return first.replace(second=0, microsecond=0) + timedelta(minutes=1 if first.second or first.microsecond else 0)
