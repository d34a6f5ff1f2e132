"""
How a change is shown: a scalar as old and new; a document, which nobody reads twice to find what differs, as a unified diff.

https://docs.saltproject.io/en/latest/ref/states/all/salt.states.file.html shows files so.
"""

import difflib

import yaml

# Lines of what stays, around each thing that differs.
_CONTEXT = 2


def unified(old, new):
    """The unified diff of two lists of lines."""
    found = difflib.unified_diff(old, new, fromfile="old", tofile="new", n=_CONTEXT, lineterm="")
    return "\n".join(found)


def of_entries(old, new):
    """The diff of two lists of mappings, such as lifecycle rules: each as YAML, its ``ID`` first and what differs by order only alike."""
    return {"diff": unified(_lines(old), _lines(new))}


def _lines(entries):
    found = []
    for entry in entries:
        ordered = sorted(entry.items(), key=lambda pair: (pair[0] != "ID", pair[0]))
        lines = [f"{name}: {_value(value)}" for name, value in ordered]
        found += [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]
    return found


def _value(value):
    """A value in one line, as YAML has it."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=True, width=float("inf"))
    return written.removesuffix("\n").removesuffix("\n...")


def shown(changes, documents):
    """
    The changes of a plan as a state shows them.

    ``documents`` has a function for each attribute that is a document: of the old and the new one it makes what is shown, which has a
    ``diff``. One that was not there is shown whole.
    """
    return {attribute: _shown(change, documents.get(attribute)) for attribute, change in changes.items()}


def _shown(change, show):
    return show(change["old"], change["new"]) if show and change["old"] and change["new"] else change
