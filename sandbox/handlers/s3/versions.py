"""
Versions: whether a bucket keeps them, and listing them page by page, also while what has been listed is being deleted.

moto loses its place when the version that a page ended with is gone, and then gives nothing, as if all were gone.
"""

import re
from itertools import islice
from urllib.parse import quote

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.object_versions import identity, is_marker, made

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_MOST = 1000
_OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "DisplayName": "webfile"}


def bucket_of(call):
    """The bucket, as moto has it, that a call is about; a missing one is refused."""
    name = call.parameters["Bucket"]
    bucket = call.backend().buckets.get(name)
    if bucket is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, details={"BucketName": name})
    return bucket


@handles("s3", "GetBucketVersioning", reference=_API + "API_GetBucketVersioning.html")
def get_bucket_versioning(call):
    """The document is called as the one that PutBucketVersioning takes; moto gives it a name of its own."""
    reply = call.forward()
    if reply.succeeded:
        reply.hold(reply.body.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration"))
    return reply


@handles("s3", "PutBucketVersioning", reference=_API + "API_PutBucketVersioning.html")
def put_bucket_versioning(call):
    """Versions are kept from now on, or no more; where objects can be locked they are kept for good."""
    bucket = bucket_of(call)
    status = call.parameters["VersioningConfiguration"].get("Status")
    if status is None:
        raise AwsError(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
            400,
        )
    if status == "Suspended" and bucket.object_lock_enabled:
        raise AwsError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            409,
        )
    bucket.versioning_status = status
    return {}


@handles("s3", "ListObjectVersions", reference=_API + "API_ListObjectVersions.html")
def list_object_versions(call):
    """
    Versions and delete markers together, keys in order, of each key the newest first.

    A page begins after its markers, whether they exist or not.
    """
    bucket, asked = bucket_of(call), call.parameters
    key_marker, version_marker = asked.get("KeyMarker"), asked.get("VersionIdMarker")
    if version_marker and not key_marker:
        raise AwsError("InvalidArgument", "A version-id marker cannot be specified without a key marker.", 400)
    most = min(asked.get("MaxKeys", _MOST), _MOST)
    entries = list(islice(_entries(bucket, asked), most + 1))
    page, more = entries[:most], len(entries) > most
    url = asked.get("EncodingType") == "url"
    result = {
        "Name": bucket.name,
        "Prefix": shown(asked.get("Prefix", ""), url),
        "KeyMarker": shown(key_marker or "", url),
        "VersionIdMarker": version_marker or "",
        "MaxKeys": most,
        "IsTruncated": more and bool(page),
        **{name: [] for name in _ELEMENTS},
    }
    for name in ("Delimiter", "EncodingType"):
        if asked.get(name):
            result[name] = shown(asked[name], url and name == "Delimiter")
    order = []
    for name, entry in page:
        kind, described = _described(name, entry, url)
        result[kind].append(described)
        order.append(kind)
    if result["IsTruncated"]:
        name, last = page[-1]
        result["NextKeyMarker"] = shown(name, url)
        if last is not None:
            result["NextVersionIdMarker"] = identity(last[0])
    reply = wire.serialise(call, result)
    reply.hold(_mixed(reply.body, order))
    return reply


_ELEMENTS = {"Versions": b"Version", "DeleteMarkers": b"DeleteMarker", "CommonPrefixes": b"CommonPrefixes"}


def _entries(bucket, asked):
    """``(key, (version, is_latest))``, or ``(common prefix, None)``, of what comes after the page's markers, in S3's order."""
    prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter")
    key_marker, version_marker = asked.get("KeyMarker") or "", asked.get("VersionIdMarker")
    told = key_marker if delimiter and key_marker.endswith(delimiter) else None
    for key in sorted((key for key in bucket.keys if key.startswith(prefix)), key=str.encode):
        if key.encode() < key_marker.encode() or (key == key_marker and not version_marker):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0:
            common = key[: cut + len(delimiter)]
            if common != told:
                told = common
                yield common, None
            continue
        versions = bucket.keys.getlist(key)[::-1]
        listed = [(version, number == 0) for number, version in enumerate(versions)]
        if key == key_marker:
            ids = [identity(version) for version in versions]
            # When the marker's version is gone, those before it are gone too.
            listed = listed[ids.index(version_marker) + 1 :] if version_marker in ids else listed
        for entry in listed:
            yield key, entry


def _described(name, entry, url):
    if entry is None:
        return "CommonPrefixes", {"Prefix": shown(name, url)}
    version, latest = entry
    described = {
        "Key": shown(name, url),
        "VersionId": identity(version),
        "IsLatest": latest,
        "LastModified": made(version).replace(microsecond=0),
        "Owner": _OWNER,
    }
    if is_marker(version):
        return "DeleteMarkers", described
    described |= {"ETag": version.etag, "Size": version.size, "StorageClass": version.storage_class}
    if version.checksum_algorithm:
        described["ChecksumAlgorithm"] = [version.checksum_algorithm]
    return "Versions", described


def shown(name, url):
    """A key as a listing shows it: encoded as in a URL, when that was asked for."""
    return quote(name, safe="/") if url else name


def _mixed(body, order):
    """The document with its elements in the order of the listing, where the serializer puts them by kind."""
    elements = {
        kind: iter(re.findall(rb"<%s>.*?</%s>" % (tag, tag), body, re.DOTALL)) for kind, tag in _ELEMENTS.items()
    }
    listed = b"".join(next(elements[kind]) for kind in order)
    for tag in _ELEMENTS.values():
        body = re.sub(rb"<%s>.*?</%s>" % (tag, tag), b"", body, flags=re.DOTALL)
    end = body.rindex(b"</")
    return body[:end] + listed + body[end:]
