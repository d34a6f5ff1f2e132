"""
The one algorithm behind every state: the only place that knows ``test``, ``changes``, ``result`` and comments.

read → compare with what is wanted → stop if equal → under ``test`` report the same changes → write the smallest call
that closes the difference → read again and confirm.
"""

import logging
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial

from salt.exceptions import CommandExecutionError, SaltInvocationError

from aws_runbook import ahead, reader
from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT
from aws_runbook.waiting import until

log = logging.getLogger(__name__)

# Somebody else made it a moment ago, or AWS did not show yet that it was there: not an error, it is read again.
_ALREADY_THERE = ("EntityAlreadyExists", "BucketAlreadyOwnedByYou")


class Salt:
    """What a state hands over: its loader's functions, ``test``, and the run it belongs to."""

    def __init__(self, functions, opts, context, instance, states, chunks):
        self.functions = functions
        self.test = bool(opts.get("test"))
        self._run = partial(reader.run, context, instance)
        self._read_ahead = partial(ahead.read, states, chunks)

    @contextmanager
    def run(self):
        """Be part of the run of states that this one belongs to: the first of them reads for all."""
        with self._run() as cache:
            cache.read_ahead(self._read_ahead)
            yield cache

    def call(self, function, *args, **kwargs):
        """Call the execution module function named ``function``."""
        if function not in self.functions:
            missing = getattr(self.functions, "missing_fun_string", "{} is not available".format)
            raise RunbookError(missing(function))
        return self.functions[function](*args, **kwargs)


def converge(name, subject, plan, apply, salt, *, shared=False):
    """
    Bring one thing to where ``plan`` says it should be.

    ``subject`` names it in comments ("S3 bucket ocp-backup"). ``plan()`` reads and returns ``{"changes": {…},
    "warnings": […]}``, and raises when it must not go on; ``apply(plan)`` writes. After writing, ``plan()`` has no more
    changes, or the state says what is left.

    ``shared`` is for what every write replaces whole (a bucket's lifecycle rules): when another run writes at the same
    moment, one of the two writes is lost, and is made again.
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": f"{subject} is as it should be."}
    if ahead.collected(plan):
        return ret
    planned = None
    with salt.run() as cache:
        try:
            planned = _planned(plan, cache, salt.test)
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
            left = _confirm(subject, plan, apply if shared else None)
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


def _planned(plan, cache, test):
    planned = plan()
    if planned["changes"] and cache.early and not test:
        # Somebody else may have written since it was read: what is replaced whole must not lose theirs.
        with cache.at_first_hand():
            planned = plan()
    return planned


def _confirm(subject, plan, again):
    """Read again, until AWS shows what was written; ``again`` writes what was lost."""
    last = {}

    def settled():
        if again and last:
            again(last["plan"])
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
    managed = {attribute: value for attribute, value in wanted.items() if value is not None}
    module = partial(_call, salt, kind, name, connection)

    def plan():
        attributes = module("normalise", managed)
        current = module("describe", attributes=sorted(attributes))
        known = current or {}
        attributes, warnings = resolve(known, attributes) if resolve else (attributes, [])
        for attribute in attributes.keys() & set(keep):
            ours = (without or {}).get(attribute)
            attributes[attribute] = _combined(known.get(attribute), attributes[attribute], ours)
        changes = _difference(known, attributes)
        if current is None:
            changes = {"name": {"old": None, "new": name}, **changes}
        return {"changes": changes, "warnings": warnings}

    def apply(planned):
        wanted = _new(planned)
        if "name" in wanted:
            _create(module, subject, {attribute: wanted[attribute] for attribute in create_with if attribute in wanted})
            wanted = _new(plan())
        wanted.pop("name", None)
        if wanted:
            module("update", **wanted)

    return converge(name, subject, plan, apply, salt)


def _call(salt, kind, name, connection, function, *args, **kwargs):
    return salt.call(f"{kind}.{function}", name, *args, **kwargs, **connection)


def _new(planned):
    return {attribute: change["new"] for attribute, change in planned["changes"].items()}


def _create(module, subject, attributes):
    try:
        module("create", **attributes)
    except CommandExecutionError as error:
        if getattr(error, "code", None) not in _ALREADY_THERE:
            raise

    def there():
        return module("describe", attributes=[]) is not None

    if not until(there, what=f"AWS to show {subject}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"{subject} was created, but AWS does not show it yet; run this again.")


def absent(kind, name, salt, *, subject, connection, **options):
    """
    Make a resource not be there. ``options`` are the named permissions to destroy what it holds.

    The module's ``obstacles`` says what stands in the way; anything does is reason enough not to delete.
    """
    module = partial(_call, salt, kind, name, connection)

    def plan():
        if module("describe", attributes=[]) is None:
            return {"changes": {}}
        refuse(module("obstacles", **options))
        return {"changes": {"name": {"old": name, "new": None}}}

    def apply(_planned):
        module("delete", **options)

    ret = converge(name, subject, plan, apply, salt)
    if ret["result"] and not ret["changes"]:
        ret["comment"] = f"{subject} is absent."
    return ret


def refuse(obstacles):
    """Raise when there is any sentence in ``obstacles``."""
    if obstacles:
        raise RunbookError("\n".join(obstacles))


def _difference(current, target):
    changes = {}
    for attribute, value in target.items():
        known = current.get(attribute)
        if known != value and not (known is None and value in ([], {})):  # a new user is in no group: no change
            changes[attribute] = {"old": known, "new": value}
    return changes


def _combined(current, wanted, without):
    """What is there and is not ours stays; ``without`` goes."""
    if isinstance(wanted, Mapping):
        return {**(current or {}), **wanted}
    return sorted((set(current or ()) | set(wanted)) - set(without or ()))
