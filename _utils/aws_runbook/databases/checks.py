"""
Check names, classes, windows and versions of databases. Each check raises one sentence before any call to AWS.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
"""

import re

from aws_runbook.databases import serverless
from aws_runbook.databases import versions as engine_versions
from aws_runbook.databases.presets import PRESETS
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments

_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*")
_LONGEST_IDENTIFIER = 63
_CLASS = re.compile(r"db\.[a-z0-9]+(?:-[a-z0-9]+)?(?:\.[a-z0-9.-]+)?")
_DATABASE = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
_USER = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
_RESERVED = {"postgres": ("admin", "rdsadmin"), "mysql": ("rdsadmin",)}
_VERSION = re.compile(r"\d+(\.[\w.-]+)?")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_BACKUP_WINDOW = re.compile(f"{_TIME}-{_TIME}")
_MAINTENANCE_WINDOW = re.compile(f"{_DAY}:{_TIME}-{_DAY}:{_TIME}")
PORTS = (1150, 65535)
STORAGE = (20, 65536)
BACKUP_DAYS = 35
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
_LEAST_HEADROOM = 1.1
APPLY = ("now", "window")


def identifier(kind, name):
    """Check the name of an instance, a cluster or a snapshot."""
    if not _IDENTIFIER.fullmatch(name) or len(name) > _LONGEST_IDENTIFIER:
        raise RunbookError(
            f"{kind} {name}: its name has 1 to {_LONGEST_IDENTIFIER} characters: lower-case letters, digits and single "
            "hyphens, beginning with a letter and not ending with a hyphen."
        )


def options(where, *, preset=None, apply=None, allow_upgrade=None, master_password=None):
    """Check the arguments that are not attributes."""
    arguments.one_of(where, "preset", preset, tuple(PRESETS))
    arguments.one_of(where, "apply", apply, APPLY)
    arguments.one_of(where, "allow_upgrade", allow_upgrade, engine_versions.ALLOWED)
    if master_password not in (None, "managed", "stored"):
        # The value may be a password, so it is not quoted.
        raise RunbookError(f"{where}: master_password is not allowed: give managed or stored, and no password.")


def engine_version(where, attribute, value):
    """Check ``latest`` or a version; returned as a text."""
    if isinstance(value, float | bool):
        raise RunbookError(
            f"{where}: {attribute} is {value!r}, a number, for which 16.10 equals 16.1; write it in quotes: '{value}'."
        )
    text = str(value)
    if text != engine_versions.LATEST and not _VERSION.fullmatch(text):
        raise RunbookError(f"{where}: {attribute} is {value!r}; give latest, or a version such as '16.10' or '16'.")
    return text


def backup_window(where, attribute, value):
    """Check a daily window."""
    return _matching(where, attribute, value, _BACKUP_WINDOW, "give a window in UTC such as 03:00-03:30")


def maintenance_window(where, attribute, value):
    """Check a weekly window; returned in lower case, as RDS shows it."""
    arguments.text(where, attribute, value)
    allowed = "give a window in UTC such as sun:05:00-sun:05:30"
    return _matching(where, attribute, value.lower(), _MAINTENANCE_WINDOW, allowed)


def instance_class(where, attribute, value):
    """Check the class of an instance that does not belong to a cluster."""
    if _matching(where, attribute, value, _CLASS, "give a class such as db.t3.micro") == serverless.CLASS:
        raise RunbookError(f"{where}: {attribute} is 'db.serverless', which only a cluster has; see rds_cluster.")
    return value


def database(where, attribute, value):
    """Check the name of a database within an instance or cluster."""
    allowed = "give 1 to 63 letters without accents, digits and underscores, beginning with a letter"
    return _matching(where, attribute, value, _DATABASE, allowed)


def _matching(where, attribute, value, pattern, allowed):
    arguments.text(where, attribute, value)
    if not pattern.fullmatch(value):
        raise RunbookError(f"{where}: {attribute} is {value!r}; {allowed}.")
    return value


def user(where, name, engine):
    """Check the name of the master user, which must not be reserved by the engine."""
    if name is None:
        return
    reserved = next((names for family, names in _RESERVED.items() if family in engine), ())
    if not _USER.fullmatch(name) or name.lower() in reserved:
        taken = f", other than {' and '.join(reserved)}" if reserved else ""
        raise RunbookError(
            f"{where}: master_username is {name!r}; give 1 to 63 letters without accents, digits and underscores, beginning "
            f"with a letter{taken}."
        )


def storage(where, size, most):
    """Check that the limit of autoscaling is at least a tenth above the size."""
    if size and most and most < size * _LEAST_HEADROOM:
        raise RunbookError(
            f"{where}: max_allocated_storage is {most}, and allocated_storage {size}; give at least a tenth more, or 0 for "
            "no autoscaling."
        )


def complete(where, wanted, needed):
    """Check that the attributes ``needed`` are given for a new database."""
    missing = [attribute for attribute in needed if wanted.get(attribute) is None]
    if missing:
        *others, last = missing
        what = f"{', '.join(others)} and {last}" if others else last
        raise RunbookError(f"There is no {where} yet; to create one, give {what}.")
