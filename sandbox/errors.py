"""
AWS's refusals, in the form in which each protocol carries them.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import json
import logging
from http import HTTPStatus

import xmltodict

from sandbox.messages import Reply

log = logging.getLogger(__name__)


class AwsError(Exception):
    """
    What an operation refuses with: AWS's ``code`` and ``message``.

    ``status`` is the HTTP status; left out, it is the one that the service's model has for the code, else 400.
    ``details`` are further elements of the error (S3's ``BucketName``, ``Region``, …); ``headers`` go out with it.
    """

    def __init__(self, code, message="", status=None, *, details=None, headers=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def translate(call, proceed):
    """Step of the application: an :class:`AwsError` becomes a reply, and so does a mistake of the sandbox's own."""
    try:
        return proceed(call)
    except AwsError as error:
        return reply(call, error)
    except Exception as error:
        log.exception("%s %s", call.service, call.name)
        # 501, as clients try a 500 again, and what moto does not know it will not know the next time.
        return reply(call, AwsError("SandboxFailure", f"{type(error).__name__}: {error}", 501))


def reply(call, error):
    """The reply that carries ``error`` to whoever made ``call``."""
    status = error.status or _modelled_status(call, error.code)
    content_type, body = _FORMATS.get(call.protocol, _query)(call, error, status)
    if call.environ["REQUEST_METHOD"] == "HEAD":
        body = ""
    headers = {"Content-Type": content_type, **error.headers}
    if call.protocol in ("rest-json", "json"):
        headers["x-amzn-ErrorType"] = error.code
    return Reply(status, headers, body.encode(), error_code=error.code)


def _modelled_status(call, code):
    model = call.operation.service_model if call.operation is not None else None
    for shape in model.error_shapes if model else ():
        if code in (shape.name, shape.error_code):
            return shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return 400


def _s3(call, error, _):
    elements = {
        "Code": error.code,
        "Message": error.message,
        **error.details,
        "RequestId": call.request_id,
        "HostId": call.request_id,
    }
    return "application/xml", xmltodict.unparse({"Error": elements})


def _query(call, error, status):
    kind = "Sender" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
    elements = {"Type": kind, "Code": error.code, "Message": error.message, **error.details}
    return "text/xml", xmltodict.unparse({"ErrorResponse": {"Error": elements, "RequestId": call.request_id}})


def _ec2(call, error, _):
    elements = {"Code": error.code, "Message": error.message, **error.details}
    return "text/xml", xmltodict.unparse({"Response": {"Errors": {"Error": elements}, "RequestID": call.request_id}})


def _json(call, error, _):
    return "application/json", json.dumps({"__type": error.code, "message": error.message, **error.details})


_FORMATS = {"rest-xml": _s3, "query": _query, "ec2": _ec2, "rest-json": _json, "json": _json}
