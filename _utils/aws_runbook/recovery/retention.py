"""
How long a bucket keeps overwritten and deleted objects: its versioning, and the lifecycle rules that delete versions.
"""

from dataclasses import dataclass
from datetime import datetime

from aws_runbook.buckets import lookup, settings, versions
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import moments
from aws_runbook.recovery.moments import shown

ENABLED = "Enabled"


@dataclass(frozen=True)
class Keeping:
    """
    The retention of a bucket: ``status`` of versioning (``None``: never enabled), ``days`` after which noncurrent versions are deleted (``None``: never).

    ``shorter`` are ``(rule, days)`` of rules that delete some of them sooner. ``since`` is when versioning was enabled, if the bucket's tag notes it.
    """

    status: str | None
    days: int | None
    shorter: tuple = ()
    since: datetime | None = None

    @property
    def least(self):
        """After how many days the first of them are deleted; ``None``: never."""
        return min([*filter(None, [self.days]), *(days for _, days in self.shorter)], default=None)

    @property
    def in_force(self):
        """Since when AWS certainly keeps all versions; ``None`` if that is not known."""
        return self.since and self.since + versions.IN_FORCE

    def earliest(self, now):
        """The earliest moment for which all versions are kept; ``None`` if none is known."""
        return max(filter(None, [moments.earliest(now, self.least), self.in_force]), default=None)


def of_rules(rules, root):
    """``(days, shorter)`` of the lifecycle rules of a bucket, for the objects below ``root``."""
    whole, part = [], []
    for rule in rules:
        days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        prefix, narrowed = _about(rule)
        if rule.get("Status") != ENABLED or days is None or not (prefix.startswith(root) or root.startswith(prefix)):
            continue
        (part if narrowed or not root.startswith(prefix) else whole).append((rule.get("ID", ""), days))
    least = min((days for _, days in whole), default=None)
    return least, tuple(sorted(entry for entry in part if least is None or entry[1] < least))


def _about(rule):
    """The prefix of a rule, and whether it covers only some of the objects below it."""
    selection = rule.get("Filter") or {}
    both = {"Prefix": rule.get("Prefix", ""), **selection, **selection.get("And", {})}
    return both["Prefix"] or "", bool(both.keys() - {"Prefix", "And"})


def read(session, place):
    """Read the retention of a place; a missing bucket is an error."""
    region = lookup.region_of(session, place.bucket)
    if region is None:
        raise RunbookError(f"There is no bucket {place.bucket}, where {place.location} would be.")
    status = settings.versioning(session, place.bucket, region)
    answer = session.read(
        "s3",
        "get_bucket_lifecycle_configuration",
        f"read the lifecycle rules of the bucket {place.bucket}",
        absent=("NoSuchLifecycleConfiguration",),
        region=region,
        Bucket=place.bucket,
    )
    days, shorter = of_rules((answer or {}).get("Rules", []), place.root)
    return Keeping(status, days, shorter, _since(session, place.bucket, region))


def _since(session, bucket, region):
    since = versions.noted(settings.tag_set(session, bucket, region))
    return since and since.replace(microsecond=0)


def check_source(place, keeping):
    """Raise if there are no versions to restore."""
    if keeping.status is None:
        raise RunbookError(
            f"The bucket {place.bucket} has never kept versions, so nothing of {place.location} can be recovered. To keep them from now on, set "
            "aws:backup:recovery in pillar."
        )


def check_in_force(place, keeping, now):
    """Raise if versioning is not certainly in effect: only then is the listing of a moment complete, and may objects be overwritten."""
    if keeping.since is not None and now < keeping.in_force:
        raise RunbookError(
            f"The bucket {place.bucket} has kept versions since {shown(keeping.since)}, and AWS needs up to 15 minutes until that is in effect "
            f"everywhere: nothing is recovered before {shown(keeping.in_force)}."
        )


def check_writable(place, keeping):
    """Raise if overwritten objects would be lost: a recovery must be possible to undo."""
    if keeping.status != ENABLED:
        raise RunbookError(
            f"Versioning of the bucket {place.bucket} is {keeping.status}: objects that are overwritten or deleted there now would be lost. "
            "Enable it first, or restore to another place, with to=BUCKET/PREFIX."
        )


def limits(place, keeping, first):
    """A sentence about how far a place can be recovered; ``first`` is the earliest moment."""
    if first is not None and first == keeping.in_force:
        return (
            f"The bucket {place.bucket} has kept versions since {shown(keeping.since)}: all versions of {place.location} are known from "
            f"{shown(first)} on."
        )
    if keeping.least is None:
        return f"No lifecycle rule deletes noncurrent versions in {place.location}."
    return (
        f"Overwritten and deleted objects in {place.location} are kept for {keeping.least} days: since {shown(first)}."
    )


def why(place, keeping, first):
    """Why ``first`` is the earliest moment of a place, as a clause."""
    if first == keeping.in_force:
        return (
            f"the bucket {place.bucket} has kept versions only since {shown(keeping.since)}, and AWS needs up to 15 minutes until that is in "
            "effect"
        )
    return f"overwritten and deleted objects in {place.location} are kept for only {keeping.least} days"


def warnings(place, keeping):
    """Sentences about what cannot be recovered in a place."""
    if keeping.status != ENABLED:
        yield f"Versioning of the bucket {place.bucket} is {keeping.status}: objects that were overwritten since then cannot be recovered."
    if keeping.since is None:
        yield (
            f"It is not known since when the bucket {place.bucket} keeps versions, because it has no tag {versions.NOTE}: objects without a "
            "version from that time may have existed then, and are not hidden. If you know the moment, give the bucket that tag, with a value "
            "such as 2026-11-20T03:00:00+00:00."
        )
    for rule, days in keeping.shorter:
        yield f"The lifecycle rule {rule} of the bucket {place.bucket} deletes some of them after {days} days already."
