"""
Show the databases in AWS, and their network, that this minion's pillar declares (``aws:ec2`` and ``aws:rds``).

No function here makes a call to AWS.
"""

from aws_runbook import tables
from aws_runbook.databases import plan as database_plan
from aws_runbook.databases import presets
from aws_runbook.errors import RunbookError
from aws_runbook.pillar import check as pillar

_NETWORK = ("kind", "name", "region", "vpc", "holds")
_DATABASES = ("kind", "name", "region", "network", "engine", "version", "size", "reached_from", "backups", "password")


def plan(format="table"):
    """
    Show the VPCs, subnets, security groups, DB subnet groups, instances and clusters that pillar declares.

    format
        ``table`` for a person (the default); ``data`` for the structure that the SLS files use.

    Invalid pillar is an error with one sentence for each problem. The version ``latest`` means the newest version that AWS
    offers when the database is created: ``state.apply aws.databases test=True`` shows it.

    CLI Example:

    .. code-block:: bash

        salt-call aws_database.plan
        salt-call aws_database.plan format=data --out=json
    """
    pillar.check(dict(__pillar__))
    planned = database_plan.plan(__pillar__)
    if format == "data":
        return planned
    if format != "table":
        raise RunbookError(f"format is {format!r}; allowed are table, data.")
    if not any(planned.values()):
        return "Pillar declares no databases."
    tables_shown = [
        tables.table(rows, columns)
        for rows, columns in ((list(_network(planned)), _NETWORK), (list(_databases(planned)), _DATABASES))
        if rows
    ]
    return "\n\n".join(tables_shown)


def _network(planned):
    for kind, holds in (
        ("vpcs", lambda entry: entry["cidr_block"]),
        ("subnets", lambda entry: entry["cidr_block"]),
        ("security_groups", lambda entry: entry["description"]),
        ("subnet_groups", lambda entry: entry["subnets"]),
    ):
        for entry in planned[kind].values():
            vpc = None if kind == "vpcs" else entry.get("vpc", "(default)")
            yield {**entry, "kind": kind.removesuffix("s").replace("_", " "), "vpc": vpc, "holds": holds(entry)}


def _databases(planned):
    for kind in ("instances", "clusters"):
        for entry in planned[kind].values():
            wanted = presets.expand(entry)
            capacity = f"{wanted.get('min_capacity')} to {wanted.get('max_capacity')} units"
            yield {
                **wanted,
                "kind": kind.removesuffix("s"),
                "network": wanted.get("db_subnet_group_name", "(default VPC)"),
                "version": wanted.get("engine_version"),
                "size": wanted.get("db_instance_class") if kind == "instances" else capacity,
                "reached_from": wanted.get("vpc_security_groups"),
                "backups": f"{wanted.get('backup_retention_period', 1)} days",
                "password": "Secrets Manager" if wanted.get("master_password") == "managed" else "store",
            }
