"""
The shape of the pillar that is read here, as data: JSON Schema, draft 2020-12.

``description`` completes the sentence that says what is wrong with a value. The formats are those of
:mod:`aws_runbook.pillar`. A key whose value is empty (YAML's null) counts as absent. ``postgres``, ``mysql``,
``backup`` and ``sync`` belong to the servers' other states: of those, only the keys read here are looked at.
"""

from aws_runbook.database_schema import EC2, RDS
from aws_runbook.email_schema import SES, SNS

_MAPPING = "give a mapping"
_DAYS = {"type": "integer", "minimum": 1, "description": "give a whole number of days, 1 or more"}
_HOURS = {"type": "integer", "minimum": 1, "description": "give a whole number of hours, 1 or more"}
_FLAG = {"type": "boolean", "description": "give True or False"}
_TEXT = {"type": "string", "minLength": 1, "description": "give a text"}
_REGION = {"type": "string", "format": "aws-region", "description": "give a region such as eu-west-2"}
_BUCKET = {"type": "string", "format": "s3-bucket", "description": "give the name of an S3 bucket"}
_PILLAR_KEY = {"type": "string", "format": "pillar-key", "description": "give a pillar key such as aws:secret_key"}
_SDB_URI = {"type": "string", "pattern": "^sdb://[^/]+/.+", "description": "give an URI such as sdb://vault/registry"}
_TAGS = {
    "type": "object",
    "propertyNames": {"type": "string", "minLength": 1, "maxLength": 128, "description": "give tags names as texts"},
    "additionalProperties": {
        "type": ["string", "number", "boolean"],
        "description": "give a text",
    },
    "description": "give a mapping of tags to texts",
}

_LOCATION = {
    "type": "object",
    "description": _MAPPING,
    "required": ["location"],
    "properties": {
        "location": {
            "type": "string",
            "format": "backup-location",
            "description": "give BUCKET or BUCKET/PREFIX, such as ocp-registry-backup/database",
        },
    },
}

_DIRECTORY = {"type": "string", "pattern": "^/", "description": "give absolute paths, such as /data"}
# Where each is mirrored to follows from its name: two servers must not mirror into each other's directory.
_MIRROR = {
    **_LOCATION,
    "properties": {
        **_LOCATION["properties"],
        "directories": {
            "type": ["object", "array"],
            "description": "give a mapping or a list of absolute paths, such as /data",
            "propertyNames": _DIRECTORY,
            "items": _DIRECTORY,
        },
    },
}

_PGBACKREST = {
    "required": ["repo_path", "s3_bucket"],
    "properties": {
        "repo_path": {
            "type": "string",
            "format": "repository-path",
            "description": "give the repository's path in the bucket, such as /kingfisher",
        },
        "s3_bucket": {
            **_BUCKET,
            "description": "give the repository's bucket; it belongs in the server's private pillar",
        },
        "s3_region": _REGION,
        "s3_key": {"type": "string", "description": "give an access key ID"},
        "s3_key_secret": {"type": "string", "description": "give a secret access key"},
    },
}

_POSTGRES_BACKUP = {
    "type": "object",
    "description": _MAPPING,
    "required": ["type"],
    "properties": {
        "type": {"enum": ["pgbackrest", "script"], "description": "allowed are pgbackrest, script"},
        "s3_endpoint": {"type": "string", "description": "give a host name such as s3.eu-west-2.amazonaws.com"},
    },
    "allOf": [
        {"if": {"required": ["type"], "properties": {"type": {"const": "script"}}}, "then": _LOCATION},
        {
            # Elsewhere than at AWS, a repository is none of this project's business, and other rules hold.
            "if": {
                "required": ["type"],
                "properties": {"type": {"const": "pgbackrest"}, "s3_endpoint": {"format": "aws-endpoint"}},
            },
            "then": _PGBACKREST,
        },
    ],
}


def _stored_at(place):
    """A value's place in a store, or a list of places."""
    several = {"type": "array", "minItems": 1, "items": place, "description": place["description"]}
    return {"if": {"type": "array"}, "then": several, "else": place, "description": place["description"]}


def _keys(place, names, needed):
    return {
        "type": "object",
        "description": f"give a mapping of {', '.join(needed[:-1])} and {needed[-1]} to where each is stored",
        "required": needed,
        "additionalProperties": False,
        "properties": dict.fromkeys(names, place),
    }


