"""
The kinds of backup, and the settings that pillar can have for each of them.

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
    never
        Why its objects must not expire, in the plan: the program that makes the backup deletes them itself, so its policy allows that. Without this
        they expire by a lifecycle rule.
    noun
        What it is called in sentences about a rule that would expire it.
    protected
        What it is called in the argument ``protected`` of ``s3_lifecycle.managed``.
    """

    source: str
    never: str = ""
    noun: str = ""
    protected: str = ""

    def __post_init__(self):
        if bool(self.never) != bool(self.noun) or bool(self.never) != bool(self.protected):
            raise ValueError("a kind has all of never, noun and protected, or none of them")


KINDS = {
    "pgbackrest": BackupKind(
        "postgres:backup", "never (pgBackRest expires)", "the pgBackRest repository", "repository"
    ),
    "script": BackupKind("postgres:backup"),
    "mysql": BackupKind("mysql:backup"),
    "files": BackupKind("backup"),
    # `aws s3 sync --delete` keeps a copy of what is on the server: an object that expired would be a file that is not backed up.
    "sync": BackupKind("sync", "never (synced)", "the synced directory", "sync"),
}


def is_by_kind(value):
    """Whether a value is a mapping of kinds; a store is a mapping of other keys."""
    return isinstance(value, Mapping) and bool(value) and set(value) <= set(KINDS)


def of_kind(value, kind):
    """The value of ``kind``; ``None`` if there is none."""
    return value.get(kind) if is_by_kind(value) else value


def by_kind(schema):
    """A schema for one value, or for a mapping of kinds to values."""
    return {
        # One of the kinds is named, also with an empty value, which counts as absent.
        "if": {"type": "object", "not": {"propertyNames": {"not": {"enum": list(KINDS)}}}},
        "then": mapping(dict.fromkeys(KINDS, schema)),
        "else": schema,
        "allowed": schema["allowed"],
        "by_kind": True,
    }
