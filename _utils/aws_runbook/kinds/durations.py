"""
Durations: ``90s``, ``20m``, ``1h``, or a number of seconds.
"""

import re

from aws_runbook.errors import RunbookError

_FORM = re.compile(r"(?P<number>\d+)(?P<unit>[smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(where, argument, value):
    """Return ``value`` in seconds; ``None`` for ``None``."""
    if value is None:
        return None
    match = None if isinstance(value, bool) else _FORM.fullmatch(str(value))
    if not match:
        raise RunbookError(f"{where}: {argument} is {value!r}; give a time such as 90s, 20m or 1h.")
    return int(match["number"]) * _SECONDS[match["unit"]]
