"""
The versioning of a bucket: since when it keeps versions, noted in one of its tags, and whether it can have old ones.

AWS does not give the time at which versioning was enabled.
"""

from contextlib import suppress
from datetime import timedelta

from aws_runbook import clock
from aws_runbook.aws import tags as tagging
from aws_runbook.buckets import settings
from aws_runbook.errors import RunbookError, UncertainError

# The tag with that time. The note of a bucket whose versioning was suspended before says so.
NOTE = "aws-runbook:versions-since"
_AGAIN = " again"
# AWS recommends to wait so long before versioning is relied on.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
IN_FORCE = timedelta(minutes=15)


def note(before):
    """Return the value of the tag :data:`NOTE` for a bucket whose versioning, so far ``before``, is being enabled."""
    return clock.now().replace(microsecond=0).isoformat() + (_AGAIN if before else "")


def noted(tags):
    """Return since when versioning is enabled, from a bucket's ``tags``; ``None`` if nothing is noted."""
    return clock.written((tagging.mapping(tags).get(NOTE) or "").removesuffix(_AGAIN))


def can_have_versions(session, name, days):
    """Whether a bucket can have versions that are noncurrent for more than so many days; ``True`` if that is unknown."""
    if settings.versioning(session, name) is None:
        return False
    tags = settings.tag_set(session, name)
    since = noted(tags)
    if since is None or tagging.mapping(tags)[NOTE].endswith(_AGAIN):
        return True
    return clock.now() - since > timedelta(days=days)


def starting(session, name):
    """Return since when versioning is enabled, as a text, while it may not be in effect everywhere; otherwise ``None``."""
    since = noted(settings.tag_set(session, name))
    return since.isoformat() if since and timedelta() <= clock.now() - since < IN_FORCE else None


def waiting(name):
    """Return the sentence about a bucket whose versioning is :func:`starting`."""
    return (
        f"it takes up to {IN_FORCE // timedelta(minutes=1)} minutes until versioning of the bucket {name} is in effect "
        "everywhere; objects that are overwritten or deleted before that may be lost."
    )


def write(bucket, wanted):
    """Write versioning. Its beginning is noted first, so that a run that is interrupted loses nothing."""
    status, known = wanted["versioning"], settings.versioning(bucket.session, bucket.name)
    before = (
        tagging.mapping(settings.tag_set(bucket.session, bucket.name))
        if status == "Enabled" and known != status
        else None
    )
    if before is not None:
        settings.write_tags(bucket.session, bucket.name, {**before, NOTE: note(known)})
    try:
        settings.write(
            bucket.session,
            bucket.name,
            "versioning",
            "put_bucket_versioning",
            VersioningConfiguration={"Status": status},
        )
    except RunbookError as error:
        if before is not None and not isinstance(error, UncertainError):
            with suppress(RunbookError):
                settings.write_tags(bucket.session, bucket.name, before)
        raise
