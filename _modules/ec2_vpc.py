"""
Manage VPCs: networks of one's own, for databases and what reaches them.

https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html

A VPC is found by its ``Name`` tag, or named by its id. Two with one name are an error that lists them.

Attributes
    ``cidr_block``
        Its addresses, from /16 to /28: ``10.0.0.0/16``. AWS never changes it.
    ``enable_dns_support``, ``enable_dns_hostnames``
        ``True`` or ``False``. A public database in the VPC needs both.
    ``internet_gateway``
        ``True`` when an internet gateway is attached to it.
    ``public_route``
        ``True`` when its main route table leads to the internet by that gateway.
    ``tags``
        A mapping of strings, besides ``Name``.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: how to reach the account. IAM actions:
``ec2:DescribeVpcs``, ``ec2:DescribeVpcAttribute``, ``ec2:DescribeInternetGateways`` and ``ec2:DescribeRouteTables`` to
read; ``ec2:CreateVpc``, ``ec2:DeleteVpc`` (when two runs have made one), ``ec2:CreateTags``, ``ec2:DeleteTags``,
``ec2:ModifyVpcAttribute``, ``ec2:CreateInternetGateway``, ``ec2:AttachInternetGateway``,
``ec2:DetachInternetGateway``, ``ec2:DeleteInternetGateway``, ``ec2:CreateRoute`` and ``ec2:DeleteRoute`` to write;
``ec2:DescribeSubnets``, ``ec2:DescribeSecurityGroups``, ``ec2:DetachInternetGateway``,
``ec2:DeleteInternetGateway`` and ``ec2:DeleteVpc`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.kinds import checks
from aws_runbook.kinds.functions import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.network import cidr, new_vpc
from aws_runbook.network import lookup as ec2

_ANYWHERE = "0.0.0.0/0"
# A VPC has one internet gateway at most, and an internet gateway one VPC.
_ATTACHED = ("Resource.AlreadyAssociated", "InvalidParameterValue")


def _gateway(vpc):
    return ec2.gateway(vpc.session, vpc.required["VpcId"])


def _main_table(vpc):
    return ec2.main_table(vpc.session, vpc.required["VpcId"])


def _way_out(table):
    """Where the main route table leads to from the VPC, as an id; ``None`` for nowhere."""
    route = next((entry for entry in table["Routes"] if entry.get("DestinationCidrBlock") == _ANYWHERE), {})
    targets = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId")
    return next((route[target] for target in targets if route.get(target)), None)


def _leads_outside(vpc):
    return (_way_out(_main_table(vpc)) or "").startswith("igw-")


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


def _write_way_out(vpc, wanted):
    """A route needs the gateway: it goes before that, and comes after it."""
    if wanted.get("public_route") is False:
        _close(vpc)
    if "internet_gateway" in wanted:
        (_attach if wanted["internet_gateway"] else _detach)(vpc)
    if wanted.get("public_route"):
        _open(vpc)


def _write_tags(vpc, wanted):
    known = vpc.required
    tagging.EC2.write(vpc.session, str(vpc), wanted["tags"], ec2.tags(known), Resources=[known["VpcId"]])


def _attach(vpc):
    if _gateway(vpc) is not None:
        return
    spare = _spare_gateway(vpc)
    gateway_id = spare or _make_gateway(vpc)
    try:
        vpc.session.write(
            "ec2",
            "attach_internet_gateway",
            f"attach an internet gateway to {vpc}",
            InternetGatewayId=gateway_id,
            VpcId=vpc.required["VpcId"],
        )
    except AwsError as error:
        attached = _gateway(vpc) if error.code in _ATTACHED else None
        if attached is None:
            raise
        if not spare and attached["InternetGatewayId"] != gateway_id:  # another run was quicker
            _delete_gateway(vpc, gateway_id)


def _spare_gateway(vpc):
    """A gateway of the VPC's name that is attached to none: one that an interrupted run left behind."""
    answer = vpc.session.read(
        "ec2",
        "describe_internet_gateways",
        "list the internet gateways",
        Filters=[{"Name": "tag:Name", "Values": [vpc.name]}],
    )
    return next((entry["InternetGatewayId"] for entry in answer["InternetGateways"] if not entry["Attachments"]), None)


def _make_gateway(vpc):
    answer = vpc.session.write(
        "ec2",
        "create_internet_gateway",
        f"create an internet gateway for {vpc}",
        once=True,
        **ec2.tagged("internet-gateway", vpc.name, {}),
    )
    return answer["InternetGateway"]["InternetGatewayId"]


def _detach(vpc):
    gateway = _gateway(vpc)
    if gateway is None:
        return
    gateway_id = gateway["InternetGatewayId"]
    vpc.session.write(
        "ec2",
        "detach_internet_gateway",
        f"detach the internet gateway {gateway_id} from {vpc}",
        InternetGatewayId=gateway_id,
        VpcId=vpc.required["VpcId"],
    )
    if ec2.name_of(gateway) == vpc.name:  # made here; somebody else's stays
        _delete_gateway(vpc, gateway_id)


