"""
What was done to the objects of a target, by hour or by day, from its versions; and which of that looks like damage.

Objects whose versions are no longer kept are missing from it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

WRITTEN, OVERWRITTEN, DELETED = "written", "overwritten", "deleted"
PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
# Files that pgBackRest overwrites. https://pgbackrest.org/configuration.html
_REWRITTEN = tuple(
    f"{name}{end}" for name in ("archive.info", "backup.info", "backup.manifest") for end in ("", ".copy")
)
_INFO = _REWRITTEN[:4]
# A repository that keeps one full backup deletes half of its objects at a time. More than this share of the objects, if there are at least so many,
# does not change in one day without an attack or a mistake.
_SHARE = 2 / 3
_LEAST = 5


@dataclass(frozen=True)
class Event:
    """What was done to one key: ``age`` is that of the object that was overwritten or deleted."""

    key: str
    what: str
    at: datetime
    size: int = 0
    age: timedelta = timedelta()


@dataclass
class Line:
    """
    What was done in one hour or day; ``objects`` is how many there were before; ``first`` is when the damage in it began.

    ``certain`` is whether single objects look like damage, and not only their number.
    """

    begin: datetime
    written: int = 0
    overwritten: int = 0
    deleted: int = 0
    volume: int = 0
    objects: int = 0
    damage: list = field(default_factory=list)
    first: datetime | None = None
    changed: datetime | None = None
    certain: bool = False


def events(versions):
    """What was done to a key, the latest first, by ``versions``: all of it, the newest first."""
    newer = None
    for version in versions:
        if newer is not None:
            yield from _event(newer, version)
        newer = version
    if newer is not None:
        yield from _event(newer, None)


def _event(newer, older):
    there = older is not None and not older.is_marker
    age = newer.made - older.made if older is not None and there else timedelta()
    if newer.is_marker:
        if there:
            yield Event(newer.key, DELETED, newer.made, age=age)
    else:
        yield Event(newer.key, OVERWRITTEN if there else WRITTEN, newer.made, newer.size, age)


class History:
    """The activity of one target: add every event, then read its lines."""

    def __init__(self, target, by):
        self._target, self._by = target, by
        self._lines = {}
        self._suspicious = defaultdict(lambda: defaultdict(int))

    def add(self, event):
        """Count an event in its line."""
        begin = event.at.replace(minute=0, second=0, microsecond=0)
        begin = begin.replace(hour=0) if self._by == "day" else begin
        line = self._lines.setdefault(begin, Line(begin))
        setattr(line, event.what, getattr(line, event.what) + 1)
        line.volume += event.size
        if event.what != WRITTEN:
            line.changed = min(filter(None, [line.changed, event.at]))
        why = suspicion(self._target, event)
        if why:
            self._suspicious[begin][why] += 1
            line.first = min(filter(None, [line.first, event.at]))

    def lines(self, since=None):
        """The lines in order, beginning with the one that contains ``since``, each with its damage."""
        objects = 0
        for begin in sorted(self._lines):
            line = self._lines[begin]
            line.objects = objects
            line.damage = [f"{count} {why}" for why, count in sorted(self._suspicious[begin].items())]
            line.certain = bool(line.damage)
            lost = line.overwritten + line.deleted
            if not line.damage and objects >= _LEAST and lost > _SHARE * objects:
                line.damage = [f"{lost} of {objects} objects overwritten or deleted"]
                line.first = line.changed
            objects += line.written - line.deleted
            if since is None or begin + PERIODS[self._by] > since:
                yield line


def suspicion(target, event):
    """Why a single event looks like damage, because no program of that kind does it; ``None`` if it does not."""
    name = event.key.rpartition("/")[2]
    if event.what == WRITTEN or target.kind == "sync":  # a mirror follows its files
        return None
    if target.kind == "pgbackrest":
        if event.what == OVERWRITTEN:
            return None if name in _REWRITTEN else "overwritten that pgBackRest never writes anew"
        return "of the files that make it a repository deleted" if name in _INFO else None
    if event.what == OVERWRITTEN:
        return "overwritten, though each backup has a name of its own"
    # S3 dates the marker of a rule by the time at which the rule ran.
    early = target.expire_days and event.age < timedelta(days=target.expire_days)
    return f"deleted before the {target.expire_days} days were over" if early else None


def first_damage(lines):
    """When what looks like damage began; ``None`` when nothing does."""
    return min((line.first for line in lines if line.damage and line.first), default=None)


def as_data(line):
    """A line as plain data."""
    return {
        "begin": line.begin.astimezone(timezone.utc).isoformat(),
        WRITTEN: line.written,
        OVERWRITTEN: line.overwritten,
        DELETED: line.deleted,
        "bytes": line.volume,
        "damage": line.damage,
    }
