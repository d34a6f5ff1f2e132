"""
Creating buckets: AWS's defaults, which moto does not set, and its answers to a name that is taken. Default encryption as it was put.
Listing buckets with their regions, page by page.
"""

import base64
import weakref

from sandbox import wire
from sandbox.bucket_places import foreign
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.messages import Reply

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
# In the form in which moto keeps what PutBucketEncryption and PutPublicAccessBlock brought.
_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
_ENFORCED = "BucketOwnerEnforced"
_BLOCKED = {
    "BlockPublicAcls": "true",
    "IgnorePublicAcls": "true",
    "BlockPublicPolicy": "true",
    "RestrictPublicBuckets": "true",
}


@handles("s3", "CreateBucket", reference=_API + "API_CreateBucket.html")
def create_bucket(call):
    """
    A new bucket blocks public access, has no ACLs and encrypts with keys of S3's own.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    """
    name = call.parameters["Bucket"]
    backend = call.backend()
    if name in foreign(call):
        raise AwsError(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.",
            409,
            details={"BucketName": name},
        )
    if name in backend.buckets:
        return call.forward()
    reply = call.forward()
    if reply.succeeded:
        backend.put_bucket_encryption(name, _ENCRYPTION)
        backend.put_public_access_block(name, _BLOCKED)
        ownership = call.parameters.get("ObjectOwnership", _ENFORCED)
        backend.put_bucket_ownership_controls(name, ownership)
    return reply


@handles("s3", "ListBuckets", reference=_API + "API_ListBuckets.html")
def list_buckets(call):
    """With any parameter, the regions are told too, and the list can be in pages; moto does neither."""
    call.overrides.update({"max-buckets": None, "continuation-token": None})
    reply = call.forward()
    asked = call.parameters
    if not reply.succeeded or not asked:
        return reply
    result = wire.parse(call, reply)
    after = base64.b64decode(asked.get("ContinuationToken", "")).decode()
    known = call.backend().buckets
    listed = [
        {**bucket, "BucketRegion": known[bucket["Name"]].region_name}
        for bucket in sorted(result.get("Buckets", []), key=lambda bucket: bucket["Name"])
        if bucket["Name"] > after
    ]
    size = min(
        filter(None, [asked.get("MaxBuckets"), None if call.spared else call.state.page_size]), default=len(listed)
    )
    result["Buckets"] = listed[:size]
    if len(listed) > size:
        result["ContinuationToken"] = base64.b64encode(listed[size - 1]["Name"].encode()).decode()
    return result


@handles("s3", "PutBucketOwnershipControls", reference=_API + "API_PutBucketOwnershipControls.html")
def put_bucket_ownership_controls(call):
    """
    ACLs cannot be switched off while the bucket's own gives anything to others.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    bucket = call.backend().buckets.get(call.parameters["Bucket"])
    (rule,) = call.parameters["OwnershipControls"]["Rules"]
    if bucket is not None and rule["ObjectOwnership"] == _ENFORCED and _is_shared(bucket):
        raise AwsError(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            400,
        )
    return call.forward()


@handles("s3", "PutBucketAcl", reference=_API + "API_PutBucketAcl.html")
def put_bucket_acl(call):
    """
    A bucket whose ACLs are off takes none but that of its owner alone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    bucket = call.backend().buckets.get(call.parameters["Bucket"])
    off = bucket is not None and bucket.ownership_rule == _ENFORCED
    if off and call.parameters.get("ACL") not in ("private", "bucket-owner-full-control"):
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    return call.forward()


def _is_shared(bucket):
    grantees = [grantee for grant in bucket.acl.grants for grantee in grant.grantees] if bucket.acl else []
    return any(grantee.uri for grantee in grantees) or len({grantee.id for grantee in grantees}) > 1


# The document that PutBucketEncryption brought, by moto's bucket: moto keeps a few of its members.
_documents = weakref.WeakKeyDictionary()


@handles("s3", "PutBucketEncryption", reference=_API + "API_PutBucketEncryption.html")
def put_bucket_encryption(call):
    """The rule is replaced by the one that is brought, with all its members."""
    reply = call.forward()
    if reply.succeeded:
        _documents[call.backend().buckets[call.parameters["Bucket"]]] = call.body
    return reply


@handles("s3", "GetBucketEncryption", reference=_API + "API_GetBucketEncryption.html")
def get_bucket_encryption(call):
    """The rule as it was put; S3's own where none was."""
    bucket = call.backend().buckets.get(call.parameters["Bucket"])
    if bucket is None or bucket not in _documents:
        return call.forward()
    return Reply(200, {"Content-Type": "application/xml"}, _documents[bucket])


@handles("s3", "DeleteBucketEncryption", reference=_API + "API_DeleteBucketEncryption.html")
def delete_bucket_encryption(call):
    """Deleting the default encryption brings back S3's own; no bucket is without."""
    reply = call.forward()
    if reply.succeeded:
        call.backend().put_bucket_encryption(call.parameters["Bucket"], _ENCRYPTION)
        _documents.pop(call.backend().buckets[call.parameters["Bucket"]], None)
    return reply
