"""
Unfinished uploads, listed page by page with the time at which each was begun; moto names one time for all, and gives no pages.
"""

from sandbox.handlers import handles
from sandbox.handlers.s3.versions import bucket_of, shown
from sandbox.object_versions import begun

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_MOST = 1000
_OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "DisplayName": "webfile"}


@handles("s3", "ListMultipartUploads", reference=_API + "API_ListMultipartUploads.html")
def list_multipart_uploads(call):
    """Keys in order, of each key the upload that was begun first comes first."""
    bucket, asked = bucket_of(call), call.parameters
    prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter")
    marker, upload_marker = asked.get("KeyMarker", ""), asked.get("UploadIdMarker", "")
    most = min(asked.get("MaxUploads", _MOST), _MOST)
    entries = []
    for upload in sorted(bucket.multiparts.values(), key=lambda upload: (upload.key_name.encode(), begun(upload))):
        name = upload.key_name
        cut = name.find(delimiter, len(prefix)) if delimiter and name.startswith(prefix) else -1
        if not name.startswith(prefix):
            continue
        if cut < 0:
            entries.append((name, upload))
        elif (name[: cut + len(delimiter)], None) not in entries:
            entries.append((name[: cut + len(delimiter)], None))
    page = _after(entries, marker, upload_marker)
    page, rest = page[:most], page[most:]
    url = asked.get("EncodingType") == "url"
    result = {
        "Bucket": bucket.name,
        "KeyMarker": shown(marker, url),
        "UploadIdMarker": upload_marker,
        "MaxUploads": most,
        "IsTruncated": bool(page and rest),
        "Uploads": [_described(upload, url) for _, upload in page if upload],
        "CommonPrefixes": [{"Prefix": shown(name, url)} for name, upload in page if upload is None],
    }
    for name in ("Prefix", "Delimiter", "EncodingType"):
        if asked.get(name):
            result[name] = shown(asked[name], url and name != "EncodingType")
    if result["IsTruncated"]:
        name, last = page[-1]
        result |= {"NextKeyMarker": shown(name, url), "NextUploadIdMarker": last.id if last else ""}
    return result


def _after(entries, marker, upload_marker):
    """What comes after the markers, also when the upload that the marker names is gone."""
    later = [entry for entry in entries if entry[0].encode() > marker.encode()] if marker else entries
    same = [entry for entry in entries if marker and entry[0] == marker and entry[1] is not None]
    ids = [upload.id for _, upload in same]
    if not upload_marker:
        return later
    return [*(same[ids.index(upload_marker) + 1 :] if upload_marker in ids else same), *later]


def _described(upload, url):
    described = {
        "Key": shown(upload.key_name, url),
        "UploadId": upload.id,
        "Initiated": begun(upload).replace(microsecond=0),
        "Initiator": _OWNER,
        "Owner": _OWNER,
        "StorageClass": upload.storage or "STANDARD",
    }
    algorithm = upload.metadata.get("x-amz-checksum-algorithm")
    return {**described, "ChecksumAlgorithm": algorithm} if algorithm else described
