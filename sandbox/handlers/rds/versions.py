"""
The versions of engines, which moto does not list.

The numbers are examples of RDS's; what matters is that they are many, do not sort as text, and are not all available. Some major
versions are past their standard support, and what RDS mends of those has names of its own: 13.23-rds.20260305.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-versions.html
"""

import re
from datetime import timedelta

from sandbox.handlers import handles
from sandbox.handlers.rds.checks import combination

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
_VERSIONS = {
    "postgres": (
        *("11.22", "12.22", "12.22-rds.20250508", "13.9", "13.23", "13.23-rds.20260305"),
        *("14.9", "14.20", "15.9", "15.15", "16.9", "16.10", "17.4", "17.7"),
    ),
    "aurora-postgresql": ("11.21", "12.22", "13.9", "13.22", "14.9", "14.19", "15.4", "15.14", "16.9", "16.10", "17.6"),
    "mysql": ("5.7.44", "8.0.9", "8.0.44", "8.4.7"),
    "aurora-mysql": ("8.0.mysql_aurora.3.08.2", "8.0.mysql_aurora.3.10.1"),
}
_DEPRECATED = {"11.21", "11.22", "12.22", "5.7.44", "8.0.9"}
# Major versions whose standard support is over.
_ENDED = {"postgres": ("11", "12", "13"), "aurora-postgresql": ("11", "12", "13"), "mysql": ("5.7", "8.0")}
_SUPPORTED, _ENDED_SINCE, _EXTENDED = timedelta(days=5 * 365), timedelta(days=365), timedelta(days=3 * 365)
_DEFAULTS = {
    "postgres": "17.4",
    "aurora-postgresql": "16.9",
    "mysql": "8.4.7",
    "aurora-mysql": "8.0.mysql_aurora.3.08.2",
}
_NAMES = {
    "postgres": "PostgreSQL",
    "aurora-postgresql": "Aurora (PostgreSQL)",
    "mysql": "MySQL Community Edition",
    "aurora-mysql": "Aurora (MySQL)",
}


def default(engine):
    """The version that a database gets when none is named."""
    return _DEFAULTS.get(engine)


def numbers(version):
    """A version as numbers, to compare by."""
    return tuple(map(int, re.findall(r"\d+", version)))


def check(engine, version):
    """Refuse a version that cannot be had."""
    known = [entry for entry in _VERSIONS.get(engine, ()) if entry not in _DEPRECATED]
    if version is None or engine not in _VERSIONS or version in known:
        return
    # A major version alone means its newest minor one.
    if any(entry.startswith(f"{version}.") for entry in known):
        return
    raise combination(f"Cannot find version {version} for {engine}")


def check_change(engine, actual, parameters):
    """Refuse an upgrade that RDS does not make, or not without the word for another major version."""
    version = parameters.get("EngineVersion")
    if version is None or version == actual:
        return
    check(engine, version)
    if numbers(version) < numbers(actual)[: len(numbers(version))]:
        raise combination(f"Cannot upgrade {engine} from {actual} to {version}")
    if _major(engine, version) != _major(engine, actual) and not parameters.get("AllowMajorVersionUpgrade"):
        raise combination("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")


def exact(engine, version):
    """The whole version that a database gets for what was asked."""
    if version is None:
        return default(engine)
    known = [entry for entry in _VERSIONS.get(engine, ()) if entry not in _DEPRECATED]
    plain = [entry for entry in known if "-rds." not in entry]
    newest = max((entry for entry in plain if entry.startswith(f"{version}.")), key=numbers, default=version)
    return version if version in known else newest


@handles("rds", "DescribeDBEngineVersions", reference=_API + "API_DescribeDBEngineVersions.html")
def describe_db_engine_versions(call):
    """The versions, available ones unless all are asked for; paged, and in no useful order."""
    parameters = call.parameters
    filters = {entry["Name"]: entry["Values"] for entry in parameters.get("Filters", [])}
    engines = [parameters["Engine"]] if parameters.get("Engine") else list(_VERSIONS)
    wanted_status = filters.get("status", ["available"])
    entries = []
    for engine in engines:
        for version in _VERSIONS.get(engine, ()):
            entry = _entry(engine, version)
            if (
                (parameters.get("IncludeAll") or entry["Status"] in wanted_status)
                and (not parameters.get("DefaultOnly") or version == _DEFAULTS[engine])
                and (not parameters.get("EngineVersion") or _is(version, parameters["EngineVersion"]))
                and parameters.get("DBParameterGroupFamily") in (None, entry["DBParameterGroupFamily"])
            ):
                entries.append(entry)
    return {"DBEngineVersions": sorted(entries, key=lambda entry: (entry["Engine"], entry["EngineVersion"]))}


def _is(version, wanted):
    return version == wanted or version.startswith(f"{wanted}.")


@handles("rds", "DescribeDBMajorEngineVersions", reference=_API + "API_DescribeDBMajorEngineVersions.html")
def describe_db_major_engine_versions(call):
    """The major versions, and from when to when each has standard support and Extended Support."""
    parameters = call.parameters
    engines = [parameters["Engine"]] if parameters.get("Engine") else list(_VERSIONS)
    majors = {
        engine: dict.fromkeys(_major(engine, version) for version in _VERSIONS.get(engine, ())) for engine in engines
    }
    return {
        "DBMajorEngineVersions": [
            {
                "Engine": engine,
                "MajorEngineVersion": major,
                "SupportedEngineLifecycles": list(_lifecycles(call.now, ended=major in _ENDED.get(engine, ()))),
            }
            for engine in engines
            for major in majors[engine]
            if parameters.get("MajorEngineVersion") in (None, major)
        ]
    }


def _lifecycles(now, *, ended):
    ends = now - _ENDED_SINCE if ended else now + _SUPPORTED
    for name, start, end in (("standard", ends - _SUPPORTED, ends), ("extended", ends, ends + _EXTENDED)):
        yield {
            "LifecycleSupportName": f"open-source-rds-{name}-support",
            "LifecycleSupportStartDate": start,
            "LifecycleSupportEndDate": end,
        }


def _major(engine, version):
    return ".".join(version.split(".")[: 1 if "postgres" in engine else 2])


def _entry(engine, version):
    major = _major(engine, version)
    entry = {
        "Engine": engine,
        "EngineVersion": version,
        "MajorEngineVersion": major,
        "DBParameterGroupFamily": f"{engine}{major}",
        "DBEngineDescription": _NAMES[engine],
        "DBEngineVersionDescription": f"{_NAMES[engine]} {version}",
        "Status": "deprecated" if version in _DEPRECATED else "available",
        "SupportsReadReplica": True,
        "SupportedEngineModes": ["provisioned"],
        "ValidUpgradeTarget": _targets(engine, version, major),
    }
    if engine.startswith("aurora"):
        entry["ServerlessV2FeaturesSupport"] = {"MinCapacity": 0.0, "MaxCapacity": 256.0}
    return entry


def _targets(engine, version, major):
    """The later versions that are available."""
    return [
        {
            "Engine": engine,
            "EngineVersion": entry,
            "Description": f"{_NAMES[engine]} {entry}",
            "AutoUpgrade": False,
            "IsMajorVersionUpgrade": not _is(entry, major),
        }
        for entry in _VERSIONS[engine]
        if entry not in _DEPRECATED and numbers(entry) > numbers(version)
    ]
