"""
The shape of ``aws:ec2`` and ``aws:rds`` in pillar, as data: a part of :data:`aws_runbook.schema.SCHEMA`.

Keys are the arguments of states. What their values can be is checked by the same functions that the modules use (see
:mod:`aws_runbook.database_plan`): here, that there are no others.
"""

_REGION = {"type": "string", "format": "aws-region", "description": "give a region such as eu-west-2"}
_NAME = {"type": "string", "minLength": 1, "description": "give a name"}
_BLOCK = {"type": "string", "format": "cidr-block", "description": "give a block such as 10.0.0.0/16"}
_ANY = {}

_DATABASE = (
    "engine",
    "engine_version",
    "storage_encrypted",
    "kms_key_id",
    "vpc_security_groups",
    "db_subnet_group_name",
    "port",
    "master_username",
    "master_password",
    "backup_retention_period",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "copy_tags_to_snapshot",
    "deletion_protection",
    "enable_performance_insights",
    "enable_iam_database_authentication",
    "tags",
    "apply",
    "allow_upgrade",
    "wait",
    "purge",
)
INSTANCE = (
    "preset",
    *_DATABASE,
    "db_instance_class",
    "allocated_storage",
    "max_allocated_storage",
    "storage_type",
    "iops",
    "storage_throughput",
    "multi_az",
    "publicly_accessible",
    "db_name",
    "auto_minor_version_upgrade",
    "ca_certificate_identifier",
    "db_parameter_group_name",
)
CLUSTER = (
    *_DATABASE,
    "min_capacity",
    "max_capacity",
    "seconds_until_auto_pause",
    "data_api",
    "database",
    # Serverless v1's, refused with what v2 has.
    "engine_mode",
    "scaling_configuration",
    "auto_pause",
    "timeout_action",
    "seconds_before_timeout",
)


def _mapping(properties, description="give a mapping", **more):
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
        **more,
    }


def _named(entry, description):
    return {
        "type": "object",
        "description": description,
        "propertyNames": _NAME,
        "additionalProperties": {**entry, "type": ["object", "null"]},
    }


def _arguments(names, **more):
    return _mapping({**dict.fromkeys(names, _ANY), **more})


_PASSWORD_AT = {"description": "give where the password goes", "type": ["string", "array"]}
_STORE = {
    "description": "give an sdb:// URI, a mapping with sdb, a mapping with pillar_file and keys, or a list of these",
    "type": ["string", "object", "array"],
    "if": {"type": "object"},
    "then": _mapping(
        {
            "sdb": {"type": "string", "description": "give an URI such as sdb://vault/analysis"},
            "pillar_file": {
                "type": "string",
                "pattern": "^/.*[^/]$",
                "description": "give the absolute path of a private pillar file",
            },
            "keys": _mapping({"password": _PASSWORD_AT}, required=["password"]),
            "gpg": {"type": "object", "description": "give a mapping with recipients"},
        }
    ),
}
_PLACE = {"region": _REGION, "vpc": _NAME, "store": _STORE}

_SUBNET = _mapping(
    {
        "cidr_block": _BLOCK,
        "availability_zone": {"type": "string", "description": "give a zone such as us-east-1a"},
        "map_public_ip_on_launch": {"type": "boolean", "description": "give True or False"},
        "tags": {"$ref": "#/$defs/tags"},
        "purge": _ANY,
    },
    required=["cidr_block"],
)
_VPC = _mapping(
    {
        "region": _REGION,
        "cidr_block": _BLOCK,
        **{
            name: {"type": "boolean", "description": "give True or False"}
            for name in ("enable_dns_support", "enable_dns_hostnames", "internet_gateway", "public_route", "purge")
        },
        "tags": {"$ref": "#/$defs/tags"},
        "subnets": _named(_SUBNET, "give a mapping of subnets to their cidr_block"),
    },
    required=["cidr_block"],
)

EC2 = _mapping(
    {
        "vpcs": _named(_VPC, "give a mapping of VPCs to their cidr_block and subnets"),
        "security_groups": _named(
            _arguments(("ingress", "egress", "purge"), region=_REGION, vpc=_NAME, description=_NAME, tags=_ANY),
            "give a mapping of security groups to their vpc, description and rules",
        ),
    }
)
RDS = _mapping(
    {
        "instances": _named(_arguments(INSTANCE, **_PLACE), "give a mapping of DB instances to their attributes"),
        "clusters": _named(_arguments(CLUSTER, **_PLACE), "give a mapping of DB clusters to their attributes"),
    }
)
