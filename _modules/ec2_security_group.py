"""
Manage security groups: the traffic that is allowed to and from databases.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html

A security group is identified by its name in its VPC, its ``Name`` tag, or its id.

Attributes
    ``description``
        Its purpose. It cannot be changed later.
    ``ingress``, ``egress``
        Lists of rules. A rule is a mapping of

        - ``service`` (``postgresql``, ``mysql``, ``ssh``, ``http``, ``https``), or ``port`` (``5432``, ``8000-8100``) and
          ``protocol`` (``tcp``, ``udp``, ``icmp``, ``icmpv6``, ``all``; default ``tcp``); without a port, all ports;
        - ``source`` (for egress ``destination``): ``anywhere`` (IPv4 and IPv6), a block, the name or id of a security
          group, the id of a prefix list, or a list of these.

        They are shown and compared as strings: ``tcp 5432 from 0.0.0.0/0``.
    ``tags``
        A mapping of strings, without ``Name``.

Every function takes ``vpc``, the name or id of the VPC (default: the default VPC), and ``region``, ``profile``,
``keyid`` and ``key`` as its last arguments: how to reach the account. IAM actions: ``ec2:DescribeVpcs`` and
``ec2:DescribeSecurityGroups`` to read; ``ec2:CreateSecurityGroup``, ``ec2:CreateTags``, ``ec2:DeleteTags``,
``ec2:AuthorizeSecurityGroupIngress``, ``ec2:AuthorizeSecurityGroupEgress``, ``ec2:RevokeSecurityGroupIngress`` and
``ec2:RevokeSecurityGroupEgress`` to write; ``ec2:DescribeNetworkInterfaces`` and ``ec2:DeleteSecurityGroup`` to delete.
"""

import re
from functools import partial

from aws_runbook.aws import tags as tagging
from aws_runbook.databases.presets import SECURITY_GROUPS
from aws_runbook.errors import RunbookError, SameNameError
from aws_runbook.kinds import checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.network import lookup as ec2
from aws_runbook.network import rules as security_rules

# Arguments that take texts.
TEXTS = ("description", "vpc")

_DIRECTIONS = ("ingress", "egress")
_PERMISSIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_TEXT = re.compile(r"[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", re.ASCII)


def _find(group):
    if group.scope["vpc"] is None and ec2.is_id(group.name):
        return ec2.security_group(group.session, group.name, None)  # an id is unique, so its VPC does not matter
    found = ec2.vpc(group.session, group.scope["vpc"])
    return found and ec2.security_group(group.session, group.name, found["VpcId"])


def _place(group):
    return f" in the VPC {group.scope['vpc']}" if group.scope["vpc"] else " in the default VPC"


def _check_name(group, wanted):
    if not _TEXT.fullmatch(group.name) or (group.name.startswith("sg-") and not ec2.is_id(group.name)):
        raise RunbookError(
            f"{group.where}: its name has 1 to 255 characters of letters without accents, digits, spaces and "
            "._-:/()#,@[]+=&;{}!$*, and does not begin with sg-."
        )
    return wanted


def _check_description(where, attribute, value):
    if not _TEXT.fullmatch(str(value)):
        raise RunbookError(
            f"{where}: {attribute} is {value!r}; give 1 to 255 characters of letters without accents, "
            "digits, spaces and ._-:/()#,@[]+=&;{}!$*."
        )
    return value


def _rules(direction, group):
    names = ec2.group_names(group.session, group.entry["VpcId"])
    return security_rules.texts(direction, group.entry.get(_PERMISSIONS[direction], []), names)


def _write_rules(group, wanted):
    """Add missing rules before revoking surplus ones."""
    names = ec2.group_names(group.session, group.required["VpcId"])
    for direction in _DIRECTIONS:
        if direction in wanted:
            known, rules = _rules(direction, group), security_rules.renamed(wanted[direction], names)
            _write(group, "authorize", direction, [rule for rule in rules if rule not in known])
            _write(group, "revoke", direction, [rule for rule in known if rule not in rules])


def _write(group, verb, direction, rules):
    if not rules:
        return
    named = [entry for entry in security_rules.groups(rules) if not ec2.is_id(entry)]
    ids = dict(zip(named, ec2.group_ids(group.session, named, group.entry["VpcId"]), strict=True))
    group.session.write(
        "ec2",
        f"{verb}_security_group_{direction}",
        f"{verb} {', '.join(rules)} in {group}",
        absent=("InvalidPermission.Duplicate", "InvalidPermission.NotFound"),
        GroupId=group.entry["GroupId"],
        IpPermissions=[security_rules.permission(rule, ids) for rule in rules],
    )


def _write_tags(group, wanted):
    known = group.required
    tagging.EC2.write(group.session, str(group), wanted["tags"], ec2.tags(known), Resources=[known["GroupId"]])


