"""
DB clusters: Aurora as it is now. Serverless v1 is refused, v2 has its limits, the Data API is switched by its own calls.
"""

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.rds import checks, versions
from sandbox.handlers.rds.lives import Life, forget_automated_snapshots, lives

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
_MOST_CAPACITY = 256
_SHORTEST_PAUSE, _LONGEST_PAUSE = 300, 86400
_HTTP_ENGINES = ("aurora-postgresql", "aurora-mysql")
_MOST_BACKUP_DAYS = 35


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
        entry = {**entry, "HttpEndpointEnabled": cluster.http_endpoint_enabled}
    return {**entry, "Status": life.status}


@handles("rds", "DescribeDBClusters", reference=_API + "API_DescribeDBClusters.html")
def describe_db_clusters(call):
    """What is being deleted is described until it is gone."""
    known = lives(call).known
    remains = {slot[1]: life for slot, life in known.items() if slot[0] == "cluster" and life.remains is not None}
    wanted = call.parameters.get("DBClusterIdentifier", "").lower()
    if wanted in remains:
        return {"DBClusters": [remains[wanted].remains]}
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    result["DBClusters"] = [
        _shown(call, known.get(("cluster", entry["DBClusterIdentifier"]), Life("available")), entry)
        for entry in result.get("DBClusters", [])
    ]
    if not wanted and not call.parameters.get("Filters"):
        result["DBClusters"] += [life.remains for life in remains.values()]
    return result


@handles("rds", "ModifyDBCluster", reference=_API + "API_ModifyDBCluster.html")
def modify_db_cluster(call):
    """A changed cluster is being modified for a while."""
    cluster = _cluster(call)
    life = lives(call).known.setdefault(_slot(call), Life("available"))
    if life.status != "available":
        raise AwsError("InvalidDBClusterStateFault", f"DB cluster is not available: {life.status}.", 400)
    checks.password(call.parameters, needed=False)
    versions.check(cluster.engine, call.parameters.get("EngineVersion"))
    scaling = call.parameters.get("ServerlessV2ScalingConfiguration")
    if scaling:
        _check_scaling(scaling)
    endpoint = call.parameters.get("EnableHttpEndpoint", cluster.http_endpoint_enabled)
    reply = call.forward()
    if not reply.succeeded:
        return reply
    set_http_endpoint(cluster, enabled=endpoint)
    lives(call).begin(call, _slot(call), "modifying")
    return {"DBCluster": _shown(call, lives(call).known[_slot(call)], wire.parse(call, reply)["DBCluster"])}


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