def _store(names, needed):
    """A store that takes the values ``names``, of which the ``needed`` must have a place."""
    return {
        "description": "give an sdb:// URI, a mapping with sdb, or a mapping with pillar_file",
        "if": {"type": "string"},
        "then": _SDB_URI,
        "else": {
            "type": "object",
            "description": "give an sdb:// URI, a mapping with sdb, or a mapping with pillar_file",
            "if": {"required": ["sdb"]},
            "then": {
                "additionalProperties": False,
                "properties": {"sdb": _SDB_URI, "keys": _keys(_SDB_URI, names, needed)},
            },
            "else": {
                "required": ["pillar_file"],
                "additionalProperties": False,
                "properties": {
                    "pillar_file": {
                        "type": "string",
                        "pattern": "^/.*[^/]$",
                        "description": "give the absolute path of a private pillar file",
                    },
                    "keys": _keys(_stored_at(_PILLAR_KEY), names, needed),
                    "gpg": {
                        "type": "object",
                        "description": _MAPPING,
                        "required": ["recipients"],
                        "additionalProperties": False,
                        "properties": {
                            "recipients": {
                                "type": "array",
                                "minItems": 1,
                                "items": _TEXT,
                                "description": "give a list of one or more GPG keys",
                            },
                            "homedir": _TEXT,
                        },
                    },
                },
            },
        },
    }


_HALVES = ["access_key", "secret_key"]
_STORE = _store(_HALVES, _HALVES)
_SMTP = ["smtp_username", "smtp_password"]
_SMTP_STORE = _store([*_SMTP, "smtp_host", "smtp_port", *_HALVES], _SMTP)

_ADMIN = {
    "description": "give a mapping, or the name of one",
    "if": {"type": "string"},
    "then": _TEXT,
    "else": {
        "type": "object",
        "description": "give a mapping, or the name of one",
        "additionalProperties": False,
        "properties": {
            "region": _REGION,
            "keyid": _TEXT,
            "key": _TEXT,
            "session_token": _TEXT,
            "aws_profile": _TEXT,
            "role_arn": _TEXT,
            "external_id": _TEXT,
            "endpoint_url": _TEXT,
        },
    },
}

_AWS_BACKUP = {
    "type": "object",
    "description": _MAPPING,
    "additionalProperties": False,
    "properties": {
        "user": {"type": "string", "format": "iam-user", "description": "give the name of an IAM user"},
        "group": {"type": "string", "format": "iam-group", "description": "give the name of an IAM group"},
        "expire_days": _DAYS,
        "abort_multipart_days": _DAYS,
        "scope": {"enum": ["prefix", "bucket"], "description": "allowed are prefix, bucket"},
        "append_only": _FLAG,
        "audit": {
            "type": "object",
            "description": "give a mapping of what is expected of backups",
            "additionalProperties": False,
            "properties": {"max_age_hours": _HOURS, "max_wal_age_hours": _HOURS},
        },
        "store": _STORE,
        "rotate_days": _DAYS,
        "grace_days": _DAYS,
        "buckets": {
            "type": "object",
            "description": "give a mapping of buckets to their region, tags and expire_all",
            "propertyNames": _BUCKET,
            "additionalProperties": {
                "type": ["object", "null"],
                "description": "give a mapping of region, tags and expire_all",
                "additionalProperties": False,
                "properties": {"region": _REGION, "tags": _TAGS, "expire_all": _FLAG},
            },
        },
        "pgbackrest": {
            "type": "object",
            "description": "give a mapping of pgBackRest's features that are in use",
            "additionalProperties": False,
            "properties": {"tags": _FLAG, "target_time": _FLAG, "abort_multipart_days": _DAYS},
        },
    },
}

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"smtp_store": _SMTP_STORE, "tags": _TAGS},
    "type": "object",
    "description": _MAPPING,
    "properties": {
        "aws": {
            "type": "object",
            "description": _MAPPING,
            "additionalProperties": False,
            "properties": {
                "region": _REGION,
                "access_key": {"type": "string", "description": "give an access key ID"},
                "secret_key": {"type": "string", "description": "give a secret access key"},
                "admin": _ADMIN,
                "servers": {"type": "array", "items": _TEXT, "description": "give a list of minion IDs"},
                "backup": _AWS_BACKUP,
                "ec2": EC2,
                "rds": RDS,
                "ses": SES,
                "sns": SNS,
            },
        },
        "postgres": {"type": "object", "description": _MAPPING, "properties": {"backup": _POSTGRES_BACKUP}},
        "mysql": {"type": "object", "description": _MAPPING, "properties": {"backup": _LOCATION}},
        "backup": _LOCATION,
        "sync": _MIRROR,
    },
}
