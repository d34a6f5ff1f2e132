"""
Manage VPCs: virtual networks for databases and their clients.

https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html

A VPC is identified by its ``Name`` tag or its id. A name that several of them have is an error that lists them.

Attributes
    ``cidr_block``
        Its address range, from /16 to /28: ``10.0.0.0/16``. It cannot be changed later.
    ``enable_dns_support``, ``enable_dns_hostnames``
        ``True`` or ``False``. A public database in the VPC needs both.
    ``internet_gateway``
        ``True`` if an internet gateway is attached to it.
    ``public_route``
        ``True`` if its main route table has a route to the internet through that gateway.
    ``tags``
        A mapping of strings, without ``Name``.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: how to reach the account. IAM actions:
``ec2:DescribeVpcs``, ``ec2:DescribeVpcAttribute``, ``ec2:DescribeInternetGateways`` and ``ec2:DescribeRouteTables`` to
read; ``ec2:CreateVpc``, ``ec2:DeleteVpc`` (when two runs have made one), ``ec2:CreateTags``, ``ec2:DeleteTags``,
``ec2:ModifyVpcAttribute``, ``ec2:CreateInternetGateway``, ``ec2:AttachInternetGateway``,
``ec2:DetachInternetGateway``, ``ec2:DeleteInternetGateway``, ``ec2:CreateRoute`` and ``ec2:DeleteRoute`` to write;
``ec2:DescribeSubnets``, ``ec2:DescribeSecurityGroups``, ``ec2:DetachInternetGateway``,
``ec2:DeleteInternetGateway`` and ``ec2:DeleteVpc`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.network import cidr, internet_gateway, new_vpc
from aws_runbook.network import lookup as ec2

# Arguments that take texts.
TEXTS = ("cidr_block",)


def _write_dns(vpc, wanted):
    for attribute, member in ec2.DNS.items():
        if attribute in wanted:
            vpc.session.write(
                "ec2",
                "modify_vpc_attribute",
                f"set {attribute} of {vpc}",
                VpcId=vpc.required["VpcId"],
                **{member: {"Value": wanted[attribute]}},
            )


def _write_tags(vpc, wanted):
    known = vpc.required
    tagging.EC2.write(vpc.session, str(vpc), wanted["tags"], ec2.tags(known), Resources=[known["VpcId"]])


_DNS_ACTIONS = ("ec2:DescribeVpcAttribute", "ec2:ModifyVpcAttribute")

KIND = Kind(
    name="ec2_vpc",
    subject="VPC",
    what="VPC",
    find=lambda vpc: ec2.vpc(vpc.session, vpc.name),
    place=lambda vpc: f" in {vpc.session.region}: declare it in aws:ec2:vpcs, or name another",
    identity=lambda vpc: {"vpc_id": vpc.entry["VpcId"]},
    together=internet_gateway.check,
    attributes=(
        Attribute(
            "cidr_block",
            check=checks.block(cidr.check),
            read=lambda vpc: vpc.entry["CidrBlock"],
            fixed="Create a VPC with another name, or give the block it has.",
        ),
        Attribute(
            "enable_dns_support",
            actions=_DNS_ACTIONS,
            check=checks.flag,
            read=lambda vpc: ec2.dns(vpc.session, vpc.entry["VpcId"], "enable_dns_support"),
            write=_write_dns,
        ),
        Attribute(
            "enable_dns_hostnames",
            actions=_DNS_ACTIONS,
            check=checks.flag,
            read=lambda vpc: ec2.dns(vpc.session, vpc.entry["VpcId"], "enable_dns_hostnames"),
            write=_write_dns,
        ),
        Attribute(
            "internet_gateway",
            actions=(
                "ec2:DescribeInternetGateways",
                "ec2:CreateInternetGateway",
                "ec2:AttachInternetGateway",
                "ec2:DetachInternetGateway",
                "ec2:DeleteInternetGateway",
            ),
            check=checks.flag,
            read=lambda vpc: internet_gateway.of(vpc) is not None,
            write=internet_gateway.write,
        ),
        Attribute(
            "public_route",
            actions=("ec2:DescribeInternetGateways", "ec2:DescribeRouteTables", "ec2:CreateRoute", "ec2:DeleteRoute"),
            check=checks.flag,
            read=internet_gateway.is_public,
            write=internet_gateway.write,
        ),
        Attribute(
            "tags",
            actions=("ec2:CreateTags", "ec2:DeleteTags"),
            check=checks.tags(tagging.EC2),
            read=lambda vpc: ec2.tags(vpc.entry),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    Return the VPC's ``vpc_id`` and attributes; ``None`` if it does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: ``ec2:DescribeVpcs``; by attribute ``ec2:DescribeVpcAttribute``, ``ec2:DescribeInternetGateways``,
    ``ec2:DescribeRouteTables``. Two VPCs with the same name are an error that lists them.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.describe lab
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them; a value that AWS does not accept is an error.

    attributes
        A mapping of the module's attributes. An invalid mapping is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.normalise lab '{cidr_block: 10.0.0.0/16}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    Return the wanted attributes of a VPC, given its present ones. A change that AWS cannot make is an error.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Writes nothing.

    IAM actions: for a new ``public_route``, ``ec2:DescribeInternetGateways`` and ``ec2:DescribeRouteTables``.
    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.resolve lab '{}' '{cidr_block: 10.0.0.0/16}'
    """
    if not current:
        ec2.check_new("VPC", name)
    if not current and "cidr_block" not in attributes:
        raise RunbookError(f"There is no VPC {name} yet, and cidr_block is missing; give a block such as 10.0.0.0/16.")
    KIND.check_fixed(name, current, attributes)
    if attributes.get("public_route") and not (current or {}).get("public_route"):
        internet_gateway.check_route(KIND.of(session, name), attributes)
    return {"attributes": attributes, "warnings": []}


