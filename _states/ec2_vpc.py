"""
Manage VPCs.

.. code-block:: yaml

    aws-vpc-lab:
      ec2_vpc.present:
        - name: lab
        - cidr_block: 10.0.0.0/16
        - enable_dns_hostnames: True
"""

from aws_runbook import converge
from aws_runbook.resolution import by_module

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


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
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    return converge.present(
        "ec2_vpc",
        name,
        {
            "cidr_block": cidr_block,
            "enable_dns_support": enable_dns_support,
            "enable_dns_hostnames": enable_dns_hostnames,
            "internet_gateway": internet_gateway,
            "public_route": public_route,
            "tags": tags,
        },
        _salt(),
        subject=f"VPC {name}",
        create_with=("cidr_block", "tags"),
        keep=() if purge else ("tags",),
        resolve=by_module("ec2_vpc", name, _salt(), **connection),
        connection=connection,
    )


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a VPC does not exist.

    name
        The VPC. While it has subnets or security groups, and if it is the default VPC, it is not deleted, and the state
        fails.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return converge.absent(
        "ec2_vpc",
        name,
        _salt(),
        subject=f"VPC {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
    )
