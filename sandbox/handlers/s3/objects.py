"""
Objects that are read, copied and deleted where there are versions and delete markers.

moto locks by real time, makes no marker for a key that is not there, and denies a whole request where S3 decides each key by itself.
"""

from urllib.parse import unquote

from sandbox import object_versions, permissions, principals
from sandbox.actions import iam_action
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.s3.versions import bucket_of
from sandbox.messages import Reply
from sandbox.object_versions import NULL, identity, is_marker
from sandbox.policies import ALLOWED

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_LOCKED = "Access Denied because object protected by object lock."


@handles("s3", "GetObject", "HeadObject", reference=_API + "API_GetObject.html")
def get_object(call):
    """
    A delete marker is nothing to read: as the newest version it hides the object, named itself it allows no reading.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
    """
    bucket, key, version_id = bucket_of(call), call.parameters["Key"], call.parameters.get("VersionId")
    found = object_versions.find(bucket, key, version_id) if version_id else bucket.keys.get(key)
    if found is not None and is_marker(found):
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": identity(found)}
        if version_id:
            headers["Allow"] = "DELETE"
            message = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", message, 405, headers=headers)
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404, details={"Key": key}, headers=headers)
    reply = call.forward()
    if reply.succeeded and object_versions.has_versions(bucket):
        reply.headers.setdefault("x-amz-version-id", NULL)
    if reply.succeeded and call.name == "HeadObject" and call.parameters.get("PartNumber"):
        # moto tells nothing of the object then but the length of the part.
        of_part = {name.lower() for name in reply.headers}
        reply.headers = {
            **{name: value for name, value in found.metadata.items() if name.lower() not in of_part - {"content-type"}},
            **{name: value for name, value in reply.headers.items() if name.lower() != "content-type"},
        }
    return reply


@handles("s3", "ListObjects", "ListObjectsV2", reference=_API + "API_ListObjectsV2.html")
def list_objects(call):
    """Objects only: moto also tells the common prefixes of keys that a delete marker hides."""
    bucket = bucket_of(call)
    known = bucket.keys
    if not any(is_marker(known[key]) for key in known):
        return call.forward()
    bucket.keys = type(known)()
    try:
        for key in known:
            if not is_marker(known[key]):
                bucket.keys.setlist(key, known.getlist(key))
        return call.forward()
    finally:
        bucket.keys = known


@handles("s3", "CopyObject", "UploadPartCopy", reference=_API + "API_CopyObject.html")
def copy_object(call):
    """A delete marker cannot be copied."""
    path, _, query = call.parameters["CopySource"].partition("?versionId=")
    name, _, key = unquote(path).lstrip("/").partition("/")
    bucket = call.backend().buckets.get(name)
    source = None if bucket is None else object_versions.find(bucket, key, query) if query else bucket.keys.get(key)
    if source is not None and is_marker(source):
        if not query:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404, details={"Key": key})
        message = "The source of a copy request may not specifically refer to a delete marker by version id."
        raise AwsError("InvalidRequest", message, 400)
    return call.forward()


@handles("s3", "DeleteObject", reference=_API + "API_DeleteObject.html")
def delete_object(call):
    """Without a version id a delete marker hides the object, whether there is one or not; with one that version goes for good."""
    if call.parameters.get("IfMatch"):
        return call.forward()
    bucket, entry = bucket_of(call), {name: call.parameters.get(name) for name in ("Key", "VersionId")}
    refused, told = _delete(call, bucket, entry)
    if refused:
        raise AwsError("AccessDenied", _LOCKED, 403)
    headers = {}
    if told.get("DeleteMarker"):
        headers["x-amz-delete-marker"] = "true"
    version_id = told.get("DeleteMarkerVersionId") or told.get("VersionId")
    if version_id:
        headers["x-amz-version-id"] = version_id
    return Reply(204, headers)


def _delete(call, bucket, entry):
    """Whether a lock is in the way; and what S3 says of one deleted entry, in the form of DeleteObjects."""
    key, version_id = entry["Key"], entry.get("VersionId")
    if not version_id:
        marker = object_versions.hide(bucket, key, call.now)
        return False, {"DeleteMarker": True, "DeleteMarkerVersionId": identity(marker)} if marker else {}
    version = object_versions.find(bucket, key, version_id)
    bypass = bool(call.parameters.get("BypassGovernanceRetention"))
    if version is not None and object_versions.is_locked(version, call.now, bypass=bypass):
        return True, {}
    object_versions.destroy(bucket, key, version_id)
    told = {"VersionId": version_id}
    if version is not None and is_marker(version):
        told |= {"DeleteMarker": True, "DeleteMarkerVersionId": version_id}
    return False, told


@handles("s3", "DeleteObjects", reference=_API + "API_DeleteObjects.html")
def delete_objects(call):
    """
    What may not be deleted is in the reply's errors, what may be is deleted; a quiet request is answered quietly.

    Under IAM each key is decided by itself.
    """
    bucket, asked = bucket_of(call), call.parameters["Delete"]
    enforced = call.state.enforce_iam and principals.known_key(call) is not None
    deleted, errors = [], []
    for entry in asked["Objects"]:
        named = {name: entry[name] for name in ("Key", "VersionId") if entry.get(name)}
        if enforced and not _may_delete(call, entry):
            errors.append({**named, "Code": "AccessDenied", "Message": "Access Denied"})
            continue
        refused, told = _delete(call, bucket, entry)
        if refused:
            errors.append({**named, "Code": "AccessDenied", "Message": _LOCKED})
        else:
            deleted.append({**named, **told})
    result = {"Errors": errors} if errors else {}
    if deleted and not asked.get("Quiet"):
        result["Deleted"] = deleted
    return result


def _may_delete(call, entry):
    action = iam_action("s3", "DeleteObject", version=bool(entry.get("VersionId")))
    actions = [action, *permissions.beside(call)]
    return all(
        permissions.decision_on(call, permissions.s3_request(call, needed, entry["Key"]))[0] == ALLOWED
        for needed in actions
    )
