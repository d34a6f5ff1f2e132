"""
Manage DB subnet groups: subnets of a VPC for its databases, in at least two zones.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html

Attributes
    ``description``
        Its purpose.
    ``subnets``
        The complete list of its subnets: names or ids.
    ``tags``
        A mapping of strings.

Every function takes ``vpc``, the name or id of the subnets' VPC (default: any), and ``region``, ``profile``, ``keyid``
and ``key`` as its last arguments: how to reach the account. IAM actions: ``rds:DescribeDBSubnetGroups``, ``rds:ListTagsForResource``,
``ec2:DescribeVpcs`` and ``ec2:DescribeSubnets`` to read; ``rds:CreateDBSubnetGroup``, ``rds:ModifyDBSubnetGroup``,
``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to write; ``rds:DescribeDBInstances``,
``rds:DescribeDBClusters`` and ``rds:DeleteDBSubnetGroup`` to delete.
"""

import re

from aws_runbook.aws import tags as tagging
from aws_runbook.databases import lookup
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.network import lookup as ec2

# Arguments that take texts.
TEXTS = ("description", "vpc")

_NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,254}")
_LEAST_ZONES = 2


def _check_name(group, wanted):
    if not _NAME.fullmatch(group.name) or group.name == "default":
        raise RunbookError(
            f"{group.where}: its name has 1 to 255 lower-case letters, digits, spaces and ._-, and is not default."
        )
    return wanted


def _check_subnets(where, attribute, value):
    subnets = arguments.names(where, attribute, value)
    if len(subnets) < _LEAST_ZONES:
        raise RunbookError(f"{where}: subnets is {subnets!r}; give subnets in at least two zones, as RDS requires.")
    return subnets


def _subnets(group):
    found = ec2.subnets(group.session, group.required["VpcId"])
    names = {entry["SubnetId"]: ec2.name_of(entry) for entry in found}
    ids = [entry["SubnetIdentifier"] for entry in group.entry["Subnets"]]
    return sorted(names.get(subnet_id) or subnet_id for subnet_id in ids)


def _modify(group, wanted):
    """Change description and subnets in one call, which always requires the subnets."""
    vpc = group.scope["vpc"] or group.required["VpcId"]
    parameters = {"DBSubnetGroupDescription": wanted["description"]} if "description" in wanted else {}
    subnets = wanted["subnets"] if "subnets" in wanted else _subnets(group)
    group.session.write(
        "rds",
        "modify_db_subnet_group",
        f"change {group}",
        DBSubnetGroupName=group.name,
        SubnetIds=_ids(group.session, group.name, subnets, vpc),
        **parameters,
    )


def _subnet(session, name, vpc):
    found = ec2.vpc(session, vpc) if vpc else None
    if vpc and found is None:
        return None  # with test=True, an earlier state may be going to create it
    return ec2.one("subnet", name, ec2.subnets(session, found and found["VpcId"]), "SubnetId")


def _ids(session, name, subnets, vpc):
    found = {subnet: _subnet(session, subnet, vpc) for subnet in subnets}
    missing = [subnet for subnet, entry in found.items() if entry is None]
    if missing:
        raise RunbookError(
            f"DB subnet group {name}: there is no subnet {missing[0]}: declare it in aws:ec2:vpcs, or name another."
        )
    return [entry["SubnetId"] for entry in found.values() if entry is not None]


def _tags(group):
    return lookup.tags(group.session, str(group), group.required["DBSubnetGroupArn"], {})


def _write_tags(group, wanted):
    resource = {"ResourceName": group.required["DBSubnetGroupArn"]}
    tagging.RDS.write(group.session, str(group), wanted["tags"], _tags(group), **resource)


