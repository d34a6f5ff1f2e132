"""
DB clusters: Aurora as it is now. Serverless v1 is refused, v2 has its limits, the Data API is switched by its own calls.
"""

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.rds import checks, versions
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
_MOST_CAPACITY = 256
_SHORTEST_PAUSE, _LONGEST_PAUSE = 300, 86400
_HTTP_ENGINES = ("aurora-postgresql", "aurora-mysql")
_MOST_BACKUP_DAYS = 35
# Changes that wait for the maintenance window unless ApplyImmediately is said; all others are made at once.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html#Aurora.Modifying.Cluster
# The reference of the call says of a password that it is made at once whatever is said; people report that it waits, as this page says.
_SLOW = ("EnableIAMDatabaseAuthentication", "EngineVersion", "MasterUserPassword")
_NO_CHANGES = ("DBClusterIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade")


def _slot(call):
    return "cluster", call.parameters["DBClusterIdentifier"].lower()


def _cluster(call):
    identifier = call.parameters["DBClusterIdentifier"]
    found = call.backend().clusters.get(identifier.lower())
    if found is None:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {identifier} not found.", 404)
    return found


def _check_scaling(scaling):
    """
    Capacities in halves; a pause only where nothing is the least.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
    """
    least, most = scaling.get("MinCapacity"), scaling.get("MaxCapacity")
    for name, capacity, lowest in (("MinCapacity", least, 0), ("MaxCapacity", most, 1)):
        if capacity is None:
            continue
        if not lowest <= capacity <= _MOST_CAPACITY or capacity * 2 != int(capacity * 2):
            raise checks.value(
                f"Serverless v2 {name} {capacity} isn't valid. It must be a multiple of 0.5 between {lowest} and "
                f"{_MOST_CAPACITY}."
            )
    if least is not None and most is not None and least > most:
        raise checks.value("Serverless v2 minimum capacity can't be greater than the maximum capacity.")
    pause = scaling.get("SecondsUntilAutoPause")
    if pause is None:
        return
    if least != 0:
        raise checks.combination("SecondsUntilAutoPause can be specified only when the minimum capacity is 0.")
    if not _SHORTEST_PAUSE <= pause <= _LONGEST_PAUSE:
        raise checks.value(f"SecondsUntilAutoPause {pause} must be between {_SHORTEST_PAUSE} and {_LONGEST_PAUSE}.")


@handles("rds", "CreateDBCluster", reference=_API + "API_CreateDBCluster.html")
def create_db_cluster(call):
    """A new cluster is being created for a while."""
    parameters = call.parameters
    slot = _slot(call)
    if slot in lives(call).known or slot[1] in call.backend().clusters:
        raise AwsError("DBClusterAlreadyExistsFault", "DB Cluster already exists", 400)
    engine = parameters["Engine"]
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless.html
    if parameters.get("EngineMode") == "serverless" or parameters.get("ScalingConfiguration"):
        raise checks.value("The engine mode serverless you requested is currently unavailable.")
    versions.check(engine, parameters.get("EngineVersion"))
    checks.user(engine, parameters.get("MasterUsername"), needed=True)
    checks.password(parameters, needed=True)
    checks.network(call, parameters)
    _check_scaling(parameters.get("ServerlessV2ScalingConfiguration", {}))
    days = parameters.get("BackupRetentionPeriod", 1)
    if not 1 <= days <= _MOST_BACKUP_DAYS:
        raise checks.value(f"Invalid backup retention period: {days}. Must be between 1 and {_MOST_BACKUP_DAYS}.")
    call.overrides["EngineVersion"] = versions.exact(engine, parameters.get("EngineVersion"))
    forget_automated_snapshots(call.backend().cluster_snapshots, slot[1])
    reply = call.forward()
    if not reply.succeeded:
        return reply
    cluster = call.backend().clusters[slot[1]]
    set_http_endpoint(cluster, enabled=bool(parameters.get("EnableHttpEndpoint")))
    lives(call).begin(call, slot, "creating")
    entry = wire.parse(call, reply)["DBCluster"]
    return {"DBCluster": _shown(call, lives(call).known[slot], entry)}


def set_http_endpoint(cluster, *, enabled):
    """Switch the Data API, where the engine has it; moto knows it for Serverless v1 only."""
    cluster._enable_http_endpoint = enabled and cluster.engine in _HTTP_ENGINES  # noqa: SLF001


