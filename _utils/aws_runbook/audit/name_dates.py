"""
Find the date in a backup's name, at any position, and the common part of the names of one series.

Dates are ``YYYY-MM-DD`` (or with ``_`` or ``/``, for directories) and ``YYYYMMDD``, with or without a time. Digits within a longer
number, a version or an id are not a date. A date after the object was written is not one either.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property

_DATE = re.compile(
    r"""
    (?<![0-9])  # inside of a longer number
    (?P<year>20[0-9]{2}) (?P<dash>[-_/]?) (?P<month>0[1-9]|1[0-2]) (?P=dash) (?P<day>0[1-9]|[12][0-9]|3[01])
    (?:
        (?![T_ /-]? 20[0-9]{2} (?P<other>[-_/]) [0-9]{2} (?P=other))  # another date
        [T_ /-]? (?P<hour>[01][0-9]|2[0-3])
        (?:
            (?P<colon>[:_h-]?) (?P<minute>[0-5][0-9])
            (?: (?: (?P=colon) | m ) (?P<second>[0-5][0-9]) (?:[.,][0-9]{3,9})? )? [ms]?
        )?
        (?P<zone> Z | UTC | [+-](?:0[0-9]|1[0-4]):?[0-5][0-9] )?
    )?
    (?![0-9])
    """,
    re.VERBOSE,
)
# A UUID, or the hexadecimal digits of a hash.
_ID = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})(?![0-9a-z])", re.IGNORECASE
)
_WEEKDAY = re.compile(
    r"(?<![A-Za-z])(mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# A version number before a point: 8.20300101 may be its next part. The 04 in the host name ocp04 is not a version.
_VERSION = re.compile(r"(?:^|[^A-Za-z0-9])v?[0-9]+(?:\.[0-9]+)*\.$")
# What distinguishes the runs in a name without a date: an id, or the seconds since 1970.
_LONG_NUMBER = re.compile(r"[0-9]{6,}")
# The placeholder for a removed part of a name, with adjacent separators.
_HOLE = re.compile("[-_ .]*\0[-_ \0]*")

# The allowed difference between the name's time and S3's: clocks may be wrong, and uploads take time.
_TOLERANCE = timedelta(days=1)
# Dates this close to the backup's own belong to the backup (from one day to the next). Other dates belong to its contents.
_NEAR = timedelta(days=2)
# A time without a zone may be in any zone.
_EARLIEST_ZONE, _LATEST_ZONE = timedelta(hours=14), timedelta(hours=-12)


@dataclass(frozen=True)
class Name:
    """
    The information in a name.

    ``series`` is the name without the parts that differ from run to run. ``dated`` says whether a date or a weekday distinguishes the
    runs. ``made`` is the time of the backup.
    """

    series: str
    dated: bool
    made: datetime


def read(name, written):
    """
    Return the information in the name of an object; ``written`` is S3's last-modified time.

    S3's time is the time of the backup, unless the name has an older date: then the object was copied later.
    """
    found = list(_dates(name))
    dates = [date for date in found if date.earliest <= written + _TOLERANCE]
    if not dates:
        weekdays = [match.span() for match in _WEEKDAY.finditer(name)]
        counts = [match.span() for match in _LONG_NUMBER.finditer(name)]
        return Name(_series(name, [*(date.span for date in found), *weekdays, *counts]), bool(weekdays), written)
    latest = max(date.latest for date in dates)
    own = [date for date in dates if latest - date.latest <= _NEAR]
    spans = [*(date.span for date in own), *_weekdays_of(name, own)]
    return Name(_series(name, spans), True, latest if written - latest > _TOLERANCE else written)


def _weekdays_of(name, dates):
    """Find the weekdays of ``dates`` in ``name``, as date(1) writes them. Other weekdays may be names: databases are called sun too."""
    days = [_WEEKDAYS[date.begin.weekday()] for date in dates]
    told = {*days, *(day[:3] for day in days)}
    return [match.span() for match in _WEEKDAY.finditer(name) if match[0] in told]


def _series(name, spans):
    for start, end in spans:
        name = name[:start] + "\0" * (end - start) + name[end:]
    first, *parts = _HOLE.split(name)
    for part in parts:
        joint = "_" if first and part and part[0] not in "./" and first[-1] != "/" else ""
        first += joint + part
    return first.lstrip("/")


@dataclass(frozen=True)
class _Date:
    span: tuple
    begin: datetime
    length: timedelta
    offset: timedelta | None

    @cached_property
    def earliest(self):
        return self._utc(_EARLIEST_ZONE)

    @cached_property
    def latest(self):
        """Return the latest time that it can mean."""
        return self._utc(_LATEST_ZONE) + self.length

    def _utc(self, zone):
        return (self.begin - (zone if self.offset is None else self.offset)).replace(tzinfo=timezone.utc)


def _dates(name):
    ids = [found.span() for found in _ID.finditer(name)]
    for found in _DATE.finditer(name):
        if not any(start <= found.start() < end for start, end in ids) and not _is_of_a_version(name, found):
            date = _date(found)
            if date:
                yield date


def _is_of_a_version(name, found):
    """Whether digits may be part of a version: they have no separators and no separate time."""
    only_digits = not found["dash"] and (found["minute"] is None or found[0].isdigit())
    return only_digits and _VERSION.search(name[: found.start()]) is not None


def _date(found):
    numbers = [int(found[part]) for part in ("year", "month", "day", "hour", "minute", "second") if found[part]]
    try:
        begin = datetime(*numbers)  # noqa: DTZ001 # pyright: ignore[reportArgumentType] - six numbers at most; its zone is taken off later
    except ValueError:  # the 30th of February
        return None
    units = {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1), 6: timedelta()}
    return _Date(found.span(), begin, units[len(numbers)], _offset(found["zone"]))


def _offset(zone):
    if zone is None:
        return None
    if zone in ("Z", "UTC"):
        return timedelta()
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
