"""
The date in a backup's name, wherever it stands, and what names of one series have in common.

Dates are ``YYYY-MM-DD`` (or with ``_`` or ``/``, for directories) and ``YYYYMMDD``, with a time or without one. Digits that are a part
of a longer number, of a version or of an id are none, and neither is a date that lies after the object was written.
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
# A number of a version before a point: 8.20300101 may be its next part. The 04 of a host's name ocp04 is none.
_VERSION = re.compile(r"(?:^|[^A-Za-z0-9])v?[0-9]+(?:\.[0-9]+)*\.$")
# What counts the runs in a name without a date: an id, or the seconds since 1970.
_LONG_NUMBER = re.compile(r"[0-9]{6,}")
# What is left where something was taken out of a name, with the separators beside it.
_HOLE = re.compile("[-_ .]*\0[-_ \0]*")

# A clock may be wrong, and an upload take its time: by so much a name and S3 may differ.
_TOLERANCE = timedelta(days=1)
# Dates so near to the backup's own are of the backup too (from one day to the next), and others of what is in it.
_NEAR = timedelta(days=2)
# Where no zone is named, the clock may show that of any place.
_EARLIEST_ZONE, _LATEST_ZONE = timedelta(hours=14), timedelta(hours=-12)


@dataclass(frozen=True)
class Name:
    """
    What a name says.

    ``series`` is the name without what differs from run to run; ``dated`` whether it tells the runs apart, by a date or a
    weekday; ``made`` when the backup was made.
    """

    series: str
    dated: bool
    made: datetime


def read(name, written):
    """
    What the name of an object says that was written at a moment, as S3 has it.

    S3's moment is when the backup was made, unless its name says that it is older: then the object was copied later.
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
    """Where ``name`` says the weekday of one of ``dates`` besides, as date(1) writes it: databases are called sun and mon too."""
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
        """The last moment that it can mean."""
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
    """Whether digits may be a part of a version: no separator is among them, nor a time that stands apart."""
    only_digits = not found["dash"] and (found["minute"] is None or found[0].isdigit())
    return only_digits and _VERSION.search(name[: found.start()]) is not None


def _date(found):
    numbers = [int(found[part]) for part in ("year", "month", "day", "hour", "minute", "second") if found[part]]
    try:
        begin = datetime(*numbers)  # noqa: DTZ001 - its zone is taken off later
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
