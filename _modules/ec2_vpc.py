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

from aws_runbook import arguments, cidr, ec2, new_vpc, values
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.session import connect

_FLAGS = ("enable_dns_support", "enable_dns_hostnames", "internet_gateway", "public_route")
_ANYWHERE = "0.0.0.0/0"
# A VPC has one internet gateway at most, and an internet gateway one VPC.
_ATTACHED = ("Resource.AlreadyAssociated", "InvalidParameterValue")


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The VPC's ``vpc_id`` and attributes; ``None`` when there is none.

    attributes
        Only these are read (a list of names). Default: all.

    IAM actions: ``ec2:DescribeVpcs``; by attribute ``ec2:DescribeVpcAttribute``, ``ec2:DescribeInternetGateways``,
    ``ec2:DescribeRouteTables``. Two VPCs of the name are an error that lists them.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.describe lab
    """
    session = _session(region, profile, keyid, key)
    vpc = ec2.vpc(session, name)
    if vpc is None:
        return None
    wanted = _READERS if attributes is None else attributes
    return {"vpc_id": vpc["VpcId"], **{attribute: _READERS[attribute](session, vpc) for attribute in wanted}}


def _way_out(table):
    """Where the main route table leads to from the VPC, as an id; ``None`` for nowhere."""
    route = next((entry for entry in table["Routes"] if entry.get("DestinationCidrBlock") == _ANYWHERE), {})
    targets = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId")
    return next((route[target] for target in targets if route.get(target)), None)


def _leads_outside(session, vpc):
    return (_way_out(ec2.main_table(session, vpc["VpcId"])) or "").startswith("igw-")


_READERS = {
    "cidr_block": lambda _session, vpc: vpc["CidrBlock"],
    "enable_dns_support": lambda session, vpc: ec2.dns(session, vpc["VpcId"], "enable_dns_support"),
    "enable_dns_hostnames": lambda session, vpc: ec2.dns(session, vpc["VpcId"], "enable_dns_hostnames"),
    "internet_gateway": lambda session, vpc: ec2.gateway(session, vpc["VpcId"]) is not None,
    "public_route": _leads_outside,
    "tags": lambda _session, vpc: ec2.tags(vpc),
}


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value that AWS does not take is an error.

    attributes
        A mapping of the module's attributes. One of another shape is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.normalise lab '{cidr_block: 10.0.0.0/16}'
    """
    where = f"VPC {name}"
    checked = dict(attributes)
    if "cidr_block" in checked:
        values.block(where, "cidr_block", checked["cidr_block"], cidr.check)
    for attribute in _FLAGS:
        values.flag(where, attribute, checked.get(attribute))
    if checked.get("public_route") and checked.get("internet_gateway") is False:
        raise RunbookError(f"{where}: public_route is True without an internet_gateway; a route needs one.")
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def resolve(name, current, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    What is wanted of a VPC that is as ``current`` says; what AWS cannot change is an error.

    current
        What ``describe`` says of it; ``{}`` or ``None`` when there is none.
    attributes
        What ``normalise`` has returned.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Reads, and does not write.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.resolve lab '{}' '{cidr_block: 10.0.0.0/16}'
    """
    if not current:
        ec2.check_new("VPC", name)
    if not current and "cidr_block" not in attributes:
        raise RunbookError(f"There is no VPC {name} yet, and cidr_block is missing; give a block such as 10.0.0.0/16.")
    ec2.keep(
        f"The VPC {name}", current, attributes, "cidr_block", "Make a VPC of another name, or name the block it has."
    )
    return {"attributes": attributes, "warnings": []}


def create(name, cidr_block, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a VPC, with AWS's defaults: one, also when another run does so at the same moment.

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
    wanted = normalise(name, {"cidr_block": cidr_block, "tags": tags or {}})
    session = _session(region, profile, keyid, key)

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


def update(
    name,
    enable_dns_support=None,
    enable_dns_hostnames=None,
    internet_gateway=None,
    public_route=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Write the given attributes of a VPC; ``None`` leaves an attribute alone.

    enable_dns_support, enable_dns_hostnames, internet_gateway, public_route
        ``True`` or ``False``. A gateway is only deleted if it has the VPC's name; another one is detached and stays.
    tags
        All its tags but ``Name``: others are removed.

    A VPC that is not there is an error.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.update lab internet_gateway=True public_route=True
    """
    session = _session(region, profile, keyid, key)
    vpc = ec2.required_vpc(session, name)
    dns = {"enable_dns_support": enable_dns_support, "enable_dns_hostnames": enable_dns_hostnames}
    for attribute, value in dns.items():
        if value is not None:
            session.write(
                "ec2",
                "modify_vpc_attribute",
                f"set {attribute} of the VPC {name}",
                VpcId=vpc["VpcId"],
                **{ec2.DNS[attribute]: {"Value": value}},
            )
    if public_route is False:
        _close(session, name, vpc)
    if internet_gateway is not None:
        (_attach if internet_gateway else _detach)(session, name, vpc)
    if public_route:
        _open(session, name, vpc)
    if tags is not None:
        ec2.write_tags(session, f"the VPC {name}", vpc["VpcId"], ec2.tags(vpc), arguments.tags(f"VPC {name}", tags))
    return True


def _attach(session, name, vpc):
    if ec2.gateway(session, vpc["VpcId"]) is not None:
        return
    spare = _spare_gateway(session, name)
    gateway_id = spare or _make_gateway(session, name)
    try:
        session.write(
            "ec2",
            "attach_internet_gateway",
            f"attach an internet gateway to the VPC {name}",
            InternetGatewayId=gateway_id,
            VpcId=vpc["VpcId"],
        )
    except AwsError as error:
        attached = ec2.gateway(session, vpc["VpcId"]) if error.code in _ATTACHED else None
        if attached is None:
            raise
        if not spare and attached["InternetGatewayId"] != gateway_id:  # another run was quicker
            _delete_gateway(session, name, gateway_id)


def _spare_gateway(session, name):
    """A gateway of the VPC's name that is attached to none: one that an interrupted run left behind."""
    answer = session.read(
        "ec2",
        "describe_internet_gateways",
        "list the internet gateways",
        Filters=[{"Name": "tag:Name", "Values": [name]}],
    )
    return next((entry["InternetGatewayId"] for entry in answer["InternetGateways"] if not entry["Attachments"]), None)


def _make_gateway(session, name):
    answer = session.write(
        "ec2",
        "create_internet_gateway",
        f"create an internet gateway for the VPC {name}",
        once=True,
        **ec2.tagged("internet-gateway", name, {}),
    )
    return answer["InternetGateway"]["InternetGatewayId"]


def _detach(session, name, vpc):
    gateway = ec2.gateway(session, vpc["VpcId"])
    if gateway is None:
        return
    gateway_id = gateway["InternetGatewayId"]
    session.write(
        "ec2",
        "detach_internet_gateway",
        f"detach the internet gateway {gateway_id} from the VPC {name}",
        InternetGatewayId=gateway_id,
        VpcId=vpc["VpcId"],
    )
    if ec2.name_of(gateway) == name:  # made here; somebody else's stays
        _delete_gateway(session, name, gateway_id)


def _delete_gateway(session, name, gateway_id):
    session.write(
        "ec2",
        "delete_internet_gateway",
        f"delete the internet gateway {gateway_id} of the VPC {name}",
        InternetGatewayId=gateway_id,
    )


def _open(session, name, vpc):
    gateway, table = ec2.gateway(session, vpc["VpcId"]), ec2.main_table(session, vpc["VpcId"])
    if gateway is None:
        raise RunbookError(f"The VPC {name} has no internet gateway for a public_route; say internet_gateway: True.")
    other = _way_out(table)
    if other and not other.startswith("igw-"):
        raise RunbookError(
            f"The main route table of the VPC {name} leads to {other} for {_ANYWHERE}, and is left as it is. Delete that "
            "route first, or do not ask for public_route."
        )
    session.write(
        "ec2",
        "create_route",
        f"lead the VPC {name} to the internet",
        absent=("RouteAlreadyExists",),
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock=_ANYWHERE,
        GatewayId=gateway["InternetGatewayId"],
    )


def _close(session, name, vpc):
    table = ec2.main_table(session, vpc["VpcId"])
    if _leads_outside(session, vpc):
        session.write(
            "ec2",
            "delete_route",
            f"delete the way to the internet of the VPC {name}",
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock=_ANYWHERE,
        )


def obstacles(name, region=None, profile=None, keyid=None, key=None):
    """
    Why a VPC must not be deleted: a list of sentences, empty when nothing is in the way.

    The default VPC, and one that has subnets or security groups, must not. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSubnets``, ``ec2:DescribeSecurityGroups``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.obstacles lab
    """
    session = _session(region, profile, keyid, key)
    vpc = ec2.required_vpc(session, name)
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


def delete(name, region=None, profile=None, keyid=None, key=None):
    """
    Delete a VPC and its internet gateway; AWS refuses while anything else is in it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeInternetGateways``, ``ec2:DetachInternetGateway``,
    ``ec2:DeleteInternetGateway``, ``ec2:DeleteVpc``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_vpc.delete lab
    """
    session = _session(region, profile, keyid, key)
    vpc = ec2.required_vpc(session, name)
    _detach(session, name, vpc)
    session.write("ec2", "delete_vpc", f"delete the VPC {name}", VpcId=vpc["VpcId"])
    return True
