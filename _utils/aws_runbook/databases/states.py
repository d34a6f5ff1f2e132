"""
The states of DB instances and clusters: plan, apply, and report what AWS is still doing.
"""

import math
import time

from aws_runbook.databases.changes import DELETING
from aws_runbook.kinds import converge, durations
from aws_runbook.kinds.connected import CONNECTION, check_flags

# The kinds' names in comments, by module.
KINDS = {"rds_instance": "DB instance", "rds_cluster": "DB cluster"}
# Arguments of ``present`` that are no attributes: for ``plan``, and for ``plan`` and ``apply``.
_OPTIONS = ("allow_upgrade", "purge")
_BOTH = ("store", "apply")
# Options of ``absent`` that are ``True`` or ``False``.
_FLAGS = dict.fromkeys(("skip_final_snapshot", "delete_automated_backups"), False)


class _Budget:
    """The time that a state may wait in total, however often it plans (before it writes, after that, and after an error)."""

    def __init__(self):
        self._start = None

    def left(self, seconds):
        """The rest of ``seconds``, counted from the first call; whole seconds, rounded up."""
        if self._start is None:
            self._start = time.monotonic()
        return max(0, math.ceil(seconds - (time.monotonic() - self._start)))


def _taken(given, names):
    """``names`` with their values, which leave ``given``."""
    return {argument: given.pop(argument) for argument in names}


def present(kind, given, salt):
    """Ensure that a database exists with the attributes among the arguments ``given`` to its state; ``None`` is unmanaged."""
    attributes = dict(given)
    name, wait, connection = attributes.pop("name"), attributes.pop("wait"), _taken(attributes, CONNECTION)
    options, both, subject = _taken(attributes, _OPTIONS), _taken(attributes, _BOTH), f"{KINDS[kind]} {name}"
    managed = {attribute: value for attribute, value in attributes.items() if value is not None}

    def write(planned):
        changes = {attribute: change["new"] for attribute, change in planned["changes"].items()}
        salt.call(f"{kind}.apply", name, changes, **both, **connection)

    budget = _Budget()

    def plan():
        timeout = durations.seconds(subject, "wait", wait)
        return salt.call(
            f"{kind}.plan",
            name,
            managed,
            wait=None if salt.test or timeout is None else budget.left(timeout),
            **both,
            **options,
            **connection,
        )

    return converge.converge(name, subject, plan, write, salt, store=salt.store(both["store"]))


def absent(kind, given, salt):
    """Ensure that a database does not exist; the arguments ``given`` to its state say what happens to its data."""
    options = dict(given)
    name, connection = options.pop("name"), _taken(options, CONNECTION)
    automated, subject = _taken(options, ("delete_automated_backups",)), f"{KINDS[kind]} {name}"

    def plan():
        check_flags(subject, _FLAGS, given)
        current = salt.call(f"{kind}.describe", name, attributes=[], **connection)
        if current is None:
            return {"changes": {}}
        if current["status"] in DELETING:
            return {"changes": {}, "warnings": [f"Waiting: AWS is deleting the {subject}."]}
        converge.refuse(salt.call(f"{kind}.obstacles", name, **options, **connection))
        return {"changes": {"name": {"old": name, "new": None}}}

    def write(_planned):
        salt.call(f"{kind}.delete", name, **automated, **options, **connection)

    ret = converge.converge(name, subject, plan, write, salt)
    if ret["result"] and not ret["changes"]:
        ret["comment"] = f"{subject} is being deleted." if ret.get("warnings") else f"{subject} is absent."
    return ret
