"""
What VPCs, subnets and security groups have in common: how they are found by name, and how they are tagged.

AWS knows them by id. People know them by their ``Name`` tag (a security group by its name), so that is what pillar has;
an id does as well. Two with one name cannot be told apart: that is an error, never a reason to make a third.
"""

import re

from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT
from aws_runbook.waiting import until

_ID = re.compile(r"(?:vpc|subnet|sg|igw)-[0-9a-f]{8,17}")
_OWN = ("Name",)
# The DNS settings of a VPC, as AWS calls them.
DNS = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}


def is_id(name):
    """Whether ``name`` is an id of AWS's rather than a name."""
    return bool(_ID.fullmatch(name))


def check_new(kind, name):
    """Raise for a ``name`` that nothing can be made under: an id, which AWS gives."""
    if is_id(name):
        raise RunbookError(f"There is no {kind} {name}; to make one, give a name in place of an id.")


def tags(entry):
    """The tags of something in EC2, less its name and those that AWS made."""
    return {
        tag["Key"]: tag["Value"]
        for tag in entry.get("Tags", [])
        if tag["Key"] not in _OWN and not tag["Key"].startswith("aws:")
    }


def name_of(entry):
    """The ``Name`` tag, or ``None``."""
    return next((tag["Value"] for tag in entry.get("Tags", []) if tag["Key"] == "Name" and tag["Value"]), None)


def tag_list(wanted):
    """A mapping of tags as the API takes it."""
    return [{"Key": tag, "Value": value} for tag, value in sorted(wanted.items())]


def tagged(kind, name, wanted):
    """The parameter that gives something its name and tags as it is made."""
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list({**(wanted or {}), "Name": name})}]}


def write_tags(session, what, resource_id, current, wanted):
    """Make ``wanted`` the tags of ``resource_id`` that has ``current``."""
    surplus = sorted(set(current) - set(wanted))
    if surplus:
        session.write(
            "ec2", "delete_tags", f"untag {what}", Resources=[resource_id], Tags=[{"Key": tag} for tag in surplus]
        )
    changed = {tag: value for tag, value in wanted.items() if current.get(tag) != value}
    if changed:
        session.write("ec2", "create_tags", f"tag {what}", Resources=[resource_id], Tags=tag_list(changed))


def one(what, name, entries, key, named=name_of):
    """The one of ``entries`` that ``name`` means, by id (at ``key``) or by what ``named`` says; ``None`` for none."""
    found = [entry for entry in entries if name == entry[key] or (not is_id(name) and named(entry) == name)]
    if len(found) > 1:
        ids = ", ".join(sorted(entry[key] for entry in found))
        raise RunbookError(
            f"There are {len(found)} {what}s with the name {name}: {ids}. Name one by its id, or rename the others."
        )
    return found[0] if found else None


def vpcs(session):
    """Every VPC of the region: few, and read once in a run."""
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
    ``member`` of AWS's answer about a VPC that it has shown, if not to everybody yet: then it is asked again.

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
    """The ids of security groups of a VPC, in the order of ``names``; one that is not there is an error."""
    found = {name: security_group(session, name, vpc_id) for name in names}
    for name, entry in found.items():
        if entry is None:
            raise RunbookError(
                f"There is no security group {name} in {vpc_id}: declare it in aws:ec2:security_groups, or name another."
            )
    return [found[name]["GroupId"] for name in names]


def unchangeable(subject, attribute, old, new, way):
    """The error about an attribute that AWS never changes."""
    return RunbookError(f"{subject} has {attribute} {old}, not {new}, and AWS cannot change that. {way}")


def keep(subject, current, wanted, attribute, way):
    """Raise unless ``attribute``, which AWS never changes, is as wanted; ``way`` says what to do instead."""
    if current and attribute in wanted and current.get(attribute) != wanted[attribute]:
        raise unchangeable(subject, attribute, current.get(attribute), wanted[attribute], way)


def in_use(session, subject, member, resource_id):
    """A sentence for a subnet or security group that something uses: each such thing has a network interface in it."""
    answer = session.read(
        "ec2",
        "describe_network_interfaces",
        "see what uses it",
        Filters=[{"Name": member, "Values": [resource_id]}],
    )
    users = sorted(entry.get("Description") or entry["NetworkInterfaceId"] for entry in answer["NetworkInterfaces"])
    return [f"{subject} is used by {', '.join(users)} and is not deleted: delete that first."] if users else []
