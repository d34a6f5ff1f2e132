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
    Ensure that a VPC exists with the given attributes. Arguments left at ``None`` are not managed.

    name
        The VPC's ``Name`` tag, or its id. Two VPCs with this name are an error.
    cidr_block
        Its CIDR block: ``10.0.0.0/16``. AWS cannot change it, so one that differs from the VPC's is an error.
    enable_dns_support, enable_dns_hostnames
        ``True`` or ``False``. A public database needs both.
    internet_gateway
        ``True`` to attach an internet gateway; ``False`` to detach it, and to delete it if it has the VPC's name.
    public_route
        ``True`` to route from the main route table to the internet through that gateway; ``False`` to delete that route.
    tags
        A mapping. The VPC's other tags are kept.
    purge
        ``True`` to remove tags that are not listed here.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.present("ec2_vpc", locals(), converge.Salt(globals()))


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a VPC does not exist.

    name
        The VPC. The state fails while it has subnets or security groups, and for the default VPC.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.absent("ec2_vpc", locals(), converge.Salt(globals()))
