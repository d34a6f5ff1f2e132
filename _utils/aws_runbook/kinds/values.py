"""
Checks of single values of a resource's arguments: a flag, a number, a CIDR block.

Each raises one sentence that names the argument, its value and what is allowed; ``None`` is unmanaged and valid.
"""

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


def whole(where, argument, value, least, most):
    """``value`` is ``None`` or a whole number from ``least`` to ``most``."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
        raise RunbookError(f"{where}: {argument} is {value!r}; give a whole number from {least} to {most}.")
