"""
The shape of ``aws:ec2`` and ``aws:rds`` in pillar, as data: a part of :data:`aws_runbook.pillar.schema.SCHEMA`.

Keys are the arguments of states. What their values can be is checked by the same functions that the modules use (see
:mod:`aws_runbook.databases.plan`): here, that there are no others. So the form of a value is in a keyword of its own,
``form``, which is read by the page that lists all keys alone.
"""

from aws_runbook.databases import checks, serverless
from aws_runbook.databases import versions as engine_versions
from aws_runbook.databases.presets import PRESETS
from aws_runbook.network.rules import SERVICES
from aws_runbook.pillar.shapes import (
    FLAG,
    REGION,
    TAGS,
    TEXT,
    choice,
    formed,
    key,
    list_of,
    mapping,
    named,
    text,
    whole,
)
from aws_runbook.pillar.stores_schema import store

_NAME = text("give a name")
_NAMES = list_of(_NAME, "give a list of names")
_BLOCK = formed("cidr-block", "give a block such as 10.0.0.0/16")
_STORE = store(["password"], ["password"])
_WINDOW = text("give a window in UTC such as 03:00-03:30")
# A version that YAML reads as a number has lost its last zeros.
_VERSION = {"type": ["string", "integer"], "allowed": "give latest, or a version such as '16.10' or '16', in quotes"}
_PORT = whole("", *checks.PORTS)
_CAPACITY = {"type": "number", "maximum": serverless.MOST, "multipleOf": 0.5}
_TIME = {"type": ["string", "integer"], "allowed": "give a time such as 90s, 20m or 1h"}
_PURGE = key(FLAG, "Whether entries that are not named here are removed.", default=False)
_OF_AWS = "`aws:region`"


def _argument(form, description, **more):
    """An argument of a state: the form of its values, and what it is for."""
    return {"form": form, "description": description, **more}


def _region(left_out=_OF_AWS):
    return key(REGION, "The region.", left_out=left_out)


def _tags():
    return key(TAGS, "Tags. Others stay, unless `purge`.")


_ENGINE = {
    "engine": _argument(TEXT, "The engine, such as `postgres` or `mysql`. AWS does not change it."),
    "engine_version": _argument(
        _VERSION, "`latest`, the latest version on the day of its creation, or a version.", page="databases.md#versions"
    ),
    "allow_upgrade": _argument(
        choice(*engine_versions.ALLOWED),
        "Whether an existing database may be upgraded to `engine_version`.",
        left_out="it is not upgraded",
        page="databases.md#versions",
    ),
}
_ACCESS = {
    "vpc": key(_NAME, "The VPC, one of `aws:ec2:vpcs`, whose subnets it is created in.", left_out="the default VPC"),
    "db_subnet_group_name": _argument(_NAME, "An existing DB subnet group, in place of `vpc`. AWS does not change it."),
    "vpc_security_groups": _argument(_NAMES, "Names or ids of all its security groups."),
    "port": _argument(
        _PORT,
        "The port. A change restarts the database at once, so it needs `apply: now`.",
        page="databases.md#time",
    ),
    "master_username": _argument(_NAME, "The master user. AWS does not change it."),
    "master_password": _argument(
        {**choice("stored", "managed"), "writeOnly": True},
        "Who keeps the password: `store`, or AWS in Secrets Manager.",
        left_out="`stored`, where there is a `store`",
        page="databases.md#the-password",
    ),
    "store": key(
        _STORE,
        "Where its password is stored.",
        left_out="refused, unless `master_password: managed` is set",
        page="databases.md#the-password",
    ),
    "enable_iam_database_authentication": _argument(FLAG, "Whether users of IAM can log in."),
}
_KEPT = {
    "storage_encrypted": _argument(FLAG, "Whether its storage is encrypted. AWS does not change it."),
    "kms_key_id": _argument(TEXT, "The KMS key that it is encrypted with. AWS does not change it."),
    "preferred_backup_window": _argument(_WINDOW, "When automated backups are made."),
    "preferred_maintenance_window": _argument(
        {**_WINDOW, "allowed": "give a window in UTC such as sun:05:00-sun:05:30"}, "When AWS makes pending changes."
    ),
    "copy_tags_to_snapshot": _argument(FLAG, "Whether snapshots have its tags."),
    "deletion_protection": _argument(FLAG, "Whether AWS refuses to delete it."),
    "enable_performance_insights": _argument(FLAG, "Whether Performance Insights is on."),
    "tags": _tags(),
}
_HANDLING = {
    "apply": _argument(
        choice(*checks.APPLY),
        "When changes are made: in the maintenance window, or at once, with all pending changes.",
        default="window",
        page="databases.md#time",
    ),
    "wait": _argument(
        _TIME,
        "How long to wait until the database is available.",
        left_out="it is not waited for",
        page="databases.md#time",
    ),
    "purge": _argument(FLAG, "Whether tags that are not named here are removed.", default=False),
}
_INSTANCE = mapping(
    {
        "preset": _argument(choice(*PRESETS), "Attributes that go together, each of which a key here overrides."),
        "region": _region(),
        **_ENGINE,
        "db_instance_class": _argument(TEXT, "The class, such as `db.t3.micro`."),
        "allocated_storage": _argument(
            whole(" of GiB", *checks.STORAGE), "Its storage, which grows and does not shrink."
        ),
        "max_allocated_storage": _argument(
            whole(" of GiB", 0, checks.STORAGE[1]), "How large storage may grow by itself; 0 for no autoscaling."
        ),
        "storage_type": _argument(TEXT, "The type of storage, such as `gp3`."),
        "iops": key(whole(""), "Provisioned operations per second."),
        "storage_throughput": key(whole(""), "Provisioned throughput in MiB per second, with `gp3`."),
        "multi_az": _argument(FLAG, "Whether it has a standby in another zone."),
        "publicly_accessible": _argument(FLAG, "Whether it has a public address."),
        **_ACCESS,
        "db_name": _argument(_NAME, "The database that is created in a new instance. AWS does not change it."),
        "backup_retention_period": _argument(
            whole(" of days", 0, checks.BACKUP_DAYS), "How long automated backups are kept; 0 for none."
        ),
        **_KEPT,
        "auto_minor_version_upgrade": _argument(FLAG, "Whether AWS applies minor versions by itself."),
        "ca_certificate_identifier": _argument(_NAME, "The certificate authority of RDS that issues its certificate."),
        "db_parameter_group_name": _argument(_NAME, "Its DB parameter group, which must exist."),
        **_HANDLING,
    }
)
_CLUSTER = mapping(
    {
        "region": _region(),
        **_ENGINE,
        "engine": _argument(choice(*serverless.ENGINES), "The engine. AWS does not change it."),
        "min_capacity": _argument(
            {**_CAPACITY, "minimum": 0, "allowed": f"give a number from 0 to {serverless.MOST}, in halves"},
            "The minimum of capacity units; with 0 it pauses.",
        ),
        "max_capacity": _argument(
            {**_CAPACITY, "minimum": 1, "allowed": f"give a number from 1 to {serverless.MOST}, in halves"},
            "The maximum of capacity units.",
        ),
        "seconds_until_auto_pause": _argument(
            whole(" of seconds", serverless.SHORTEST_PAUSE, serverless.LONGEST_PAUSE),
            "After how long without connections it pauses, with `min_capacity: 0`.",
        ),
        "data_api": _argument(FLAG, "Whether SQL can be sent over HTTPS."),
        "database": _argument(_NAME, "The database that is created in a new cluster. AWS does not change it."),
        **_ACCESS,
        "master_username": _argument(_NAME, "The master user. AWS does not change it.", default="postgres"),
        "backup_retention_period": _argument(
            whole(" of days", 1, checks.BACKUP_DAYS), "How long automated backups are kept."
        ),
        **_KEPT,
        **_HANDLING,
        **{
            option: _argument(
                {}, "An option of Serverless v1, which AWS has ended: refused, with the option of v2 that replaces it."
            )
            for option in serverless.V1_OPTIONS
        },
    }
)
RDS = key(
    mapping(
        {
            "instances": key(
                named(_INSTANCE, "give a mapping of DB instances to their attributes", "INSTANCE", _NAME),
                "DB instances.",
                title="Databases: instances",
                page="databases.md#an-instance",
            ),
            "clusters": key(
                named(_CLUSTER, "give a mapping of DB clusters to their attributes", "CLUSTER", _NAME),
                "Clusters of Aurora Serverless v2.",
                title="Databases: clusters",
                page="databases.md#a-cluster-of-aurora-serverless-v2",
            ),
        }
    ),
    "Databases.",
    page="databases.md",
    title="Databases",
)

