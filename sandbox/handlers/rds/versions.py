"""
The versions of engines, which moto does not list.

The numbers are examples of RDS's; what matters is that they are many, do not sort as text, and are not all available.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
_VERSIONS = {
    "postgres": ("11.22", "12.22", "13.9", "13.23", "14.9", "14.20", "15.9", "15.15", "16.9", "16.10", "17.4", "17.7"),
    "aurora-postgresql": ("11.21", "12.22", "13.9", "13.22", "14.9", "14.19", "15.4", "15.14", "16.9", "16.10", "17.6"),
    "mysql": ("5.7.44", "8.0.9", "8.0.44", "8.4.7"),
    "aurora-mysql": ("8.0.mysql_aurora.3.08.2", "8.0.mysql_aurora.3.10.1"),
}
_DEPRECATED = {"11.21", "11.22", "12.22", "5.7.44", "8.0.9"}
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
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def check(engine, version):
    """Refuse a version that cannot be had."""
    known = [entry for entry in _VERSIONS.get(engine, ()) if entry not in _DEPRECATED]
    if version is None or engine not in _VERSIONS or version in known:
        return
    # A major version alone means its newest minor one.
    if any(entry.startswith(f"{version}.") for entry in known):
        return
    raise AwsError("InvalidParameterCombination", f"Cannot find version {version} for {engine}", 400)


def exact(engine, version):
    """The whole version that a database gets for what was asked."""
    if version is None:
        return default(engine)
    known = [entry for entry in _VERSIONS.get(engine, ()) if entry not in _DEPRECATED]
    newest = max((entry for entry in known if entry.startswith(f"{version}.")), key=numbers, default=version)
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


def _entry(engine, version):
    major = version.split(".")[0] if "postgres" in engine else ".".join(version.split(".")[:2])
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
