"""
What VPCs, subnets and security groups have in common: how they are found by name, and how they are tagged.

AWS identifies them by id. Pillar names them by their ``Name`` tag (a security group by its name), or by id. Two with the same name
are an error, never a reason to create a third.
"""

import re

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

_ID = re.compile(r"(?:vpc|subnet|sg|igw)-[0-9a-f]{8,17}")
# The DNS settings of a VPC, as AWS calls them.
DNS = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}


def is_id(name):
    """Whether ``name`` is an id rather than a name."""
    return bool(_ID.fullmatch(name))


def check_new(kind, name):
    """Raise when ``name`` is an id, as AWS assigns ids: nothing can be created with a given one."""
    if is_id(name):
        raise RunbookError(f"There is no {kind} {name}; to create one, give a name in place of an id.")


def tags(entry):
    """The user's tags of an EC2 resource, except its ``Name``."""
    return tagging.EC2.of(entry.get("Tags"))


def name_of(entry):
    """The ``Name`` tag, or ``None``."""
    return next((tag["Value"] for tag in entry.get("Tags", []) if tag["Key"] == "Name" and tag["Value"]), None)


def tagged(kind, name, wanted):
    """The parameter that sets the name and tags of a resource at creation."""
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tagging.listing({**(wanted or {}), "Name": name})}]}


def one(what, name, entries, key, named=name_of):
    """The entry whose id (at ``key``) or name (by ``named``) is ``name``; ``None`` when there is none. Several are an error."""
    found = [entry for entry in entries if name == entry[key] or (not is_id(name) and named(entry) == name)]
    if len(found) > 1:
        ids = ", ".join(sorted(entry[key] for entry in found))
        raise RunbookError(
            f"There are {len(found)} {what}s with the name {name}: {ids}. Name one by its id, or rename the others."
        )
    return found[0] if found else None


def vpcs(session):
    """All VPCs of the region. They are few, and read once in a run."""
    return session.read("ec2", "describe_vpcs", "list the VPCs")["Vpcs"]


def vpc(session, name):
    """The VPC ``name``, or the region's default VPC for ``None``; ``None`` when there is none."""
    if name is None:
        return next((entry for entry in vpcs(session) if entry.get("IsDefault")), None)
    return one("VPC", name, vpcs(session), "VpcId")


def required_vpc(session, name):
    """The VPC ``name``; an error when there is none."""
    found = vpc(session, name)
    if found is None:
        raise RunbookError(
            f"There is no default VPC in {session.region}: name a VPC."
            if name is None
            else f"There is no VPC {name} in {session.region}: declare it in aws:ec2:vpcs, or name another."
        )
    return found


def of_vpc(session, vpc_id, what, method, *, member, **parameters):
    """
    ``member`` of AWS's answer about a VPC that exists. While some of AWS's servers do not know it yet, the read is repeated.

    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    """

    def read():
        answer = session.read(
            "ec2", method, f"read {what} of the VPC {vpc_id}", absent=("InvalidVpcID.NotFound",), **parameters
        )
        return answer and answer[member]

    found = until(read, what=f"AWS to show {what} of the VPC {vpc_id}", timeout=SETTLE_TIMEOUT)
    if not found:
        raise RunbookError(f"AWS does not show {what} of the VPC {vpc_id} yet; run this again.")
    return found


def dns(session, vpc_id, attribute):
    """Whether a VPC has one of the settings in :data:`DNS`."""
    member = DNS[attribute]
    found = of_vpc(
        session,
        vpc_id,
        "the DNS settings",
        "describe_vpc_attribute",
        member=member,
        VpcId=vpc_id,
        Attribute=member[0].lower() + member[1:],
    )
    return found["Value"]


def main_table(session, vpc_id):
    """The main route table of a VPC."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    found = of_vpc(
        session, vpc_id, "the main route table", "describe_route_tables", member="RouteTables", Filters=filters
    )
    session.brought_along("route_table", found[0]["RouteTableId"], vpc_id)
    return found[0]


def gateway(session, vpc_id):
    """The internet gateway of a VPC; ``None`` when it has none."""
    answer = session.read(
        "ec2",
        "describe_internet_gateways",
        f"find the internet gateway of the VPC {vpc_id}",
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}],
    )
    return next(iter(answer["InternetGateways"]), None)


def _in_vpc(vpc_id):
    return {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]} if vpc_id else {}


def subnets(session, vpc_id=None):
    """The subnets of a VPC, or of all."""
    return session.read("ec2", "describe_subnets", "list the subnets", **_in_vpc(vpc_id))["Subnets"]


def security_groups(session, vpc_id=None):
    """The security groups of a VPC, or of all."""
    answer = session.read("ec2", "describe_security_groups", "list the security groups", **_in_vpc(vpc_id))
    return answer["SecurityGroups"]


def security_group(session, name, vpc_id):
    """The security group of a VPC that has the name, ``Name`` tag or id ``name``; ``None`` when there is none."""
    entries = security_groups(session, vpc_id)
    by_name = one("security group", name, entries, "GroupId", lambda entry: entry["GroupName"])
    return by_name or one("security group", name, entries, "GroupId")


def group_names(session, vpc_id=None):
    """The names of security groups by their id."""
    return {entry["GroupId"]: entry["GroupName"] for entry in security_groups(session, vpc_id)}


def group_ids(session, names, vpc_id):
    """The ids of security groups of a VPC, in the order of ``names``; a missing one is an error."""
    found = []
    for name in names:
        entry = security_group(session, name, vpc_id)
        if entry is None:
            raise RunbookError(
                f"There is no security group {name} in {vpc_id}: declare it in aws:ec2:security_groups, or name another."
            )
        found.append(entry["GroupId"])
    return found


def in_use(session, subject, member, resource_id):
    """A sentence for a subnet or security group in use, as a list: everything that uses it has a network interface in it."""
    answer = session.read(
        "ec2",
        "describe_network_interfaces",
        "find what uses it",
        Filters=[{"Name": member, "Values": [resource_id]}],
    )
    users = sorted(entry.get("Description") or entry["NetworkInterfaceId"] for entry in answer["NetworkInterfaces"])
    return [f"{subject} is used by {', '.join(users)} and is not deleted: delete that first."] if users else []
