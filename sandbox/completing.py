"""
What AWS's answers always have and moto's leave out, or have otherwise.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import re
from http import HTTPStatus
from xml.sax.saxutils import escape

from sandbox.errors import AwsError

_ROOTS = {"ListMultipartUploads": "ListMultipartUploadsResult"}
_REQUEST_ID = re.compile(rb"<RequestId>[^<]*</RequestId>")


def complete(call, proceed):
    """Step of the application: add to an answer what is always in it; its request id is that of its headers."""
    reply = proceed(call)
    shape = call.operation and call.operation.output_shape
    if (
        call.service == "s3"
        and reply.status == HTTPStatus.NOT_FOUND
        and not reply.body
        and call.operation.http["method"] != "HEAD"
    ):
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
    if not reply.succeeded or call.protocol not in ("ec2", "query", "rest-xml"):
        return reply
    for element, text in _always(call, shape.members if shape else ()):
        end = f"</{shape.serialization.get('resultWrapper') or _ROOTS.get(call.name, f'{call.name}Response')}>"
        if f"<{element}>".encode() not in reply.body:
            reply.hold(reply.body.replace(end.encode(), f"<{element}>{escape(text)}</{element}>{end}".encode()))
    if call.protocol == "query":
        reply.hold(_REQUEST_ID.sub(f"<RequestId>{call.request_id}</RequestId>".encode(), reply.body))
    return reply


def _always(call, members):
    """Elements with their text: IAM says whether there is more, EC2 that it was done, and S3 which uploads it lists."""
    if call.service == "iam" and "IsTruncated" in members:
        yield "IsTruncated", "false"
    if call.service == "ec2" and "Return" in members:
        yield "return", "true"
    if call.name == "ListMultipartUploads" and call.parameters.get("Prefix"):
        yield "Prefix", call.parameters["Prefix"]
