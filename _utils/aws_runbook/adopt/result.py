"""
The result of adopting: parts of pillar by minion, each checked when it is added, and notes. It is also rendered as YAML to edit and
put into pillar, with the notes as comments at the top.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import yaml

from aws_runbook.pillar.check import problems

NOT_EXPRESSED = "not expressed"
CHANGE = "change"
DANGER = "danger"
NOT_MANAGED = "not managed"
# In display order.
KINDS = (NOT_EXPRESSED, CHANGE, DANGER, NOT_MANAGED)
_HEADINGS = {
    NOT_EXPRESSED: "Cannot be expressed:",
    CHANGE: "What the first run still changes:",
    DANGER: "Looks dangerous:",
    NOT_MANAGED: "Is not managed:",
}
# Delimiters that Jinja would interpret, also in a note. https://docs.saltproject.io/en/latest/ref/renderers/index.html
_JINJA = re.compile(r"\{\{|\{%|\{#")
_PLAIN = "#!yaml"


@dataclass(frozen=True)
class Note:
    """
    ``kind`` is one of :data:`KINDS`: what pillar cannot express, what the first run still changes, what looks dangerous, and what
    is not managed. ``about`` names the resource or the server.
    """

    kind: str
    about: str
    note: str


class Result:
    """The parts of pillar, and the notes without duplicates."""

    def __init__(self):
        self.pillar = {}
        self._notes = {}

    def note(self, kind, about, sentence):
        """Add a note."""
        self._notes[Note(kind, about, " ".join(str(sentence).split()))] = None

    @property
    def notes(self):
        """Return all notes, grouped by kind, in a stable order."""
        return sorted(self._notes, key=lambda note: (KINDS.index(note.kind), note.about, note.note))

    @property
    def is_whole(self):
        """Whether everything could be expressed."""
        return not any(note.kind == NOT_EXPRESSED for note in self._notes)

    def say(self, minion, path, value, about):
        """
        Set ``value`` at ``path``, a sequence of keys, in the pillar of a minion; return whether the value is valid.

        An invalid value is omitted, and a note says why.
        """
        wrong = problems(_nested(path, value))
        for problem in wrong:
            self.note(NOT_EXPRESSED, about, f"It cannot be written into pillar: {problem}")
        if not wrong:
            _merge(self.pillar.setdefault(minion, {}), _nested(path, value))
        return not wrong

    def adopted(self, minion, pillar):
        """Return a minion's pillar, updated with the parts adopted so far."""
        return merged(pillar, self.pillar.get(minion, {}))

    def as_data(self):
        """Return ``pillar``, by minion, and ``notes``: plain data in a stable order."""
        return {
            "pillar": {minion: _sorted(part) for minion, part in sorted(self.pillar.items())},
            "notes": [asdict(note) for note in self.notes],
        }


# These are replaced as a whole; for the others, each section is.
_WHOLE = ("backup",)
# These are complete for any requested region: AWS gives the region of each bucket, and IAM is global.
_OF_NO_REGION = (("backup",), ("ses", "smtp_users"))


def sections(part):
    """Return the keys below ``aws`` that a minion's part replaces in pillar: sequences of names."""
    found = []
    for name, value in part.get("aws", {}).items():
        found += [(name,)] if name in _WHOLE else [(name, section) for section in value]
    return found


def merged(pillar, part):
    """Return a minion's pillar, with the adopted part in place of its previous values."""
    settings = dict(pillar.get("aws") or {})
    for name, *section in sections(part):
        value = part["aws"][name]
        if section:
            value = {**(settings.get(name) or {}), section[0]: value[section[0]]}
        settings[name] = value
    return {**pillar, "aws": settings} if settings or "aws" in pillar else pillar


def _nested(path, value):
    for name in reversed(path):
        value = {name: value}
    return value


def _merge(into, part):
    for name, value in part.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), Mapping):
            _merge(into[name], value)
        else:
            into[name] = value


def _sorted(value):
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(entry) for entry in value] if isinstance(value, list | tuple) else value


def text(adopted, region=None):
    """
    Render ``adopted``, from :meth:`aws_runbook.adopt.result.Result.as_data`, as one YAML document for each minion.

    For a single ``region`` most sections are incomplete, and are added to the existing pillar instead of replacing it.
    """
    notes = _comments(adopted["notes"])
    documents = [_document(minion, part, region) for minion, part in adopted["pillar"].items()]
    body = "---\n".join(documents) or "# Nothing was found that pillar describes.\n{}\n"
    whole = f"{notes}{body}".rstrip("\n")
    return f"{_PLAIN}\n{whole}" if _JINJA.search(whole) else whole


def _comments(notes):
    lines = []
    for kind, heading in _HEADINGS.items():
        wording = [f"#   {note['about']}: {note['note']}" for note in notes if note["kind"] == kind]
        lines += [f"# {heading}", *wording, "#"] if wording else []
    return "".join(f"{line}\n" for line in lines)


def _document(minion, part, region):
    beside = [keys for keys in sections(part) if region and keys not in _OF_NO_REGION]
    instead = [keys for keys in sections(part) if keys not in beside]
    where = [
        f"{wording}: {', '.join(':'.join(('aws', *keys)) for keys in which)}"
        for wording, which in (
            ("replacing what it has there", instead),
            (f"in addition to what it has for other regions than {region}", beside),
        )
        if which
    ]
    head = f"# Pillar of {minion}, {'; '.join(where)}\n"
    return head + yaml.safe_dump(part, default_flow_style=False, allow_unicode=True, width=4096)
