"""
Group a target's objects into backups.

A *backup* of a script is what one run wrote under one name. The names of one *series* (``registry.tar``) differ only by their date.
A pgBackRest backup is a directory ``backup/STANZA/LABEL`` that has a manifest.
https://pgbackrest.org/user-guide.html#quickstart/perform-backup
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from aws_runbook.audit import name_dates

_LABEL = re.compile(r"\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?")
_MANIFEST = "backup.manifest"


@dataclass(frozen=True)
class Stored:
    """An object."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Backup:
    """
    The result of one run under one name.

    ``made`` is earlier than ``written`` if the name has an earlier date, because the object was copied later. ``dated`` says whether
    the name distinguishes one run from another.
    """

    series: str
    name: str
    size: int
    made: datetime
    written: datetime
    full: bool = True
    begun: datetime | None = None
    dated: bool = True


def split(target, objects):
    """Return a target's backups, oldest first, and the names of the objects that are not backups."""
    if target.kind == "sync":
        return [], []
    found, odd = (_labels if target.kind == "pgbackrest" else _files)(target, objects)
    return sorted(found, key=lambda backup: (backup.made, backup.name)), sorted(odd)


def stanzas(target, objects):
    """Return the stanzas that have backups in a pgBackRest repository."""
    return sorted({backup.series for backup in split(target, objects)[0]}) if target.kind == "pgbackrest" else []


def _relative(target, key):
    return key.removeprefix(f"{target.prefix}/") if target.prefix else key


def _files(target, objects):
    """Objects without a date are not backups, unless no object has a date: then the script uses such names."""
    found = []
    for stored in objects:
        name = _relative(target, stored.key)
        said = name_dates.read(name, stored.modified)
        found.append(Backup(said.series, name, stored.size, said.made, stored.modified, dated=said.dated))
    regular = [backup for backup in found if backup.dated]
    return (regular, [backup.name for backup in found if not backup.dated]) if regular else (found, [])


def _labels(target, objects):
    sizes, begun, manifests = defaultdict(int), {}, {}
    for stored in objects:
        parts = _relative(target, stored.key).split("/")  # backup/STANZA/LABEL/…
        if parts[0] == "backup" and len(parts) > 3 and _LABEL.fullmatch(parts[2]):  # noqa: PLR2004 - see the line above
            place = (parts[1], parts[2])
            sizes[place] += stored.size
            begun[place] = min(begun.get(place, stored.modified), stored.modified)
            if parts[3:] == [_MANIFEST]:
                manifests[place] = stored.modified
    found = [
        Backup(series, label, sizes[series, label], made, made, full=label.endswith("F"), begun=begun[series, label])
        for (series, label), made in manifests.items()
    ]
    # A backup without a manifest is unfinished. pgBackRest resumes or removes it.
    return found, []
