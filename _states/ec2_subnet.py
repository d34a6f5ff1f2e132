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
    Ensure that a subnet exists with the given attributes. Arguments left at ``None`` are not managed.

    name
        The subnet's ``Name`` tag, or its id. Two subnets with this name in the VPC are an error.
    vpc
        The name or id of its VPC.
    cidr_block
        Its CIDR block, within the VPC's and without overlaps with other subnets. AWS cannot change it, so one that differs
        from the subnet's is an error.
    availability_zone
        Its availability zone. Default for a new subnet: the next zone in which the VPC has no subnet.
    map_public_ip_on_launch
        ``True`` to assign public IP addresses to instances that are launched in it.
    tags
        A mapping. The subnet's other tags are kept.
    purge
        ``True`` to remove tags that are not listed here.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.present("ec2_subnet", locals(), converge.Salt(globals()))


def absent(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a subnet does not exist.

    name
        The subnet. The state fails while anything is in it.
    vpc
        The name or id of its VPC. Default: any VPC.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.absent("ec2_subnet", locals(), converge.Salt(globals()))
