"""
Lifecycle rules carried out: what S3 does once a day, by the sandbox's clock, when it is asked to.

Transitions are not carried out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from sandbox.handlers.s3.lifecycle import rules_of
from sandbox.object_versions import begun, destroy, hide, identity, is_locked, is_marker, made

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    """What a rule's filter looks at."""

    key: str
    size: int
    tags: dict


def matches(rule, candidate):
    """
    Whether a rule is about an object: its prefix, every tag, and sizes, which are exclusive.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-filters.html
    """
    selection = rule.get("Filter", {})
    both = {"Prefix": rule.get("Prefix", ""), **selection, **selection.get("And", {})}
    tags = [*both.get("Tags", []), *([both["Tag"]] if "Tag" in both else [])]
    return (
        candidate.key.startswith(both["Prefix"])
        and all(candidate.tags.get(tag["Key"]) == tag["Value"] for tag in tags)
        and candidate.size > both.get("ObjectSizeGreaterThan", -1)
        and candidate.size < both.get("ObjectSizeLessThan", float("inf"))
    )


def is_due(moment, days, now):
    """
    Whether so many days have passed since ``moment``, rounded up to midnight UTC.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
    """
    due = moment + days * _DAY
    midnight = due.replace(hour=0, minute=0, second=0, microsecond=0)
    return now >= (midnight if midnight == due else midnight + _DAY)


def carry_out(backend, now):
    """Delete what is due in every bucket: (bucket, key) of each object, version or upload that is gone."""
    gone = []
    for name, bucket in backend.buckets.items():
        rules = [rule for rule in rules_of(bucket) if rule["Status"] == "Enabled"]
        if not rules:
            continue
        for key in list(bucket.keys):
            gone += [(name, key) for _ in range(_expire(backend, bucket, key, rules, now))]
        for upload_id, upload in list(bucket.multiparts.items()):
            if any(_is_abandoned(rule, upload, now) for rule in rules):
                backend.abort_multipart_upload(name, upload_id)
                gone.append((name, upload.key_name))
    return gone


def midnights(begin, end):
    """The moments after ``begin``, up to ``end``, at which S3's daily run comes."""
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    while midnight <= end:
        yield midnight
        midnight += _DAY


def _expire(backend, bucket, key, rules, now):
    """Apply the rules to the versions of one key; how many deletions that made."""
    due = {
        identity(version)
        for rule in rules
        for version in _noncurrent_due(backend, rule, bucket.keys.getlist(key), now)
        if not is_locked(version, now)
    }
    for version_id in due:
        destroy(bucket, key, version_id)
    versions = bucket.keys.getlist(key)
    current = versions[-1]
    if is_marker(current):
        if len(versions) == 1 and any(_drops_marker(rule, current, now) for rule in rules):
            destroy(bucket, key, identity(current))
            return len(due) + 1
    elif any(_matches(backend, rule, current) and _current_due(rule, current, now) for rule in rules):
        # Where there are versions this adds a marker and destroys nothing, so no lock is in the way.
        hide(bucket, key, now)
        return len(due) + 1
    return len(due)


def _matches(backend, rule, version):
    if is_marker(version):
        return matches(rule, Candidate(version.name, 0, {}))
    return matches(rule, Candidate(version.name, version.size, backend.tagger.get_tag_dict_for_resource(version.arn)))


def _current_due(rule, version, now):
    expiration = rule.get("Expiration", {})
    if "Date" in expiration:
        date = expiration["Date"]
        date = date if isinstance(date, datetime) else datetime.fromisoformat(str(date))
        return now >= (date if date.tzinfo else date.replace(tzinfo=timezone.utc))
    return "Days" in expiration and is_due(made(version), expiration["Days"], now)


def _drops_marker(rule, marker, now):
    """
    Whether a delete marker that hides nothing any more goes: when the rule says so, or with the objects of its age.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html#lifecycle-config-conceptual-ex7
    """
    expiration = rule.get("Expiration", {})
    wanted = expiration.get("ExpiredObjectDeleteMarker") or _current_due(rule, marker, now)
    return bool(wanted) and matches(rule, Candidate(marker.name, 0, {}))


def _noncurrent_due(backend, rule, versions, now):
    """Versions that have been followed by another for long enough, but for the newest of them that are to be kept."""
    settings = rule.get("NoncurrentVersionExpiration")
    if not settings:
        return []
    pairs = list(pairwise(versions))
    kept = settings.get("NewerNoncurrentVersions", 0)
    return [
        version
        for version, successor in pairs[: max(len(pairs) - kept, 0)]
        if _matches(backend, rule, version) and is_due(made(successor), settings["NoncurrentDays"], now)
    ]


def _is_abandoned(rule, upload, now):
    days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    return bool(days) and matches(rule, Candidate(upload.key_name, 0, {})) and is_due(begun(upload), days, now)
