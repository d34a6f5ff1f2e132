"""
Checks of arguments: of one value, a list or a mapping.

Each raises one sentence that names the argument, its value and what is allowed. In checks of one value ``None`` is unmanaged and valid.
"""

import math
from collections.abc import Collection, Mapping

from aws_runbook.errors import RunbookError

_READ_AS = {
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "NoneType": "nothing",
    "date": "a date",
    "datetime": "a time",
}


def is_text(value):
    """Whether ``value`` is a text that can be encoded. Halves of a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def in_quotes(value):
    """Return the end of a sentence that says why ``value`` is not a valid text, and how to write it."""
    if isinstance(value, str):
        half = next(character for character in value if "\ud800" <= character <= "\udfff")
        return f"; it holds U+{ord(half):04X}, half of a surrogate pair, which is not a character"
    read_as = _READ_AS.get(type(value).__name__)
    return f"; YAML reads it as {read_as}, so write it in quotes" if read_as else ""


def text(where, argument, value):
    """``value`` is ``None`` or a text."""
    if value is not None and not is_text(value):
        raise RunbookError(f"{where}: {argument} is {value!r}; give a text{in_quotes(value)}.")


def flag(where, argument, value):
    """``value`` is ``None``, ``True`` or ``False``."""
    if value is not None and not isinstance(value, bool):
        raise RunbookError(f"{where}: {argument} is {value!r}; allowed are True, False.")


def block(where, argument, value, check):
    """``value`` is ``None`` or a CIDR block that ``check`` accepts."""
    if value is None:
        return
    try:
        check(str(value))
    except ValueError as error:
        raise RunbookError(f"{where}: {argument} is {value!r}: {error}.") from None


def formed(where, argument, value, check):
    """``value`` is a text that ``check`` accepts, which raises ``ValueError`` with the rest of a sentence."""
    try:
        check(value)
    except ValueError as error:
        raise RunbookError(f"{where}: {argument} is {value!r}: {error}.") from None


def whole(where, argument, value, least, most):
    """``value`` is ``None`` or a whole number from ``least`` to ``most``."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
        raise RunbookError(f"{where}: {argument} is {value!r}; give a whole number from {least} to {most}.")


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
        if not is_text(name):
            raise RunbookError(f"{where}: tags has a key {name!r}; give the names of tags as texts{in_quotes(name)}.")
        text(where, f"tags:{name}", entry)
        if entry is None:
            raise RunbookError(f"{where}: tags:{name} is empty; give a text{in_quotes(entry)}.")
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
    if not is_list or not all(map(is_text, value)):
        raise RunbookError(f"{where}: {argument} is {_kind(value)}; give a list of texts.")


def mapping(where, argument, value):
    """``value`` is a mapping whose keys are texts. The error does not show it, since it may be anything."""
    if not isinstance(value, Mapping) or not all(map(is_text, value)):
        raise RunbookError(f"{where}: {argument} is {_kind(value)}; give a mapping whose keys are texts.")


def seconds(where, argument, value):
    """``value`` is a number of seconds, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise RunbookError(f"{where}: {argument} is {value!r}; give a number of seconds, 0 or more.")


def _kind(value):
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f"a value of the type {type(value).__name__}"
