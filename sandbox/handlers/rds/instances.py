"""
DB instances: they take their time, and their larger changes wait for it.
"""

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.rds import checks, storage, versions
from sandbox.handlers.rds.lives import (
    RESETTING,
    Life,
    described,
    forget_automated_snapshots,
    keep,
    lives,
    shown_pending,
)

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
# Changes that wait for the maintenance window, or take their time when they are to be made at once.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
_SLOW = (
    "AllocatedStorage",
    "CACertificateIdentifier",
    "DBInstanceClass",
    "DBPortNumber",
    "EnableIAMDatabaseAuthentication",
    "EngineVersion",
    "Iops",
    "LicenseModel",
    "MasterUserPassword",
    "MultiAZ",
    "NewDBInstanceIdentifier",
    "StorageThroughput",
    "StorageType",
)
# Changes that wait for no window, whatever is said.
_AT_ONCE = ("DBPortNumber", "MasterUserPassword")


def _slot(call):
    return "db", call.parameters["DBInstanceIdentifier"].lower()


def _missing(identifier):
    return AwsError("DBInstanceNotFound", f"DBInstance {identifier} not found.", 404)


@handles("rds", "CreateDBInstance", reference=_API + "API_CreateDBInstance.html")
def create_db_instance(call):
    """A new instance is being created for a while, and has no endpoint until it is there."""
    parameters = call.parameters
    slot = _slot(call)
    if slot in lives(call).known or slot[1] in call.backend().databases:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists", 400)
    cluster = call.backend().clusters.get(parameters.get("DBClusterIdentifier", ""))
    engine = parameters["Engine"]
    checks.instance_class(parameters, cluster)
    versions.check(engine, parameters.get("EngineVersion"))
    if parameters.get("DBClusterIdentifier") is None:
        checks.user(engine, parameters.get("MasterUsername"), needed=True)
        checks.password(parameters, needed=True)
        storage.check_new(parameters)
        checks.network(call, parameters)
        if parameters.get("PubliclyAccessible"):
            checks.public(call, parameters.get("DBSubnetGroupName"))
    elif parameters.get("MasterUserPassword"):
        raise checks.combination(
            "The requested DB Instance will be a member of a DB Cluster. Set master user password for the DB Cluster."
        )
    call.overrides["EngineVersion"] = versions.exact(engine, parameters.get("EngineVersion"))
    if parameters.get("PubliclyAccessible") is None:
        call.overrides["PubliclyAccessible"] = str(parameters.get("DBSubnetGroupName") is None).lower()
    forget_automated_snapshots(call.backend().database_snapshots, slot[1])
    reply = call.forward()
    if not reply.succeeded:
        return reply
    instance = call.backend().databases[parameters["DBInstanceIdentifier"]]
    instance.performance_insights_enabled = parameters.get("EnablePerformanceInsights", False)
    instance.instance_create_time = call.now.replace(tzinfo=None)
    entry = wire.parse(call, reply)["DBInstance"]
    if cluster is None:
        storage.set_baseline(instance)
        entry |= {name: value for name, value in storage.shown(instance).items() if value}
    lives(call).begin(call, slot, "creating")
    return {"DBInstance": _shown(call, lives(call).known[slot], entry)}


def _shown(_call, life, entry):
    """A description by moto, as the instance's life has it."""
    entry = {**entry, "DBInstanceStatus": life.status, "PendingModifiedValues": shown_pending(life)}
    if life.status == "creating":
        # It cannot be reached, and has not been started, before it is there.
        entry = {name: value for name, value in entry.items() if name not in ("Endpoint", "LatestRestorableTime")}
    return entry


@handles("rds", "DescribeDBInstances", reference=_API + "API_DescribeDBInstances.html")
def describe_db_instances(call):
    """What is being deleted is described until it is gone."""
    return described(call, "db", "DBInstances", "DBInstanceIdentifier", _shown)


def _available(call):
    """The life of the instance that a call changes; RDS's refusal unless it is available."""
    identifier = call.parameters["DBInstanceIdentifier"]
    if identifier.lower() not in call.backend().databases:
        raise _missing(identifier)
    life = lives(call).known.setdefault(_slot(call), Life("available"))
    if not life.takes(call.parameters):
        raise AwsError("InvalidDBInstanceState", f"Database instance is not in available state: {life.status}.", 400)
    return life


