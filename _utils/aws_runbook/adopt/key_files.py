"""
The private pillar files that contain access keys: pillar names them as stores.

No value of a file is kept or shown. Only the result is: whether a file has the wanted id at the expected place.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from aws_runbook.adopt.result import NOT_EXPRESSED
from aws_runbook.errors import StoreError
from aws_runbook.stores import yaml_edit
from aws_runbook.stores.gpg import Gpg, is_encrypted

_JINJA = re.compile(r"\{\{|\{%|\{#")


class Files:
    """The SLS files of the pillar roots of this machine."""

    def __init__(self, account, result):
        self._result, self._gpg = result, Gpg([], account.gpg_homedir)
        self._texts = {}
        for root in account.roots:
            for path in sorted(Path(root).rglob("*.sls")):
                name = path.relative_to(root).as_posix()
                text = _text(path)
                if text is not None and name not in self._texts:  # the first root that has the file takes precedence
                    self._texts[name] = text

    def store(self, server, value, places):
        """
        Return the store that has ``value``, an id, at the first of ``places``, pillar keys; ``None`` if no file has it.

        ``places`` are the keys of the id and of the values that belong to it. Several files are returned as a list.
        """
        found = [
            entry for name, text in self._texts.items() for entry in self._entries(server, name, text, value, places)
        ]
        return found[0] if len(found) == 1 else found or None

    def places(self, value):
        """Find a text as a value in plain YAML files; return triples of file, keys and the mapping that contains it."""
        for name, text in self._texts.items():
            data = _parsed(text) if value in text else None
            for path, mapping in _walk(data or {}):
                if mapping[path[-1]] == value:
                    yield name, path, mapping

    def named(self, names):
        """Find values whose last keys are ``names`` in plain YAML files; return triples like :meth:`places`."""
        for file, text in self._texts.items():
            data = _parsed(text) if names[0] in text else None
            for path, mapping in _walk(data or {}):
                if path[-len(names) :] == tuple(names):
                    yield file, path, mapping

    def named_store(self, about, file, keys, secret):
        """Return the store in ``file``, with encryption like ``secret``; ``None``, and a note, if the recipients are unknown."""
        encrypted = self._encrypted(about, file, secret) if is_encrypted(secret) else {}
        return None if encrypted is None else {"pillar_file": file, "keys": keys, **encrypted}

    def _entries(self, server, name, text, value, places):
        if value not in text:
            return []
        data = _parsed(text)
        if data is None:
            self._tell(server, name, "is not plain YAML, as a store must be")
            return []
        found, *others = (yaml_edit.get(data, place.split(":")) for place in places)
        if str(found) != value:
            return []
        if any(other in (None, "") for other in others):
            self._tell(server, name, f"does not have {' and '.join(places[1:])} beside it")
            return []
        secret = next(filter(is_encrypted, others), None)
        encrypted = self._encrypted(server, name, secret) if secret else {}
        return [] if encrypted is None else [{"pillar_file": name, **encrypted}]

    def _encrypted(self, about, name, message):
        """Return a store's encryption settings, for the current recipients; ``None`` if these are unknown."""
        try:
            return {"gpg": {"recipients": self._gpg.recipients_of(message)}}
        except StoreError as error:
            wording = f"has its secret encrypted. Name it as the store, with gpg:recipients, by hand. {error}"
            self._result.note(
                NOT_EXPRESSED, about, f"The pillar file {name}, which holds its key or password, {wording}"
            )
            return None

    def _tell(self, server, name, why):
        self._result.note(NOT_EXPRESSED, server, f"The pillar file {name}, which holds its access key, {why}.")


def _parsed(text):
    """Return the data of a file; ``None`` if it is not plain YAML, which a store has to be."""
    if _JINJA.search(text):
        return None
    try:
        return yaml_edit.load(text)
    except StoreError:
        return None


def _walk(data, path=()):
    """Yield the keys of each value that a store could name, with the mapping that contains it."""
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
