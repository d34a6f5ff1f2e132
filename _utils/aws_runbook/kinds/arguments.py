"""
Checks of arguments. Each raises one sentence that names the argument, its value and what is allowed.
"""

import math
from collections.abc import Collection, Mapping

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import values


def one_of(where, argument, value, allowed):
    """``value`` is ``None`` or one of ``allowed``."""
    if value is not None and value not in allowed:
        raise RunbookError(f"{where}: {argument} is {value!r}; allowed are {', '.join(map(str, allowed))}.")


def tags(where, value, tagging):
    """
    Check that ``value`` is a mapping of texts to texts, without reserved keys; return it as a dictionary.

    ``tagging`` is one of :mod:`aws_runbook.aws.tags`: the rules of the service.
    """
    if not isinstance(value, Mapping):
        raise RunbookError(f"{where}: tags is {value!r}; give a mapping of names to texts.")
    for name, entry in value.items():
        if not values.is_text(name):
            raise RunbookError(
                f"{where}: tags has a key {name!r}; give the names of tags as texts{values.in_quotes(name)}."
            )
        values.text(where, f"tags:{name}", entry)
        if entry is None:
            raise RunbookError(f"{where}: tags:{name} is empty; give a text{values.in_quotes(entry)}.")
    tagging.check(where, value)
    return dict(value)


def exactly(where, argument, value, keys, kind):
    """``value`` is a mapping that has each of ``keys``, nothing else, and values of the type ``kind``."""
    if (
        not isinstance(value, Mapping)
        or set(value) != set(keys)
        or any(not isinstance(entry, kind) for entry in value.values())
    ):
        raise RunbookError(
            f"{where}: {argument} is {value!r}; give True, False, or a mapping of all of {', '.join(keys)}."
        )


def names(where, argument, value):
    """``value`` is a list of texts; return it sorted, without duplicates."""
    if (
        isinstance(value, str)
        or not isinstance(value, list | tuple)
        or any(not isinstance(name, str) for name in value)
    ):
        raise RunbookError(f"{where}: {argument} is {value!r}; give a list of names.")
    return sorted(set(value))


def days(where, argument, value):
    """``value`` is ``None`` or a number of days, at least 1."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise RunbookError(f"{where}: {argument} is {value!r}; give a number of days, at least 1.")


def texts(where, argument, value):
    """``value`` is a list of texts. The error does not show it, since it may be anything."""
    is_list = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    if not is_list or not all(map(values.is_text, value)):
        raise RunbookError(f"{where}: {argument} is {_kind(value)}; give a list of texts.")


def mapping(where, argument, value):
    """``value`` is a mapping whose keys are texts. The error does not show it, since it may be anything."""
    if not isinstance(value, Mapping) or not all(map(values.is_text, value)):
        raise RunbookError(f"{where}: {argument} is {_kind(value)}; give a mapping whose keys are texts.")


def seconds(where, argument, value):
    """``value`` is a number of seconds, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise RunbookError(f"{where}: {argument} is {value!r}; give a number of seconds, 0 or more.")


def _kind(value):
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f"a value of the type {type(value).__name__}"
