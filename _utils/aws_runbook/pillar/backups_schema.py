"""
The shape of ``aws:backup`` in pillar, as data: a part of :data:`aws_runbook.pillar.schema.SCHEMA`.
"""

from aws_runbook.access_keys.rotation import GRACE_DAYS
from aws_runbook.pillar.backup_kinds import by_kind
from aws_runbook.pillar.recovery_schema import RECOVERY
from aws_runbook.pillar.shapes import BUCKET, DAYS, FLAG, REGION, TAGS, USER, choice, formed, key, mapping, named, whole
from aws_runbook.pillar.stores_schema import store

EXPIRE_DAYS = 30
ABORT_MULTIPART_DAYS = 7
# A daily backup, and two hours for it to be made.
MAX_AGE_HOURS = 26

_HALVES = ["access_key", "secret_key"]
_STORE = store(_HALVES, _HALVES, "where the server's tools look for its key")
_HOURS = whole(" of hours")
_WRITERS = {"page": "backups.md#who-may-write"}
_KEYS = {"page": "backups.md#access-keys"}

_BUCKET_SETTINGS = mapping(
    {
        "region": key(REGION, "The region of the bucket.", left_out="`postgres:backup:s3_region`, then `aws:region`"),
        "tags": key(TAGS, "Tags of the bucket. Other tags are kept.", left_out="not managed"),
        "expire_all": key(
            FLAG,
            "Whether a rule may expire objects that no known pillar accounts for, or delete versions sooner than the bucket did.",
            default=False,
            page="backups.md#when-objects-expire",
        ),
        "recovery": key(
            RECOVERY,
            "How long overwritten and deleted objects of this bucket can be recovered.",
            left_out="`aws:backup:recovery`",
            needs_value=True,
            page="recovery.md",
        ),
    },
    "give a mapping of region, tags, expire_all and recovery",
)

BACKUP = key(
    mapping(
        {
            "user": key(
                by_kind(USER), "The IAM user that writes the backups.", left_out="`<minion id>-backup`", **_WRITERS
            ),
            "group": key(
                by_kind(formed("iam-group", "give the name of an IAM group")),
                "The IAM group that has the policy, and the user as a member.",
                left_out="no group: the policy is attached to the user",
                **_WRITERS,
            ),
            "policy": key(
                by_kind(formed("iam-policy", "give the name of an IAM policy")),
                "The name of the policy, if it is neither the user's nor the group's.",
                left_out="the group's name, or the user's",
                **_WRITERS,
            ),
            "expire_days": key(
                DAYS, "After how many days objects expire.", default=EXPIRE_DAYS, page="backups.md#when-objects-expire"
            ),
            "abort_multipart_days": key(
                DAYS,
                "After how many days incomplete uploads are deleted, if objects expire.",
                default=ABORT_MULTIPART_DAYS,
                page="backups.md#when-objects-expire",
            ),
            "recovery": key(
                RECOVERY,
                "How long overwritten and deleted objects can be recovered in the buckets of this server's backups.",
                left_out="not managed",
                needs_value=True,
                page="recovery.md",
            ),
            "scope": key(
                choice("prefix", "bucket"),
                "The scope of the policy if a location has a prefix: that prefix, or the whole bucket.",
                default="prefix",
                **_WRITERS,
            ),
            "append_only": key(
                FLAG,
                "Whether the policy allows adding but not deleting dumps and archives.",
                default=False,
                page="policies.md#append_only",
            ),
            "audit": key(
                mapping(
                    {
                        "max_age_hours": key(
                            _HOURS, "The maximum age of the newest backup.", default=MAX_AGE_HOURS, page="audit.md"
                        ),
                        "max_wal_age_hours": key(
                            _HOURS,
                            "The maximum age of pgBackRest's newest WAL.",
                            left_out="not judged",
                            page="audit.md",
                        ),
                    },
                    "give a mapping of what is expected of backups",
                ),
                "What the audit expects of this server.",
                page="audit.md",
            ),
            "store": key(
                by_kind(_STORE), "Where a new access key is stored.", left_out="no key is created", page="stores.md"
            ),
            "rotate_days": key(DAYS, "After how many days a key is replaced.", left_out="never", **_KEYS),
            "grace_days": key(
                DAYS,
                "How long the old key stays active while the new one is not in use, and then inactive before it is deleted.",
                default=GRACE_DAYS,
                **_KEYS,
            ),
            "buckets": key(
                named(_BUCKET_SETTINGS, "give a mapping of buckets to their settings", "BUCKET", BUCKET),
                "Settings of buckets.",
            ),
            "pgbackrest": key(
                mapping(
                    {
                        "tags": key(
                            FLAG,
                            "`repo1-storage-tag` is in use, which takes `s3:PutObjectTagging`.",
                            default=False,
                        ),
                        "target_time": key(
                            FLAG,
                            "`repo1-target-time` is in use, which takes `s3:GetObjectVersion` and "
                            "`s3:ListBucketVersions`.",
                            default=False,
                        ),
                        "abort_multipart_days": key(
                            DAYS,
                            "After how many days the repository's incomplete uploads are deleted.",
                            left_out="never",
                        ),
                    },
                    "give a mapping of pgBackRest's features that are in use",
                ),
                "The features of pgBackRest that are in use.",
                page="policies.md#options-of-pgbackrest",
            ),
        }
    ),
    "How this server's backups are named and kept.",
    page="backups.md#what-is-read",
    title="Backups",
)
