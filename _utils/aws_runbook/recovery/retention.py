"""
For how long a bucket keeps what is overwritten or deleted: whether it keeps versions, and when a lifecycle rule removes them.
"""

from dataclasses import dataclass
from datetime import datetime

from aws_runbook.backups import buckets
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import moments
from aws_runbook.recovery.moments import shown

ENABLED = "Enabled"


@dataclass(frozen=True)
class Keeping:
    """
    What a bucket keeps: ``status`` of versioning (``None``: never on), ``days`` after which what is overwritten or deleted goes (``None``: never).

    ``shorter`` are ``(rule, days)`` of rules that remove some of it sooner. ``since`` is when it began to, where the bucket's tag notes it.
    """

    status: str | None
    days: int | None
    shorter: tuple = ()
    since: datetime | None = None

    @property
    def least(self):
        """After how many days the first of it goes; ``None``: never."""
        return min([*filter(None, [self.days]), *(days for _, days in self.shorter)], default=None)

    @property
    def in_force(self):
        """Since when AWS certainly keeps all; ``None`` where that is not known."""
        return self.since and self.since + buckets.IN_FORCE

    def earliest(self, now):
        """The earliest moment of which all is kept; ``None`` where nothing tells one."""
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
    """The prefix of a rule, and whether it is about some of the objects below that only."""
    selection = rule.get("Filter") or {}
    both = {"Prefix": rule.get("Prefix", ""), **selection, **selection.get("And", {})}
    return both["Prefix"] or "", bool(both.keys() - {"Prefix", "And"})


def read(session, place):
    """What the bucket of a place keeps of it; a missing bucket is an error."""
    region = buckets.region_of(session, place.bucket)
    if region is None:
        raise RunbookError(f"There is no bucket {place.bucket}, where {place.location} would be.")
    status = buckets.versioning(session, place.bucket, region)
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
    since = buckets.noted(buckets.tag_set(session, bucket, region))
    return since and since.replace(microsecond=0)


def check_source(place, keeping):
    """There must be versions to bring back."""
    if keeping.status is None:
        raise RunbookError(
            f"The bucket {place.bucket} has never kept versions, so that nothing of {place.location} can be had back: from now on it "
            f"does with aws:backup:recovery in pillar."
        )


def check_in_force(place, keeping, now):
    """Versions must be kept for certain: only then can anything be said of a moment, or be written over."""
    if keeping.since is not None and now < keeping.in_force:
        raise RunbookError(
            f"The bucket {place.bucket} keeps versions since {shown(keeping.since)}, which AWS takes up to 15 minutes to have in force "
            f"everywhere: nothing is brought back before {shown(keeping.in_force)}."
        )


def check_writable(place, keeping):
    """What is written over must be kept: only then can bringing back be taken back itself."""
    if keeping.status != ENABLED:
        raise RunbookError(
            f"Versioning of the bucket {place.bucket} is {keeping.status}: what is written or deleted there now would be lost for good. "
            "Turn it on again first, or bring the objects elsewhere, with to=BUCKET/PREFIX."
        )


def limits(place, keeping, first):
    """How far the past of a place goes back, as a sentence; ``first`` is the earliest moment that can be had back."""
    if first is not None and first == keeping.in_force:
        return f"The bucket {place.bucket} keeps versions since {shown(keeping.since)}: of {place.location} all is known from {shown(first)} on."
    if keeping.least is None:
        return f"No lifecycle rule removes what is overwritten or deleted in {place.location}."
    return f"What is overwritten or deleted in {place.location} is kept for {keeping.least} days: since {shown(first)}."


def why(place, keeping, first):
    """Why ``first`` is the earliest moment of a place, as a clause."""
    if first == keeping.in_force:
        return f"the bucket {place.bucket} keeps versions only since {shown(keeping.since)}, which AWS takes up to 15 minutes to have in force"
    return f"what is overwritten or deleted in {place.location} is kept for {keeping.least} days only"


def warnings(place, keeping):
    """What of the past of a place cannot be had back, as sentences."""
    if keeping.status != ENABLED:
        yield f"Versioning of the bucket {place.bucket} is {keeping.status}: what was overwritten since it is cannot be had back."
    if keeping.since is None:
        yield (
            f"It is not known since when the bucket {place.bucket} keeps versions, as it has no tag {buckets.NOTE}: what has no version "
            "of then in it may have been there, and is not hidden. Who knows it gives the bucket that tag, with a moment such as "
            "2026-11-20T03:00:00+00:00."
        )
    for rule, days in keeping.shorter:
        yield f"The lifecycle rule {rule} of the bucket {place.bucket} removes some of it after {days} days already."
