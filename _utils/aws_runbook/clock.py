"""
The current time, read in one place, so that tests can replace it.
"""

from datetime import datetime, timezone

# A note of another year was not written by this project, and arithmetic with it can exceed the range of dates.
_YEARS = range(2000, 3000)


def now():
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


def written(text):
    """
    The moment in a text of ISO 8601 that others may have written, such as a tag's; ``None`` where it is none, has no time zone, or no
    year that can be.
    """
    try:
        return sane(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return None


def sane(moment):
    """``moment``, where it has a time zone and a year that can be; or ``None``."""
    return moment if moment.tzinfo and moment.year in _YEARS else None
