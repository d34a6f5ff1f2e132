"""
The states of the kinds: ``present`` and ``absent`` for those with a table of attributes (see :mod:`aws_runbook.kinds.kind`), ``planned``
for those whose module has a function ``plan``.

A state passes its arguments as ``locals()``. The execution module determines which of them are attributes, which locate the resource,
and which attributes are set at creation: by its ``KIND``, the arguments of its ``create``, and whether it has a ``resolve``.
"""

import inspect
from collections.abc import Mapping
from functools import partial

from salt.exceptions import CommandExecutionError

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import check_flags
from aws_runbook.kinds.converge import converge, refuse
from aws_runbook.run import cache as run_cache
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

# Another run has just created it, or AWS did not show it yet. It is read again.
_ALREADY_THERE = ("EntityAlreadyExists", "BucketAlreadyOwnedByYou")


class _Module:
    """The execution module of a kind, for one resource; ``given`` are the arguments of the state."""

    def __init__(self, name, given, salt):
        described = salt.function(f"{name}.describe").on
        self._names = described.__globals__
        self.kind = self._names["KIND"]
        self.name = given["name"]
        self.subject = f"{self.kind.subject} {self.name}"
        self._call = partial(self._called, salt, self.kind.connection_in(given))

    def _called(self, salt, connection, function, *args, **kwargs):
        return salt.call(f"{self.kind.name}.{function}", self.name, *args, **kwargs, **connection)

    def __call__(self, function, *args, **kwargs):
        """Call a function of the module about this resource."""
        return self._call(function, *args, **kwargs)

    def check_options(self, given):
        """Refuse options of ``absent`` that are not valid, whether or not there is anything to delete."""
        taken = inspect.signature(self._names["obstacles"].on).parameters
        check_flags(f"{self.kind.what} {self.name}", {name: taken[name].default for name in taken}, given)

    def given_at_creation(self):
        """Return the arguments of ``create``."""
        return inspect.signature(self._names["create"]).parameters

    def resolve(self, current, wanted):
        """Return the wanted attributes, adapted to the current ones, warnings, and what the change removes."""
        if "resolve" not in self._names:
            return wanted, [], []
        answer = self("resolve", current, wanted)
        return answer["attributes"], answer["warnings"], answer.get("losses", [])


def present(kind, given, salt, *, resolve=None, without=None):
    """
    Ensure that a resource exists with the attributes among ``given``; ``None`` is unmanaged.

    The module's ``normalise`` refuses bad input before any call to AWS. Attributes that AWS's defaults leave different after ``create``
    are written by ``update``. Entries of shared attributes that are not named stay unless ``purge`` is given, except those that
    ``without(current)`` returns, by attribute, with warnings. ``resolve(current, wanted)`` returns attributes and warnings, in place
    of the module's.
    """
    module = _Module(kind, given, salt)
    managed = {name: value for name, value in module.kind.attributes_in(given).items() if value is not None}
    added_to = {row.name for row in module.kind.attributes if row.shared}
    shared = set() if given.get("purge") else added_to

    def plan():
        arguments.flag(f"{module.kind.what} {module.name}", "purge", given.get("purge"))
        attributes = module("normalise", managed)
        with run_cache.creating(not salt.test):
            current = module("describe", attributes=sorted(attributes))
        known = current or {}
        attributes, warnings, *losses = (resolve or module.resolve)(known, attributes)
        gone, kept = without(known) if without and not given.get("purge") else ({}, [])
        for attribute in attributes.keys() & shared:
            attributes[attribute] = _combined(known.get(attribute), attributes[attribute], gone.get(attribute))
        changes = _difference(known, attributes, added_to)
        if current is None:
            changes = {"name": {"old": None, "new": module.name}, **changes}
        return {"changes": changes, "warnings": [*warnings, *kept], "losses": losses[0] if losses else []}

    def apply(decided):
        wanted = _new(decided)
        if "name" in wanted:
            at_creation = module.given_at_creation()
            _create(module, {name: value for name, value in wanted.items() if name in at_creation and name != "name"})
            wanted = _new(plan())
        wanted.pop("name", None)
        if wanted:
            module("update", **wanted)

    documents = module.kind.documents
    return converge(module.name, module.subject, plan, apply, salt, unique=module.kind.unique, documents=documents)


def planned(kind, given, salt, *, subject, documents=None):
    """
    Ensure what a module's function ``plan`` decides and its ``apply`` carries out; both take the same arguments.

    These are the arguments of the state, ``given``, except a ``name`` that they do not take. ``documents`` says how changes of
    documents are shown.
    """
    taken = inspect.signature(salt.function(f"{kind}.plan")).parameters
    passed = {name: value for name, value in given.items() if name in taken}

    def plan():
        return salt.call(f"{kind}.plan", **passed)

    def apply(_planned):
        salt.call(f"{kind}.apply", **passed)

    store = salt.store(given.get("store"))
    return converge(given["name"], subject, plan, apply, salt, store=store, documents=documents)


def _new(planned):
    return {attribute: change["new"] for attribute, change in planned["changes"].items()}


def _create(module, attributes):
    try:
        module("create", **attributes)
    except CommandExecutionError as error:
        if getattr(error, "code", None) not in _ALREADY_THERE:
            raise

    def there():
        return module("describe", attributes=[]) is not None

    if not until(there, what=f"AWS to show {module.subject}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"{module.subject} was created, but AWS does not show it yet; run this again.")


def absent(kind, given, salt):
    """
    Ensure that a resource does not exist. ``given`` has the options that allow its contents to be destroyed.

    If the module's ``obstacles`` returns any sentence, nothing is deleted.
    """
    module = _Module(kind, given, salt)
    options = {name: value for name, value in given.items() if name != "name"}
    for name in module.kind.connection_in(given):
        del options[name]

    def plan():
        module.check_options(options)
        if module("describe", attributes=[]) is None:
            return {"changes": {}}
        refuse(module("obstacles", **options))
        return {"changes": {"name": {"old": module.name, "new": None}}}

    def apply(_planned):
        module("delete", **options)

    ret = converge(module.name, module.subject, plan, apply, salt)
    if ret["result"] and not ret["changes"]:
        ret["comment"] = f"{module.subject} is absent."
    return ret


def _difference(current, target, added_to):
    """
    Return the changes. A new user is in no group, so an empty list of groups is no change. But for a list that is not shared, an
    empty list can differ from no list: a configuration set's own empty list of reasons overrides the account's.
    """
    changes = {}
    for attribute, value in target.items():
        known = current.get(attribute)
        if known != value and not (known is None and attribute in added_to and value in ([], {})):
            changes[attribute] = {"old": known, "new": value}
    return changes


def _combined(current, wanted, without):
    """Return the current and the wanted entries, except those in ``without``."""
    if isinstance(wanted, Mapping):
        return {**(current or {}), **wanted}
    return sorted((set(current or ()) | set(wanted)) - set(without or ()))
