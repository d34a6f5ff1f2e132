"""
From ``aws:ec2`` and ``aws:rds`` in pillar to the arguments of each state, with the problems that involve several keys.

A database that names a ``vpc`` gets a DB subnet group with the VPC's name and all its subnets. A security group that a preset
names is created in the database's VPC unless pillar declares it there.
"""

from graphlib import CycleError, TopologicalSorter

from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.databases import checks as database_checks
from aws_runbook.databases import presets
from aws_runbook.databases.attributes import CLUSTER, INSTANCE
from aws_runbook.databases.presets import SECURITY_GROUPS
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.kinds import arguments, durations
from aws_runbook.network import cidr
from aws_runbook.network import rules as security_rules
from aws_runbook.stores import location
from aws_runbook.stores import store as stores

_EC2, _RDS = "aws:ec2", "aws:rds"
_DIRECTIONS = ("ingress", "egress")
_LEAST_SUBNETS = 2
# What the VPC of a public instance has; ``None`` is AWS's default.
_WAYS_IN = {
    "enable_dns_support": (True, None),
    "enable_dns_hostnames": (True,),
    "internet_gateway": (True,),
    "public_route": (True, False),
}


def plan(pillar):
    """
    What databases need: ``vpcs``, ``subnets``, ``security_groups``, ``subnet_groups``, ``instances`` and ``clusters``.

    Each is a mapping of the last part of state ids to arguments, with ``name`` and ``region``, and ``require``: the states
    that come before, as ``[module, id]``. Instances and clusters go by their names. ``pillar`` has passed
    :func:`aws_runbook.pillar.check.check`. A contradiction raises :class:`PillarError`.
    """
    settings = pillar.get("aws") or {}
    ec2, rds = settings.get("ec2") or {}, settings.get("rds") or {}
    default = settings.get("region") or DEFAULT_REGION
    vpcs = _named(ec2.get("vpcs"), default)
    groups = _named(ec2.get("security_groups"), default)
    databases = {kind: _named(rds.get(kind), default) for kind in ("instances", "clusters")}
    problems = [
        *_vpc_problems(vpcs),
        *_group_problems(groups),
        *_database_problems(databases, vpcs),
    ]
    if problems:
        raise PillarError(problems)
    return _planned(vpcs, groups, databases)


def _named(entries, default):
    """The entries with their region, except keys without a value."""
    return {
        str(name): {"region": default, **{key: value for key, value in (entry or {}).items() if value is not None}}
        for name, entry in (entries or {}).items()
    }


def _subnets(vpc):
    return {name: entry or {} for name, entry in (vpc.get("subnets") or {}).items()}


def _errors_of(function, *args, **kwargs):
    """The error that ``function`` raises, as a list of sentences."""
    try:
        function(*args, **kwargs)
    except RunbookError as error:
        return [str(error)]
    return []


def _vpc_problems(vpcs):
    for name, vpc in vpcs.items():
        where = f"{_EC2}:vpcs:{name}"
        if vpc.get("public_route") and vpc.get("internet_gateway") is False:
            yield f"{where}:public_route is True without an internet_gateway; a route needs one."
        blocks = {subnet: entry["cidr_block"] for subnet, entry in _subnets(vpc).items()}
        for subnet, block in blocks.items():
            if not cidr.contains(vpc["cidr_block"], block):
                yield (
                    f"{where}:subnets:{subnet}:cidr_block is {block!r}; give a block within {vpc['cidr_block']}, the VPC's."
                )
        for subnet, other in cidr.overlaps(blocks):
            yield (
                f"{where}:subnets:{other}:cidr_block is {blocks[other]!r}, which overlaps with {subnet}'s "
                f"{blocks[subnet]}; give a block that is free."
            )


def _group_problems(groups):
    for name, group in groups.items():
        where = f"{_EC2}:security_groups:{name}"
        if not group.get("description"):
            yield f"{where}:description is missing; give a text that says what it is for."
        for direction in _DIRECTIONS:
            if direction in group:
                yield from _errors_of(security_rules.canonical, where, direction, group[direction])
    yield from _circles(groups)


