"""
Object Lock: a bucket's default retention, which buckets that exist can be given too, and the retention of single versions.

moto refuses it where there are objects, lets anybody shorten what must not be shortened, and gives the object itself where its retention is asked for.
"""

from datetime import timezone

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.s3.versions import bucket_of
from sandbox.object_versions import find, is_marker, retained_until

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"


@handles("s3", "PutObjectLockConfiguration", reference=_API + "API_PutObjectLockConfiguration.html")
def put_object_lock_configuration(call):
    """Object Lock is on from now on, with the default retention that is brought or none. What there is gets no lock by it."""
    bucket = bucket_of(call)
    given = call.parameters.get("ObjectLockConfiguration", {})
    if bucket.versioning_status != "Enabled":
        raise AwsError(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            409,
        )
    if given.get("ObjectLockEnabled") != "Enabled":
        raise _malformed()
    retention = given.get("Rule", {}).get("DefaultRetention")
    if "Rule" in given and (
        not retention or "Mode" not in retention or ("Days" in retention) == ("Years" in retention)
    ):
        raise _malformed()
    retention = retention or {}
    if any(retention.get(unit, 1) < 1 for unit in ("Days", "Years")):
        raise AwsError("InvalidArgument", "Default retention period must be a positive integer value.", 400)
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = retention.get("Mode")
    bucket.default_lock_days = retention.get("Days")
    bucket.default_lock_years = retention.get("Years")
    return {}


def _malformed():
    return AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        400,
    )


@handles("s3", "PutObjectRetention", reference=_API + "API_PutObjectRetention.html")
def put_object_retention(call):
    """
    COMPLIANCE is never shortened or weakened, by nobody; GOVERNANCE only by whoever bypasses it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
    """
    bucket, asked, version = bucket_of(call), call.parameters, _version(call)
    if version is not None and not is_marker(version) and bucket.object_lock_enabled:
        until, wanted = retained_until(version), asked.get("Retention", {})
        if version.lock_mode and until > call.now:
            given = wanted.get("RetainUntilDate")
            later = given is not None and given.replace(tzinfo=timezone.utc) >= until
            weaker = wanted.get("Mode") != version.lock_mode or not later
            stronger = wanted.get("Mode") == "COMPLIANCE" and later
            allowed = version.lock_mode == "GOVERNANCE" and asked.get("BypassGovernanceRetention")
            if weaker and not stronger and not allowed:
                raise AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403)
    return call.forward()


def _version(call):
    """The version that a call is about; ``None`` where there is none."""
    bucket, key, version_id = bucket_of(call), call.parameters["Key"], call.parameters.get("VersionId")
    return find(bucket, key, version_id) if version_id else bucket.keys.get(key)


@handles("s3", "GetObjectRetention", reference=_API + "API_GetObjectRetention.html")
def get_object_retention(call):
    """
    The mode of a version, and until when it is retained, also when that is over.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ObjectLockErrorCodeList
    """
    bucket, version = bucket_of(call), _version(call)
    if version is None or is_marker(version):
        code, kind = ("NoSuchVersion", "version") if call.parameters.get("VersionId") else ("NoSuchKey", "key")
        raise AwsError(code, f"The specified {kind} does not exist.", 404)
    if not bucket.object_lock_enabled:
        raise AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
    if not version.lock_mode:
        raise AwsError(
            "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404
        )
    return {"Retention": {"Mode": version.lock_mode, "RetainUntilDate": retained_until(version)}}
