"""
Versions of database engines: which AWS offers, which is the latest, and when a database is upgraded.

Versions are compared by their numbers: 16.10 is later than 16.9. A database is never upgraded because a later version
has come out, only because somebody allows it; and ``latest`` never goes to one in Extended Support, which costs extra.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html
"""

import re

from aws_runbook import clock
from aws_runbook.aws.failures import DENIED
from aws_runbook.errors import AwsError, RunbookError

LATEST = "latest"
ALLOWED = ("minor", "major")
# Aurora MySQL has its own version within one of MySQL's: 8.0.mysql_aurora.3.10.1.
_PLAIN = re.compile(r"\d+(\.(\d+|mysql_aurora))*")
# What RDS mends of a version after its standard support: 13.23-rds.20260305.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-versions.html
_EXTENDED = re.compile(r"[\d.]+-rds\.\d+", re.IGNORECASE)
_STANDARD = "open-source-rds-standard-support"
_UNTOLD = (
    "The end of standard support of the versions of {} could not be read, because the credentials in use lack "
    "rds:DescribeDBMajorEngineVersions: which versions are in Extended Support, which costs extra, is inferred from their names."
)


def numbers(version):
    """A version as numbers, to compare by."""
    return tuple(map(int, re.findall(r"\d+", version)))


def major(engine, version):
    """The major version: 16 of PostgreSQL 16.10, 8.0 of MySQL 8.0.44."""
    return numbers(version)[: 1 if "postgres" in engine else 2]


def is_same(actual, wanted):
    """Whether ``actual`` is ``wanted``, which may be a whole version or the beginning of one: 16 for 16.10."""
    return actual == wanted or actual.startswith(f"{wanted}.")


def newest(versions, beginning=None):
    """The newest of ``versions``; ``None`` for none. Variants such as ``16.4-limitless`` are left out."""
    plain = [entry for entry in versions if _PLAIN.fullmatch(entry) and (not beginning or is_same(entry, beginning))]
    return max(plain, key=numbers, default=None)


def _is_extended(engine, version, ended):
    """Whether a version is in Extended Support: by its name, or as one of the major versions that have ``ended``."""
    return bool(_EXTENDED.fullmatch(version)) or major(engine, version) in ended


def choose(where, engine, wanted, available, ended=frozenset()):
    """
    The version that a new database gets for ``wanted``; one that cannot be had is an error.

    ``ended`` are the major versions whose standard support is over, as :func:`major` has them.
    """
    latest = newest(available)
    if wanted == LATEST:
        found = newest([entry for entry in available if not _is_extended(engine, entry, ended)])
        if latest and not found:
            raise RunbookError(
                f"{where}: engine_version is latest, and AWS offers only versions in Extended Support, which costs extra, the "
                f"latest of them {latest}; name the version."
            )
    else:
        found = wanted if wanted in available else newest(available, wanted)
    if found is None:
        raise RunbookError(
            f"{where}: engine_version is {wanted!r}, which AWS does not offer for {engine}"
            + (f"; the latest is {latest}." if latest else " in this region.")
        )
    return found


def needs_targets(actual, wanted, allow):
    """Whether the possible upgrades of a database must be read."""
    if wanted == LATEST:
        return allow is not None
    return not is_same(actual, wanted) and numbers(wanted) > numbers(actual)[: len(numbers(wanted))]


def change(subject, engine, actual, wanted, allow, targets, ended=frozenset()):
    """
    The version that a database of version ``actual`` is to go to, or ``actual``; and a warning, or ``None``.

    ``allow`` is ``None``, ``minor`` or ``major``; ``targets`` are the versions to which AWS can upgrade it; ``ended`` is as for
    :func:`choose`.
    """
    if wanted == LATEST:
        return _latest(subject, engine, actual, allow, targets, ended) if allow else (actual, None)
    if is_same(actual, wanted):
        return actual, None
    if not needs_targets(actual, wanted, allow):
        return actual, _already_later(subject, engine, actual, wanted)
    kind = "minor" if major(engine, actual) == major(engine, wanted)[: len(major(engine, actual))] else "major"
    if allow is None or (kind == "major" and allow != "major"):
        raise RunbookError(
            f"{subject} has engine_version {actual}, not {wanted}, and is not upgraded without permission. To upgrade it, set allow_upgrade: "
            f"{kind}."
        )
    target = wanted if wanted in targets else newest(targets, wanted)
    if target is None:
        ways = ", ".join(sorted(targets, key=numbers)) or "none"
        raise RunbookError(
            f"{subject} has engine_version {actual}, and AWS cannot upgrade it to {wanted}; it can upgrade it to: {ways}."
        )
    return target, None


def _latest(subject, engine, actual, allow, targets, ended):
    later = [entry for entry in targets if numbers(entry) > numbers(actual)]
    within = [entry for entry in later if allow == "major" or major(engine, entry) == major(engine, actual)]
    found = newest([entry for entry in within if not _is_extended(engine, entry, ended)])
    if found:
        return found, None
    extended = [entry for entry in within if _PLAIN.fullmatch(entry) or _EXTENDED.fullmatch(entry)]
    if not extended:
        return actual, None
    beyond = newest([entry for entry in later if entry not in within and not _is_extended(engine, entry, ended)])
    return actual, (
        f"{subject} has engine_version {actual} and is not upgraded, because the latest possible version ({max(extended, key=numbers)}) is in "
        "Extended Support, which costs extra. To upgrade it anyway, name the version"
        + ("; or set allow_upgrade: major." if beyond else ".")
    )


def _already_later(subject, engine, actual, wanted):
    if major(engine, actual) != major(engine, wanted)[: len(major(engine, actual))]:
        raise RunbookError(
            f"{subject} has engine_version {actual}, not {wanted}, and AWS cannot downgrade it. Set it to {actual}, or create a database with "
            "another name and copy the data."
        )
    return (
        f"{subject} has engine_version {actual}, later than {wanted}: AWS applies minor versions unless "
        "auto_minor_version_upgrade is False."
    )


def available(session, engine):
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
        numbers(entry["MajorEngineVersion"])
        for entry in answer["DBMajorEngineVersions"]
        for support in entry.get("SupportedEngineLifecycles", [])
        if support["LifecycleSupportName"] == _STANDARD and support["LifecycleSupportEndDate"] <= now
    ), []


def resolved(session, subject, engine, actual, wanted, allow):
    """The version that is wanted of a database that has ``actual`` (``None``: of a new one), and a list of warnings."""
    latest = wanted == LATEST
    if actual is None:
        ended, warnings = ended_support(session, engine) if latest else (frozenset(), [])
        return choose(subject, engine, wanted, available(session, engine), ended), warnings
    needed = needs_targets(actual, wanted, allow)
    targets = upgrade_targets(session, engine, actual) if needed else []
    ended, warnings = ended_support(session, engine) if latest and targets else (frozenset(), [])
    version, warning = change(subject, engine, actual, wanted, allow, targets, ended)
    return version, [*([warning] if warning else []), *warnings]
