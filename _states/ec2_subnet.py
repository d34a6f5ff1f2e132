"""
Manage subnets of VPCs.

.. code-block:: yaml

    aws-subnet-lab-lab-a:
      ec2_subnet.present:
        - name: lab-a
        - vpc: lab
        - cidr_block: 10.0.1.0/24
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True)


def present(
    name,
    vpc=None,
    cidr_block=None,
    availability_zone=None,
    map_public_ip_on_launch=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a subnet exists, with the given attributes. What is left at ``None`` is not managed.

    name
        The subnet's ``Name`` tag, or its id. Two subnets of one name in the VPC are an error.
    vpc
        The name or id of its VPC.
    cidr_block
        Its addresses, within the VPC's and apart from other subnets'. One that differs from what the subnet has is an
        error, as AWS cannot change it.
    availability_zone
        Its zone. Left out, a new subnet gets the next zone in which the VPC has none.
    map_public_ip_on_launch
        ``True`` to give a public address to machines that are started in it.
    tags
        A mapping. Others of the subnet stay.
    purge
        ``True`` to remove tags that are not named here.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return states.present("ec2_subnet", locals(), converge.Salt(globals()))


def absent(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a subnet does not exist.

    name
        The subnet. While anything is in it, it is not deleted, and the state fails.
    vpc
        The name or id of its VPC. Left out: any.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return states.absent("ec2_subnet", locals(), converge.Salt(globals()))
