"""
The attributes of instances and clusters: how they are checked, read, given at creation, and changed, by AWS's names.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
"""

from dataclasses import dataclass

from aws_runbook.aws import tags as tagging
from aws_runbook.databases import checks as database_checks
from aws_runbook.databases import serverless, storage
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.kind import Attribute


@dataclass(frozen=True)
class Parameter(Attribute):
    """
    An attribute of a database. Its ``read`` is given AWS's description of the database; its ``fixed`` completes a sentence.

    create
        The parameter of the call that creates a database. Without it, it is not given as such.
    modify
        The parameter of the call that changes one. Without it, AWS does not change it, or by another call.
    held
        Its name among the values that wait for the maintenance window.
    """

    create: str | None = None
    modify: str | None = None
    held: str | None = None


class Attributes:
    """A table of attributes; ``together(where, wanted)`` checks what depends on several of them, and returns them."""

    # Pending values that AWS does not keep for the maintenance window.
    at_once = ("MasterUserPassword",)

    def __init__(self, rows, together=lambda _where, wanted: wanted):
        self._table = {row.name: row for row in rows}
        self._together = together

    @property
    def names(self):
        """The names of the attributes."""
        return list(self._table)

    @property
    def fixed(self):
        """What to do instead of changing it, by attribute that AWS never changes."""
        return {name: attribute.fixed for name, attribute in self._table.items() if attribute.fixed}

    def check(self, where, attributes):
        """``attributes`` in canonical form; a value that RDS does not accept is an error."""
        wanted = dict(attributes)
        for name, attribute in self._table.items():
            if attribute.check and wanted.get(name) is not None:
                wanted[name] = attribute.check(where, name, wanted[name])
        database_checks.user(where, wanted.get("master_username"), wanted.get("engine", ""))
        return self._together(where, wanted)

    @property
    def readers(self):
        """The functions that read each attribute from AWS's description."""
        return {name: attribute.read for name, attribute in self._table.items() if attribute.read}

    def create_parameters(self, wanted):
        """The parameters of the call that creates a database with the attributes ``wanted``."""
        parameters = {
            attribute.create: wanted[name]
            for name, attribute in self._table.items()
            if attribute.create
            and wanted.get(name) is not None
            and not (name == "max_allocated_storage" and not wanted[name])
        }
        engine, size = parameters.get("Engine", ""), parameters.get("AllocatedStorage", 0)
        storage.trim(parameters, engine, parameters.get("StorageType"), size)
        return parameters

    def modify_parameters(self, wanted, entry):
        """The parameters of the call that gives the attributes ``wanted`` to the database that AWS describes by ``entry``."""
        parameters = {
            attribute.modify: wanted[name]
            for name, attribute in self._table.items()
            if attribute.modify and name in wanted
        }
        if parameters.get("MaxAllocatedStorage") == 0:
            # Autoscaling ends when it has no room: there is no other way to say so.
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingAutoscaling.html
            parameters["MaxAllocatedStorage"] = wanted.get("allocated_storage", entry["AllocatedStorage"])
        storage.complete(parameters, entry)
        if "EngineVersion" in parameters:
            parameters["AllowMajorVersionUpgrade"] = True  # that it is allowed was decided before
        if wanted.get("master_password") == "managed":
            parameters["ManageMasterUserPassword"] = True
        return parameters

    def pending(self, entry):
        """The pending values of ``entry`` by attribute. A pending password is not included."""
        held = entry.get("PendingModifiedValues", {})
        return {
            name: held[attribute.held]
            for name, attribute in self._table.items()
            if attribute.held and attribute.held in held
        }

    def held(self, entry):
        """Everything that waits for the maintenance window, by AWS's names."""
        return sorted(entry.get("PendingModifiedValues", {}).keys() - set(self.at_once))

    def unnamed(self, entry):
        """The part of :meth:`held` that is not in the table."""
        named = {attribute.held for attribute in self._table.values()}
        return [name for name in self.held(entry) if name not in named]


