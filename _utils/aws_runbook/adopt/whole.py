"""
All of an account: each file of this folder that has a ``look`` is a subject, and a new one is found by itself.

``look(account, result)`` reads what is its own (:class:`aws_runbook.adopt.account.Account`) and says it to the
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
    """The modules that have a ``look``, by name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(adopt.__path__))
    found = {name: importlib.import_module(f"{adopt.__name__}.{name}") for name in names if name != "whole"}
    return {name: module for name, module in found.items() if hasattr(module, "look")}


def look(account):
    """
    The :class:`Result` of all subjects.

    Of one that could not be read to its end nothing is said, as half of a description would look like all of it; a note says why.
    AWS that cannot be asked at all is an error.
    """
    account.session.identity()  # what is wrong with the credentials is said once
    result = Result()
    for name, module in subjects().items():
        before = copy.deepcopy(result.pillar)
        try:
            module.look(account, result)
        except UnreachableError:
            raise
        except RunbookError as error:
            result.pillar = before
            result.note(NOT_EXPRESSED, name, f"Nothing of it is told, as it could not be read. {error}")
    _check(account, result)
    return result


def _check(account, result):
    """Whatever is printed passes the schema, in the place of what pillar says there now."""
    found = [
        problem
        for minion, part in result.pillar.items()
        for problem in problems(merged(account.pillars.get(minion, {}), part), minion)
    ]
    if found:
        raise PillarError(found)