def _circles(groups):
    """Groups whose rules name each other: none of them could be created first."""
    rules = {name: group for name, group in groups.items() if not list(_errors_of(_rule_groups, name, group))}
    named = {name: _rule_groups(name, group) - {name} for name, group in rules.items()}
    try:
        TopologicalSorter(named).prepare()
    except CycleError as error:
        first, second, *_ = error.args[1]
        yield (
            f"{_EC2}:security_groups:{first} and {second} refer to each other in their rules; use a CIDR block as the source in the rules of one "
            "of them."
        )


def _rule_groups(name, group):
    """The security groups that the rules of a group name."""
    return {
        peer
        for direction in _DIRECTIONS
        for peer in security_rules.groups(security_rules.canonical(name, direction, group.get(direction) or []))
    }


def _database_problems(databases, vpcs):
    for kind, entries in databases.items():
        for name, entry in entries.items():
            where = f"{_RDS}:{kind}:{name}"
            wrong = _errors_of(_check, kind, name, where, entry)
            yield from wrong
            yield from _network_problems(where, entry, vpcs)
            if not wrong and entry.get("vpc") in vpcs and presets.expand(entry).get("publicly_accessible"):
                yield from _ways_in_missing(where, entry["vpc"], vpcs[entry["vpc"]])
            if "store" not in entry and entry.get("master_password") != "managed":
                yield f"{where}:store is missing; give the store of its password, or set master_password: managed."
    yield from _shared_stores(databases)


def _check(kind, name, where, entry):
    attributes = {
        key: value
        for key, value in entry.items()
        if key not in ("region", "vpc", "store", "apply", "allow_upgrade", "wait", "purge")
    }
    options = ("preset", "apply", "allow_upgrade", "master_password")
    database_checks.options(where, **{option: entry.get(option) for option in options})
    durations.seconds(where, "wait", entry.get("wait"))
    arguments.flag(where, "purge", entry.get("purge"))
    if kind == "instances":
        database_checks.identifier("DB instance", name)
        INSTANCE.check(where, presets.expand(attributes))
    else:
        database_checks.identifier("DB cluster", name)
        CLUSTER.check(where, attributes)


def _network_problems(where, entry, vpcs):
    vpc = entry.get("vpc")
    if vpc is None:
        return
    if entry.get("db_subnet_group_name"):
        yield f"{where} has vpc and db_subnet_group_name; give one of them: the group of a VPC is made from its subnets."
    elif vpc not in vpcs:
        yield (
            f"{where}:vpc is {vpc!r}, which aws:ec2:vpcs does not declare; declare it with its subnets, or give "
            "db_subnet_group_name."
        )
    elif vpcs[vpc]["region"] != entry["region"]:
        yield f"{where}:vpc is {vpc!r}, which is in {vpcs[vpc]['region']}; give the database the same region."
    else:
        subnets = _subnets(vpcs[vpc]).values()
        zones = {subnet.get("availability_zone", number) for number, subnet in enumerate(subnets)}
        if len(zones) < _LEAST_SUBNETS:
            yield f"{_EC2}:vpcs:{vpc}:subnets are in one zone; give subnets in two or more, as {where} needs them."


def _ways_in_missing(where, name, vpc):
    """What is missing in a VPC for a public instance to be created or reached."""
    for key, ways in _WAYS_IN.items():
        if not any(vpc.get(key) is way for way in ways):
            allowed = ", or False if its subnets have routes of their own" if False in ways else ""
            yield f"{_EC2}:vpcs:{name}:{key} is {_shown(vpc.get(key))}; give True{allowed}, as {where} is public."


def _shown(value):
    return "missing" if value is None else repr(value)


