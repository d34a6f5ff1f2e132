"""
Where a bucket is and whose it is, as every operation on it finds out first.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
"""

from sandbox.errors import AwsError

# These are answered wherever they are asked, whatever the bucket's region.
_ANYWHERE = ("CreateBucket", "GetBucketLocation")


class Foreign:
    """The buckets that belong to somebody else's account."""

    def __init__(self):
        self.names = set()


def foreign(call):
    """The names of other accounts' buckets; names are shared by all accounts."""
    return call.state.own(Foreign, "", "").names


def check(call, proceed):
    """Step of the application: refuse a bucket of another account, redirect to a bucket's own region."""
    if call.service == "s3" and "Bucket" in call.parameters and call.name not in _ANYWHERE:
        name = call.parameters["Bucket"]
        if name in foreign(call):
            raise AwsError("AccessDenied", "Access Denied", 403)
        bucket = call.backend().buckets.get(name)
        if bucket is not None and bucket.region_name != call.region and call.access_key_id is not None:
            raise _elsewhere(name, bucket.region_name)
    return proceed(call)


def _elsewhere(name, region):
    return AwsError(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
        "future requests to this endpoint.",
        301,
        details={"Endpoint": f"{name}.s3.{region}.amazonaws.com", "Bucket": name},
        headers={"x-amz-bucket-region": region},
    )