KIND = Kind(
    name="ec2_security_group",
    subject="Security group",
    what="security group",
    scope=("vpc",),
    find=_find,
    place=_place,
    identity=lambda group: {"group_id": group.entry["GroupId"], "vpc_id": group.entry["VpcId"]},
    together=_check_name,
    attributes=(
        Attribute(
            "description",
            check=_check_description,
            read=lambda group: group.entry["Description"],
            fixed="Create a group with another name, or give the description it has.",
        ),
        Attribute(
            "ingress",
            actions=("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
            check=security_rules.canonical,
            read=partial(_rules, "ingress"),
            write=_write_rules,
            shared=True,
        ),
        Attribute(
            "egress",
            actions=("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"),
            check=security_rules.canonical,
            read=partial(_rules, "egress"),
            write=_write_rules,
            shared=True,
        ),
        Attribute(
            "tags",
            actions=("ec2:CreateTags", "ec2:DeleteTags"),
            check=checks.tags(tagging.EC2),
            read=lambda group: ec2.tags(group.entry),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None, vpc=None):
    """
    Return the security group's ``group_id``, ``vpc_id`` and attributes; ``None`` if it does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.describe postgresql-anywhere
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

        salt-call ec2_security_group.normalise web '{ingress: [{service: https, source: anywhere}]}'
    """
    return KIND.normalise(session, name, attributes, vpc=vpc)


@connected
def resolve(session, name, current, attributes, vpc=None):
    """
    Return the wanted attributes of a security group, given its present ones.

    A change that AWS cannot make is an error, and so is a name that differs from another group's only by case.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. Writes nothing.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.resolve web '{}' '{description: Web}'
    """
    attributes = dict(attributes)
    if current and attributes.get("description") == SECURITY_GROUPS.get(name, {}).get("description", ...):
        # A preset identifies the group, not its description, which EC2 cannot change.
        attributes["description"] = current["description"]
    KIND.check_fixed(name, current, attributes)
    if not current:
        ec2.check_new("security group", name)
        _check_spelling(session, name, vpc)
    if not current and "description" not in attributes:
        raise RunbookError(f"There is no security group {name} yet; to create one, give a description.")
    resolved = attributes
    named = [
        group
        for direction in _DIRECTIONS
        for group in security_rules.groups(attributes.get(direction, []))
        if ec2.is_id(group)
    ]
    if named:
        found = ec2.vpc(session, vpc) or {}
        vpc_id = (current or {}).get("vpc_id") or found.get("VpcId")
        names = ec2.group_names(session, vpc_id) if vpc_id else {}
        for direction in set(_DIRECTIONS) & set(resolved):
            resolved[direction] = security_rules.renamed(resolved[direction], names)
    return {"attributes": resolved, "warnings": []}


def _check_spelling(session, name, vpc):
    """Raise if the VPC has no group ``name`` but one whose name differs only by case, which EC2 ignores."""
    found = ec2.vpc(session, vpc)
    names = (
        ec2.group_names(session, found["VpcId"]).values() if found else ()
    )  # with test=True, an earlier state may be going to create it
    others = [other for other in names if other.lower() == name.lower()]
    if others and name not in others:
        where = f"The VPC {vpc}" if vpc else "The default VPC"
        raise SameNameError(where, "EC2", "security group", name, others[0])


@connected
def create(session, name, description, tags=None, vpc=None):
    """
    Create a security group, with AWS's defaults: no inbound traffic, all outbound traffic.

    description
        Its purpose, in 1 to 255 characters. It cannot be changed later.
    tags
        A mapping of strings, without ``Name``. Default: none.

    An existing one is not changed. One whose name differs only by case is an error, because EC2 ignores the case of names.
    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``, ``ec2:CreateSecurityGroup``, ``ec2:CreateTags``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.create postgresql-anywhere 'PostgreSQL from anywhere'
    """
    wanted = normalise.on(session, name, {"description": description, "tags": tags or {}})
    answer = session.write(
        "ec2",
        "create_security_group",
        f"create the security group {name}",
        absent=("InvalidGroup.Duplicate",),
        GroupName=name,
        Description=description,
        VpcId=ec2.required_vpc(session, vpc)["VpcId"],
        **ec2.tagged("security-group", name, wanted["tags"]),
    )
    if answer is None:
        _check_spelling(session, name, vpc)
    return True


@connected
@KIND.updates
def update(session, name, vpc=None, **attributes):
    """
    Write the given attributes of a security group.

    The group gets exactly these rules and tags; ``None`` does not change an attribute. New rules are added before old
    ones are revoked.

    ingress, egress
        All its rules in that direction, in the form that the module's help describes. Other rules are revoked.
    tags
        All its tags except ``Name``. Other tags are removed.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``, ``ec2:AuthorizeSecurityGroupIngress``,
    ``ec2:RevokeSecurityGroupIngress`` and the same for ``Egress``, ``ec2:CreateTags``, ``ec2:DeleteTags``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.update web ingress='[{service: https, source: anywhere}]'
    """
    return KIND.update(session, name, attributes, vpc=vpc)


@connected
def obstacles(session, name, vpc=None):
    """
    List the reasons why a security group must not be deleted, one sentence each; empty when there are none.

    AWS's own group ``default``, and a group that is in use, must not be deleted. IAM actions: ``ec2:DescribeVpcs``,
    ``ec2:DescribeSecurityGroups``, ``ec2:DescribeNetworkInterfaces``.

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.obstacles postgresql-anywhere
    """
    group = KIND.of(session, name, vpc=vpc).required
    if group["GroupName"] == "default":
        return [f"The security group default of {group['VpcId']} is AWS's own and cannot be deleted."]
    return ec2.in_use(session, f"The security group {name}", "group-id", group["GroupId"])


@connected
def delete(session, name, vpc=None):
    """
    Delete a security group. AWS refuses while it is in use.

    IAM actions: ``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``, ``ec2:DeleteSecurityGroup``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call ec2_security_group.delete postgresql-anywhere
    """
    group = KIND.of(session, name, vpc=vpc)
    session.write("ec2", "delete_security_group", f"delete {group}", GroupId=group.required["GroupId"])
    return True