def _shown(call, life, entry):
    cluster = call.backend().clusters.get(entry["DBClusterIdentifier"])
    if cluster is not None:
        entry = {
            **entry,
            "HttpEndpointEnabled": cluster.http_endpoint_enabled,
            "PerformanceInsightsEnabled": bool(getattr(cluster, "enable_performance_insights", False)),
        }
    pending = {"PendingModifiedValues": shown_pending(life)} if life.pending else {}
    return {**entry, **pending, "Status": life.status}


@handles("rds", "DescribeDBClusters", reference=_API + "API_DescribeDBClusters.html")
def describe_db_clusters(call):
    """What is being deleted is described until it is gone."""
    return described(call, "cluster", "DBClusters", "DBClusterIdentifier", _shown)


@handles("rds", "ModifyDBCluster", reference=_API + "API_ModifyDBCluster.html")
def modify_db_cluster(call):
    """
    A changed cluster is being modified for a while. Some changes wait for the maintenance window.

    ``ApplyImmediately`` is for the changes of the call and for all that are pending, as of an instance.
    """
    parameters = call.parameters
    cluster = _cluster(call)
    life = lives(call).known.setdefault(_slot(call), Life("available"))
    if not life.takes(parameters):
        raise AwsError("InvalidDBClusterStateFault", f"DB cluster is not available: {life.status}.", 400)
    checks.password(parameters, needed=False)
    versions.check_change(cluster.engine, cluster.engine_version, parameters)
    scaling = parameters.get("ServerlessV2ScalingConfiguration")
    if scaling:
        _check_scaling(scaling)
    endpoint = parameters.get("EnableHttpEndpoint", cluster.http_endpoint_enabled)
    slow = {name: parameters[name] for name in _SLOW if name in parameters}
    call.overrides.update(dict.fromkeys(slow))
    reply = call.forward()
    if not reply.succeeded:
        return reply
    set_http_endpoint(cluster, enabled=endpoint)
    keep(call, life, {name: value for name, value in slow.items() if _changes(cluster, name, value)}, slow)
    due = tuple(life.pending) if parameters.get("ApplyImmediately") else ()
    if due or parameters.keys() - {*_SLOW, *_NO_CHANGES}:
        status = RESETTING if due == ("MasterUserPassword",) else "modifying"
        lives(call).begin(call, _slot(call), status, pending=life.pending, due=due)
    return {"DBCluster": _shown(call, lives(call).known[_slot(call)], wire.parse(call, reply)["DBCluster"])}


def _changes(cluster, name, value):
    known = {"EnableIAMDatabaseAuthentication": cluster.iam_auth, "EngineVersion": cluster.engine_version}
    return name not in known or known[name] != value


@handles("rds", "DeleteDBCluster", reference=_API + "API_DeleteDBCluster.html")
def delete_db_cluster(call):
    """A cluster goes after its instances; losing the data must be said."""
    slot = _slot(call)
    known = lives(call).known
    if slot in known and known[slot].status == "deleting":
        raise AwsError("InvalidDBClusterStateFault", f"Cluster {slot[1]} is already being deleted.", 400)
    cluster = _cluster(call)
    checks.final_snapshot(call.parameters, "FinalDBSnapshotIdentifier")
    if cluster.members:
        raise AwsError(
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            400,
        )
    reply = call.forward()
    if not reply.succeeded:
        return reply
    entry = {**wire.parse(call, reply)["DBCluster"], "Status": "deleting"}
    lives(call).begin(call, slot, "deleting", remains=entry)
    return {"DBCluster": entry}


@handles("rds", "EnableHttpEndpoint", "DisableHttpEndpoint", reference=_API + "API_EnableHttpEndpoint.html")
def switch_http_endpoint(call):
    """The Data API of a cluster that is there, on or off."""
    arn = call.parameters["ResourceArn"]
    cluster = next((entry for entry in call.backend().clusters.values() if entry.db_cluster_arn == arn), None)
    if cluster is None:
        raise AwsError("ResourceNotFoundFault", f"The specified resource {arn} was not found.", 404)
    set_http_endpoint(cluster, enabled=call.name == "EnableHttpEndpoint")
    return {"ResourceArn": arn, "HttpEndpointEnabled": cluster.http_endpoint_enabled}
