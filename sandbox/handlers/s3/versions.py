"""
Versions: whether a bucket keeps them, and listing them page by page, also while what has been listed is being deleted.

moto loses its place when the version that a page ended with is gone, and then gives nothing, as if all were gone.
"""

from sandbox import wire
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_MOST = 1000
_EVERYTHING = str(2**31 - 1)


@handles("s3", "GetBucketVersioning", reference=_API + "API_GetBucketVersioning.html")
def get_bucket_versioning(call):
    """The document is called as the one that PutBucketVersioning takes; moto gives it a name of its own."""
    reply = call.forward()
    if reply.succeeded:
        reply.hold(reply.body.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration"))
    return reply


@handles("s3", "ListObjectVersions", reference=_API + "API_ListObjectVersions.html")
def list_object_versions(call):
    """Keys in order, of each key the newest version first; a page begins after its markers, whether they exist or not."""
    call.overrides |= {"max-keys": _EVERYTHING, "key-marker": None, "version-id-marker": None}
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    key_marker = call.parameters.get("KeyMarker")
    version_marker = call.parameters.get("VersionIdMarker")
    most = min(call.parameters.get("MaxKeys", _MOST), _MOST)
    entries = _after(_entries(result), key_marker, version_marker)
    page, rest = entries[:most], entries[most:]
    result |= {
        "MaxKeys": most,
        "KeyMarker": key_marker or "",
        "VersionIdMarker": version_marker or "",
        "IsTruncated": bool(rest),
        **{name: [entry for kind, entry in page if kind == name] for name in _KINDS},
    }
    for name in ("NextKeyMarker", "NextVersionIdMarker"):
        result.pop(name, None)
    if rest and page:
        _, last = page[-1]
        result["NextKeyMarker"] = _name(last)
        if "VersionId" in last:
            result["NextVersionIdMarker"] = last["VersionId"]
    return result


_KINDS = ("Versions", "DeleteMarkers", "CommonPrefixes")


def _name(entry):
    return entry["Key"] if "Key" in entry else entry["Prefix"]


def _entries(result):
    """``(kind, entry)`` of everything, in S3's order."""

    def place(pair):
        _, entry = pair
        age = -entry["LastModified"].timestamp() if "LastModified" in entry else 0
        return _name(entry), not entry.get("IsLatest", False), age

    return sorted(((kind, entry) for kind in _KINDS for entry in result.get(kind, [])), key=place)


def _after(entries, key_marker, version_marker):
    if not key_marker:
        return entries
    later = [pair for pair in entries if _name(pair[1]) > key_marker]
    same = [pair for pair in entries if _name(pair[1]) == key_marker]
    if not version_marker:
        return later
    for number, (_, entry) in enumerate(same, start=1):
        if entry.get("VersionId") == version_marker:
            return [*same[number:], *later]
    return [*same, *later]  # the marker's version is gone, and so were those before it
