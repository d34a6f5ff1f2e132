"""
A target's objects as backups.

A *backup* of a script is what one run wrote under one name: names differ by their date only, so what is left without it is the
*series* (``registry.tar``). pgBackRest's are the directories ``backup/STANZA/LABEL`` that have a manifest.
https://pgbackrest.org/user-guide.html#quickstart/perform-backup
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from aws_runbook.audit import names

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
    One run's result under one name.

    ``made`` is earlier than ``written`` where the name says so, of an object that was copied later; ``dated`` says whether the
    name tells one run from another.
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
    """A target's objects as backups, oldest first, and the names of those that are none."""
    if target.kind == "sync":
        return [], []
    found, odd = (_labels if target.kind == "pgbackrest" else _files)(target, objects)
    return sorted(found, key=lambda backup: (backup.made, backup.name)), sorted(odd)


def stanzas(target, objects):
    """The stanzas that a pgBackRest repository has backups of."""
    return sorted({backup.series for backup in split(target, objects)[0]}) if target.kind == "pgbackrest" else []


def _relative(target, key):
    return key.removeprefix(f"{target.prefix}/") if target.prefix else key


def _files(target, objects):
    """Objects without a date are no backups, unless there are only such: then the script names them so."""
    found = []
    for stored in objects:
        name = _relative(target, stored.key)
        said = names.read(name, stored.modified)
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
        Backup(*place, sizes[place], made, made, full=place[1].endswith("F"), begun=begun[place])
        for place, made in manifests.items()
    ]
    # Without a manifest, a backup was not finished; pgBackRest resumes it or removes it.
    return found, []
