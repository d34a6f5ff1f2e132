"""
Manage VPCs.

.. code-block:: yaml

    aws-vpc-lab:
      ec2_vpc.present:
        - name: lab
        - cidr_block: 10.0.0.0/16
        - enable_dns_hostnames: True
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True)


def present(
    name,
    cidr_block=None,
    enable_dns_support=None,
    enable_dns_hostnames=None,
    internet_gateway=None,
    public_route=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a VPC exists, with the given attributes. What is left at ``None`` is not managed.

    name
        The VPC's ``Name`` tag, or its id. Two VPCs of one name are an error.
    cidr_block
        Its addresses: ``10.0.0.0/16``. One that differs from what the VPC has is an error, as AWS cannot change it.
    enable_dns_support, enable_dns_hostnames
        ``True`` or ``False``. A public database needs both.
    internet_gateway
        ``True`` to attach an internet gateway; ``False`` to detach it, and to delete it if it has the VPC's name.
    public_route
        ``True`` to lead the main route table to the internet by that gateway; ``False`` not to.
    tags
        A mapping. Others of the VPC stay.
    purge
        ``True`` to remove tags that are not named here.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return states.present("ec2_vpc", locals(), converge.Salt(globals()))


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a VPC does not exist.

    name
        The VPC. While it has subnets or security groups, and if it is the default VPC, it is not deleted, and the state
        fails.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return states.absent("ec2_vpc", locals(), converge.Salt(globals()))
