"""
The shape of the pillar that is read here, as data: JSON Schema, draft 2020-12.

Its own keywords are those of :mod:`aws_runbook.pillar.shapes`, its formats those of :mod:`aws_runbook.pillar.check`. A key
whose value is empty (YAML's null) counts as absent. ``postgres``, ``mysql``, ``backup`` and ``sync`` belong to the servers'
other states: of those, only the keys read here are looked at. ``docs/pillar.md`` is made from it.
"""

from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.pillar import server_backups_schema
from aws_runbook.pillar.backups_schema import BACKUP
from aws_runbook.pillar.databases_schema import EC2, RDS
from aws_runbook.pillar.mail_schema import SES, SNS
from aws_runbook.pillar.shapes import ACCESS_KEY, REGION, SECRET_KEY, TEXT, either, key, list_of, mapping, patterned

_ADMIN = either(
    "string",
    TEXT,
    mapping(
        {
            "region": key(REGION, "The region of calls that do not name another one.", left_out="`aws:region`"),
            "keyid": key(TEXT, "The id of an access key; goes with `key`."),
            "key": key(TEXT, "The secret of that access key."),
            "session_token": key(TEXT, "The token of temporary credentials."),
            "aws_profile": key(TEXT, "A profile of `~/.aws/config`."),
            "role_arn": key(TEXT, "A role to assume with the credentials found so far."),
            "external_id": key(TEXT, "The external id that the role requires."),
            "endpoint_url": key(TEXT, "Another endpoint than AWS's, for all services."),
        },
        "give a mapping, or the name of one",
    ),
    "give a mapping, or the name of one",
)

_AWS = mapping(
    {
        "region": key(
            REGION,
            "The default region, also of the servers' scripts.",
            default=DEFAULT_REGION,
            page="connection.md",
        ),
        "account": key(
            patterned("^[0-9]{12}$", "give the twelve digits of an AWS account, in quotes"),
            "The id of the account: nothing is read or written with credentials of another account.",
            left_out="any account",
            page="connection.md#the-right-account",
        ),
        "access_key": key(
            ACCESS_KEY,
            "The id of the access key of the server's scripts. Never used to manage the account.",
            page="connection.md",
        ),
        "secret_key": key(
            SECRET_KEY,
            "The secret of that access key.",
            page="connection.md",
        ),
        "admin": key(
            _ADMIN,
            "The connection to the account, or the name of such a mapping in pillar or in the minion's configuration.",
            left_out="what botocore finds: the environment, `~/.aws/config`, a role",
            page="connection.md",
        ),
        "servers": key(
            list_of(TEXT, "give a list of minion IDs"),
            "The minions whose backups this minion manages too.",
            left_out="its own backups only",
            page="install.md#pillar-of-other-servers",
        ),
        "backup": BACKUP,
        "ses": SES,
        "sns": SNS,
        "ec2": EC2,
        "rds": RDS,
    },
    title="The account",
)

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "allowed": "give a mapping",
    "properties": {
        "aws": key(_AWS, "All of AWS that is managed here.", page="connection.md"),
        **server_backups_schema.KEYS,
    },
}
