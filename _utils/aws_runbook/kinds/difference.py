"""
How a change is shown: a scalar as old and new; a document, which nobody reads twice to find what differs, as a unified diff.

https://docs.saltproject.io/en/latest/ref/states/all/salt.states.file.html shows files so.
"""

import difflib
from collections.abc import Mapping

import yaml

# Lines of what stays, around each thing that differs.
_CONTEXT = 2


def unified(old, new, context=_CONTEXT):
    """The unified diff of two lists of lines."""
    found = difflib.unified_diff(old, new, fromfile="old", tofile="new", n=context, lineterm="")
    return "\n".join(found)


def of_entries(old, new):
    """The diff of two lists of mappings, such as lifecycle rules: each as YAML, its ``ID`` first and what differs by order only alike."""
    return {"diff": unified(_lines(old), _lines(new))}


def _lines(entries):
    found = []
    for entry in entries:
        ordered = sorted(entry.items(), key=lambda pair: (pair[0] != "ID", pair[0]))
        lines = [f"{name}: {in_line(value)}" for name, value in ordered]
        found += [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]
    return found


def in_line(value):
    """A value in one line, as YAML has it."""
    plain = _plain(value)
    written = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, sort_keys=True, width=float("inf"))
    return written.removesuffix("\n").removesuffix("\n...")


def _plain(value):
    """Salt's SLS files give mappings and lists in types of its own, which YAML does not know."""
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def shown(changes, documents):
    """
    The changes of a plan as a state shows them.

    ``documents`` has a function for each attribute that is a document: of the old and the new one it makes what is shown, which has a
    ``diff``. One that was not there is shown whole.
    """
    return {attribute: _shown(change, documents.get(attribute)) for attribute, change in changes.items()}


def _shown(change, show):
    return show(change["old"], change["new"]) if show and change["old"] and change["new"] else change
