"""
Find resources of RDS and what they refer to: their tags, subnet group, VPC and security groups; and resolve the names in pillar.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.databases import versions as engine_versions
from aws_runbook.errors import RunbookError
from aws_runbook.network import lookup as ec2


def described(where, name, entries, *members):
    """
    Return the one of ``entries`` whose name or ARN, its ``members``, is ``name``.

    AWS lists all resources if it receives no name, and returns an error if the name does not exist. So an answer without the name is of no
    use, and is an error.
    """
    for entry in entries:
        if name.lower() in [entry.get(member, "").lower() for member in members]:
            return entry
    raise RunbookError(
        f"Cannot find the {where}: AWS's answer describes other resources. It was not used; run this again."
    )


def tags(session, what, arn, entry):
    """The user's tags of an RDS resource."""
    listed = entry.get("TagList")
    if listed is None:
        answer = session.read("rds", "list_tags_for_resource", f"read the tags of {what}", ResourceName=arn)
        listed = answer["TagList"]
    return tagging.RDS.of(listed)


def subnet_group(session, name):
    """A DB subnet group; ``None`` when there is none."""
    answer = session.read(
        "rds",
        "describe_db_subnet_groups",
        f"find the DB subnet group {name}",
        DBSubnetGroupName=name,
        absent=("DBSubnetGroupNotFoundFault",),
    )
    members = ("DBSubnetGroupName", "DBSubnetGroupArn")
    return answer and described(f"DB subnet group {name}", name, answer["DBSubnetGroups"], *members)


def vpc_id(session, subnet_group_name):
    """The VPC that a database is in, by its subnet group, or the default VPC."""
    if subnet_group_name is None:
        return ec2.required_vpc(session, None)["VpcId"]
    group = subnet_group(session, subnet_group_name)
    if group is None:
        raise RunbookError(f"There is no DB subnet group {subnet_group_name}: create it first, or name another.")
    return group["VpcId"]


def check_public(session, where, subnet_group_name):
    """
    Raise when the VPC lacks what AWS requires for a public database; the default VPC has it.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding
    """
    group = subnet_group_name and subnet_group(session, subnet_group_name)
    if not group:
        return  # under test, it may be made by a state before this one
    found = group["VpcId"]
    needed = {
        "internet_gateway": lambda: ec2.gateway(session, found) is not None,
        **{attribute: lambda attribute=attribute: ec2.dns(session, found, attribute) for attribute in ec2.DNS},
    }
    missing = [f"{attribute}: True" for attribute, is_there in needed.items() if not is_there()]
    if missing:
        raise RunbookError(
            f"{where}: publicly_accessible is True, which its VPC {found} does not allow; give that VPC {' and '.join(missing)} in aws:ec2:vpcs, "
            "or set publicly_accessible: False."
        )


def group_names(session, entry):
    """The names of the security groups of an instance or cluster, sorted."""
    listed = entry.get("VpcSecurityGroups", [])
    ids = [group["VpcSecurityGroupId"] for group in listed if group.get("Status") != "removing"]
    names = ec2.group_names(session) if ids else {}
    return sorted(names.get(group_id, group_id) for group_id in ids)


def named_groups(session, groups, within):
    """``groups`` of the VPC ``within``, with ids and ``Name`` tags replaced by names, as :func:`group_names` gives them."""
    entries = ec2.security_groups(session, within) if groups else []
    names = {entry["GroupName"] for entry in entries}
    others = {
        other: entry["GroupName"] for entry in entries for other in (entry["GroupId"], ec2.name_of(entry)) if other
    }
    return sorted(group if group in names else others.get(group, group) for group in groups)


def resolved(session, subject, current, wanted, allow):
    """
    Resolve the wanted attributes against the present ones: the version by its numbers, security groups and the KMS key as they are
    described; and a list of warnings.
    """
    wanted, known, warnings = dict(wanted), current or {}, []
    in_effect = known.get("in_effect", {}).get("engine_version")
    if in_effect and engine_versions.is_same(in_effect, wanted.get("engine_version", "")):
        wanted["engine_version"] = in_effect  # an upgrade waits, which pillar does not ask for
    elif "engine_version" in wanted:
        wanted["engine_version"], warnings = engine_versions.resolved(
            session,
            subject,
            known.get("engine") or wanted["engine"],
            known.get("engine_version"),
            wanted["engine_version"],
            allow,
        )
    if "vpc_security_groups" in wanted:
        wanted["vpc_security_groups"] = named_groups(session, wanted["vpc_security_groups"], known.get("vpc_id"))
    if current and "kms_key_id" in wanted:
        wanted["kms_key_id"] = same_key(known.get("kms_key_id"), wanted["kms_key_id"])
    return wanted, warnings


def same_key(actual, wanted):
    """``actual``, the ARN of a KMS key, if ``wanted`` may mean the same: an alias or an id does; else ``wanted``."""
    means_same = wanted.startswith("alias/") or ":alias/" in wanted or (actual or "").endswith(f"/{wanted}")
    return actual if means_same else wanted
