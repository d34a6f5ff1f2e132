"""
The destination of each backup of a server: its *targets*, from the server's pillar.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.pillar.backup_kinds import KINDS, of_kind
from aws_runbook.pillar.backups_schema import ABORT_MULTIPART_DAYS, EXPIRE_DAYS
from aws_runbook.pillar.check import is_aws_endpoint


@dataclass(frozen=True)
class Target:
    """
    One place that one server backs up to.

    ``prefix`` has no slash at either end; an empty one is the whole bucket. ``kind`` is ``pgbackrest``, ``script``
    (pg_dump), ``mysql``, ``files`` or ``sync``. ``options`` are pgBackRest's features in use: ``tags``, ``target_time``.
    ``append_only`` asks for a policy without deletion, for the kinds that never delete.
    """

    server: str
    kind: str
    bucket: str
    prefix: str
    region: str
    expires: bool
    expire_days: int | None = None
    abort_multipart_days: int | None = None
    scope: str = "prefix"
    options: frozenset = frozenset()
    append_only: bool = False
    user: str | None = None
    group: str | None = None
    policy_name: str | None = None
    source: str = "postgres:backup"

    def as_data(self):
        """Return the target as plain data, for an SLS file or JSON."""
        return {**asdict(self), "options": sorted(self.options)}

    @classmethod
    def from_data(cls, data):
        """Return the target from the result of :meth:`as_data`."""
        return cls(**{**data, "options": frozenset(data.get("options", ()))})

    @property
    def policy(self):
        """Return the name of the policy that grants access to this target: pillar's, the group's or the user's."""
        return self.policy_name or self.group or self.user

    @property
    def deletes(self):
        """Whether the backup tool deletes objects itself. Otherwise it only adds them, and a lifecycle rule deletes them."""
        return bool(KINDS[self.kind].never)

    @property
    def location(self):
        """BUCKET or BUCKET/PREFIX."""
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket


def get(pillar, path, default: Any = None) -> Any:
    """Return the value at a colon-separated key; ``default`` if it is missing or empty."""
    for name in path.split(":"):
        pillar = pillar.get(name) if isinstance(pillar, Mapping) else None
    return default if pillar is None else pillar


def targets(server, pillar):
    """Return the targets in a valid pillar, and notes on entries that are not managed: (targets, notes)."""
    found, notes = [], []
    postgres = get(pillar, "postgres:backup", {})
    if postgres.get("type") == "pgbackrest":
        endpoint = postgres.get("s3_endpoint")
        if endpoint is None or is_aws_endpoint(endpoint):
            found.append(("pgbackrest", postgres["s3_bucket"], postgres["repo_path"].strip("/"), "postgres:backup"))
        else:
            notes.append(
                f"{server}: postgres:backup:s3_endpoint is {endpoint!r}, which is not at AWS; that repository is not "
                "managed here."
            )
    for name, kind in KINDS.items():
        location = None if name == "pgbackrest" else get(pillar, f"{kind.source}:location")
        if location is not None and (name != "script" or postgres.get("type") == "script"):
            bucket, _, prefix = location.partition("/")
            found.append((name, bucket, prefix, kind.source))
    expiring = any(not KINDS[name].never for name, *_ in found)
    return [_target(server, pillar, *entry, mixed=expiring) for entry in found], notes


def _target(server, pillar, kind, bucket, prefix, source, *, mixed):
    settings = get(pillar, "aws:backup", {})
    expires = not KINDS[kind].never
    features = settings.get("pgbackrest") or {} if kind == "pgbackrest" else {}
    return Target(
        server=server,
        kind=kind,
        bucket=bucket,
        prefix=prefix,
        region=stated_region(pillar, bucket)[0] or DEFAULT_REGION,
        expires=expires,
        expire_days=get(settings, "expire_days", EXPIRE_DAYS) if expires else None,
        abort_multipart_days=_abort_multipart_days(settings, features, expires, mixed),
        scope=get(settings, "scope", "prefix"),
        options=frozenset(name for name in ("tags", "target_time") if features.get(name)),
        append_only=get(settings, "append_only", False),
        user=of_kind(settings.get("user"), kind) or f"{server}-backup",
        group=of_kind(settings.get("group"), kind),
        policy_name=of_kind(settings.get("policy"), kind),
        source=source,
    )


def _abort_multipart_days(settings, features, expires, mixed):
    """
    Return after how many days unfinished uploads are removed. If objects must not expire, this is only done on request.

    On a server that also has expiring targets, ``aws:backup:abort_multipart_days`` applies to those. For its repository
    ``aws:backup:pgbackrest:abort_multipart_days`` applies.
    """
    if expires:
        return get(settings, "abort_multipart_days", ABORT_MULTIPART_DAYS)
    return get(features, "abort_multipart_days", None if mixed else settings.get("abort_multipart_days"))


def stated_region(pillar, bucket):
    """Return the region of a bucket in a server's pillar, and the pillar key that names it: (None, None) if none does."""
    postgres = get(pillar, "postgres:backup", {})
    named = get(get(pillar, "aws:backup:buckets", {}).get(bucket) or {}, "region")
    holds_repository = postgres.get("type") == "pgbackrest" and postgres.get("s3_bucket") == bucket
    stated = {
        f"aws:backup:buckets:{bucket}:region": named,
        "postgres:backup:s3_region": postgres.get("s3_region") if holds_repository else None,
        "aws:region": get(pillar, "aws:region"),
    }
    return next(((region, key) for key, region in stated.items() if region), (None, None))


def stated_recovery(pillar, bucket):
    """Return a bucket's ``recovery`` in a server's pillar, and the pillar key that has it: (None, None) if none does."""
    settings = get(pillar, "aws:backup", {})
    stated = {
        f"aws:backup:buckets:{bucket}:recovery": get(get(settings, "buckets", {}).get(bucket) or {}, "recovery"),
        "aws:backup:recovery": settings.get("recovery"),
    }
    return next(((recovery, key) for key, recovery in stated.items() if recovery is not None), (None, None))