KIND = Kind(
    name="rds_subnet_group",
    subject="DB subnet group",
    what="DB subnet group",
    scope=("vpc",),
    find=lambda group: lookup.subnet_group(group.session, group.name),
    identity=lambda group: {"arn": group.entry["DBSubnetGroupArn"], "vpc_id": group.entry["VpcId"]},
    together=_check_name,
    attributes=(
        Attribute(
            "description",
            actions=("rds:ModifyDBSubnetGroup",),
            read=lambda group: group.entry["DBSubnetGroupDescription"],
            write=_modify,
        ),
        Attribute(
            "subnets",
            actions=("ec2:DescribeSubnets", "rds:ModifyDBSubnetGroup"),
            check=_check_subnets,
            read=_subnets,
            write=_modify,
        ),
        Attribute(
            "tags",
            actions=("rds:ListTagsForResource", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"),
            check=checks.tags(tagging.RDS),
            read=_tags,
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None, vpc=None):
    """
    Return the DB subnet group's ``arn``, ``vpc_id`` and attributes; ``None`` if it does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: ``rds:DescribeDBSubnetGroups``; by attribute ``ec2:DescribeSubnets``, ``rds:ListTagsForResource``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.describe lab
    """
    return KIND.describe(session, name, attributes, vpc=vpc)


@connected
def normalise(session, name, attributes, vpc=None):
    """
    Return the attributes as ``describe`` would give them; a value that AWS does not accept is an error.

    attributes
        A mapping of the module's attributes. An invalid mapping is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.normalise lab '{subnets: [lab-a, lab-b]}'
    """
    return KIND.normalise(session, name, attributes, vpc=vpc)


@connected
def resolve(session, name, current, attributes, vpc=None):
    """
    Return the wanted attributes of a DB subnet group, given its present ones. Subnets in a single zone are an error.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Writes nothing.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.resolve lab '{}' '{subnets: [lab-a, lab-b], description: Lab}' vpc=lab
    """
    if not current and not {"description", "subnets"} <= attributes.keys():
        raise RunbookError(f"There is no DB subnet group {name} yet; to create one, give description and subnets.")
    resolved = dict(attributes)
    if "subnets" in attributes:
        found = [_subnet(session, subnet, vpc) for subnet in attributes["subnets"]]
        zones = {entry["AvailabilityZone"] for entry in found if entry}
        if None not in found and len(zones) < _LEAST_ZONES:
            raise RunbookError(
                f"DB subnet group {name}: subnets is {attributes['subnets']!r}, all in {zones.pop()}; RDS requires at least two zones."
            )
        names = [ec2.name_of(entry) if entry else None for entry in found]
        resolved["subnets"] = sorted(known or given for known, given in zip(names, attributes["subnets"], strict=True))
    return {"attributes": resolved, "warnings": []}


@connected
def create(session, name, description, subnets, tags=None, vpc=None):
    """
    Create a DB subnet group.

    description
        Its purpose.
    subnets
        A list of names or ids, in at least two zones.
    tags
        A mapping of strings. Default: none.

    An existing one is not changed. IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``,
    ``rds:CreateDBSubnetGroup``, ``rds:AddTagsToResource``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.create lab 'Databases of the lab' '[lab-a, lab-b]' vpc=lab
    """
    wanted = normalise.on(session, name, {"subnets": subnets, "tags": tags or {}})
    session.write(
        "rds",
        "create_db_subnet_group",
        f"create the DB subnet group {name}",
        absent=("DBSubnetGroupAlreadyExists",),
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=description,
        SubnetIds=_ids(session, name, wanted["subnets"], vpc),
        Tags=tagging.listing(wanted["tags"]),
    )
    return True


@connected
@KIND.updates
def update(session, name, vpc=None, **attributes):
    """
    Write the given attributes of a DB subnet group; ``None`` does not change an attribute.

    description
        Its purpose.
    subnets
        The complete list of its subnets: names or ids.
    tags
        All its tags. Other tags are removed.

    IAM actions: ``rds:DescribeDBSubnetGroups``, ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``,
    ``rds:ModifyDBSubnetGroup``, ``rds:ListTagsForResource``, ``rds:AddTagsToResource``, ``rds:RemoveTagsFromResource``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.update lab subnets='[lab-a, lab-b, lab-c]' vpc=lab
    """
    return KIND.update(session, name, attributes, vpc=vpc)


@connected
def obstacles(session, name, vpc=None):
    """
    List the reasons why a DB subnet group must not be deleted, one sentence each; empty when there are none.

    IAM actions: ``rds:DescribeDBInstances``, ``rds:DescribeDBClusters``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.obstacles lab
    """
    instances = session.read("rds", "describe_db_instances", "list the DB instances")["DBInstances"]
    clusters = session.read("rds", "describe_db_clusters", "list the DB clusters")["DBClusters"]
    users = [
        *(
            entry["DBInstanceIdentifier"]
            for entry in instances
            if entry.get("DBSubnetGroup", {}).get("DBSubnetGroupName") == name
        ),
        *(entry["DBClusterIdentifier"] for entry in clusters if entry.get("DBSubnetGroup") == name),
    ]
    if not users:
        return []
    return [f"The DB subnet group {name} contains {', '.join(sorted(users))} and is not deleted: delete it first."]


@connected
def delete(session, name, vpc=None):
    """
    Delete a DB subnet group. AWS refuses while a database is in it.

    IAM actions: ``rds:DeleteDBSubnetGroup``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.delete lab
    """
    session.write("rds", "delete_db_subnet_group", f"delete the DB subnet group {name}", DBSubnetGroupName=name)
    return True