@connected
def create(session, name, cidr_block, tags=None):
    """
    Create a VPC with AWS's defaults. Only one is created, even if another run does so at the same time.

    cidr_block
        Its address range, from /16 to /28: ``10.0.0.0/16``.
    tags
        A mapping of strings, without ``Name``. Default: none.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:CreateVpc``, ``ec2:CreateTags``, ``ec2:DeleteVpc``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.create lab 10.0.0.0/16
    """
    wanted = normalise.on(session, name, {"cidr_block": cidr_block, "tags": tags or {}})

    def make(draft):
        answer = session.write(
            "ec2",
            "create_vpc",
            f"create the VPC {name}",
            once=True,  # a repeated call would create a second one
            CidrBlock=cidr_block,
            **ec2.tagged("vpc", draft, wanted["tags"]),
        )
        return answer["Vpc"]["VpcId"]

    new_vpc.make(session, name, make)
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Write the given attributes of a VPC; ``None`` does not change an attribute.

    enable_dns_support, enable_dns_hostnames, internet_gateway, public_route
        ``True`` or ``False``. A gateway is deleted only if it has the VPC's name. Any other gateway is detached and kept.
    tags
        All its tags except ``Name``. Other tags are removed.

    A missing VPC is an error.

    IAM actions: those to write the given attributes, listed at the top of this module.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.update lab internet_gateway=True public_route=True
    """
    return KIND.update(session, name, attributes)


@connected
def obstacles(session, name):
    """
    List the reasons why a VPC must not be deleted, one sentence each; empty when there are none.

    The default VPC, and a VPC with subnets or security groups, must not be deleted. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSubnets``, ``ec2:DescribeSecurityGroups``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.obstacles lab
    """
    vpc = KIND.of(session, name).required
    if vpc.get("IsDefault"):
        return [f"The VPC {name} is the default VPC of {session.region} and is not deleted: others rely on it."]
    held = [
        *(f"the subnet {ec2.name_of(entry) or entry['SubnetId']}" for entry in ec2.subnets(session, vpc["VpcId"])),
        *(
            f"the security group {entry['GroupName']}"
            for entry in ec2.security_groups(session, vpc["VpcId"])
            if entry["GroupName"] != "default"
        ),
    ]
    return [f"The VPC {name} still has {', '.join(held)} and is not deleted: delete these first."] if held else []


@connected
def delete(session, name):
    """
    Delete a VPC and its internet gateway. AWS refuses while anything else is in it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeInternetGateways``, ``ec2:DetachInternetGateway``,
    ``ec2:DeleteInternetGateway``, ``ec2:DeleteVpc``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.delete lab
    """
    vpc = KIND.of(session, name)
    internet_gateway.detach(vpc)
    session.write("ec2", "delete_vpc", f"delete {vpc}", VpcId=vpc.required["VpcId"])
    return True
