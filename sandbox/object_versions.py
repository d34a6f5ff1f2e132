"""
Versions of objects as S3 keeps them: their dates, their order, which is the null version, and what locks them.

moto dates them by real time, appends whatever is completed last, destroys the other versions once versioning is suspended, and gives
an object that was uploaded in parts no lock.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
"""

import weakref
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from moto.s3.models import FakeDeleteMarker

from sandbox import wire
from sandbox.errors import AwsError

NULL = "null"
_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")
# Where S3 wants to know that what arrives is what was sent, before it locks it.
_BODIES = {"PutObject": "Put Object", "UploadPart": "Put Part"}
_CHECKSUMS = ("HTTP_CONTENT_MD5", "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "HTTP_X_AMZ_TRAILER")
_OF_UPLOADS = ("UploadPart", "UploadPartCopy", "ListParts", "AbortMultipartUpload", "CompleteMultipartUpload")
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_YEAR = 365

# When an upload was begun and how it locks its object, by moto's upload, so that it goes when its upload goes.
_begun = weakref.WeakKeyDictionary()


def begun(upload):
    """When one of moto's unfinished uploads was begun."""
    return _begun[upload][0]


def made(version):
    """When a version or delete marker was created."""
    return version.last_modified.replace(tzinfo=timezone.utc)


def is_marker(version):
    """Whether a version is a delete marker."""
    return isinstance(version, FakeDeleteMarker)


def identity(version):
    """The id of a version; ``null`` for one that was made while the bucket kept none."""
    return version.version_id


def has_versions(bucket):
    """Whether a bucket ever kept versions: it has them still, also while that is suspended."""
    return bool(bucket.versioning_status)


def find(bucket, key, version_id):
    """One version of a key, or ``None``."""
    return next((version for version in bucket.keys.getlist(key, []) if identity(version) == version_id), None)


def is_locked(version, now, *, bypass=False):
    """Whether a version must not be deleted. Delete markers never are; ``bypass`` helps against GOVERNANCE only."""
    if is_marker(version):
        return False
    if version.lock_legal_status == "ON":
        return True
    if not version.lock_mode or (version.lock_mode == "GOVERNANCE" and bypass):
        return False
    return retained_until(version) > now


def retained_until(version):
    """Until when a version is retained; ``None`` when it is not."""
    if not version.lock_until:
        return None
    until = datetime.fromisoformat(version.lock_until.replace("Z", "+00:00"))
    return until if until.tzinfo else until.replace(tzinfo=timezone.utc)


def hide(bucket, key, now):
    """
    Delete a key without naming a version: what S3 answers with, which is the delete marker where there are versions.

    Where versioning is suspended the marker is the null version, and takes the place of the one there was.
    """
    if not has_versions(bucket):
        if key in bucket.keys:
            bucket.keys.pop(key)
        return None
    marker = FakeDeleteMarker(SimpleNamespace(name=key))
    marker.last_modified = _naive(now)
    kept = bucket.keys.getlist(key, [])
    if bucket.versioning_status == "Suspended":
        marker._version_id = NULL  # noqa: SLF001 - moto has no other way
        kept = [version for version in kept if identity(version) != NULL]
    bucket.keys.setlist(key, [*kept, marker])
    return marker


def destroy(bucket, key, version_id):
    """Delete one version of a key for good; the version, or ``None`` when there is none of that id."""
    found = find(bucket, key, version_id)
    if found is None:
        return None
    kept = [version for version in bucket.keys.getlist(key) if version is not found]
    bucket.keys.setlist(key, kept)
    if not kept:
        dict.pop(bucket.keys, key)  # moto's own would ask a delete marker to let go of its content
    return found


def keep(call, proceed):
    """Step of the application: what a call to S3 writes gets its date, its place among the versions, and its lock."""
    bucket = _bucket(call)
    if bucket is None or "Key" not in call.parameters:
        return proceed(call)
    upload = bucket.multiparts.get(call.parameters.get("UploadId"))
    _refuse_unknown_upload(call, bucket, upload)
    _refuse_unchecked(call, bucket)
    before = list(bucket.keys.getlist(call.parameters["Key"], []))
    # A delete is not left to moto, and depends on what the bucket is.
    with nullcontext() if call.name == "DeleteObject" else _as_moto_knows_it(bucket):
        reply = proceed(call)
    if not reply.succeeded:
        return reply
    if call.name == "CreateMultipartUpload":
        new = bucket.multiparts[wire.parse(call, reply)["UploadId"]]
        _begun[new] = (call.now, _asked_lock(call.parameters))
    elif call.name in _WRITES and not any(bucket.keys[call.parameters["Key"]] is version for version in before):
        _settle(call, bucket, upload)
        if bucket.versioning_status == "Suspended":
            reply.headers["x-amz-version-id"] = NULL
    return reply


def _bucket(call):
    if call.service != "s3" or call.operation is None:
        return None
    return call.backend().buckets.get(call.parameters.get("Bucket"))


def _refuse_unknown_upload(call, bucket, upload):
    """Refuse what is about an upload that is not there; to complete one again is answered as before."""
    if call.name not in _OF_UPLOADS or upload is not None:
        return
    current = bucket.keys.get(call.parameters["Key"])
    done = getattr(getattr(current, "multipart", None), "id", None)
    if call.name != "CompleteMultipartUpload" or done != call.parameters["UploadId"]:
        raise AwsError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
            details={"UploadId": call.parameters["UploadId"]},
        )


