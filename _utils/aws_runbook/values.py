"""
Checks of single values of a resource's arguments: a flag, a number, a block of addresses.

Each raises one sentence that names the argument, its value and what is allowed; ``None`` is unmanaged, and passes.
"""

from aws_runbook.errors import RunbookError


def flag(where, argument, value):
    """``value`` is ``None``, ``True`` or ``False``."""
    if value is not None and not isinstance(value, bool):
        raise RunbookError(f"{where}: {argument} is {value!r}; allowed are True, False.")


def block(where, argument, value, check):
    """``value`` is ``None`` or a block of addresses that ``check`` lets pass."""
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