@handles("rds", "ModifyDBInstance", reference=_API + "API_ModifyDBInstance.html")
def modify_db_instance(call):
    """
    Small changes are made at once, larger ones are pending until they are done.

    ``ApplyImmediately`` is for the changes of the call and for all that are pending; with it alone, a value that is there
    already takes back what is pending in its place. A password is changed as soon as may be without it, and a new port restarts the instance without it.
    """
    parameters = call.parameters
    life = _available(call)
    instance = call.backend().databases[parameters["DBInstanceIdentifier"].lower()]
    checks.password(parameters, needed=False)
    _check_changes(instance, parameters)
    if parameters.get("PubliclyAccessible") and not instance.publicly_accessible and instance.db_subnet_group:
        checks.public(call, instance.db_subnet_group.name)
    slow = {name: parameters[name] for name in _SLOW if name in parameters}
    if bool(parameters.get("BackupRetentionPeriod", instance.backup_retention_period)) != bool(
        instance.backup_retention_period
    ):
        slow["BackupRetentionPeriod"] = parameters["BackupRetentionPeriod"]  # backups begin or end
    if "AllocatedStorage" in slow:
        slow["AllocatedStorage"] = storage.grown(instance, slow["AllocatedStorage"])
    for name in slow:
        call.overrides[name] = None
    reply = call.forward()
    if not reply.succeeded:
        return reply
    if "EnablePerformanceInsights" in parameters:
        instance.performance_insights_enabled = parameters["EnablePerformanceInsights"]
    keep(call, life, {name: value for name, value in slow.items() if _changes(instance, name, value)}, slow)
    due = tuple(life.pending if parameters.get("ApplyImmediately") else life.pending.keys() & set(_AT_ONCE))
    if due:
        status = RESETTING if due == ("MasterUserPassword",) else "modifying"
        lives(call).begin(call, _slot(call), status, pending=life.pending, due=due)
    return {"DBInstance": _shown(call, lives(call).known[_slot(call)], wire.parse(call, reply)["DBInstance"])}


def _changes(instance, name, value):
    current = {
        "AllocatedStorage": "allocated_storage",
        "BackupRetentionPeriod": "backup_retention_period",
        "CACertificateIdentifier": "ca_certificate_identifier",
        "DBInstanceClass": "db_instance_class",
        "DBPortNumber": "port",
        "EnableIAMDatabaseAuthentication": "enable_iam_database_authentication",
        "EngineVersion": "engine_version",
        "Iops": "iops",
        "LicenseModel": "license_model",
        "MultiAZ": "multi_az",
        "NewDBInstanceIdentifier": "db_instance_identifier",
        "StorageThroughput": "storage_throughput",
        "StorageType": "storage_type",
    }.get(name)
    return current is None or getattr(instance, current) != value


def _check_changes(instance, parameters):
    size = parameters.get("AllocatedStorage")
    if size is not None and size < instance.allocated_storage:
        raise checks.combination(
            f"Requested storage size ({size}) cannot be less than the current storage size "
            f"({instance.allocated_storage})."
        )
    storage.check_change(instance, parameters)
    if "DBInstanceClass" in parameters:
        cluster = getattr(instance, "cluster", None)
        checks.instance_class({**parameters, "Engine": instance.engine}, cluster)
    versions.check_change(instance.engine, instance.engine_version, parameters)


def _check_deletable(call, life):
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"""
    cluster = lives(call).known.get(("cluster", call.backend().databases[_slot(call)[1]].db_cluster_identifier))
    stopped = cluster is not None and cluster.status == "stopped"
    if stopped or not life.goes(snapshot=bool(call.parameters.get("FinalDBSnapshotIdentifier"))):
        status = "stopped" if stopped else life.status
        raise AwsError(
            "InvalidDBInstanceState", f"Instance is not in a state in which it can be deleted: {status}.", 400
        )


@handles("rds", "DeleteDBInstance", reference=_API + "API_DeleteDBInstance.html")
def delete_db_instance(call):
    """It is being deleted for a while; losing the data must be said."""
    slot = _slot(call)
    known = lives(call).known
    life = known.get(slot, Life("available"))
    if life.status == "deleting":
        raise AwsError("InvalidDBInstanceState", f"Instance {slot[1]} is already being deleted.", 400)
    instance = call.backend().databases.get(slot[1])
    if instance is None:
        raise _missing(call.parameters["DBInstanceIdentifier"])
    if instance.db_cluster_identifier is None:
        checks.final_snapshot(call.parameters, "FinalDBSnapshotIdentifier")
    elif call.parameters.get("FinalDBSnapshotIdentifier"):
        raise checks.combination("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance.")
    _check_deletable(call, life)
    reply = call.forward()
    if not reply.succeeded:
        return reply
    entry = _shown(call, Life("deleting"), wire.parse(call, reply)["DBInstance"])
    lives(call).begin(call, slot, "deleting", remains=entry)
    return {"DBInstance": entry}
