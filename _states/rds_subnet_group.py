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
    Ensure that a DB subnet group exists with the given attributes. Arguments left at ``None`` are not managed.

    name
        The DB subnet group.
    vpc
        The name or id of the subnets' VPC. Default: any VPC, if the names are unambiguous.
    description
        The description.
    subnets
        The names or ids of all its subnets, in at least two availability zones.
    tags
        A mapping. The group's other tags are kept.
    purge
        ``True`` to remove tags that are not listed here.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return states.present("rds_subnet_group", locals(), converge.Salt(globals()))


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a DB subnet group does not exist.

    name
        The DB subnet group. The state fails while it contains a database.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return states.absent("rds_subnet_group", locals(), converge.Salt(globals()))
