"""
Aurora Serverless v2: its capacity, and what Serverless v1 had in place of it.

AWS ended Serverless v1 on 2025-03-31. A cluster is Serverless v2 when it has a capacity and an instance of the class
``db.serverless``. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html
"""

from aws_runbook.errors import RunbookError

ENGINES = ("aurora-postgresql", "aurora-mysql")
CLASS = "db.serverless"
MOST = 256
SHORTEST_PAUSE, LONGEST_PAUSE = 300, 86400
# Options of v1, and their equivalents in v2.
V1_OPTIONS = {
    "engine_mode": "leave it out: min_capacity and max_capacity make a cluster Serverless v2",
    "scaling_configuration": "give min_capacity, max_capacity and seconds_until_auto_pause",
    "auto_pause": "give min_capacity: 0 and seconds_until_auto_pause for a cluster that pauses, and min_capacity: 0.5 or "
    "more for one that does not",
    "timeout_action": "leave it out: v2 scales without waiting for an idle moment",
    "seconds_before_timeout": "leave it out: v2 scales without waiting for an idle moment",
}
_GONE = ("10", "11", "12")


def check(where, attributes):
    """The attributes of a cluster without ``engine_mode: provisioned``, which is the default; options that v2 does not have are an error."""
    checked = dict(attributes)
    if checked.get("engine_mode") == "provisioned":
        del checked["engine_mode"]
    for option, instead in V1_OPTIONS.items():
        if checked.get(option) is not None:
            raise RunbookError(
                f"{where}: {option} is {checked[option]!r}, an option of Serverless v1, which AWS ended on 2025-03-31; "
                f"{instead}."
            )
        checked.pop(option, None)
    version = str(checked.get("engine_version", ""))
    if version.partition(".")[0] in _GONE and checked.get("engine", "aurora-postgresql") == "aurora-postgresql":
        raise RunbookError(
            f"{where}: engine_version is {version!r}, which AWS no longer offers; give latest, or a version of Serverless v2, 13 or later."
        )
    _check_capacity(where, checked)
    return checked


def _check_capacity(where, checked):
    least, most = checked.get("min_capacity"), checked.get("max_capacity")
    _unit(where, "min_capacity", least, 0)
    _unit(where, "max_capacity", most, 1)
    if least is not None and most is not None and least > most:
        raise RunbookError(
            f"{where}: min_capacity is {least}, and max_capacity {most}; give a max_capacity of at least min_capacity."
        )
    pause = checked.get("seconds_until_auto_pause")
    if pause is None:
        return
    if isinstance(pause, bool) or not isinstance(pause, int) or not SHORTEST_PAUSE <= pause <= LONGEST_PAUSE:
        raise RunbookError(
            f"{where}: seconds_until_auto_pause is {pause!r}; give a whole number from {SHORTEST_PAUSE} to {LONGEST_PAUSE}."
        )
    if least != 0:
        raise RunbookError(
            f"{where}: seconds_until_auto_pause is {pause}, and min_capacity {least}; only a cluster with min_capacity: 0 "
            "pauses."
        )


def _unit(where, argument, value, lowest):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (number and lowest <= value <= MOST and float(value * 2).is_integer()):
        raise RunbookError(
            f"{where}: {argument} is {value!r}; give a number of capacity units from {lowest} to {MOST}, in halves."
        )
