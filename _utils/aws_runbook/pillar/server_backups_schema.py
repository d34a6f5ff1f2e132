"""
The shape of what is read of the pillar of servers' other states, as data: a part of
:data:`aws_runbook.pillar.schema.SCHEMA`.
"""

from aws_runbook.pillar.shapes import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, choice, formed, key, patterned

_PAGE = {"page": "backups.md#what-is-read", "title": "What is read of the servers' other states"}


def _located(**more):
    return {
        "type": "object",
        "allowed": "give a mapping",
        "required": ["location"],
        "properties": {
            "location": key(
                formed("backup-location", "give BUCKET or BUCKET/PREFIX, such as ocp-registry-backup/database"),
                "Where the script writes to.",
                **more,
            ),
        },
    }


_LOCATION = _located()

_PATH = formed("visible", "give paths, such as /data")
# The directories are not used here, but a path must not look like another one.
_ARCHIVE = {
    **_LOCATION,
    "properties": {
        **_LOCATION["properties"],
        "directories": key({"propertyNames": _PATH, "items": _PATH}, "What is backed up."),
    },
}

_DIRECTORY = {**_PATH, **patterned("^/", "give absolute paths, such as /data")}
# Where each is mirrored to follows from its name: two servers must not mirror into each other's directory.
_MIRROR = {
    **_LOCATION,
    "properties": {
        **_LOCATION["properties"],
        "directories": key(
            {
                "type": ["object", "array"],
                "allowed": "give a mapping or a list of absolute paths, such as /data",
                "propertyNames": _DIRECTORY,
                "items": _DIRECTORY,
            },
            "What is mirrored.",
        ),
    },
}

_PGBACKREST = {
    "required": ["repo_path", "s3_bucket"],
    "properties": {
        "repo_path": key(
            formed("repository-path", "give the repository's path in the bucket, such as /kingfisher"),
            "The repository's path in the bucket.",
            left_out="needed for `type: pgbackrest`",
        ),
        "s3_bucket": key(
            {**BUCKET, "allowed": "give the repository's bucket; it belongs in the server's private pillar"},
            "The repository's bucket.",
            left_out="needed for `type: pgbackrest`",
        ),
        "s3_region": key(REGION, "The region of the bucket.", left_out="`aws:region`"),
        "s3_key": key(ACCESS_KEY, "The id of pgBackRest's access key."),
        "s3_key_secret": key(SECRET_KEY, "The secret of that access key."),
    },
}

_POSTGRES_BACKUP = {
    "type": "object",
    "allowed": "give a mapping",
    "required": ["type"],
    "properties": {
        "type": key(choice("pgbackrest", "script"), "What backs up PostgreSQL: pgBackRest, or a script with pg_dump."),
        "s3_endpoint": key(
            {"type": "string", "allowed": "give a host name such as s3.eu-west-2.amazonaws.com"},
            "The endpoint of the repository's bucket. A repository that is not at AWS is not managed.",
        ),
    },
    "allOf": [
        {
            "if": {"required": ["type"], "properties": {"type": {"const": "script"}}},
            "then": _located(left_out="needed for `type: script`"),
        },
        {
            # A repository that is not at AWS is not managed here, and has other rules.
            "if": {
                "required": ["type"],
                "properties": {"type": {"const": "pgbackrest"}, "s3_endpoint": {"format": "aws-endpoint"}},
            },
            "then": _PGBACKREST,
        },
    ],
}


def _of(backup, description):
    return key(
        {
            "type": "object",
            "allowed": "give a mapping",
            "properties": {"backup": key(backup, f"{description}.", **_PAGE)},
        },
        f"{description}, in `backup`.",
        **_PAGE,
    )


# By pillar key.
KEYS = {
    "postgres": _of(_POSTGRES_BACKUP, "Backups of PostgreSQL"),
    "mysql": _of(_LOCATION, "Backups of MySQL"),
    "backup": key(_ARCHIVE, "Backups of files.", **_PAGE),
    "sync": key(_MIRROR, "Directories that are mirrored, which never expire.", **_PAGE),
}