def _same(name, parameter, check=None, read=None, *, pending=False, fixed=""):
    """An attribute that has one name in every call."""
    return Parameter(
        name,
        check=check,
        read=read or (lambda entry: entry.get(parameter)),
        fixed=fixed,
        create=parameter,
        modify=None if fixed else parameter,
        held=parameter if pending else None,
    )


def _password(entry):
    return "managed" if entry.get("MasterUserSecret") else "stored"


def _autoscaling(entry):
    """The limit of storage autoscaling; 0 when it is not above the allocated storage."""
    most = entry.get("MaxAllocatedStorage") or 0
    return most if most > entry["AllocatedStorage"] else 0


def _port(entry):
    return entry.get("Endpoint", {}).get("Port") or entry.get("DbInstancePort") or entry.get("Port")


def _check_instance(where, wanted):
    database_checks.storage(where, wanted.get("allocated_storage"), wanted.get("max_allocated_storage"))
    if wanted.get("kms_key_id") and wanted.get("storage_encrypted") is False:
        raise RunbookError(f"{where}: kms_key_id is given, and storage_encrypted is False; leave one out.")
    return wanted


_COPY = "Take a snapshot, restore it under another name with the wanted settings, and switch to it"
_ENCRYPT = "Take a snapshot, copy it with {} KMS key, restore the copy under another name, and switch to it"
_BY_SQL = "Create the database with SQL (CREATE DATABASE)"

_COMMON = (
    _same("engine_version", "EngineVersion", database_checks.engine_version, pending=True),
    _same("storage_encrypted", "StorageEncrypted", checks.flag, fixed=_ENCRYPT.format("a")),
    _same("kms_key_id", "KmsKeyId", checks.text, fixed=_ENCRYPT.format("that")),
    _same(
        "master_username",
        "MasterUsername",
        checks.text,
        fixed="Create the user with SQL (CREATE ROLE), or restore a snapshot under another name",
    ),
    Parameter("master_password", read=_password),
    _same("preferred_backup_window", "PreferredBackupWindow", database_checks.backup_window),
    _same("preferred_maintenance_window", "PreferredMaintenanceWindow", database_checks.maintenance_window),
    _same("copy_tags_to_snapshot", "CopyTagsToSnapshot", checks.flag),
    _same("deletion_protection", "DeletionProtection", checks.flag),
    Parameter(
        "enable_performance_insights",
        check=checks.flag,
        read=lambda entry: entry.get("PerformanceInsightsEnabled", False),
        create="EnablePerformanceInsights",
        modify="EnablePerformanceInsights",
    ),
    Parameter(
        "enable_iam_database_authentication",
        check=checks.flag,
        read=lambda entry: entry.get("IAMDatabaseAuthenticationEnabled", False),
        create="EnableIAMDatabaseAuthentication",
        modify="EnableIAMDatabaseAuthentication",
        held="IAMDatabaseAuthenticationEnabled",
    ),
    # How these are read and written takes more calls: see ``aws_runbook.databases.database``.
    Parameter("vpc_security_groups", check=arguments.names),
    Parameter("tags", check=checks.tags(tagging.RDS), shared=True),
)
_OTHER_ENGINE = "Create a database with another name and copy the data"
_OTHER_NETWORK = f"{_COPY}, because another subnet group is another network"
_PORT = checks.whole(*database_checks.PORTS)

