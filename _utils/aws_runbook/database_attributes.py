"""
The attributes of instances and clusters by AWS's names: how they are read, given at creation, and changed.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
"""

from collections.abc import Callable
from dataclasses import dataclass

_PROVISIONED = ("io1", "io2")


@dataclass(frozen=True)
class Attribute:
    """
    One attribute: its parameter when it is made, the one when it is changed (``None``: never), and how it is read.

    ``held`` is its name among the pending values.
    """

    create: str | None
    modify: str | None
    read: Callable
    held: str | None = None


class Attributes:
    """A table of attributes, by our names."""

    def __init__(self, table):
        self._table = table

    @property
    def readers(self):
        """Functions of a description, by attribute."""
        return {name: attribute.read for name, attribute in self._table.items()}

    def create_parameters(self, wanted):
        """The parameters that make something with the attributes ``wanted``."""
        return {
            attribute.create: wanted[name]
            for name, attribute in self._table.items()
            if attribute.create
            and wanted.get(name) is not None
            and not (name == "max_allocated_storage" and not wanted[name])
        }

    def modify_parameters(self, wanted, entry):
        """The parameters that give the attributes ``wanted`` to what is as ``entry`` says."""
        parameters = {
            attribute.modify: wanted[name]
            for name, attribute in self._table.items()
            if attribute.modify and name in wanted
        }
        if parameters.get("MaxAllocatedStorage") == 0:
            # Autoscaling ends when it has no room: there is no other way to say so.
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingAutoscaling.html
            parameters["MaxAllocatedStorage"] = wanted.get("allocated_storage", entry["AllocatedStorage"])
        _complete_storage(parameters, entry)
        if "EngineVersion" in parameters:
            parameters["AllowMajorVersionUpgrade"] = True  # that it is allowed was decided before
        if wanted.get("master_password") == "managed":
            parameters["ManageMasterUserPassword"] = True
        return parameters

    def pending(self, entry):
        """What AWS will change of ``entry``, by attribute; a password that waits is not shown."""
        held = entry.get("PendingModifiedValues", {})
        return {
            name: held[attribute.held]
            for name, attribute in self._table.items()
            if attribute.held and attribute.held in held
        }


def _complete_storage(parameters, entry):
    """
    Size and IOPS go together: RDS takes neither alone where both are provisioned.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
    """
    if "Iops" in parameters:
        parameters.setdefault("AllocatedStorage", entry["AllocatedStorage"])
    elif "AllocatedStorage" in parameters and entry.get("StorageType") in _PROVISIONED:
        parameters["Iops"] = entry["Iops"]


def _same(name, read=None, *, pending=False, fixed=False):
    return Attribute(name, None if fixed else name, read or (lambda entry: entry.get(name)), name if pending else None)


def _password(entry):
    return "managed" if entry.get("MasterUserSecret") else "stored"


def _autoscaling(entry):
    """The limit of storage; 0 when there is none above what there is."""
    most = entry.get("MaxAllocatedStorage") or 0
    return most if most > entry["AllocatedStorage"] else 0


def _port(entry):
    return entry.get("Endpoint", {}).get("Port") or entry.get("DbInstancePort") or entry.get("Port")


_COMMON = {
    "engine": _same("Engine", fixed=True),
    "engine_version": _same("EngineVersion", pending=True),
    "storage_encrypted": _same("StorageEncrypted", fixed=True),
    "kms_key_id": _same("KmsKeyId", fixed=True),
    "master_username": _same("MasterUsername", fixed=True),
    "master_password": Attribute(None, None, _password),
    "backup_retention_period": _same("BackupRetentionPeriod", pending=True),
    "preferred_backup_window": _same("PreferredBackupWindow"),
    "preferred_maintenance_window": _same("PreferredMaintenanceWindow"),
    "copy_tags_to_snapshot": _same("CopyTagsToSnapshot"),
    "deletion_protection": _same("DeletionProtection"),
    "enable_performance_insights": Attribute(
        "EnablePerformanceInsights",
        "EnablePerformanceInsights",
        lambda entry: entry.get("PerformanceInsightsEnabled", False),
    ),
    "enable_iam_database_authentication": Attribute(
        "EnableIAMDatabaseAuthentication",
        "EnableIAMDatabaseAuthentication",
        lambda entry: entry.get("IAMDatabaseAuthenticationEnabled", False),
        "IAMDatabaseAuthenticationEnabled",
    ),
}

INSTANCE = Attributes(
    {
        **_COMMON,
        "db_instance_class": _same("DBInstanceClass", pending=True),
        "allocated_storage": _same("AllocatedStorage", pending=True),
        "max_allocated_storage": Attribute("MaxAllocatedStorage", "MaxAllocatedStorage", _autoscaling),
        "storage_type": _same("StorageType", pending=True),
        "iops": _same("Iops", pending=True),
        "storage_throughput": _same("StorageThroughput", pending=True),
        "multi_az": _same("MultiAZ", pending=True),
        "publicly_accessible": _same("PubliclyAccessible"),
        "auto_minor_version_upgrade": _same("AutoMinorVersionUpgrade"),
        "db_subnet_group_name": _same(
            "DBSubnetGroupName", lambda entry: entry.get("DBSubnetGroup", {}).get("DBSubnetGroupName"), fixed=True
        ),
        "db_name": _same("DBName", fixed=True),
        "port": Attribute("Port", "DBPortNumber", _port, "Port"),
        "ca_certificate_identifier": _same("CACertificateIdentifier", pending=True),
        "db_parameter_group_name": _same(
            "DBParameterGroupName",
            lambda entry: next((group["DBParameterGroupName"] for group in entry.get("DBParameterGroups", [])), None),
        ),
    }
)


class _ClusterAttributes(Attributes):
    """Those of a cluster: its capacity is one parameter."""

    def create_parameters(self, wanted):
        return {**super().create_parameters(wanted), **scaling(wanted)}

    def modify_parameters(self, wanted, entry):
        return {**super().modify_parameters(wanted, entry), **scaling(wanted, entry)}


CLUSTER = _ClusterAttributes(
    {
        **_COMMON,
        "database": Attribute("DatabaseName", None, lambda entry: entry.get("DatabaseName")),
        "db_subnet_group_name": _same("DBSubnetGroupName", lambda entry: entry.get("DBSubnetGroup"), fixed=True),
        "port": _same("Port"),
        "min_capacity": Attribute(None, None, lambda entry: _scaling(entry).get("MinCapacity")),
        "max_capacity": Attribute(None, None, lambda entry: _scaling(entry).get("MaxCapacity")),
        "seconds_until_auto_pause": Attribute(None, None, lambda entry: _scaling(entry).get("SecondsUntilAutoPause")),
        "data_api": Attribute("EnableHttpEndpoint", None, lambda entry: entry.get("HttpEndpointEnabled", False)),
    }
)


def _scaling(entry):
    return entry.get("ServerlessV2ScalingConfiguration") or {}


def scaling(wanted, entry=None):
    """The parameter for the capacity of a cluster, whole, as AWS wants it; empty when none of it is wanted."""
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
