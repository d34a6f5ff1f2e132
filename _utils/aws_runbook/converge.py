"""
The one algorithm behind every state: the only place that knows ``test``, ``changes``, ``result`` and comments.

read → compare with what is wanted → stop if equal → under ``test`` report the same changes → write the smallest call
that closes the difference → read again and confirm.
"""

import logging
from collections.abc import Mapping
from functools import partial

from aws_runbook import reader
from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT
from aws_runbook.waiting import until
from salt.exceptions import CommandExecutionError, SaltInvocationError

log = logging.getLogger(__name__)

# Somebody else made it a moment ago, or AWS did not show yet that it was there: not an error, it is read again.
_ALREADY_THERE = ("EntityAlreadyExists", "BucketAlreadyOwnedByYou")


class Salt:
    """What a state hands over: its loader's functions, ``test``, and the run it belongs to."""

    def __init__(self, functions, opts, context, instance):
        self.functions = functions
        self.test = bool(opts.get("test"))
        self.run = partial(reader.run, context, instance)

    def call(self, function, *args, **kwargs):
        """Call the execution module function named ``function``."""
        if function not in self.functions:
            missing = getattr(self.functions, "missing_fun_string", "{} is not available".format)
            raise RunbookError(missing(function))
        return self.functions[function](*args, **kwargs)


def converge(name, subject, plan, apply, salt):
    """
    Bring one thing to where ``plan`` says it should be.

    ``subject`` names it in comments ("S3 bucket ocp-backup"). ``plan()`` reads and returns ``{"changes": {…},
    "warnings": […]}``, and raises when it must not go on; ``apply(plan)`` writes. After writing, ``plan()`` has no more
    changes, or the state says what is left.
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": f"{subject} is as it should be."}
    planned = None
    with salt.run():
        try:
            planned = plan()
            _warn(ret, planned)
            if not planned["changes"]:
                return ret
            if salt.test:
                return {
                    **ret,
                    "result": None,
                    "changes": planned["changes"],
                    "comment": f"{subject} would be {_verb(planned['changes'])}.",
                }
            apply(planned)
            left = _confirm(subject, plan)
            ret.pop("warnings", None)
            _warn(ret, left)
            if left["changes"]:
                what = ", ".join(sorted(left["changes"]))
                raise RunbookError(f"{subject}: AWS took the change but still shows the old {what}; run this again.")
            ret["changes"] = planned["changes"]
            ret["comment"] = f"{subject} was {_verb(planned['changes'])}."
        except (CommandExecutionError, SaltInvocationError) as error:
            ret["result"] = False
            ret["comment"] = str(error)
            ret["changes"] = _done(planned, plan) if planned and not salt.test else {}
        except Exception as error:
            log.debug("%s", subject, exc_info=True)
            ret["result"] = False
            ret["comment"] = f"{subject}: unexpected {type(error).__name__}: {error}"
            ret["changes"] = {}
    return ret


def _confirm(subject, plan):
    """Read again, until AWS shows what was written."""
    last = {}

    def settled():
        last["plan"] = plan()
        return not last["plan"]["changes"]

    until(settled, what=f"AWS to show the change of {subject}", timeout=SETTLE_TIMEOUT)
    return last["plan"]


def _done(planned, plan):
    """What of ``planned`` has come true although the state failed: changes must not be silent."""
    try:
        left = plan()["changes"]
    except Exception:
        return {}  # the comment already says what went wrong
    return {attribute: change for attribute, change in planned["changes"].items() if attribute not in left}


def _warn(ret, planned):
    if planned.get("warnings"):
        ret["warnings"] = list(planned["warnings"])


def _verb(changes):
    name = changes.get("name")
    if name:
        return "created" if name["old"] is None else "deleted"
    return "changed"


def present(kind, name, wanted, salt, *, subject, connection, create_with=(), keep=(), without=None, resolve=None):
    """
    Make a resource be there with the attributes ``wanted``; ``None`` is unmanaged.

    ``kind`` is the execution module. Its ``normalise`` refuses bad input before any call to AWS and gives the wanted
    attributes the form in which ``describe`` reads them; ``create`` and ``update`` write. ``create_with`` names the
    attributes that ``create`` takes; what AWS's defaults leave different after that is written by ``update``.
    Of the attributes in ``keep`` (mappings and lists), members that are not ours stay, less those ``without`` names.
    ``resolve`` (current and wanted attributes → attributes, warnings) decides where more than equality does.
    """
    managed = sorted(attribute for attribute, value in wanted.items() if value is not None)
    read = partial(salt.call, f"{kind}.describe", name, attributes=managed, **connection)
    without = without or {}

    def plan():
        attributes = salt.call(f"{kind}.normalise", name, {attribute: wanted[attribute] for attribute in managed})
        current = read()
        known = current or {}
        attributes, warnings = resolve(known, attributes) if resolve else (attributes, [])
        target = {
            attribute: _combined(known.get(attribute), value, without.get(attribute)) if attribute in keep else value
            for attribute, value in attributes.items()
        }
        changes = _difference(known, target)
        if current is None:
            changes = {"name": {"old": None, "new": name}, **changes}
        return {"changes": changes, "warnings": warnings, "exists": current is not None}

    def apply(planned):
        if not planned["exists"]:
            attributes = {name: change["new"] for name, change in planned["changes"].items() if name in create_with}
            _create(attributes)
            planned = plan()
        changed = {attribute: change["new"] for attribute, change in planned["changes"].items() if attribute != "name"}
        if changed:
            salt.call(f"{kind}.update", name, **changed, **connection)

    def _create(attributes):
        try:
            salt.call(f"{kind}.create", name, **attributes, **connection)
        except CommandExecutionError as error:
            if getattr(error, "code", None) not in _ALREADY_THERE:
                raise
        if not until(lambda: read() is not None, what=f"AWS to show {subject}", timeout=SETTLE_TIMEOUT):
            raise RunbookError(f"{subject} was created, but AWS does not show it yet; run this again.")

    return converge(name, subject, plan, apply, salt)


def absent(kind, name, salt, *, subject, connection, **options):
    """
    Make a resource not be there. ``options`` are the named permissions to destroy what it holds.

    The module's ``obstacles`` says what stands in the way; anything does is reason enough not to delete.
    """

    def plan():
        if salt.call(f"{kind}.describe", name, attributes=[], **connection) is None:
            return {"changes": {}}
        obstacles = salt.call(f"{kind}.obstacles", name, **options, **connection)
        if obstacles:
            raise RunbookError("\n".join(obstacles))
        return {"changes": {"name": {"old": name, "new": None}}}

    def apply(_planned):
        salt.call(f"{kind}.delete", name, **options, **connection)

    ret = converge(name, subject, plan, apply, salt)
    if ret["result"] and not ret["changes"]:
        ret["comment"] = f"{subject} is absent."
    return ret


def _difference(current, target):
    return {
        attribute: {"old": current.get(attribute), "new": value}
        for attribute, value in target.items()
        if current.get(attribute) != value
    }


def _combined(current, wanted, without):
    """What is there and is not ours stays; ``without`` goes."""
    if isinstance(wanted, Mapping):
        return {**(current or {}), **wanted}
    return sorted((set(current or ()) | set(wanted)) - set(without or ()))
