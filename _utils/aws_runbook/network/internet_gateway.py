"""
The internet gateway of a VPC, and the route to it in the VPC's main route table.

``vpc`` is a :class:`aws_runbook.kinds.kind.Resource`.
https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
"""

from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.network import lookup as ec2

_ANYWHERE = "0.0.0.0/0"
# A VPC has one internet gateway at most, and an internet gateway one VPC.
_ATTACHED = ("Resource.AlreadyAssociated", "InvalidParameterValue")


def of(vpc):
    """The gateway that is attached to the VPC; ``None`` for none."""
    return ec2.gateway(vpc.session, vpc.required["VpcId"])


def _main_table(vpc):
    return ec2.main_table(vpc.session, vpc.required["VpcId"])


def _target(table):
    """The id of the target of the default route; ``None`` when there is no such route."""
    route = next((entry for entry in table["Routes"] if entry.get("DestinationCidrBlock") == _ANYWHERE), {})
    targets = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId")
    return next((route[target] for target in targets if route.get(target)), None)


def is_public(vpc):
    """Whether the main route table has a route to an internet gateway."""
    return (_target(_main_table(vpc)) or "").startswith("igw-")


def write(vpc, wanted):
    """Write ``internet_gateway`` and ``public_route``: a route needs the gateway, so it is deleted before it and created after it."""
    if wanted.get("public_route") is False:
        _remove_route(vpc)
    if "internet_gateway" in wanted:
        (_attach if wanted["internet_gateway"] else detach)(vpc)
    if wanted.get("public_route"):
        _add_route(vpc)


def _attach(vpc):
    if of(vpc) is not None:
        return
    spare = _spare(vpc)
    gateway_id = spare or _create(vpc)
    try:
        vpc.session.write(
            "ec2",
            "attach_internet_gateway",
            f"attach an internet gateway to {vpc}",
            InternetGatewayId=gateway_id,
            VpcId=vpc.required["VpcId"],
        )
    except AwsError as error:
        attached = of(vpc) if error.code in _ATTACHED else None
        if attached is None:
            raise
        if not spare and attached["InternetGatewayId"] != gateway_id:  # another run was quicker
            _delete(vpc, gateway_id)


def _spare(vpc):
    """The id of an unattached gateway with the VPC's name, which an interrupted run has left behind; ``None`` for none."""
    answer = vpc.session.read(
        "ec2",
        "describe_internet_gateways",
        "list the internet gateways",
        Filters=[{"Name": "tag:Name", "Values": [vpc.name]}],
    )
    return next((entry["InternetGatewayId"] for entry in answer["InternetGateways"] if not entry["Attachments"]), None)


def _create(vpc):
    answer = vpc.session.write(
        "ec2",
        "create_internet_gateway",
        f"create an internet gateway for {vpc}",
        once=True,
        **ec2.tagged("internet-gateway", vpc.name, {}),
    )
    return answer["InternetGateway"]["InternetGatewayId"]


def detach(vpc):
    """Detach the gateway, and delete it when it has the VPC's name: then it was created here."""
    gateway = of(vpc)
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
    if ec2.name_of(gateway) == vpc.name:
        _delete(vpc, gateway_id)


def _delete(vpc, gateway_id):
    vpc.session.write(
        "ec2",
        "delete_internet_gateway",
        f"delete the internet gateway {gateway_id} of {vpc}",
        InternetGatewayId=gateway_id,
    )


def check_route(vpc, wanted):
    """Refuse a new route to the internet where it has no gateway, or where another route is in its place."""
    is_new = vpc.entry is None
    if not wanted.get("internet_gateway"):
        _required(vpc, None if is_new else of(vpc))
    other = None if is_new else _target(_main_table(vpc))
    if other and not other.startswith("igw-"):
        raise RunbookError(
            f"The main route table of {vpc} has a route to {other} for {_ANYWHERE}, which is not replaced. Delete that route first, or leave out "
            "public_route."
        )


def _required(vpc, gateway):
    if gateway is None:
        raise RunbookError(
            f"The VPC {vpc.name} has no internet gateway for a public_route; set internet_gateway: True."
        )
    return gateway


def _add_route(vpc):
    check_route(vpc, {})
    gateway, table = _required(vpc, of(vpc)), _main_table(vpc)
    vpc.session.write(
        "ec2",
        "create_route",
        f"create the route of {vpc} to the internet",
        absent=("RouteAlreadyExists",),
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock=_ANYWHERE,
        GatewayId=gateway["InternetGatewayId"],
    )


def _remove_route(vpc):
    table = _main_table(vpc)
    if is_public(vpc):
        vpc.session.write(
            "ec2",
            "delete_route",
            f"delete the route to the internet of {vpc}",
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock=_ANYWHERE,
        )


def check(vpc, wanted):
    """Refuse a route without a gateway."""
    if wanted.get("public_route") and wanted.get("internet_gateway") is False:
        raise RunbookError(f"{vpc.where}: public_route is True without an internet_gateway; a route needs one.")
    return wanted
