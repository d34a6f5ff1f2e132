"""
The display of changes: a scalar as old and new, a document as a unified diff.

https://docs.saltproject.io/en/latest/ref/states/all/salt.states.file.html shows files so.
"""

import difflib
from collections.abc import Mapping

import yaml

# The number of unchanged lines around each difference.
_CONTEXT = 2


def unified(old, new, context=_CONTEXT):
    """Return the unified diff of two lists of lines."""
    found = difflib.unified_diff(old, new, fromfile="old", tofile="new", n=context, lineterm="")
    return "\n".join(found)


def of_entries(old, new):
    """Return the diff of two lists of mappings, such as lifecycle rules, as YAML with the ``ID`` first; the order of keys is ignored."""
    return {"diff": unified(_lines(old), _lines(new))}


def _lines(entries):
    found = []
    for entry in entries:
        ordered = sorted(entry.items(), key=lambda pair: (pair[0] != "ID", pair[0]))
        lines = [f"{name}: {in_line(value)}" for name, value in ordered]
        found += [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]
    return found


def in_line(value):
    """Return a value as YAML in one line."""
    plain = _plain(value)
    written = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, sort_keys=True, width=float("inf"))
    return written.removesuffix("\n").removesuffix("\n...")


def _plain(value):
    """Convert the types that Salt uses for mappings and lists of SLS files, which YAML cannot represent."""
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def shown(changes, documents):
    """
    Return the changes of a plan in the form that a state shows.

    ``documents`` has a function for each attribute that is a document: from the old and the new one it returns what is shown, with a
    ``diff``. A new document is shown completely.
    """
    return {attribute: _shown(change, documents.get(attribute)) for attribute, change in changes.items()}


def _shown(change, show):
    return show(change["old"], change["new"]) if show and change["old"] and change["new"] else change
