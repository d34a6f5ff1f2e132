"""
The files of private pillar in which access keys stand: what pillar names as their store.

No value of a file is kept or told, but for whether the wanted id stands at the place where it is looked for.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from aws_runbook.adopt.result import NOT_EXPRESSED
from aws_runbook.errors import StoreError
from aws_runbook.stores import yaml_edit
from aws_runbook.stores.gpg import is_encrypted

_JINJA = re.compile(r"\{\{|\{%|\{#")


class Files:
    """The SLS files of the pillar roots of this machine."""

    def __init__(self, result, roots):
        self._result = result
        self._texts = {}
        for root in roots:
            for path in sorted(Path(root).rglob("*.sls")):
                name = path.relative_to(root).as_posix()
                text = _text(path)
                if text is not None and name not in self._texts:  # the first root that has it counts
                    self._texts[name] = text

    def store(self, server, value, places):
        """
        The store in which ``value``, an id, stands at the first of ``places``, pillar keys; ``None`` where it is in no file.

        ``places`` are those of the id and of what belongs to it. Several files are a list.
        """
        found = [
            entry for name, text in self._texts.items() for entry in self._entries(server, name, text, value, places)
        ]
        return found[0] if len(found) == 1 else found or None

    def places(self, value):
        """Where a text stands as a value, in files of plain YAML: triples of file, keys and the mapping that it is in."""
        for name, text in self._texts.items():
            data = _parsed(text) if value in text else None
            for path, mapping in _walk(data or {}):
                if mapping[path[-1]] == value:
                    yield name, path, mapping

    def named(self, names):
        """Where something stands under ``names``, the last of its keys, in files of plain YAML: pairs of file and keys."""
        for file, text in self._texts.items():
            data = _parsed(text) if names[0] in text else None
            for path, _ in _walk(data or {}):
                if path[-len(names) :] == tuple(names):
                    yield file, path

    def _entries(self, server, name, text, value, places):
        if value not in text:
            return []
        data = _parsed(text)
        if data is None:
            self._tell(server, name, "is no plain YAML, and a store is")
            return []
        found, *others = (yaml_edit.get(data, place.split(":")) for place in places)
        if str(found) != value:
            return []
        if any(map(is_encrypted, others)):
            self._tell(server, name, "has its secret encrypted: name the file as the store, with gpg:recipients")
        elif any(other in (None, "") for other in others):
            self._tell(server, name, f"does not have {' and '.join(places[1:])} beside it")
        else:
            return [{"pillar_file": name}]
        return []

    def _tell(self, server, name, why):
        self._result.note(NOT_EXPRESSED, server, f"The pillar file {name}, in which its access key stands, {why}.")


def _parsed(text):
    """What a file says; ``None`` where it is no plain YAML, which a store has to be."""
    if _JINJA.search(text):
        return None
    try:
        return yaml_edit.load(text)
    except StoreError:
        return None


def _walk(data, path=()):
    """The keys of each value that a store could name, with the mapping that it is in."""
    for name, entry in data.items():
        if isinstance(name, str) and isinstance(entry, Mapping):
            yield from _walk(entry, (*path, name))
        elif isinstance(name, str) and entry not in (None, ""):
            yield (*path, name), data


def _text(path):
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None
