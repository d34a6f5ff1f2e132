"""
Creating buckets: AWS's defaults, which moto does not set, and its answers to a name that is taken.
"""

from sandbox.bucket_places import foreign
from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
# In the form in which moto keeps what PutBucketEncryption and PutPublicAccessBlock brought.
_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
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
        ownership = call.parameters.get("ObjectOwnership", "BucketOwnerEnforced")
        backend.put_bucket_ownership_controls(name, ownership)
    return reply


@handles("s3", "DeleteBucketEncryption", reference=_API + "API_DeleteBucketEncryption.html")
def delete_bucket_encryption(call):
    """Deleting the default encryption brings back S3's own; no bucket is without."""
    reply = call.forward()
    if reply.succeeded:
        call.backend().put_bucket_encryption(call.parameters["Bucket"], _ENCRYPTION)
    return reply
