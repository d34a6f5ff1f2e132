"""
Restore one object: S3 copies a version to its place, so that no data passes through this machine.

What was uploaded in parts is copied in the same parts, which gives it the same ETag, by which it is known for equal, and is the only
way over 5 GB. Metadata, tags and storage class come along. Encryption is the bucket's own, as with every new object.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html
"""

import hashlib
import re
from concurrent.futures import wait
from contextvars import copy_context
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import urlencode

from aws_runbook.errors import AwsError, RunbookError

ARCHIVED, ENCRYPTED, GONE, IN_THE_WAY, FAILED = "archived", "encrypted", "gone", "in the way", "failed"
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_REASONS = {
    "InvalidObjectState": ARCHIVED,
    "ObjectNotInActiveTierError": ARCHIVED,
    "NoSuchVersion": GONE,
    "NoSuchKey": GONE,
}
# For an object with a customer-provided key, which the request would need, S3 returns InvalidRequest, as for other errors.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
_INVALID, _OF_ENCRYPTION = "InvalidRequest", "server side encryption"
# What XML 1.0 cannot hold, not even escaped. https://www.w3.org/TR/xml/#charsets
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The same to HEAD, whose answers have nothing but a status.
_OF_HEAD = {"400": ENCRYPTED, "404": GONE}
# Metadata from HEAD to pass to CreateMultipartUpload; CopyObject copies it by itself.
_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
)


@dataclass(frozen=True)
class Job:
    """A version, and where it is to be copied to."""

    bucket: str
    key: str
    version_id: str
    size: int
    etag: str
    parts: int
    storage_class: str
    to_bucket: str
    to_key: str
    region: str | None

    @property
    def location(self):
        """What is copied, for messages."""
        return f"{self.bucket}/{self.key}"

    @property
    def source(self):
        """The version, as S3's calls take it."""
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version_id}

    @property
    def there(self):
        """The object that is written."""
        return {"Bucket": self.to_bucket, "Key": self.to_key}


class NotCopiedError(RunbookError):
    """An object that cannot be restored, for one of the reasons above."""

    def __init__(self, reason, sentence):
        super().__init__(sentence)
        self.reason = reason


def copy(session, job, pool):
    """Copy one version; ``(etag, version id)`` of the result. ``pool`` makes the calls for its parts."""
    try:
        return _in_parts(session, job, pool) if job.parts else _whole(session, job)
    except AwsError as error:
        reason = _reason(error)
        if reason is None:
            raise
        sentence = str(error)
    raise NotCopiedError(reason, sentence)


def _reason(error):
    if error.code == _INVALID:
        return ENCRYPTED if _OF_ENCRYPTION in str(error).lower().replace("-", " ") else None
    return _REASONS.get(error.code)


def _whole(session, job):
    answer = _write(session, job, "copy_object", CopySource=job.source, StorageClass=job.storage_class, **job.there)
    return answer["CopyObjectResult"]["ETag"], answer.get("VersionId")


def _write(session, job, method, **parameters):
    return session.write("s3", method, f"bring back {job.location}", region=job.region, **parameters)


def _in_parts(session, job, pool):
    first = _head(session, job, 1)
    if job.parts > 1 and "PartsCount" not in first:
        # S3 always returns it. Other implementations of its protocol may not know the parts after the upload is complete.
        return _whole(session, job)
    begun = _write(session, job, "create_multipart_upload", **job.there, **_kept(session, job, first))
    upload = {**job.there, "UploadId": begun["UploadId"]}
    try:
        ranges = _even(job, first["ContentLength"]) or _exact(session, job, pool)
        parts = _copied(session, job, upload, ranges, pool)
        if _etag(parts) != job.etag:
            # Its parts may be of different lengths, which takes a question for each to find out.
            exact = _exact(session, job, pool)
            parts = parts if exact == ranges else _copied(session, job, upload, exact, pool)
        answer = _write(session, job, "complete_multipart_upload", MultipartUpload={"Parts": parts}, **upload)
    except BaseException:
        _give_up(session, job, upload)
        raise
    return answer["ETag"], answer.get("VersionId")


