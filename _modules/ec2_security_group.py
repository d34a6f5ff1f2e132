"""
Manage security groups: who may reach a database, and what it may reach.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html

A security group is found by its name in its VPC, or its ``Name`` tag, or named by its id.

Attributes
    ``description``
        What it is for. AWS never changes it.
    ``ingress``, ``egress``
        Lists of rules. A rule is a mapping of

        - ``service`` (``postgresql``, ``mysql``, ``ssh``, ``http``, ``https``), or ``port`` (``5432``, ``8000-8100``) and
          ``protocol`` (``tcp``, ``udp``, ``icmp``, ``icmpv6``, ``all``; default ``tcp``); without a port, all ports;
        - ``source`` (for egress ``destination``): ``anywhere`` (IPv4 and IPv6), a block, the name or id of a security
          group, the id of a prefix list, or a list of these.

        They are shown and compared as texts: ``tcp 5432 from 0.0.0.0/0``.
    ``tags``
        A mapping of strings, besides ``Name``.

Every function takes ``vpc``, the name or id of the VPC (left out: the default VPC), and ``region``, ``profile``,
``keyid`` and ``key`` last: how to reach the account. IAM actions: ``ec2:DescribeVpcs`` and
``ec2:DescribeSecurityGroups`` to read; ``ec2:CreateSecurityGroup``, ``ec2:CreateTags``, ``ec2:DeleteTags``,
``ec2:AuthorizeSecurityGroupIngress``, ``ec2:AuthorizeSecurityGroupEgress``, ``ec2:RevokeSecurityGroupIngress`` and
``ec2:RevokeSecurityGroupEgress`` to write; ``ec2:DescribeNetworkInterfaces`` and ``ec2:DeleteSecurityGroup`` to delete.
"""

import re

from aws_runbook import arguments, ec2, security_rules
from aws_runbook.errors import RunbookError
from aws_runbook.session import connect

