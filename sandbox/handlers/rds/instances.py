"""
DB instances: they take their time, and their larger changes wait for it.
"""

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.rds import checks, versions
from sandbox.handlers.rds.lives import Life, forget_automated_snapshots, lives, shown_pending

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
# Changes that wait for the maintenance window, or take their time when they are to be made at once.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
_SLOW = (
    "AllocatedStorage",
    "DBInstanceClass",
    "DBPortNumber",
    "EngineVersion",
    "Iops",
    "LicenseModel",
    "MasterUserPassword",
    "MultiAZ",
    "NewDBInstanceIdentifier",
    "StorageThroughput",
    "StorageType",
)
_NO_LATER = ("ApplyImmediately", "DBInstanceIdentifier", "AllowMajorVersionUpgrade")


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
        checks.storage(parameters)
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
    lives(call).begin(call, slot, "creating")
    entry = wire.parse(call, reply)["DBInstance"]
    return {"DBInstance": _shown(lives(call).known[slot], entry)}


def _shown(life, entry):
    """A description by moto, as the instance's life has it."""
    entry = {**entry, "DBInstanceStatus": life.status, "PendingModifiedValues": shown_pending(life)}
    if life.status == "creating":
        # It cannot be reached, and has not been started, before it is there.
        entry = {name: value for name, value in entry.items() if name not in ("Endpoint", "LatestRestorableTime")}
    return entry


@handles("rds", "DescribeDBInstances", reference=_API + "API_DescribeDBInstances.html")
def describe_db_instances(call):
    """What is being deleted is described until it is gone."""
    known = lives(call).known
    remains = {slot[1]: life for slot, life in known.items() if slot[0] == "db" and life.remains is not None}
    wanted = call.parameters.get("DBInstanceIdentifier", "").lower()
    if wanted in remains:
        return {"DBInstances": [remains[wanted].remains]}
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    result["DBInstances"] = [
        _shown(known.get(("db", entry["DBInstanceIdentifier"]), Life("available")), entry)
        for entry in result.get("DBInstances", [])
    ]
    if not wanted and not call.parameters.get("Filters"):
        result["DBInstances"] += [life.remains for life in remains.values()]
    return result


def _available(call):
    """The life of the instance that a call changes; RDS's refusal unless it is available."""
    identifier = call.parameters["DBInstanceIdentifier"]
    if identifier.lower() not in call.backend().databases:
        raise _missing(identifier)
    life = lives(call).known.setdefault(_slot(call), Life("available"))
    if life.status != "available":
        raise AwsError("InvalidDBInstanceState", f"Database instance is not in available state: {life.status}.", 400)
    return life


@handles("rds", "ModifyDBInstance", reference=_API + "API_ModifyDBInstance.html")
def modify_db_instance(call):
    """Small changes are made at once, larger ones are pending until they are done."""
    parameters = call.parameters
    life = _available(call)
    instance = call.backend().databases[parameters["DBInstanceIdentifier"].lower()]
    checks.password(parameters, needed=False)
    _check_changes(instance, parameters)
    if parameters.get("PubliclyAccessible") and not instance.publicly_accessible and instance.db_subnet_group:
        checks.public(call, instance.db_subnet_group.name)
    slow = {name: parameters[name] for name in _SLOW if name in parameters}
    for name in slow:
        call.overrides[name] = None
    reply = call.forward()
    if not reply.succeeded:
        return reply
    if "EnablePerformanceInsights" in parameters:
        instance.performance_insights_enabled = parameters["EnablePerformanceInsights"]
    life.pending |= {name: value for name, value in slow.items() if _changes(instance, name, value)}
    if parameters.get("ApplyImmediately") and life.pending:
        lives(call).begin(call, _slot(call), "modifying", pending=life.pending)
    return {"DBInstance": _shown(lives(call).known[_slot(call)], wire.parse(call, reply)["DBInstance"])}


def _changes(instance, name, value):
    current = {
        "AllocatedStorage": "allocated_storage",
        "DBInstanceClass": "db_instance_class",
        "DBPortNumber": "port",
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
    if "DBInstanceClass" in parameters:
        cluster = getattr(instance, "cluster", None)
        checks.instance_class({**parameters, "Engine": instance.engine}, cluster)
    version = parameters.get("EngineVersion")
    if version is None or version == instance.engine_version:
        return
    versions.check(instance.engine, version)
    now, then = versions.numbers(instance.engine_version), versions.numbers(version)
    if then < now[: len(then)]:
        raise checks.combination(f"Cannot upgrade {instance.engine} from {instance.engine_version} to {version}")
    if then[0] != now[0] and not parameters.get("AllowMajorVersionUpgrade"):
        raise checks.combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


@handles("rds", "DeleteDBInstance", reference=_API + "API_DeleteDBInstance.html")
def delete_db_instance(call):
    """It is being deleted for a while; losing the data must be said."""
    slot = _slot(call)
    known = lives(call).known
    if slot in known and known[slot].status == "deleting":
        raise AwsError("InvalidDBInstanceState", f"Instance {slot[1]} is already being deleted.", 400)
    instance = call.backend().databases.get(slot[1])
    if instance is None:
        raise _missing(call.parameters["DBInstanceIdentifier"])
    if instance.db_cluster_identifier is None:
        checks.final_snapshot(call.parameters, "FinalDBSnapshotIdentifier")
    elif call.parameters.get("FinalDBSnapshotIdentifier"):
        raise checks.combination("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance.")
    reply = call.forward()
    if not reply.succeeded:
        return reply
    entry = _shown(Life("deleting"), wire.parse(call, reply)["DBInstance"])
    lives(call).begin(call, slot, "deleting", remains=entry)
    return {"DBInstance": entry}
