"""
What the states of instances and clusters have in common: they plan, apply, and say what AWS is still at.
"""

from aws_runbook import converge, durations
from aws_runbook.database_changes import DELETING


def present(kind, name, subject, wanted, salt, *, store, apply, connection, wait, **options):
    """Make a database be there with the attributes ``wanted``; ``None`` is unmanaged. ``options`` are for ``plan``."""
    managed = {attribute: value for attribute, value in wanted.items() if value is not None}

    def write(planned):
        changes = {attribute: change["new"] for attribute, change in planned["changes"].items()}
        salt.call(f"{kind}.apply", name, changes, store=store, apply=apply, **connection)

    def plan():
        timeout = durations.seconds(subject, "wait", wait)
        return salt.call(
            f"{kind}.plan",
            name,
            managed,
            store=store,
            apply=apply,
            wait=None if salt.test else timeout,
            **options,
            **connection,
        )

    return converge.converge(name, subject, plan, write, salt)


def absent(kind, name, subject, salt, *, connection, delete_automated_backups, **options):
    """Make a database not be there; ``options`` say what becomes of its data."""

    def plan():
        current = salt.call(f"{kind}.describe", name, attributes=[], **connection)
        if current is None:
            return {"changes": {}}
        if current["status"] == DELETING:
            return {"changes": {}, "warnings": [f"Waiting: AWS is deleting the {subject}."]}
        converge.refuse(salt.call(f"{kind}.obstacles", name, **options, **connection))
        return {"changes": {"name": {"old": name, "new": None}}}

    def write(_planned):
        salt.call(f"{kind}.delete", name, delete_automated_backups=delete_automated_backups, **options, **connection)

    ret = converge.converge(name, subject, plan, write, salt)
    if ret["result"] and not ret["changes"]:
        ret["comment"] = f"{subject} is being deleted." if ret.get("warnings") else f"{subject} is absent."
    return ret
