"""
Lifecycle rules carried out: what S3 does once a day, by the sandbox's clock, when it is asked to.

Transitions are not carried out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from moto.s3.models import FakeDeleteMarker

from sandbox import wire
from sandbox.handlers import handles
from sandbox.handlers.s3.lifecycle import rules_of
from sandbox.object_dates import begun

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_DAY = timedelta(days=1)


@handles("s3", "ListMultipartUploads", reference=_API + "API_ListMultipartUploads.html")
def list_multipart_uploads(call):
    """Each upload with the time at which it was begun; moto names one for all."""
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    bucket = call.backend().buckets[call.parameters["Bucket"]]
    for upload in result.get("Uploads", []):
        upload["Initiated"] = begun(bucket.multiparts[upload["UploadId"]]).replace(microsecond=0)
    return result


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
        for key in list(bucket.keys):
            gone += [(name, key) for _ in range(_expire(backend, bucket, key, rules, now))]
        for upload_id, upload in list(bucket.multiparts.items()):
            if any(_is_abandoned(rule, upload, now) for rule in rules):
                backend.abort_multipart_upload(name, upload_id)
                gone.append((name, upload.key_name))
    return gone


def _expire(backend, bucket, key, rules, now):
    """Apply the rules to the versions of one key; how many deletions that made."""
    versions = bucket.keys.getlist(key)
    count = 0
    for rule in rules:
        for version in _noncurrent_due(backend, rule, versions, now):
            backend.delete_object(bucket.name, key, version_id=version.version_id)
            count += 1
    current = versions[-1]
    if isinstance(current, FakeDeleteMarker):
        lonely = len(bucket.keys.getlist(key, [])) == 1
        if lonely and any(_drops_markers(rule, key) for rule in rules):
            backend.delete_object(bucket.name, key, version_id=current.version_id)
            count += 1
    elif any(matches(rule, _candidate(backend, current)) and _current_due(rule, current, now) for rule in rules):
        backend.delete_object(bucket.name, key)
        count += 1
    return count


def _candidate(backend, version):
    if isinstance(version, FakeDeleteMarker):
        return Candidate(version.name, 0, {})
    return Candidate(version.name, version.size, backend.tagger.get_tag_dict_for_resource(version.arn))


def _made(version):
    return version.last_modified.replace(tzinfo=timezone.utc)


def _current_due(rule, version, now):
    expiration = rule.get("Expiration", {})
    if "Date" in expiration:
        date = expiration["Date"]
        date = date if isinstance(date, datetime) else datetime.fromisoformat(str(date))
        return now >= (date if date.tzinfo else date.replace(tzinfo=timezone.utc))
    return "Days" in expiration and is_due(_made(version), expiration["Days"], now)


def _drops_markers(rule, key):
    expires = rule.get("Expiration", {})
    return ("ExpiredObjectDeleteMarker" in expires or "Days" in expires) and matches(rule, Candidate(key, 0, {}))


def _noncurrent_due(backend, rule, versions, now):
    """Versions that have been followed by another for long enough, but for the newest of them that are to be kept."""
    settings = rule.get("NoncurrentVersionExpiration")
    if not settings:
        return []
    pairs = list(pairwise(versions))
    kept = settings.get("NewerNoncurrentVersions", 0)
    return [
        version
        for version, successor in pairs[: len(pairs) - kept]
        if matches(rule, _candidate(backend, version)) and is_due(_made(successor), settings["NoncurrentDays"], now)
    ]


def _is_abandoned(rule, upload, now):
    days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    return bool(days) and matches(rule, Candidate(upload.key_name, 0, {})) and is_due(begun(upload), days, now)
