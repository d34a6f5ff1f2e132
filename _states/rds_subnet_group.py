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

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True)


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
    return states.present("rds_subnet_group", locals(), converge.Salt(globals()))


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a DB subnet group does not exist.

    name
        The DB subnet group. While a database is in it, it is not deleted, and the state fails.
    region, profile, keyid, key
        Where it is, and how to reach the account.
    """
    return states.absent("rds_subnet_group", locals(), converge.Salt(globals()))
