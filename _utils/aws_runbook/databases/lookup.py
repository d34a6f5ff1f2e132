"""
What instances and clusters of RDS have in common: tags, security groups, versions, and waiting.
"""

import logging

from aws_runbook import clock
from aws_runbook.aws import tags as tagging
from aws_runbook.aws.failures import DENIED
from aws_runbook.databases import versions as engine_versions
from aws_runbook.databases.changes import is_at_work
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.network import lookup as ec2
from aws_runbook.run.waiting import until

log = logging.getLogger(__name__)

# Databases take minutes: there is no use in asking more often.
_PAUSE = 20.0
_STANDARD = "open-source-rds-standard-support"
_UNTOLD = (
    "The end of standard support of the versions of {} could not be read, because the credentials in use lack "
    "rds:DescribeDBMajorEngineVersions: which versions are in Extended Support, which costs extra, is inferred from their names."
)


def described(where, name, entries, *members):
    """
    The one of ``entries`` whose name or ARN, its ``members``, is ``name``. AWS lists all where it takes a name for none, and answers with
    an error where there is none of that name: an answer without it says nothing of it.
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


def available_versions(session, engine):
    """The versions of an engine that AWS offers."""
    answer = session.read("rds", "describe_db_engine_versions", f"list the versions of {engine}", Engine=engine)
    return [
        entry["EngineVersion"]
        for entry in answer["DBEngineVersions"]
        if entry.get("Status", "available") == "available"
    ]


def upgrade_targets(session, engine, version):
    """The versions to which a database of ``version`` can be upgraded, and that AWS offers."""
    answer = session.read(
        "rds",
        "describe_db_engine_versions",
        f"list the upgrades of {engine} {version}",
        Engine=engine,
        EngineVersion=version,
        IncludeAll=True,
    )
    return [
        target["EngineVersion"]
        for entry in answer["DBEngineVersions"]
        if entry["EngineVersion"] == version
        for target in entry.get("ValidUpgradeTarget", [])
    ]


def ended_support(session, engine):
    """
    The major versions of an engine whose standard support is over; and a list of warnings, if the credentials may not read that.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-viewing-support-dates.html
    """
    try:
        answer = session.read(
            "rds",
            "describe_db_major_engine_versions",
            f"read until when the versions of {engine} have standard support",
            Engine=engine,
        )
    except AwsError as error:
        if error.code not in DENIED:
            raise
        return frozenset(), [_UNTOLD.format(engine)]
    now = clock.now()
    return frozenset(
        engine_versions.numbers(entry["MajorEngineVersion"])
        for entry in answer["DBMajorEngineVersions"]
        for support in entry.get("SupportedEngineLifecycles", [])
        if support["LifecycleSupportName"] == _STANDARD and support["LifecycleSupportEndDate"] <= now
    ), []


def resolved_version(session, subject, engine, actual, wanted, allow):
    """The version that is wanted of a database that has ``actual`` (``None``: of a new one), and a list of warnings."""
    latest = wanted == engine_versions.LATEST
    if actual is None:
        ended, warnings = ended_support(session, engine) if latest else (frozenset(), [])
        return engine_versions.choose(subject, engine, wanted, available_versions(session, engine), ended), warnings
    needed = engine_versions.needs_targets(actual, wanted, allow)
    targets = upgrade_targets(session, engine, actual) if needed else []
    ended, warnings = ended_support(session, engine) if latest and targets else (frozenset(), [])
    version, warning = engine_versions.change(subject, engine, actual, wanted, allow, targets, ended)
    return version, [*([warning] if warning else []), *warnings]


def resolved(session, subject, current, wanted, allow):
    """
    Resolve the wanted attributes against the present ones: the version by its numbers, security groups and the KMS key as they are
    described; and a list of warnings.
    """
    wanted, known, warnings = dict(wanted), current or {}, []
    standing = known.get("standing", {}).get("engine_version")
    if standing and engine_versions.is_same(standing, wanted.get("engine_version", "")):
        wanted["engine_version"] = standing  # an upgrade waits, which pillar does not ask for
    elif "engine_version" in wanted:
        wanted["engine_version"], warnings = resolved_version(
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


def wait(subject, status, timeout):
    """
    Wait until ``status()`` is "available", or a status that AWS does not leave by itself; an error with the last status, when
    ``timeout`` seconds are over.
    """
    last = {}

    def settled():
        last["status"] = status()
        log.info("%s is %s", subject, last["status"])
        return not is_at_work(last["status"])

    if not until(settled, what=f"{subject} to be available", timeout=timeout, first=1.0, most=_PAUSE):
        raise RunbookError(
            f"{subject} is still {last['status']}, and the timeout has expired. AWS continues: run this again to check."
        )


def same_key(actual, wanted):
    """``actual``, the ARN of a KMS key, if ``wanted`` may mean the same: an alias or an id does; else ``wanted``."""
    means_same = wanted.startswith("alias/") or ":alias/" in wanted or (actual or "").endswith(f"/{wanted}")
    return actual if means_same else wanted
