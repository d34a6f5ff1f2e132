"""
VPCs with their subnets, and security groups. AWS creates the default VPC, and the group ``default`` of each VPC.

A resource without a unique name is named by its id.
"""

from collections import Counter

from aws_runbook.adopt.result import NOT_EXPRESSED
from aws_runbook.errors import RunbookError
from aws_runbook.network import lookup as ec2
from aws_runbook.network import rules as security_rules

_VPCS, _GROUPS = "aws:ec2:vpcs", "aws:ec2:security_groups"
_DATABASES = ("aws:rds:instances", "aws:rds:clusters")
_DIRECTIONS = ("ingress", "egress")
# AWS's defaults for new resources.
_USUAL_OF_VPC = {
    "enable_dns_support": True,
    "enable_dns_hostnames": False,
    "internet_gateway": False,
    "public_route": False,
    "tags": {},
}
_USUAL_OF_SUBNET = {"map_public_ip_on_launch": False, "tags": {}}
_TO_ANYWHERE = [["all all to 0.0.0.0/0"], ["all all to 0.0.0.0/0", "all all to ::/0"]]
_DEFAULT_GROUP = "default"


def look(account, result):
    """Describe the networks of each region that pillar names."""
    found = {"VPC": {}, "security group": {}}
    for region in account.regions(account.region, _VPCS, _GROUPS, *_DATABASES):
        session = account.session.within(region)
        of_account = [entry for entry in ec2.vpcs(session) if not entry.get("IsDefault")]
        names = named(of_account, "VpcId", ec2.name_of)
        for entry in of_account:
            _vpc(account, result, region, entry, names[entry["VpcId"]], found["VPC"])
        _groups(account, result, region, names, found["security group"])
    account.tell_missing(result, "VPC", _VPCS, found["VPC"])
    account.tell_missing(result, "security group", _GROUPS, found["security group"])


def named(entries, key, name_of, taken=()):
    """Return the pillar name of each of ``entries``, by id: its name if that is unique, otherwise its id."""
    names = {entry[key]: name_of(entry) for entry in entries}
    count = Counter(names.values())
    return {
        identifier: name if name and count[name] == 1 and name not in taken and not ec2.is_id(name) else identifier
        for identifier, name in names.items()
    }


def unusual(known, usual):
    """Return the attributes in ``known`` that differ from AWS's defaults."""
    return {name: known[name] for name, value in usual.items() if known.get(name) not in (None, value)}


def say(account, result, path, entry, region, about):
    """Add an entry to this minion's pillar, with its region if that is not the default."""
    where = {"region": region} if region != account.region else {}
    return result.say(account.minion, ("aws", *path), {**entry, **where}, about)


def _is_new(result, found, name, region, about):
    """Whether pillar can name it. A name can occur once, regardless of the region."""
    if name in found:
        wording = (
            f"There is another in {found[name]}, and pillar can declare only one: that in {region} is not adopted."
        )
        result.note(NOT_EXPRESSED, about, wording)
        return False
    found[name] = region
    return True


def _vpc(account, result, region, entry, name, found):
    about = f"VPC {name}"
    if not _is_new(result, found, name, region, about):
        return
    known = account.describe("ec2_vpc", name, region=region)
    settings = {"cidr_block": known["cidr_block"], **unusual(known, _USUAL_OF_VPC)}
    subnets = ec2.subnets(account.session.within(region), entry["VpcId"])
    names = named(subnets, "SubnetId", ec2.name_of)
    members = {
        names[subnet["SubnetId"]]: _subnet(account, region, name, names[subnet["SubnetId"]]) for subnet in subnets
    }
    say(
        account, result, ("ec2", "vpcs", name), {**settings, **({"subnets": members} if members else {})}, region, about
    )


def _subnet(account, region, vpc, name):
    known = account.describe("ec2_subnet", name, None, vpc, region=region)
    fixed = {attribute: known[attribute] for attribute in ("cidr_block", "availability_zone")}
    return {**fixed, **unusual(known, _USUAL_OF_SUBNET)}


def _groups(account, result, region, vpcs, found):
    """Describe the security groups of a region: first those of the default VPC, which pillar need not name."""
    session = account.session.within(region)
    default = (ec2.vpc(session, None) or {}).get("VpcId")
    groups = [entry for entry in ec2.security_groups(session) if entry["GroupName"] != _DEFAULT_GROUP]
    ours = [entry for entry in groups if entry["VpcId"] == default]
    others = [entry for entry in groups if entry["VpcId"] != default]
    names = named(ours, "GroupId", lambda entry: entry["GroupName"])
    names |= named(others, "GroupId", lambda entry: entry["GroupName"], taken={*names.values(), *found})
    for entry in sorted(groups, key=lambda entry: (names[entry["GroupId"]], entry["GroupId"])):
        name = names[entry["GroupId"]]
        if _is_new(result, found, name, region, f"security group {name}"):
            vpc = None if entry["VpcId"] == default else vpcs.get(entry["VpcId"], entry["VpcId"])
            if _group(account, result, region, name, vpc):
                _cut_circle(account, result, name, {known: identifier for identifier, known in names.items()})


def _group(account, result, region, name, vpc):
    """Describe a security group; return whether pillar accepts it."""
    about = f"security group {name}"
    known = account.describe("ec2_security_group", name, None, vpc, region=region)
    settings = {"description": known["description"], **({"vpc": vpc} if vpc else {})}
    settings |= unusual(known, {"tags": {}})
    for direction in _DIRECTIONS:
        rules = known[direction]
        if not rules or (direction == "egress" and rules in _TO_ANYWHERE):
            continue
        try:
            settings[direction] = security_rules.canonical(about, direction, rules)
        except RunbookError as error:
            result.note(NOT_EXPRESSED, about, f"Its {direction} is not adopted, and stays: {error}")
    return say(account, result, ("ec2", "security_groups", name), settings, region, about)


def _cut_circle(account, result, name, ids):
    """Break circular references: groups whose rules name each other cannot be created in order, so the last one uses ids."""
    entries = result.pillar[account.minion]["aws"]["ec2"]["security_groups"]
    others = {group: _peers(entry) - {group} for group, entry in entries.items()}
    circling = {peer for peer in others[name] if _leads_to(name, peer, others)}
    entry = entries[name]
    if any(ids.get(peer, peer) == peer for peer in circling):
        for direction in _DIRECTIONS:
            entry.pop(direction, None)
        wording = (
            "Its rules, and those of another group, refer to each other, which pillar cannot express for groups that it names by ID: its own "
            "rules are not adopted, and stay."
        )
        result.note(NOT_EXPRESSED, f"security group {name}", wording)
        return
    by_id = {peer: ids[peer] for peer in circling}
    entry |= {
        direction: security_rules.renamed(entry[direction], by_id) for direction in _DIRECTIONS if direction in entry
    }


def _leads_to(name, start, others):
    """Whether the rules of the group ``start`` refer to the group ``name``, directly or through other groups."""
    seen, queue = {start}, [start]
    while queue:
        found = others.get(queue.pop(), set())
        if name in found:
            return True
        queue += found - seen
        seen |= found
    return False


def _peers(entry):
    return {peer for direction in _DIRECTIONS for peer in security_rules.groups(entry.get(direction, []))}
