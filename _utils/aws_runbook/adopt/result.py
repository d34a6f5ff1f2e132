"""
What comes of adopting: parts of pillar by minion, each checked when it is added, and notes; and the same as YAML to read, edit and put
into pillar, with the notes as comments at its head.
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
# In the order in which they are shown.
KINDS = (NOT_EXPRESSED, CHANGE, DANGER, NOT_MANAGED)
_HEADINGS = {
    NOT_EXPRESSED: "Cannot be expressed:",
    CHANGE: "What the first run still changes:",
    DANGER: "Looks dangerous:",
    NOT_MANAGED: "Is not managed:",
}
# What Jinja would take for its own, in a note too. https://docs.saltproject.io/en/latest/ref/renderers/index.html
_JINJA = re.compile(r"\{\{|\{%|\{#")
_PLAIN = "#!yaml"


@dataclass(frozen=True)
class Note:
    """
    ``kind`` is one of :data:`KINDS`: what pillar cannot say, what the first run still changes, what looks dangerous, and what
    is left alone. ``about`` names the thing or the server.
    """

    kind: str
    about: str
    note: str


class Result:
    """The pillar parts, and the notes; equal notes once."""

    def __init__(self):
        self.pillar = {}
        self._notes = {}

    def note(self, kind, about, sentence):
        """Add a note."""
        self._notes[Note(kind, about, " ".join(str(sentence).split()))] = None

    @property
    def notes(self):
        """All notes, those of one kind together, in a stable order."""
        return sorted(self._notes, key=lambda note: (KINDS.index(note.kind), note.about, note.note))

    @property
    def is_whole(self):
        """Whether everything could be expressed."""
        return not any(note.kind == NOT_EXPRESSED for note in self._notes)

    def say(self, minion, path, value, about):
        """
        Let the pillar of a minion say ``value`` at ``path``, a sequence of keys; whether it is a value that pillar takes.

        Where it is none, a note says why, and it is left out.
        """
        wrong = problems(_nested(path, value))
        for problem in wrong:
            self.note(NOT_EXPRESSED, about, f"It cannot be written into pillar: {problem}")
        if not wrong:
            _merge(self.pillar.setdefault(minion, {}), _nested(path, value))
        return not wrong

    def adopted(self, minion, pillar):
        """A minion's pillar with what was said so far in its place."""
        return merged(pillar, self.pillar.get(minion, {}))

    def as_data(self):
        """``pillar``, by minion, and ``notes``: plain data in a stable order."""
        return {
            "pillar": {minion: _sorted(part) for minion, part in sorted(self.pillar.items())},
            "notes": [asdict(note) for note in self.notes],
        }


# What is replaced as a whole; of the others, each of their sections.
_WHOLE = ("backup",)
# What is told in whole whatever region is asked for: of each bucket AWS says where it is, and IAM is everywhere.
_OF_NO_REGION = (("backup",), ("ses", "smtp_users"))


def sections(part):
    """The keys below ``aws`` that a minion's part stands for, in the place of what pillar says there: sequences of names."""
    found = []
    for name, value in part.get("aws", {}).items():
        found += [(name,)] if name in _WHOLE else [(name, section) for section in value]
    return found


def merged(pillar, part):
    """A minion's pillar with what adopting says in the place of what it said there."""
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
    ``adopted``, as :meth:`aws_runbook.adopt.result.Result.as_data` gives it: one YAML document for each minion.

    Of a ``region`` alone it is not all that pillar says of most sections, and stands beside that.
    """
    notes = _comments(adopted["notes"])
    documents = [_document(minion, part, region) for minion, part in adopted["pillar"].items()]
    body = "---\n".join(documents) or "# Nothing was found that pillar describes.\n{}\n"
    whole = f"{notes}{body}".rstrip("\n")
    return f"{_PLAIN}\n{whole}" if _JINJA.search(whole) else whole


def _comments(notes):
    lines = []
    for kind, heading in _HEADINGS.items():
        told = [f"#   {note['about']}: {note['note']}" for note in notes if note["kind"] == kind]
        lines += [f"# {heading}", *told, "#"] if told else []
    return "".join(f"{line}\n" for line in lines)


def _document(minion, part, region):
    beside = [keys for keys in sections(part) if region and keys not in _OF_NO_REGION]
    instead = [keys for keys in sections(part) if keys not in beside]
    where = [
        f"{told}: {', '.join(':'.join(('aws', *keys)) for keys in which)}"
        for told, which in (
            ("in the place of what it says there", instead),
            (f"beside what it says of other regions than {region}", beside),
        )
        if which
    ]
    head = f"# Pillar of {minion}, {'; '.join(where)}\n"
    return head + yaml.safe_dump(part, default_flow_style=False, allow_unicode=True, width=4096)
