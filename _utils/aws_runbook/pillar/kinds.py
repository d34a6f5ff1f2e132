"""
The kinds of backup, and what in pillar can be said for each of them by itself.

``aws:backup:user``, ``group``, ``policy`` and ``store`` take one value for all of a server's backups, or a mapping of kinds
to values. A kind that such a mapping leaves out has the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_runbook.pillar.shapes import mapping


@dataclass(frozen=True)
class BackupKind:
    """
    A kind of backup.

    source
        The pillar key of the server's settings. The place is its ``location``, except for a pgBackRest repository.
    noun
        What it is called where its objects must not expire.
    never
        Why they must not, in the plan: what makes the backup deletes them itself. Without it they expire by a lifecycle rule.
    """

    source: str
    noun: str = ""
    never: str = ""


KINDS = {
    "pgbackrest": BackupKind("postgres:backup", "the pgBackRest repository", "never (pgBackRest expires)"),
    "script": BackupKind("postgres:backup"),
    "mysql": BackupKind("mysql:backup"),
    "files": BackupKind("backup"),
    # `aws s3 sync --delete` keeps a copy of what is on the server: an object that expired would be a file that is not backed up.
    "sync": BackupKind("sync", "the synced directory", "never (synced)"),
}


def is_by_kind(value):
    """Whether a value is a mapping of kinds; a store is a mapping of other keys."""
    return isinstance(value, Mapping) and bool(value) and set(value) <= set(KINDS)


def of_kind(value, kind):
    """What ``value`` says for ``kind``: ``None`` when nothing."""
    return value.get(kind) if is_by_kind(value) else value


def by_kind(schema):
    """A schema for one value, or for a mapping of kinds to values."""
    return {
        # One of the kinds is named, be it with nothing behind it, which counts as left out.
        "if": {"type": "object", "not": {"propertyNames": {"not": {"enum": list(KINDS)}}}},
        "then": mapping(
            dict.fromkeys(KINDS, schema), f"give one value, or a mapping of kinds of backup ({', '.join(KINDS)})"
        ),
        "else": schema,
        "allowed": schema["allowed"],
        "by_kind": True,
    }