_SUBNET = mapping(
    {
        "cidr_block": key(_BLOCK, "Its addresses, within the VPC's. AWS does not change them."),
        "availability_zone": key(
            TEXT | {"allowed": "give a zone such as us-east-1a"}, "Its zone.", left_out="the next without one"
        ),
        "map_public_ip_on_launch": key(FLAG, "Whether machines launched in it get a public address."),
        "tags": _tags(),
        "purge": _PURGE,
    },
    required=["cidr_block"],
)
_VPC = mapping(
    {
        "region": _region(),
        "cidr_block": key(_BLOCK, "Its addresses. AWS does not change them."),
        "enable_dns_support": key(FLAG, "Whether AWS's DNS server answers in it. A public database needs it."),
        "enable_dns_hostnames": key(FLAG, "Whether machines get DNS names. A public database needs it."),
        "internet_gateway": key(FLAG, "Whether it has an internet gateway."),
        "public_route": key(FLAG, "Whether its main route table has a route to the internet through that gateway."),
        "purge": _PURGE,
        "tags": _tags(),
        "subnets": key(
            named(_SUBNET, "give a mapping of subnets to their cidr_block", "SUBNET", _NAME), "Its subnets."
        ),
    },
    required=["cidr_block"],
)


def _rules(direction, peer):
    return key(
        {"type": "array", "allowed": "give a list of rules"},
        f"Rules for what {direction}: `service` ({', '.join(SERVICES)}) or `port` and `protocol`, and `{peer}`. Others stay, "
        "unless `purge`.",
    )


_SECURITY_GROUP = mapping(
    {
        "region": _region(),
        "vpc": key(_NAME, "The name or id of its VPC.", left_out="the default VPC"),
        "description": key(_NAME, "Its purpose; needed if it is declared here. AWS does not change it."),
        "ingress": _rules("comes in", "source"),
        "egress": _rules("goes out", "destination"),
        "tags": _tags(),
        "purge": _PURGE,
    }
)
EC2 = key(
    mapping(
        {
            "vpcs": key(
                named(_VPC, "give a mapping of VPCs to their cidr_block and subnets", "VPC", _NAME),
                "VPCs, by their `Name` tag.",
            ),
            "security_groups": key(
                named(
                    _SECURITY_GROUP,
                    "give a mapping of security groups to their vpc, description and rules",
                    "GROUP",
                    _NAME,
                ),
                "Security groups, by their names in the VPC.",
            ),
        }
    ),
    "The network of databases.",
    page="databases.md#network",
    title="Network",
)
