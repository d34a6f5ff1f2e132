"""
A bucket's tags, which are replaced whole, AWS's own among them.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.messages import Reply
from sandbox.system_tags import is_reserved

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_NO_CONTENT = 204


def _reserved(listed):
    return {tag["Key"]: tag["Value"] for tag in listed if is_reserved(tag["Key"])}


@handles("s3", "PutBucketTagging", reference=_API + "API_PutBucketTagging.html")
def put_bucket_tagging(call):
    """Tags that AWS has put on the bucket are sent back as they are, or the call is refused; others of that form always."""
    backend, name = call.backend(), call.parameters["Bucket"]
    if name not in backend.buckets:
        return call.forward()
    given = call.parameters["Tagging"]["TagSet"]
    theirs, asked = _reserved(backend.get_bucket_tagging(name)["Tags"]), _reserved(given)
    if theirs.keys() - asked.keys():
        raise AwsError("InvalidTag", "System tags cannot be removed by requester", 400)
    if theirs != asked:
        raise AwsError("InvalidTag", "System tags cannot be added/updated by requester", 400)
    if not theirs:
        return call.forward()
    backend.put_bucket_tagging(name, {tag["Key"]: tag["Value"] for tag in given})
    return Reply(_NO_CONTENT)
