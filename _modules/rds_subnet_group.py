"""
Manage DB subnet groups: the subnets, in two zones or more, that databases of a VPC are in.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html

Attributes
    ``description``
        What it is for.
    ``subnets``
        Names or ids of its subnets, all of them.
    ``tags``
        A mapping of strings.

Every function takes ``vpc``, the name or id of the subnets' VPC (left out: any), and ``region``, ``profile``, ``keyid``
and ``key`` last: how to reach the account. IAM actions: ``rds:DescribeDBSubnetGroups``, ``rds:ListTagsForResource``,
``ec2:DescribeVpcs`` and ``ec2:DescribeSubnets`` to read; ``rds:CreateDBSubnetGroup``, ``rds:ModifyDBSubnetGroup``,
``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to write; ``rds:DescribeDBInstances``,
``rds:DescribeDBClusters`` and ``rds:DeleteDBSubnetGroup`` to delete.
"""

import re

from aws_runbook import arguments, ec2, rds
from aws_runbook.errors import RunbookError
from aws_runbook.session import connect

_NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,254}")
_LEAST_ZONES = 2


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every function here
    """
    The DB subnet group's ``arn``, ``vpc_id`` and attributes; ``None`` when there is none.

    attributes
        Only these are read (a list of names). Default: all.

    IAM actions: ``rds:DescribeDBSubnetGroups``; by attribute ``ec2:DescribeSubnets``, ``rds:ListTagsForResource``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.describe lab
    """
    session = _session(region, profile, keyid, key)
    group = rds.subnet_group(session, name)
    if group is None:
        return None
    wanted = _READERS if attributes is None else attributes
    identity = {"arn": group["DBSubnetGroupArn"], "vpc_id": group["VpcId"]}
    return {**identity, **{attribute: _READERS[attribute](session, group) for attribute in wanted}}


def _subnets(session, group):
    names = {entry["SubnetId"]: ec2.name_of(entry) for entry in ec2.subnets(session, group["VpcId"])}
    ids = [entry["SubnetIdentifier"] for entry in group["Subnets"]]
    return sorted(names.get(subnet_id) or subnet_id for subnet_id in ids)


def _tags(session, group):
    return rds.tags(session, f"the DB subnet group {group['DBSubnetGroupName']}", group["DBSubnetGroupArn"], {})


_READERS = {
    "description": lambda _session, group: group["DBSubnetGroupDescription"],
    "subnets": _subnets,
    "tags": _tags,
}


