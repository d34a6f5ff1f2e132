"""
Manage DB subnet groups.

.. code-block:: yaml

    aws-subnet-group-lab:
      rds_subnet_group.present:
        - name: lab
        - vpc: lab
        - description: Databases of the lab
        - subnets: [lab-a, lab-b]
"""

from aws_runbook import converge
from aws_runbook.resolution import by_module

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def present(
    name,
    vpc=None,
    description=None,
    subnets=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a DB subnet group exists, with the given attributes. What is left at ``None`` is not managed.

    name
        The DB subnet group.
    vpc
        The name or id of the subnets' VPC. Left out: any, as long as names are not ambiguous.
    description
        What it is for.
    subnets
        Names or ids of all its subnets, in two zones or more.
    tags
        A mapping. Others of the group stay.
    purge
        ``True`` to remove tags that are not named here.
    region, profile, keyid, key
        Where it is, and how to reach the account.
    """
    connection = {"vpc": vpc, "region": region, "profile": profile, "keyid": keyid, "key": key}
    return converge.present(
        "rds_subnet_group",
        name,
        {"description": description, "subnets": subnets, "tags": tags},
        _salt(),
        subject=f"DB subnet group {name}",
        create_with=("description", "subnets", "tags"),
        keep=() if purge else ("tags",),
        resolve=by_module("rds_subnet_group", name, _salt(), **connection),
        connection=connection,
    )


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a DB subnet group does not exist.

    name
        The DB subnet group. While a database is in it, it is not deleted, and the state fails.
    region, profile, keyid, key
        Where it is, and how to reach the account.
    """
    return converge.absent(
        "rds_subnet_group",
        name,
        _salt(),
        subject=f"DB subnet group {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
    )