_DIRECTIONS = ("ingress", "egress")
_PERMISSIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_TEXT = re.compile(r"[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", re.ASCII)


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    The security group's ``group_id``, ``vpc_id`` and attributes; ``None`` when there is none.

    attributes
        Only these are shown (a list of names). Default: all.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.describe postgresql-anywhere
    """
    session = _session(region, profile, keyid, key)
    group = _find(session, name, vpc)
    if group is None:
        return None
    names = ec2.group_names(session, group["VpcId"])
    known = {
        "description": group["Description"],
        **{
            direction: security_rules.texts(direction, group.get(member, []), names)
            for direction, member in _PERMISSIONS.items()
        },
        "tags": ec2.tags(group),
    }
    wanted = known if attributes is None else attributes
    identity = {"group_id": group["GroupId"], "vpc_id": group["VpcId"]}
    return {**identity, **{attribute: known[attribute] for attribute in wanted}}


def _find(session, name, vpc):
    found = ec2.vpc(session, vpc)
    return found and ec2.security_group(session, name, found["VpcId"])


def _required(session, name, vpc):
    group = _find(session, name, vpc)
    if group is None:
        raise RunbookError(f"There is no security group {name} in {f'the VPC {vpc}' if vpc else 'the default VPC'}.")
    return group


def normalise(name, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value that AWS does not take is an error.

    attributes
        A mapping of the module's attributes. One of another shape is an error that says what is allowed.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.normalise web '{ingress: [{service: https, source: anywhere}]}'
    """
    where = f"security group {name}"
    checked = dict(attributes)
    if not _TEXT.fullmatch(name) or (name.startswith("sg-") and not ec2.is_id(name)):
        raise RunbookError(
            f"{where}: its name has 1 to 255 characters of letters without accents, digits, spaces and "
            "._-:/()#,@[]+=&;{}!$*, and does not begin with sg-."
        )
    if "description" in checked and not _TEXT.fullmatch(str(checked["description"])):
        raise RunbookError(
            f"{where}: description is {checked['description']!r}; give 1 to 255 characters of letters without accents, "
            "digits, spaces and ._-:/()#,@[]+=&;{}!$*."
        )
    for direction in _DIRECTIONS:
        if direction in checked:
            checked[direction] = security_rules.canonical(where, direction, checked[direction])
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def resolve(name, current, attributes, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    What is wanted of a security group that is as ``current`` says; what AWS cannot change is an error.

    current
        What ``describe`` says of it; ``{}`` or ``None`` when there is none.
    attributes
        What ``normalise`` has returned.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Reads, and does not write.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.resolve web '{}' '{description: Web}'
    """
    way = "Make a group of another name, or name the description it has."
    ec2.keep(f"The security group {name}", current, attributes, "description", way)
    if not current:
        ec2.check_new("security group", name)
    if not current and "description" not in attributes:
        raise RunbookError(f"There is no security group {name} yet; to make one, give a description.")
    resolved = dict(attributes)
    named = [
        group
        for direction in _DIRECTIONS
        for group in security_rules.groups(attributes.get(direction, []))
        if ec2.is_id(group)
    ]
    if named:
        session = _session(region, profile, keyid, key)
        found = ec2.vpc(session, vpc)
        names = ec2.group_names(session, found["VpcId"]) if found else {}
        for direction in set(_DIRECTIONS) & set(resolved):
            resolved[direction] = security_rules.renamed(resolved[direction], names)
    return {"attributes": resolved, "warnings": []}


def create(name, description, tags=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a security group, with AWS's defaults: nothing comes in, everything goes out.

    description
        What it is for: 1 to 255 characters. AWS never changes it.
    tags
        A mapping of strings, besides ``Name``. Default: none.

    One that is there already is left as it is. IAM actions: ``ec2:DescribeVpcs``, ``ec2:CreateSecurityGroup``,
    ``ec2:CreateTags``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.create postgresql-anywhere 'PostgreSQL from anywhere'
    """
    wanted = normalise(name, {"description": description, "tags": tags or {}})
    session = _session(region, profile, keyid, key)
    session.write(
        "ec2",
        "create_security_group",
        f"create the security group {name}",
        absent=("InvalidGroup.Duplicate",),
        GroupName=name,
        Description=description,
        VpcId=ec2.required_vpc(session, vpc)["VpcId"],
        **ec2.tagged("security-group", name, wanted["tags"]),
    )
    return True


def update(name, ingress=None, egress=None, tags=None, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Give a security group exactly these rules and tags; ``None`` leaves an attribute alone. New rules are added before
    old ones go.

    ingress, egress
        All its rules in that direction, as the module's help describes them: others are revoked.
    tags
        All its tags but ``Name``: others are removed.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``, ``ec2:AuthorizeSecurityGroupIngress``,
    ``ec2:RevokeSecurityGroupIngress`` and the same for ``Egress``, ``ec2:CreateTags``, ``ec2:DeleteTags``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.update web ingress='[{service: https, source: anywhere}]'
    """
    session = _session(region, profile, keyid, key)
    group = _required(session, name, vpc)
    wanted = {"ingress": ingress, "egress": egress, "tags": tags}
    wanted = normalise(name, {attribute: value for attribute, value in wanted.items() if value is not None})
    names = ec2.group_names(session, group["VpcId"])
    for direction in _DIRECTIONS:
        if direction in wanted:
            known = security_rules.texts(direction, group.get(_PERMISSIONS[direction], []), names)
            rules = security_rules.renamed(wanted[direction], names)
            _write(session, name, group, "authorize", direction, [rule for rule in rules if rule not in known])
            _write(session, name, group, "revoke", direction, [rule for rule in known if rule not in rules])
    if "tags" in wanted:
        ec2.write_tags(session, f"the security group {name}", group["GroupId"], ec2.tags(group), wanted["tags"])
    return True


def _write(session, name, group, verb, direction, rules):
    if not rules:
        return
    named = [entry for entry in security_rules.groups(rules) if not ec2.is_id(entry)]
    ids = dict(zip(named, ec2.group_ids(session, named, group["VpcId"]), strict=True))
    session.write(
        "ec2",
        f"{verb}_security_group_{direction}",
        f"{verb} {', '.join(rules)} in the security group {name}",
        absent=("InvalidPermission.Duplicate", "InvalidPermission.NotFound"),
        GroupId=group["GroupId"],
        IpPermissions=[security_rules.permission(rule, ids) for rule in rules],
    )


def obstacles(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Why a security group must not be deleted: a list of sentences, empty when nothing is in the way.

    AWS's own group ``default``, and one that something uses, must not. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSecurityGroups``, ``ec2:DescribeNetworkInterfaces``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.obstacles postgresql-anywhere
    """
    session = _session(region, profile, keyid, key)
    group = _required(session, name, vpc)
    if group["GroupName"] == "default":
        return [f"The security group default of {group['VpcId']} is AWS's own and cannot be deleted."]
    return ec2.in_use(session, f"The security group {name}", "group-id", group["GroupId"])


def delete(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Delete a security group; AWS refuses while anything uses it.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``, ``ec2:DeleteSecurityGroup``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.delete postgresql-anywhere
    """
    session = _session(region, profile, keyid, key)
    group = _required(session, name, vpc)
    session.write("ec2", "delete_security_group", f"delete the security group {name}", GroupId=group["GroupId"])
    return True
