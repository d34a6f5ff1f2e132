"""
Amounts as a person says them: spans of time, numbers of things, bytes.
"""

from datetime import timedelta


def duration(delta):
    """A time span as a person says it."""
    hours = round(delta / timedelta(hours=1))
    return several(hours, "hour") if hours < 72 else several(delta.days, "day")  # noqa: PLR2004 - three days


def several(count, noun):
    """A number of things as a person says it."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size(count):
    """A number of bytes as a person says it."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":  # noqa: PLR2004 - the next unit
            return f"{count:.0f} {unit}"
        count /= 1024
    return None
