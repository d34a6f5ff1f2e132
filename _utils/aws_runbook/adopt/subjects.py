"""
Adopt a whole account. Each file of this folder that has a ``look`` is a subject; a new one is discovered.

``look(account, result)`` reads its resources (:class:`aws_runbook.adopt.account.Account`) and adds them to the
:class:`aws_runbook.adopt.result.Result`. Nothing is written in AWS.
"""

import copy
import importlib
import pkgutil

from aws_runbook import adopt
from aws_runbook.adopt.result import NOT_EXPRESSED, Result, merged
from aws_runbook.errors import PillarError, RunbookError, UnreachableError
from aws_runbook.pillar.check import problems


def subjects():
    """Return the modules that have a ``look``, by name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(adopt.__path__))
    found = {name: importlib.import_module(f"{adopt.__name__}.{name}") for name in names if name != "subjects"}
    return {name: module for name, module in found.items() if hasattr(module, "look")}


def look(account):
    """
    Return the :class:`Result` of all subjects.

    A subject that could not be read completely is omitted, because a partial description would look complete; a note says why.
    It is an error if AWS cannot be reached.
    """
    account.session.identity()  # report invalid credentials once
    result = Result()
    for name, module in subjects().items():
        before = copy.deepcopy(result.pillar)
        try:
            module.look(account, result)
        except UnreachableError:
            raise
        except RunbookError as error:
            result.pillar = before
            result.note(NOT_EXPRESSED, name, f"It is omitted, because it could not be read. {error}")
    _check(account, result)
    return result


def _check(account, result):
    """Check that each minion's pillar, updated with the adopted parts, passes the schema."""
    found = [
        problem
        for minion, part in result.pillar.items()
        for problem in problems(merged(account.pillars.get(minion, {}), part), minion)
    ]
    if found:
        raise PillarError(found)
