"""
How far databases are: creating, available, modifying, deleting, each for a settable time of the sandbox's clock.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.core.parse import XFormedDict

from sandbox import wire
from sandbox.handlers.rds import storage

# Changes that moto takes by the name that creation has for them.
_MOTO_NAMES = {"DBPortNumber": "Port"}
RESETTING = "resetting-master-credentials"
# A password that waits to be changed is not shown.
_HIDDEN = "****"


# In which an instance takes changes, and in which not those of its storage, or only those.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
_OPTIMIZING, _FULL = "storage-optimization", "storage-full"
_USABLE = ("available", _OPTIMIZING, "storage-initialization", "storage-config-upgrade")
_STORAGE = {"AllocatedStorage", "Iops", "StorageThroughput", "StorageType"}
_NO_SNAPSHOT = ("creating", "failed", "incompatible-network", "incompatible-restore")
_STUCK = re.compile(
    r"incompatible-.*|inaccessible-.*|insufficient-.*|.*-failed|failed|restore-error|storage-full|stopped"
)


@dataclass
class Life:
    """One database: what it does, until when, and what is to become of it then."""

    status: str
    until: datetime | None = None
    pending: dict = field(default_factory=dict)
    # Those of the pending changes that it is at now; ``None`` for all of them.
    due: tuple | None = None
    # Its last description, once moto has deleted it.
    remains: dict | None = None

    def takes(self, parameters):
        """Whether RDS takes the change of an instance or cluster that the ``parameters`` of a call are."""
        of_storage = parameters.keys() & _STORAGE
        if self.status == _FULL:
            return bool(of_storage)
        return self.status in _USABLE and not (of_storage and self.status == _OPTIMIZING)

    def goes(self, *, snapshot):
        """Whether RDS deletes it, with a last ``snapshot`` or without."""
        return self.status in _USABLE or bool(
            _STUCK.fullmatch(self.status) and not (snapshot and self.status in _NO_SNAPSHOT)
        )


@dataclass
class Lives:
    """The databases of a region: ``(kind, identifier)`` → life; and how long each step takes, in seconds."""

    known: dict[tuple[str, str], Life] = field(default_factory=dict)
    seconds: dict[str, float] = field(
        default_factory=lambda: {"creating": 300, "modifying": 120, "deleting": 120, RESETTING: 30}
    )

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
        if life.status in ("modifying", RESETTING):
            apply(call, slot, life)
        life.status, life.until = "available", None
    return found


def apply(call, slot, life):
    """Let what was pending come true."""
    kind, identifier = slot
    due = life.pending if life.due is None else life.due
    changes = {name: value for name, value in life.pending.items() if name in due}
    life.pending = {name: value for name, value in life.pending.items() if name not in due}
    life.due = None
    if not changes:
        return
    backend = call.backend("rds")
    if kind == "db":
        # moto drops the throughput of a type that has none, so the type comes first.
        ordered = sorted(changes, key=lambda name: name != "StorageType")
        named = {_MOTO_NAMES.get(name, name): changes[name] for name in ordered}
        before = backend.databases[identifier].storage_type
        storage.settle(backend.modify_db_instance(identifier, XFormedDict(named)), before)
    else:
        cluster = backend.clusters[identifier]
        cluster.iam_auth = changes.pop("EnableIAMDatabaseAuthentication", cluster.iam_auth)  # moto does not change it
        backend.modify_db_cluster(XFormedDict({"DBClusterIdentifier": identifier, **changes}))


def keep(call, life, changes, given):
    """
    Keep ``changes`` for later. What else was ``given`` is so already, and takes back what waits in its place, if at once.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
    """
    if call.parameters.get("ApplyImmediately"):
        for name in given:
            life.pending.pop(name, None)
    life.pending |= changes


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
        if life.status in _USABLE:
            apply(call, slot, life)


def shown_pending(life):
    """Pending changes as descriptions show them."""
    names = {
        "NewDBInstanceIdentifier": "DBInstanceIdentifier",
        "DBPortNumber": "Port",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    }
    return {
        names.get(name, name): _HIDDEN if name == "MasterUserPassword" else value
        for name, value in life.pending.items()
    }


def described(call, sort, listed, identifier, shown):
    """
    The answer to a description of databases: what is being deleted is described until it is gone.

    ``sort`` is that of their slots, ``listed`` the answer's list, ``identifier`` the member with their names; and
    ``shown(call, life, entry)`` gives moto's description as the database's life has it.
    """
    known = lives(call).known
    remains = {slot[1]: life for slot, life in known.items() if slot[0] == sort and life.remains is not None}
    wanted = call.parameters.get(identifier, "").lower()
    if wanted in remains:
        return {listed: [remains[wanted].remains]}
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    result[listed] = [
        shown(call, known.get((sort, entry[identifier]), Life("available")), entry) for entry in result.get(listed, [])
    ]
    if not wanted and not call.parameters.get("Filters"):
        result[listed] += [life.remains for life in remains.values()]
    return result