INSTANCE = Attributes(
    (
        _same("engine", "Engine", checks.text, fixed=_OTHER_ENGINE),
        *_COMMON,
        _same(
            "backup_retention_period",
            "BackupRetentionPeriod",
            checks.whole(0, database_checks.BACKUP_DAYS),
            pending=True,
        ),
        _same("db_instance_class", "DBInstanceClass", database_checks.instance_class, pending=True),
        _same("allocated_storage", "AllocatedStorage", checks.whole(*database_checks.STORAGE), pending=True),
        Parameter(
            "max_allocated_storage",
            check=checks.whole(0, database_checks.STORAGE[1]),
            read=_autoscaling,
            create="MaxAllocatedStorage",
            modify="MaxAllocatedStorage",
        ),
        _same("storage_type", "StorageType", checks.text, pending=True),
        _same("iops", "Iops", pending=True),
        _same("storage_throughput", "StorageThroughput", pending=True),
        _same("multi_az", "MultiAZ", checks.flag, pending=True),
        _same("publicly_accessible", "PubliclyAccessible", checks.flag),
        _same("auto_minor_version_upgrade", "AutoMinorVersionUpgrade", checks.flag),
        _same(
            "db_subnet_group_name",
            "DBSubnetGroupName",
            checks.text,
            lambda entry: entry.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
            fixed=_OTHER_NETWORK,
        ),
        _same("db_name", "DBName", database_checks.database, fixed=_BY_SQL),
        Parameter("port", check=_PORT, read=_port, create="Port", modify="DBPortNumber", held="Port"),
        _same("ca_certificate_identifier", "CACertificateIdentifier", checks.text, pending=True),
        _same(
            "db_parameter_group_name",
            "DBParameterGroupName",
            checks.text,
            lambda entry: next((group["DBParameterGroupName"] for group in entry.get("DBParameterGroups", [])), None),
        ),
    ),
    _check_instance,
)


class _ClusterAttributes(Attributes):
    """
    The attributes of a cluster. Options of Serverless v1 are refused. Its capacity is one parameter, and a new password may wait for the
    maintenance window.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html#Aurora.Modifying.Cluster
    """

    at_once = ()

    def check(self, where, attributes):
        return super().check(where, serverless.check(where, attributes))

    def create_parameters(self, wanted):
        return {**super().create_parameters(wanted), **scaling(wanted)}

    def modify_parameters(self, wanted, entry):
        return {**super().modify_parameters(wanted, entry), **scaling(wanted, entry)}


CLUSTER = _ClusterAttributes(
    (
        _same("engine", "Engine", checks.choice(*serverless.ENGINES), fixed=_OTHER_ENGINE),
        *_COMMON,
        _same(
            "backup_retention_period",
            "BackupRetentionPeriod",
            checks.whole(1, database_checks.BACKUP_DAYS),
            pending=True,
        ),
        _same("database", "DatabaseName", database_checks.database, fixed=_BY_SQL),
        _same(
            "db_subnet_group_name",
            "DBSubnetGroupName",
            checks.text,
            lambda entry: entry.get("DBSubnetGroup"),
            fixed=_OTHER_NETWORK,
        ),
        _same("port", "Port", _PORT),
        Parameter("min_capacity", read=lambda entry: _scaling(entry).get("MinCapacity")),
        Parameter("max_capacity", read=lambda entry: _scaling(entry).get("MaxCapacity")),
        Parameter("seconds_until_auto_pause", read=lambda entry: _scaling(entry).get("SecondsUntilAutoPause")),
        Parameter(
            "data_api",
            check=checks.flag,
            read=lambda entry: entry.get("HttpEndpointEnabled", False),
            create="EnableHttpEndpoint",
        ),
    )
)
# By attribute, for both kinds.
FIXED = {**INSTANCE.fixed, **CLUSTER.fixed}


def _scaling(entry):
    return entry.get("ServerlessV2ScalingConfiguration") or {}


def scaling(wanted, entry=None):
    """The parameter for the capacity of a cluster, always complete; an empty mapping when ``wanted`` has none of it."""
    names = {
        "min_capacity": "MinCapacity",
        "max_capacity": "MaxCapacity",
        "seconds_until_auto_pause": "SecondsUntilAutoPause",
    }
    given = {theirs: wanted[ours] for ours, theirs in names.items() if ours in wanted}
    if not given:
        return {}
    known = {theirs: value for theirs, value in _scaling(entry or {}).items() if theirs in names.values()}
    whole = {**known, **given}
    if whole.get("MinCapacity"):  # a cluster that always has some capacity does not pause
        whole.pop("SecondsUntilAutoPause", None)
    return {"ServerlessV2ScalingConfiguration": whole}
