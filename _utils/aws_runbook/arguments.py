"""
Checks of the arguments of states and modules: one sentence that names the argument, its value and what is allowed.
"""

from collections.abc import Mapping

from aws_runbook.errors import RunbookError


def one_of(where, argument, value, allowed):
    """``value`` is ``None`` or one of ``allowed``."""
    if value is not None and value not in allowed:
        raise RunbookError(f"{where}: {argument} is {value!r}; allowed are {', '.join(map(str, allowed))}.")


def tags(where, value):
    """``value`` is a mapping of tags; returned with its values as AWS keeps them, as text."""
    if not isinstance(value, Mapping) or any(isinstance(entry, Mapping | list) for entry in value.values()):
        raise RunbookError(f"{where}: tags is {value!r}; give a mapping of names to texts.")
    return {str(name): "" if entry is None else str(entry) for name, entry in value.items()}


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
    """``value`` is a list of texts; returned sorted, each once."""
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
