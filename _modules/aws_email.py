"""
Show what pillar declares for email: topics, configuration sets, identities, SMTP users, the account.

The pillar is the minion's own: ``aws:ses`` and ``aws:sns``. No function here makes a call to AWS, so that
no IAM action is needed. https://docs.aws.amazon.com/ses/latest/dg/Welcome.html
"""

from aws_runbook import tables
from aws_runbook.errors import RunbookError
from aws_runbook.mail import plan as email_plan
from aws_runbook.pillar import check as pillar

_KINDS = {
    "topics": "SNS topic",
    "configuration_sets": "configuration set",
    "identities": "identity",
    "receiving": "verification by receiving",
    "smtp_users": "SMTP user",
}
_COLUMNS = ("kind", "name", "region", "settings")


def plan(format="table"):
    """
    Show what ``aws:ses`` and ``aws:sns`` in pillar ask for.

    format
        ``table`` for a person (the default); ``data`` for a mapping of ``topics``, ``configuration_sets``,
        ``identities``, ``published``, ``receiving``, ``smtp_users``, ``dns``, ``account``, ``require`` and ``notes``, as the SLS
        files use it.

    Invalid pillar is an error with one sentence for each problem.

    CLI Example:

    .. code-block:: bash

        salt-call aws_email.plan
        salt-call aws_email.plan format=data --out=json
    """
    own = dict(__pillar__)
    pillar.check(own)
    planned = email_plan.plan(own)
    if format == "data":
        return planned
    if format != "table":
        raise RunbookError(f"format is {format!r}; allowed are table, data.")
    rows = [
        {"kind": what, "name": name, "region": arguments["region"], "settings": _settings(arguments)}
        for kind, what in _KINDS.items()
        for name, arguments in planned[kind].items()
    ]
    if planned["account"]:
        account = planned["account"]
        rows.append({"kind": "account", "name": "", "region": account["region"], "settings": _settings(account)})
    if not rows:
        return "Pillar declares nothing for email."
    return "\n".join([tables.table(rows, _COLUMNS), *planned["notes"]])


def _settings(arguments):
    """Return the names of the settings, with short values. Values that are long or may be secret are left out."""
    shown = []
    for name, value in arguments.items():
        if name == "region":
            continue
        short = isinstance(value, str | bool | int) and name not in ("store", "subscriptions")
        shown.append(f"{name}={value}" if short else name)
    return ", ".join(shown)