def _copied(session, job, upload, ranges, pool):
    works = [(_part, session, job, upload, number, *span) for number, span in enumerate(ranges, start=1)]
    return _together(pool, works)


def _together(pool, works):
    """What each of ``works``, ``(function, *arguments)``, returns; the first error ends them all."""
    begun = [pool.submit(copy_context().run, *work) for work in works]
    try:
        return [future.result() for future in begun]
    except BaseException:
        for future in begun:
            future.cancel()
        wait(begun)
        raise


def _etag(parts):
    """The ETag that an object has which is made of ``parts``, where no key of KMS's is used."""
    try:
        digests = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts)
    except ValueError:
        return None
    return f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"'


def _give_up(session, job, upload):
    """Abort the upload; one that is no longer there needs that no more."""
    doing = f"give up the upload of {job.location}"
    session.write("s3", "abort_multipart_upload", doing, absent=("NoSuchUpload",), region=job.region, **upload)


def _head(session, job, number):
    """The metadata of a version and of one of its parts."""
    try:
        return session.look(
            "s3", "head_object", f"read {job.location}", region=job.region, PartNumber=number, **job.source
        )
    except AwsError as error:
        reason = _OF_HEAD.get(error.code)
        if reason is None:
            raise
        sentence = str(error)
    raise NotCopiedError(reason, sentence)


def _even(job, length):
    """The first and the last byte of each part, where each is as long as the first, and the last one shorter; ``[]`` where they cannot be."""
    return _spans([length] * (job.parts - 1), job.size) if length * (job.parts - 1) < job.size else []


def _exact(session, job, pool):
    heads = _together(pool, [(_head, session, job, number) for number in range(1, job.parts)])
    return _spans([head["ContentLength"] for head in heads], job.size)


def _spans(lengths, size):
    starts = [0, *accumulate(lengths)]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), size - 1], strict=True))


def _kept(session, job, head):
    answer = session.look(
        "s3", "get_object_tagging", f"read the tags of {job.location}", region=job.region, **job.source
    )
    tags = urlencode([(tag["Key"], tag["Value"]) for tag in answer["TagSet"]])
    kept = {name: head[name] for name in _KEPT if name in head}
    return {**kept, **({"Tagging": tags} if tags else {}), "StorageClass": job.storage_class}


def _part(session, job, upload, number, first, last):
    if last < first:  # a part of no bytes, of which there is no range
        return {
            "PartNumber": number,
            "ETag": _write(session, job, "upload_part", PartNumber=number, Body=b"", **upload)["ETag"],
        }
    answer = _write(
        session,
        job,
        "upload_part_copy",
        CopySource=job.source,
        CopySourceRange=f"bytes={first}-{last}",
        PartNumber=number,
        **upload,
    )
    return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}


def is_alone(key):
    """Whether a key cannot be in a request for many: one character that XML cannot hold makes S3 refuse all of it."""
    return _NOT_IN_XML.search(key) is not None


def hide(session, bucket, keys, region):
    """Put a delete marker on each of ``keys``, at most a thousand; ``(key, AWS's message)`` of those that S3 refuses."""
    if is_alone(keys[0]):
        return _hide_alone(session, bucket, keys[0], region)
    objects = [{"Key": key} for key in keys]
    answer = session.write(
        "s3",
        "delete_objects",
        f"hide {len(keys)} objects of the bucket {bucket} by delete markers",
        region=region,
        Bucket=bucket,
        Delete={"Objects": objects, "Quiet": True},
    )
    return [
        (entry["Key"], f"{entry.get('Code', '')}: {entry.get('Message', '')}") for entry in answer.get("Errors", ())
    ]


def _hide_alone(session, bucket, key, region):
    session.write(
        "s3", "delete_object", f"hide {bucket}/{key} by a delete marker", region=region, Bucket=bucket, Key=key
    )
    return []
