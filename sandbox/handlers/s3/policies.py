"""
Bucket policies, which moto takes whatever they are.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.permissions import is_json_policy
from sandbox.policies import statements

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_PRINCIPALS = ("Principal", "NotPrincipal")


@handles("s3", "PutBucketPolicy", reference=_API + "API_PutBucketPolicy.html")
def put_bucket_policy(call):
    """
    A bucket's policy is JSON, names principals, speaks of this bucket, and is not public while that is blocked.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    name = call.parameters["Bucket"]
    text = call.parameters["Policy"]
    if not is_json_policy(text):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    for statement in statements(text):
        if not any(element in statement for element in _PRINCIPALS):
            raise _malformed("Missing required field Principal")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise _malformed("Invalid effect")
        if not any(element in statement for element in ("Action", "NotAction")):
            raise _malformed("Missing required field Action")
        if not all(_speaks_of(name, resource) for resource in _listed(statement.get("Resource", []))):
            raise _malformed("Policy has invalid resource")
    bucket = call.backend().buckets.get(name)
    block = bucket.public_access_block if bucket is not None else None
    if block is not None and block.block_public_policy and any(map(_is_public, statements(text))):
        raise AwsError(
            "AccessDenied",
            f'User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:{call.partition}:s3:::{name}" '
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            403,
        )
    reply = call.forward()
    if reply.succeeded:
        reply.status = 204
        reply.hold(b"")  # moto answers "True"
    return reply


def _malformed(message):
    return AwsError("MalformedPolicy", message, 400)


def _listed(value):
    return value if isinstance(value, list) else [value]


def _speaks_of(bucket, resource):
    path = resource.split(":::", 1)[-1]
    return path == bucket or path.startswith(f"{bucket}/")


def _is_public(statement):
    principal = statement.get("Principal")
    everyone = principal == "*" or (isinstance(principal, dict) and "*" in _listed(principal.get("AWS", [])))
    return statement["Effect"] == "Allow" and everyone and not statement.get("Condition")