def _refuse_unchecked(call, bucket):
    """
    Refuse a body without Content-MD5 or a checksum that would be locked.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    if call.name in _BODIES and bucket.has_default_lock:
        checked = any(name in _CHECKSUMS or name.startswith("HTTP_X_AMZ_CHECKSUM_") for name in call.environ)
        if not checked:
            raise AwsError(
                "InvalidRequest",
                f"Content-MD5 OR x-amz-checksum- HTTP header is required for {_BODIES[call.name]} requests with Object "
                "Lock parameters",
                400,
            )


@contextmanager
def _as_moto_knows_it(bucket):
    """Let moto add a version where versioning is suspended, and leave default retention to this module."""
    status, mode = bucket.versioning_status, bucket.default_lock_mode
    if status == "Suspended":
        bucket.versioning_status = "Enabled"
    bucket.default_lock_mode = None
    try:
        yield
    finally:
        bucket.versioning_status, bucket.default_lock_mode = status, mode


def _settle(call, bucket, upload):
    """
    Date, place and lock what was written.

    An object that was uploaded in parts is as old as the beginning of its upload; of several uploads to one key the one that
    was begun last is current, whenever they were completed. That a write without parts takes its place by the same dates is
    inferred.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#distributedmpupload
    """
    key = call.parameters["Key"]
    moment, lock = (call.now, None) if upload is None else _begun[upload]
    *older, written = bucket.keys.getlist(key)
    written.last_modified = _naive(moment)
    if lock:
        written.lock_mode, written.lock_until = lock
    if bucket.has_default_lock and not written.lock_mode:
        days = (bucket.default_lock_days or 0) + (bucket.default_lock_years or 0) * _YEAR
        written.lock_mode = bucket.default_lock_mode
        written.lock_until = (moment + timedelta(days=days)).strftime(_MOMENT)
    if bucket.versioning_status == "Suspended":
        tagger, tagged = call.backend().tagger, written.arn
        written._version_id = NULL  # noqa: SLF001 - moto has no other way
        tagger.copy_tags(tagged, written.arn)
        older = [version for version in older if identity(version) != NULL]
    place = len(older)
    while upload is not None and place and made(older[place - 1]) > moment:
        place -= 1
    bucket.keys.setlist(key, [*older[:place], written, *older[place:]])


def _asked_lock(parameters):
    mode, until = parameters.get("ObjectLockMode"), parameters.get("ObjectLockRetainUntilDate")
    if not mode or not until:
        return None
    return mode, until.strftime(_MOMENT) if isinstance(until, datetime) else until


def _naive(moment):
    return moment.astimezone(timezone.utc).replace(tzinfo=None)