def _shared_stores(databases):
    """Databases that share a place for their password: they would overwrite each other's."""
    for kind, entries in databases.items():
        for name, entry in entries.items():
            problem = stores.overwritten(entry.get("store"), stores.PASSWORD)
            if problem:
                yield f"{_RDS}:{kind}:{name}:store{problem}."
    owned = {
        f"{_RDS}:{kind}:{name}:store": stores.locations(entry.get("store"), stores.PASSWORD)
        for kind, entries in databases.items()
        for name, entry in entries.items()
    }
    for where, other, place in location.shared(owned):
        yield f"{where} and {other} are both {place}; give each database a place of its own for its password."


def _planned(vpcs, groups, databases):
    planned = {
        "vpcs": {name: _of_vpc(name, vpc) for name, vpc in vpcs.items()},
        "subnets": {
            f"{vpc}-{name}": {
                "name": name,
                "region": entry["region"],
                "vpc": vpc,
                **subnet,
                "require": [["ec2_vpc", f"aws-vpc-{vpc}"]],
            }
            for vpc, entry in vpcs.items()
            for name, subnet in _subnets(entry).items()
        },
        "security_groups": {name: _of_group(name, group, vpcs) for name, group in groups.items()},
        "subnet_groups": {},
    }
    for entries in databases.values():
        for entry in entries.values():
            _add_security_groups(planned["security_groups"], entry, vpcs)
            if entry.get("vpc"):
                planned["subnet_groups"][entry["vpc"]] = _subnet_group(entry["vpc"], vpcs[entry["vpc"]])
    for group in planned["security_groups"].values():
        group["require"] += _states_of(planned, _rule_groups(group["name"], group) - {group["name"]}, _place(group))
    for kind, entries in databases.items():
        planned[kind] = {name: _database(name, entry, planned) for name, entry in entries.items()}
    return planned


def _states_of(planned, names, place):
    """The states that create the security groups ``names`` in a place."""
    return [
        ["ec2_security_group", f"aws-security-group-{slot}"]
        for slot, group in planned["security_groups"].items()
        if group["name"] in names and _place(group) == place
    ]


def _of_vpc(name, vpc):
    return {"name": name, **{key: value for key, value in vpc.items() if key != "subnets"}, "require": []}


def _of_group(name, group, vpcs):
    require = [["ec2_vpc", f"aws-vpc-{group['vpc']}"]] if group.get("vpc") in vpcs else []
    return {"name": name, **group, "require": require}


def _groups_of(entry):
    return presets.expand({key: entry[key] for key in ("preset", "vpc_security_groups") if key in entry}).get(
        "vpc_security_groups", []
    )


def _place(entry):
    return entry["region"], entry.get("vpc")


def _add_security_groups(planned, entry, vpcs):
    for group in _groups_of(entry):
        declared = any(known["name"] == group and _place(known) == _place(entry) for known in planned.values())
        # Another's subnet group is of a VPC that only AWS knows.
        if group in SECURITY_GROUPS and entry.get("preset") and not declared and not entry.get("db_subnet_group_name"):
            region, vpc = _place(entry)
            made = {"region": region, **SECURITY_GROUPS[group], **({"vpc": vpc} if vpc else {})}
            slot = group if group not in planned else f"{group}-{vpc or 'default'}-{region}"
            planned[slot] = _of_group(group, made, vpcs)


def _subnet_group(name, vpc):
    return {
        "name": name,
        "region": vpc["region"],
        "vpc": name,
        "description": f"All subnets of the VPC {name}",
        "subnets": sorted(_subnets(vpc)),
        "require": [["ec2_subnet", f"aws-subnet-{name}-{subnet}"] for subnet in sorted(_subnets(vpc))],
    }


def _database(name, entry, planned):
    given = {key: value for key, value in entry.items() if key != "vpc"}
    require = _states_of(planned, _groups_of(entry), _place(entry))
    if entry.get("vpc"):
        given["db_subnet_group_name"] = entry["vpc"]
        require.append(["rds_subnet_group", f"aws-subnet-group-{entry['vpc']}"])
    return {"name": name, **given, "require": require}
