"""
Manage subnets of VPCs.

https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html

A subnet is found by its ``Name`` tag in its VPC, or named by its id. Two with one name are an error that lists them.

Attributes
    ``cidr_block``
        Its addresses, within the VPC's: ``10.0.1.0/24``. AWS never changes it.
    ``availability_zone``
        Its zone. Left out, the next one in which the VPC has no subnet yet, so that two subnets are in two zones. AWS
        never changes it.
    ``map_public_ip_on_launch``
        ``True`` when machines started in it get a public address.
    ``tags``
        A mapping of strings, besides ``Name``.

Every function takes ``vpc``, the name or id of the VPC (left out: any), and ``region``, ``profile``, ``keyid`` and
``key`` last: how to reach the account. IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets`` and
``ec2:DescribeAvailabilityZones`` to read; ``ec2:CreateSubnet``, ``ec2:CreateTags``, ``ec2:DeleteTags`` and
``ec2:ModifySubnetAttribute`` to write; ``ec2:DescribeNetworkInterfaces`` and ``ec2:DeleteSubnet`` to delete.
"""

from aws_runbook import arguments, cidr, ec2, values
from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT, connect
from aws_runbook.waiting import until


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    The subnet's ``subnet_id``, ``vpc_id`` and attributes; ``None`` when there is none.

    attributes
        Only these are shown (a list of names). Default: all.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``. Two subnets of the name are an error that lists them.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.describe lab-a vpc=lab
    """
    subnet = _find(_session(region, profile, keyid, key), name, vpc)
    if subnet is None:
        return None
    wanted = _READERS if attributes is None else attributes
    identity = {"subnet_id": subnet["SubnetId"], "vpc_id": subnet["VpcId"]}
    return {**identity, **{attribute: _READERS[attribute](subnet) for attribute in wanted}}


def _find(session, name, vpc):
    vpc_id = None
    if vpc is not None:
        found = ec2.vpc(session, vpc)
        if found is None:
            return None
        vpc_id = found["VpcId"]
    return ec2.one("subnet", name, ec2.subnets(session, vpc_id), "SubnetId")


def _required(session, name, vpc):
    subnet = _find(session, name, vpc)
    if subnet is None:
        raise RunbookError(f"There is no subnet {name}{f' in the VPC {vpc}' if vpc else ''}.")
    return subnet


_READERS = {
    "cidr_block": lambda subnet: subnet["CidrBlock"],
    "availability_zone": lambda subnet: subnet["AvailabilityZone"],
    "map_public_ip_on_launch": lambda subnet: subnet["MapPublicIpOnLaunch"],
    "tags": ec2.tags,
}


def normalise(name, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value that AWS does not take is an error.

    attributes
        A mapping of the module's attributes. One of another shape is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.normalise lab-a '{cidr_block: 10.0.1.0/24}'
    """
    where = f"subnet {name}"
    checked = dict(attributes)
    values.block(where, "cidr_block", checked.get("cidr_block"), cidr.check)
    values.flag(where, "map_public_ip_on_launch", checked.get("map_public_ip_on_launch"))
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def resolve(name, current, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    What is wanted of a subnet that is as ``current`` says; what AWS cannot change, and a block that cannot be had, is an
    error.

    current
        What ``describe`` says of it; ``{}`` or ``None`` when there is none.
    attributes
        What ``normalise`` has returned.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Reads, and does not write.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.resolve lab-a '{}' '{cidr_block: 10.0.1.0/24}' vpc=lab
    """
    way = "Make a subnet of another name, or name what it has."
    for attribute in ("cidr_block", "availability_zone"):
        ec2.keep(f"The subnet {name}", current, attributes, attribute, way)
    if not current:
        ec2.check_new("subnet", name)
        _check_new(_session(region, profile, keyid, key), name, attributes.get("cidr_block"), vpc)
    return {"attributes": attributes, "warnings": []}


def _check_new(session, name, block, vpc):
    if block is None or vpc is None:
        raise RunbookError(f"There is no subnet {name} yet; to make one, give vpc and cidr_block.")
    found = ec2.vpc(session, vpc)
    if found is None:
        return  # under test, it may be made by a state before this one
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


def create(name, vpc, cidr_block, availability_zone=None, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a subnet.

    cidr_block
        Its addresses, within the VPC's: ``10.0.1.0/24``.
    availability_zone
        Default: the first zone, by name, that has the fewest of the VPC's subnets.
    tags
        A mapping of strings, besides ``Name``. Default: none.

    A block that is taken is an error, unless the subnet of this name has it. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSubnets``, ``ec2:DescribeAvailabilityZones``, ``ec2:CreateSubnet``, ``ec2:CreateTags``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.create lab-a lab 10.0.1.0/24
    """
    wanted = normalise(name, {"cidr_block": cidr_block, "tags": tags or {}})
    session = _session(region, profile, keyid, key)
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
    """Something has the block ``block`` by now: the subnet ``name``, or there is an error."""

    def found():
        subnet = _find(session, name, vpc)
        if subnet is None:
            _check_new(session, name, block, vpc)
        return subnet

    if not until(found, what=f"AWS to show the subnet {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"subnet {name}: cidr_block is {block!r}, which AWS says is taken; run this again to see by what."
        )


def _next_zone(session, vpc_id):
    """The first zone, by name, that has the fewest of the VPC's subnets."""
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


def update(name, map_public_ip_on_launch=None, tags=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Write the given attributes of a subnet; ``None`` leaves an attribute alone.

    map_public_ip_on_launch
        ``True`` or ``False``.
    tags
        All its tags but ``Name``: others are removed.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:ModifySubnetAttribute``, ``ec2:CreateTags``,
    ``ec2:DeleteTags``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.update lab-a map_public_ip_on_launch=True vpc=lab
    """
    session = _session(region, profile, keyid, key)
    subnet = _required(session, name, vpc)
    if map_public_ip_on_launch is not None:
        session.write(
            "ec2",
            "modify_subnet_attribute",
            f"set map_public_ip_on_launch of the subnet {name}",
            SubnetId=subnet["SubnetId"],
            MapPublicIpOnLaunch={"Value": map_public_ip_on_launch},
        )
    if tags is not None:
        wanted = arguments.tags(f"subnet {name}", tags)
        ec2.write_tags(session, f"the subnet {name}", subnet["SubnetId"], ec2.tags(subnet), wanted)
    return True


def obstacles(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Why a subnet must not be deleted: a list of sentences, empty when nothing is in the way.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:DescribeNetworkInterfaces``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.obstacles lab-a vpc=lab
    """
    session = _session(region, profile, keyid, key)
    subnet = _required(session, name, vpc)
    return ec2.in_use(session, f"The subnet {name}", "subnet-id", subnet["SubnetId"])


def delete(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Delete a subnet; AWS refuses while anything is in it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSubnets``, ``ec2:DeleteSubnet``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_subnet.delete lab-a vpc=lab
    """
    session = _session(region, profile, keyid, key)
    subnet = _required(session, name, vpc)
    session.write("ec2", "delete_subnet", f"delete the subnet {name}", SubnetId=subnet["SubnetId"])
    return True
