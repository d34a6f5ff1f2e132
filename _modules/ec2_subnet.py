"""
Manage subnets of VPCs.

https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html

A subnet is identified by its ``Name`` tag in its VPC, or by its id. A name that several of them have is an error that lists them.

Attributes
    ``cidr_block``
        Its address range, within the VPC's: ``10.0.1.0/24``. It cannot be changed later.
    ``availability_zone``
        Its zone. Default: the next zone in which the VPC has no subnet yet, so that two subnets are in two zones. It
        cannot be changed later.
    ``map_public_ip_on_launch``
        ``True`` if instances launched in it get a public address.
    ``tags``
        A mapping of strings, without ``Name``.

Every function takes ``vpc``, the name or id of the VPC (default: any), and ``region``, ``profile``, ``keyid`` and
``key`` as its last arguments: how to reach the account. IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets`` and
``ec2:DescribeAvailabilityZones`` to read; ``ec2:CreateSubnet``, ``ec2:CreateTags``, ``ec2:DeleteTags`` and
``ec2:ModifySubnetAttribute`` to write; ``ec2:DescribeNetworkInterfaces`` and ``ec2:DeleteSubnet`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.network import cidr
from aws_runbook.network import lookup as ec2
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

# Arguments that take texts.
TEXTS = ("availability_zone", "cidr_block", "vpc")


def _find(subnet):
    vpc_id = None
    if subnet.scope["vpc"] is not None:
        found = ec2.vpc(subnet.session, subnet.scope["vpc"])
        if found is None:
            return None
        vpc_id = found["VpcId"]
    return ec2.one("subnet", subnet.name, ec2.subnets(subnet.session, vpc_id), "SubnetId")


def _write_map_public_ip_on_launch(subnet, wanted):
    subnet.session.write(
        "ec2",
        "modify_subnet_attribute",
        f"set map_public_ip_on_launch of {subnet}",
        SubnetId=subnet.required["SubnetId"],
        MapPublicIpOnLaunch={"Value": wanted["map_public_ip_on_launch"]},
    )


def _write_tags(subnet, wanted):
    known = subnet.required
    tagging.EC2.write(subnet.session, str(subnet), wanted["tags"], ec2.tags(known), Resources=[known["SubnetId"]])


_FIXED = "Create a subnet with another name, or give what it has."

KIND = Kind(
    name="ec2_subnet",
    subject="Subnet",
    what="subnet",
    scope=("vpc",),
    find=_find,
    place=lambda subnet: f" in the VPC {subnet.scope['vpc']}" if subnet.scope["vpc"] else "",
    identity=lambda subnet: {"subnet_id": subnet.entry["SubnetId"], "vpc_id": subnet.entry["VpcId"]},
    attributes=(
        Attribute(
            "cidr_block",
            check=checks.block(cidr.check),
            read=lambda subnet: subnet.entry["CidrBlock"],
            fixed=_FIXED,
        ),
        Attribute("availability_zone", read=lambda subnet: subnet.entry["AvailabilityZone"], fixed=_FIXED),
        Attribute(
            "map_public_ip_on_launch",
            actions=("ec2:ModifySubnetAttribute",),
            check=checks.flag,
            read=lambda subnet: subnet.entry["MapPublicIpOnLaunch"],
            write=_write_map_public_ip_on_launch,
        ),
        Attribute(
            "tags",
            actions=("ec2:CreateTags", "ec2:DeleteTags"),
            check=checks.tags(tagging.EC2),
            read=lambda subnet: ec2.tags(subnet.entry),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None, vpc=None):
    """
    Return the subnet's ``subnet_id``, ``vpc_id`` and attributes; ``None`` if it does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``. Two subnets with the same name are an error that lists them.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.describe lab-a vpc=lab
    """
    return KIND.describe(session, name, attributes, vpc=vpc)


@connected
def normalise(session, name, attributes, vpc=None):
    """
    Return the attributes as ``describe`` would give them; a value that AWS does not accept is an error.

    attributes
        A mapping of the module's attributes. An invalid mapping is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.normalise lab-a '{cidr_block: 10.0.1.0/24}'
    """
    return KIND.normalise(session, name, attributes, vpc=vpc)


@connected
def resolve(session, name, current, attributes, vpc=None):
    """
    Return the wanted attributes of a subnet, given its present ones.

    A change that AWS cannot make is an error, and so is a block that is not free.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Writes nothing.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.resolve lab-a '{}' '{cidr_block: 10.0.1.0/24}' vpc=lab
    """
    KIND.check_fixed(name, current, attributes)
    if not current:
        ec2.check_new("subnet", name)
        _check_new(session, name, attributes.get("cidr_block"), vpc)
    return {"attributes": attributes, "warnings": []}


def _check_new(session, name, block, vpc):
    if block is None or vpc is None:
        raise RunbookError(f"There is no subnet {name} yet; to create one, give vpc and cidr_block.")
    found = ec2.vpc(session, vpc)
    if found is None:
        return  # with test=True, an earlier state may be going to create it
    if not cidr.contains(found["CidrBlock"], block):
        raise RunbookError(
            f"subnet {name}: cidr_block is {block!r}; give a block within {found['CidrBlock']}, the VPC's."
        )
    for entry in ec2.subnets(session, found["VpcId"]):
        if cidr.overlap(entry["CidrBlock"], block):
            raise RunbookError(
                f"subnet {name}: cidr_block is {block!r}, and the VPC {vpc} has the subnet "
                f"{ec2.name_of(entry) or entry['SubnetId']} at {entry['CidrBlock']}; give a block that is free."
            )


@connected
def create(session, name, vpc, cidr_block, availability_zone=None, tags=None):
    """
    Create a subnet.

    cidr_block
        Its address range, within the VPC's: ``10.0.1.0/24``.
    availability_zone
        Default: the first zone, by name, with the fewest subnets of the VPC.
    tags
        A mapping of strings, without ``Name``. Default: none.

    A block that is in use is an error, unless the subnet with this name has it. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSubnets``, ``ec2:DescribeAvailabilityZones``, ``ec2:CreateSubnet``, ``ec2:CreateTags``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.create lab-a lab 10.0.1.0/24
    """
    wanted = normalise.on(session, name, {"cidr_block": cidr_block, "tags": tags or {}})
    vpc_id = ec2.required_vpc(session, vpc)["VpcId"]
    answer = session.write(
        "ec2",
        "create_subnet",
        f"create the subnet {name} in the VPC {vpc}",
        absent=("InvalidSubnet.Conflict",),
        once=True,
        VpcId=vpc_id,
        CidrBlock=cidr_block,
        AvailabilityZone=availability_zone or _next_zone(session, vpc_id),
        **ec2.tagged("subnet", name, wanted["tags"]),
    )
    if answer is None:
        _check_made_by_another_run(session, name, cidr_block, vpc)
    return True


def _check_made_by_another_run(session, name, block, vpc):
    """Raise unless the subnet that now has the block ``block`` is ``name``."""

    def found():
        subnet = KIND.of(session, name, vpc=vpc).entry
        if subnet is None:
            _check_new(session, name, block, vpc)
        return subnet

    if not until(found, what=f"AWS to show the subnet {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"subnet {name}: cidr_block is {block!r}, which AWS says is taken; run this again to see which subnet has it."
        )


def _next_zone(session, vpc_id):
    """Return the first zone, by name, with the fewest subnets of the VPC."""
    answer = session.read(
        "ec2",
        "describe_availability_zones",
        "list the zones",
        Filters=[
            {"Name": "state", "Values": ["available"]},
            {"Name": "zone-type", "Values": ["availability-zone"]},
        ],
    )
    taken = [entry["AvailabilityZone"] for entry in ec2.subnets(session, vpc_id)]
    zones = sorted(entry["ZoneName"] for entry in answer["AvailabilityZones"])
    return min(zones, key=taken.count)


@connected
@KIND.updates
def update(session, name, vpc=None, **attributes):
    """
    Write the given attributes of a subnet; ``None`` does not change an attribute.

    map_public_ip_on_launch
        ``True`` or ``False``.
    tags
        All its tags except ``Name``. Other tags are removed.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:ModifySubnetAttribute``, ``ec2:CreateTags``,
    ``ec2:DeleteTags``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.update lab-a map_public_ip_on_launch=True vpc=lab
    """
    return KIND.update(session, name, attributes, vpc=vpc)


@connected
def obstacles(session, name, vpc=None):
    """
    List the reasons why a subnet must not be deleted, one sentence each; empty when there are none.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:DescribeNetworkInterfaces``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.obstacles lab-a vpc=lab
    """
    subnet_id = KIND.of(session, name, vpc=vpc).required["SubnetId"]
    return ec2.in_use(session, f"The subnet {name}", "subnet-id", subnet_id)


@connected
def delete(session, name, vpc=None):
    """
    Delete a subnet. AWS refuses while anything is in it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:DeleteSubnet``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.delete lab-a vpc=lab
    """
    subnet = KIND.of(session, name, vpc=vpc)
    session.write("ec2", "delete_subnet", f"delete {subnet}", SubnetId=subnet.required["SubnetId"])
    return True
