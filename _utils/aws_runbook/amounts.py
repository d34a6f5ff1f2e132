"""
Amounts as a person says them: spans of time, numbers of things, bytes.
"""

from datetime import timedelta


def duration(delta):
    """A time span as a person says it."""
    hours = round(delta / timedelta(hours=1))
    return several(hours, "hour") if hours < 72 else several(delta.days, "day")  # noqa: PLR2004 - three days


def minutes_and_seconds(seconds):
    """A time span of minutes, to the second."""
    minutes, rest = divmod(round(seconds), 60)
    return " ".join([*([f"{minutes} min"] if minutes else []), *([f"{rest} s"] if rest or not minutes else [])])


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