def normalise(name, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value that AWS does not take is an error.

    attributes
        A mapping of the module's attributes. One of another shape is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.normalise lab '{subnets: [lab-a, lab-b]}'
    """
    where = f"DB subnet group {name}"
    checked = dict(attributes)
    if not _NAME.fullmatch(name) or name == "default":
        raise RunbookError(
            f"{where}: its name has 1 to 255 lower-case letters, digits, spaces and ._-, and is not default."
        )
    if "subnets" in checked:
        checked["subnets"] = arguments.names(where, "subnets", checked["subnets"])
        if len(checked["subnets"]) < _LEAST_ZONES:
            raise RunbookError(
                f"{where}: subnets is {checked['subnets']!r}; give subnets in two zones or more, as RDS asks for."
            )
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def resolve(name, current, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    What is wanted of a DB subnet group that is as ``current`` says; subnets in one zone only are an error.

    current
        What ``describe`` says of it; ``{}`` or ``None`` when there is none.
    attributes
        What ``normalise`` has returned.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Reads, and does not write.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.resolve lab '{}' '{subnets: [lab-a, lab-b], description: Lab}' vpc=lab
    """
    if not current and not {"description", "subnets"} <= attributes.keys():
        raise RunbookError(f"There is no DB subnet group {name} yet; to make one, give description and subnets.")
    resolved = dict(attributes)
    if "subnets" in attributes:
        session = _session(region, profile, keyid, key)
        found = [_subnet(session, subnet, vpc) for subnet in attributes["subnets"]]
        zones = {entry["AvailabilityZone"] for entry in found if entry}
        if None not in found and len(zones) < _LEAST_ZONES:
            raise RunbookError(
                f"DB subnet group {name}: subnets is {attributes['subnets']!r}, all in {zones.pop()}; RDS asks for two zones "
                "or more."
            )
        names = [ec2.name_of(entry) if entry else None for entry in found]
        resolved["subnets"] = sorted(known or given for known, given in zip(names, attributes["subnets"], strict=True))
    return {"attributes": resolved, "warnings": []}


def _subnet(session, name, vpc):
    found = ec2.vpc(session, vpc) if vpc else None
    if vpc and found is None:
        return None  # under test, it may be made by a state before this one
    return ec2.one("subnet", name, ec2.subnets(session, found and found["VpcId"]), "SubnetId")


def _ids(session, name, subnets, vpc):
    found = {subnet: _subnet(session, subnet, vpc) for subnet in subnets}
    missing = [subnet for subnet, entry in found.items() if entry is None]
    if missing:
        raise RunbookError(
            f"DB subnet group {name}: there is no subnet {missing[0]}: declare it in aws:ec2:vpcs, or name another."
        )
    return [entry["SubnetId"] for entry in found.values()]


def create(name, description, subnets, tags=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a DB subnet group.

    description
        What it is for.
    subnets
        A list of names or ids, in two zones or more.
    tags
        A mapping of strings. Default: none.

    One that is there already is left as it is. IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``,
    ``rds:CreateDBSubnetGroup``, ``rds:AddTagsToResource``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.create lab 'Databases of the lab' '[lab-a, lab-b]' vpc=lab
    """
    wanted = normalise(name, {"subnets": subnets, "tags": tags or {}})
    session = _session(region, profile, keyid, key)
    session.write(
        "rds",
        "create_db_subnet_group",
        f"create the DB subnet group {name}",
        absent=("DBSubnetGroupAlreadyExists",),
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=description,
        SubnetIds=_ids(session, name, wanted["subnets"], vpc),
        Tags=ec2.tag_list(wanted["tags"]),
    )
    return True


def update(name, description=None, subnets=None, tags=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Write the given attributes of a DB subnet group; ``None`` leaves an attribute alone.

    description
        What it is for.
    subnets
        All its subnets: a list of names or ids.
    tags
        All its tags: others are removed.

    IAM actions: ``rds:DescribeDBSubnetGroups``, ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``,
    ``rds:ModifyDBSubnetGroup``, ``rds:ListTagsForResource``, ``rds:AddTagsToResource``, ``rds:RemoveTagsFromResource``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.update lab subnets='[lab-a, lab-b, lab-c]' vpc=lab
    """
    session = _session(region, profile, keyid, key)
    group = rds.subnet_group(session, name)
    if group is None:
        raise RunbookError(f"There is no DB subnet group {name}.")
    if description is not None or subnets is not None:
        parameters = {} if description is None else {"DBSubnetGroupDescription": description}
        known = _subnets(session, group)
        session.write(
            "rds",
            "modify_db_subnet_group",
            f"change the DB subnet group {name}",
            DBSubnetGroupName=name,
            SubnetIds=_ids(session, name, known if subnets is None else subnets, vpc or group["VpcId"]),
            **parameters,
        )
    if tags is not None:
        wanted = arguments.tags(f"DB subnet group {name}", tags)
        rds.write_tags(session, f"the DB subnet group {name}", group["DBSubnetGroupArn"], _tags(session, group), wanted)
    return True


def obstacles(name, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every function here
    """
    Why a DB subnet group must not be deleted: a list of sentences, empty when nothing is in the way.

    IAM actions: ``rds:DescribeDBInstances``, ``rds:DescribeDBClusters``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.obstacles lab
    """
    session = _session(region, profile, keyid, key)
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
    return [f"The DB subnet group {name} has {', '.join(sorted(users))} in it and is not deleted: delete that first."]


def delete(name, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every function here
    """
    Delete a DB subnet group; AWS refuses while a database is in it.

    IAM actions: ``rds:DeleteDBSubnetGroup``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_subnet_group.delete lab
    """
    session = _session(region, profile, keyid, key)
    session.write("rds", "delete_db_subnet_group", f"delete the DB subnet group {name}", DBSubnetGroupName=name)
    return True