def _delete_gateway(vpc, gateway_id):
    vpc.session.write(
        "ec2",
        "delete_internet_gateway",
        f"delete the internet gateway {gateway_id} of {vpc}",
        InternetGatewayId=gateway_id,
    )


def _open(vpc):
    gateway, table = _gateway(vpc), _main_table(vpc)
    if gateway is None:
        raise RunbookError(
            f"The VPC {vpc.name} has no internet gateway for a public_route; say internet_gateway: True."
        )
    other = _way_out(table)
    if other and not other.startswith("igw-"):
        raise RunbookError(
            f"The main route table of {vpc} leads to {other} for {_ANYWHERE}, and is left as it is. Delete that "
            "route first, or do not ask for public_route."
        )
    vpc.session.write(
        "ec2",
        "create_route",
        f"lead {vpc} to the internet",
        absent=("RouteAlreadyExists",),
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock=_ANYWHERE,
        GatewayId=gateway["InternetGatewayId"],
    )


def _close(vpc):
    table = _main_table(vpc)
    if _leads_outside(vpc):
        vpc.session.write(
            "ec2",
            "delete_route",
            f"delete the way to the internet of {vpc}",
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock=_ANYWHERE,
        )


def _check_way_out(vpc, wanted):
    if wanted.get("public_route") and wanted.get("internet_gateway") is False:
        raise RunbookError(f"{vpc.where}: public_route is True without an internet_gateway; a route needs one.")
    return wanted


_DNS_ACTIONS = ("ec2:DescribeVpcAttribute", "ec2:ModifyVpcAttribute")

KIND = Kind(
    name="ec2_vpc",
    subject="VPC",
    what="VPC",
    find=lambda vpc: ec2.vpc(vpc.session, vpc.name),
    place=lambda vpc: f" in {vpc.session.region}: declare it in aws:ec2:vpcs, or name another",
    identity=lambda vpc: {"vpc_id": vpc.entry["VpcId"]},
    together=_check_way_out,
    attributes=(
        Attribute(
            "cidr_block",
            check=checks.block(cidr.check),
            read=lambda vpc: vpc.entry["CidrBlock"],
            fixed="Make a VPC of another name, or name the block it has.",
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
            read=lambda vpc: _gateway(vpc) is not None,
            write=_write_way_out,
        ),
        Attribute(
            "public_route",
            actions=("ec2:DescribeRouteTables", "ec2:CreateRoute", "ec2:DeleteRoute"),
            check=checks.flag,
            read=_leads_outside,
            write=_write_way_out,
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
    The VPC's ``vpc_id`` and attributes; ``None`` when there is none.

    attributes
        Only these are read (a list of names). Default: all.

    IAM actions: ``ec2:DescribeVpcs``; by attribute ``ec2:DescribeVpcAttribute``, ``ec2:DescribeInternetGateways``,
    ``ec2:DescribeRouteTables``. Two VPCs with the name are an error that lists them.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.describe lab
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    The attributes as ``describe`` would give them; a value that AWS does not accept is an error.

    attributes
        A mapping of the module's attributes. One of another shape is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.normalise lab '{cidr_block: 10.0.0.0/16}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    The wanted attributes of a VPC, given its present ones; a change that AWS cannot make is an error.

    current
        Its description by ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Reads, and does not write.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.resolve lab '{}' '{cidr_block: 10.0.0.0/16}'
    """
    if not current:
        ec2.check_new("VPC", name)
    if not current and "cidr_block" not in attributes:
        raise RunbookError(f"There is no VPC {name} yet, and cidr_block is missing; give a block such as 10.0.0.0/16.")
    KIND.check_fixed(name, current, attributes)
    return {"attributes": attributes, "warnings": []}


@connected
def create(session, name, cidr_block, tags=None):
    """
    Create a VPC with AWS's defaults: only one, also when another run does so at the same time.

    cidr_block
        Its addresses, from /16 to /28: ``10.0.0.0/16``.
    tags
        A mapping of strings, besides ``Name``. Default: none.

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
            once=True,  # nothing would keep AWS from making a second one
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
    Write the given attributes of a VPC; ``None`` leaves an attribute alone.

    enable_dns_support, enable_dns_hostnames, internet_gateway, public_route
        ``True`` or ``False``. A gateway is only deleted if it has the VPC's name; another one is detached and stays.
    tags
        All its tags but ``Name``: others are removed.

    A missing VPC is an error.

    IAM actions: those to write, at the head of this module, of the attributes that are given.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.update lab internet_gateway=True public_route=True
    """
    return KIND.update(session, name, attributes)


@connected
def obstacles(session, name):
    """
    Why a VPC must not be deleted: a list of sentences, empty when nothing is in the way.

    The default VPC, and one that has subnets or security groups, must not. IAM actions: ``ec2:DescribeVpcs``,
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
    Delete a VPC and its internet gateway; AWS refuses while anything else is in it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeInternetGateways``, ``ec2:DetachInternetGateway``,
    ``ec2:DeleteInternetGateway``, ``ec2:DeleteVpc``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.delete lab
    """
    vpc = KIND.of(session, name)
    _detach(vpc)
    session.write("ec2", "delete_vpc", f"delete {vpc}", VpcId=vpc.required["VpcId"])
    return True
