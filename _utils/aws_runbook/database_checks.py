"""
What RDS takes as the name, class, window or size of a database: one sentence for what it does not, before any call.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
"""

import re

from aws_runbook import arguments, engine_versions, serverless, values
from aws_runbook.errors import RunbookError
from aws_runbook.presets import PRESETS

_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*")
_LONGEST_IDENTIFIER = 63
_CLASS = re.compile(r"db\.[a-z0-9]+(?:-[a-z0-9]+)?(?:\.[a-z0-9.-]+)?")
_DATABASE = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
_USER = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
_RESERVED = {"postgres": ("admin", "rdsadmin"), "mysql": ("rdsadmin",)}
_VERSION = re.compile(r"\d+(\.[\w.]+)?")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_BACKUP_WINDOW = re.compile(f"{_TIME}-{_TIME}")
_MAINTENANCE_WINDOW = re.compile(f"{_DAY}:{_TIME}-{_DAY}:{_TIME}")
_PORTS = (1150, 65535)
_STORAGE = (20, 65536)
_BACKUP_DAYS = 35
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
_LEAST_HEADROOM = 1.1
APPLY = ("now", "window")
_FLAGS = (
    "multi_az",
    "publicly_accessible",
    "storage_encrypted",
    "auto_minor_version_upgrade",
    "copy_tags_to_snapshot",
    "deletion_protection",
    "enable_performance_insights",
    "enable_iam_database_authentication",
    "data_api",
)


def identifier(kind, name):
    """The name of an instance, a cluster or a snapshot."""
    if not _IDENTIFIER.fullmatch(name) or len(name) > _LONGEST_IDENTIFIER:
        raise RunbookError(
            f"{kind} {name}: its name has 1 to {_LONGEST_IDENTIFIER} characters: lower-case letters, digits and single "
            "hyphens, beginning with a letter and not ending with a hyphen."
        )


def options(where, *, preset=None, apply=None, allow_upgrade=None, master_password=None):
    """Arguments that are no attributes."""
    arguments.one_of(where, "preset", preset, tuple(PRESETS))
    arguments.one_of(where, "apply", apply, APPLY)
    arguments.one_of(where, "allow_upgrade", allow_upgrade, engine_versions.ALLOWED)
    if master_password not in (None, "managed", "stored"):
        # What stands there may be a password.
        raise RunbookError(f"{where}: master_password is something else than allowed: managed or stored, no password.")


def common(where, attributes):
    """What instances and clusters have in common; returned in canonical form."""
    checked = dict(attributes)
    for attribute in _FLAGS:
        values.flag(where, attribute, checked.get(attribute))
    values.whole(where, "port", checked.get("port"), *_PORTS)
    if "engine_version" in checked:
        checked["engine_version"] = _version(where, checked["engine_version"])
    _matches(where, checked, "preferred_backup_window", _BACKUP_WINDOW, "give a window in UTC such as 03:00-03:30")
    if "preferred_maintenance_window" in checked:
        checked["preferred_maintenance_window"] = str(checked["preferred_maintenance_window"]).lower()
    _matches(
        where,
        checked,
        "preferred_maintenance_window",
        _MAINTENANCE_WINDOW,
        "give a window in UTC such as sun:05:00-sun:05:30",
    )
    _user(where, checked)
    if "vpc_security_groups" in checked:
        checked["vpc_security_groups"] = arguments.names(where, "vpc_security_groups", checked["vpc_security_groups"])
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def instance(where, attributes):
    """The attributes of an instance, in canonical form."""
    checked = common(where, attributes)
    _matches(where, checked, "db_instance_class", _CLASS, "give a class such as db.t3.micro")
    if checked.get("db_instance_class") == "db.serverless":
        raise RunbookError(f"{where}: db_instance_class is 'db.serverless', which only a cluster has; see rds_cluster.")
    values.whole(where, "backup_retention_period", checked.get("backup_retention_period"), 0, _BACKUP_DAYS)
    values.whole(where, "allocated_storage", checked.get("allocated_storage"), *_STORAGE)
    values.whole(where, "max_allocated_storage", checked.get("max_allocated_storage"), 0, _STORAGE[1])
    size, most = checked.get("allocated_storage"), checked.get("max_allocated_storage")
    if size and most and most < size * _LEAST_HEADROOM:
        raise RunbookError(
            f"{where}: max_allocated_storage is {most}, and allocated_storage {size}; give at least a tenth more, or 0 for "
            "no autoscaling."
        )
    if checked.get("kms_key_id") and checked.get("storage_encrypted") is False:
        raise RunbookError(f"{where}: kms_key_id is given, and storage_encrypted is False; leave one out.")
    database(where, "db_name", checked.get("db_name"))
    return checked


def database(where, argument, name):
    """The name of a database within an instance or cluster."""
    if name is not None and not _DATABASE.fullmatch(str(name)):
        raise RunbookError(
            f"{where}: {argument} is {name!r}; give 1 to 63 letters without accents, digits and underscores, beginning with "
            "a letter."
        )


def _user(where, checked):
    name, engine = checked.get("master_username"), checked.get("engine", "")
    if name is None:
        return
    reserved = next((names for family, names in _RESERVED.items() if family in engine), ())
    if not _USER.fullmatch(str(name)) or str(name).lower() in reserved:
        taken = f", other than {' and '.join(reserved)}" if reserved else ""
        raise RunbookError(
            f"{where}: master_username is {name!r}; give 1 to 63 letters without accents, digits and underscores, beginning "
            f"with a letter{taken}."
        )


def _version(where, value):
    if isinstance(value, float | bool):
        raise RunbookError(
            f"{where}: engine_version is {value!r}, a number, in which 16.10 is 16.1; write it in quotes: '{value}'."
        )
    text = str(value)
    if text != engine_versions.LATEST and not _VERSION.fullmatch(text):
        raise RunbookError(f"{where}: engine_version is {value!r}; give latest, or a version such as '16.10' or '16'.")
    return text


def _matches(where, checked, attribute, pattern, allowed):
    value = checked.get(attribute)
    if value is not None and not pattern.fullmatch(str(value)):
        raise RunbookError(f"{where}: {attribute} is {value!r}; {allowed}.")


def complete(where, wanted, needed):
    """A new database has all of the attributes ``needed``."""
    missing = [attribute for attribute in needed if wanted.get(attribute) is None]
    if missing:
        raise RunbookError(f"There is no {where} yet; to make one, give {' and '.join(missing)}.")


def cluster(where, attributes):
    """The attributes of a cluster, in canonical form; options of Serverless v1 are refused."""
    checked = common(where, serverless.check(where, attributes))
    arguments.one_of(where, "engine", checked.get("engine"), serverless.ENGINES)
    values.whole(where, "backup_retention_period", checked.get("backup_retention_period"), 1, _BACKUP_DAYS)
    database(where, "database", checked.get("database"))
    return checked
