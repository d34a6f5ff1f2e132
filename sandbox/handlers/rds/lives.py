"""
How far databases are: creating, available, modifying, deleting, each for a settable time of the sandbox's clock.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.core.parse import XFormedDict

# Changes that moto takes by the name that creation has for them.
_MOTO_NAMES = {"DBPortNumber": "Port"}
# A password that waits to be changed is not shown.
_HIDDEN = "****"


@dataclass
class Life:
    """One database: what it does, until when, and what is to become of it then."""

    status: str
    until: datetime | None = None
    pending: dict = field(default_factory=dict)
    # Its last description, once moto has deleted it.
    remains: dict | None = None


@dataclass
class Lives:
    """The databases of a region: ``(kind, identifier)`` → life; and how long each step takes, in seconds."""

    known: dict[tuple[str, str], Life] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: {"creating": 300, "modifying": 120, "deleting": 120})

    def begin(self, call, slot, status, **details):
        """Let a database do something from now on."""
        until = call.now + timedelta(seconds=self.seconds[status])
        self.known[slot] = Life(status, until, **details)


def lives(call):
    """The lives of the call's account and region, brought up to date."""
    found = call.own(Lives)
    for slot, life in list(found.known.items()):
        if life.until is None or call.now < life.until:
            continue
        if life.status == "deleting":
            del found.known[slot]
            continue
        if life.status == "modifying":
            apply(call, slot, life)
        life.status, life.until = "available", None
    return found


def apply(call, slot, life):
    """Let what was pending come true."""
    kind, identifier = slot
    changes, life.pending = life.pending, {}
    if not changes:
        return
    backend = call.backend("rds")
    if kind == "db":
        # moto drops the throughput of a type that has none, so the type comes first.
        ordered = sorted(changes, key=lambda name: name != "StorageType")
        named = {_MOTO_NAMES.get(name, name): changes[name] for name in ordered}
        backend.modify_db_instance(identifier, XFormedDict(named))
    else:
        backend.modify_db_cluster(XFormedDict({"DBClusterIdentifier": identifier, **changes}))


def forget_automated_snapshots(snapshots, identifier):
    """
    Let a new database have the name of a deleted one whose automated backups were kept.

    moto takes an automated snapshot of each new database, named by the minute, and refuses a second of that name.
    """
    for name in [name for name in snapshots if name.startswith(f"rds:{identifier}-")]:
        del snapshots[name]


def maintain(call):
    """The maintenance window: everything that waits for it is done."""
    for slot, life in lives(call).known.items():
        if life.status == "available":
            apply(call, slot, life)


def shown_pending(life):
    """Pending changes as descriptions show them."""
    names = {"NewDBInstanceIdentifier": "DBInstanceIdentifier", "DBPortNumber": "Port"}
    return {
        names.get(name, name): _HIDDEN if name == "MasterUserPassword" else value
        for name, value in life.pending.items()
    }
