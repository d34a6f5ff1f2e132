"""
Check that an answer is genuinely from AWS.

A proxy, a load balancer or a broken connection can answer in AWS's place: with nothing, with a web page, with half a
document, with the answer to another request. botocore's parsers find no rules, no objects and no tags in such an answer, so
a failed read would look like a missing resource, and some parsers quote the whole answer. So each answer is checked before it
is parsed, for the elements that a genuine one always has (:mod:`aws_runbook.aws.required_elements`). A listing of S3, which names its
subject, is also compared with the request.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

import json
from xml.etree import ElementTree as ET

from aws_runbook.aws import required_elements, retries
from aws_runbook.aws import unknown_elements as unknown_members

# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
_REQUEST_ID = ("x-amz-request-id", "x-amzn-requestid")
# https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
_ERROR_TYPE = "x-amzn-errortype"
# The key under which botocore keeps additions to the parsed answer.
_NOTE = "NotOfAws"
# The key under which the parameters of a call are kept until its answer arrives.
_ASKED = "aws-runbook-asked"
_SUCCESS = range(200, 300)
_SERVER_ERROR = 500


class Unreadable(Exception):  # noqa: N818 - it is an answer, not an error of this program
    """An answer that is not from AWS, or incomplete. Its text says what arrived, without quoting it."""


def watch(session):
    """Check every answer to a client of this boto3 session, including botocore's own requests for credentials."""
    # botocore keeps one handler for each unique_id, however often it is registered. S3's handlers run first: an error inside
    # a success has become an error by then.
    session.events.register("before-parse", _check, unique_id="aws-runbook-genuine")
    session.events.register("after-call", _check_members, unique_id="aws-runbook-members")
    for operation in required_elements.SUBJECTS:
        session.events.register(
            f"before-parameter-build.s3.{operation}", _note_request, unique_id=f"{_ASKED}-{operation}"
        )
        session.events.register(f"after-call.s3.{operation}", _check_subject, unique_id=f"{_ASKED}-{operation}-checked")
    unknown_members.watch(session)
    retries.watch(session)
    return session


def not_of_aws(error):
    """Return what arrived, if botocore's ``error`` is not from a genuine error answer of AWS; otherwise ``None``."""
    return error.response.get(_NOTE)


def _check(operation_model, response_dict, customized_response_dict, **_):
    status, headers, body = (response_dict[name] for name in ("status_code", "headers", "body"))
    if status in _SUCCESS and operation_model.has_streaming_output:
        # botocore checks the length when the body is read, if there is a length: an object always has one.
        genuine = _has_request_id(headers) and "etag" in headers and "content-length" in headers
        length = headers.get("content-length")
    else:
        genuine = _is_genuine(operation_model, status, headers, body)
        length = len(body)
    if genuine:
        return
    kind = (headers.get("content-type") or "no content type").split(";")[0]
    came = f"HTTP {status}, {kind}, {length} bytes"
    if status < _SERVER_ERROR:
        raise Unreadable(came)
    # A gateway's page. botocore retries after a 5xx without a body, and quotes nothing in the end.
    response_dict["body"] = b""
    customized_response_dict[_NOTE] = came


def _is_genuine(operation_model, status, headers, body):
    if operation_model.http.get("method") == "HEAD":
        # Only the status and the headers give S3's meaning: a 404 without a request id is not from S3.
        return _has_request_id(headers)
    if _is_cut(headers, body):
        return False
    protocol = operation_model.service_model.resolved_protocol
    if status in _SUCCESS:
        return _PROTOCOLS[protocol](operation_model, headers, body)
    return _is_error_in_json(headers, body) if protocol == "rest-json" else _is_error_in_xml(body)


def _is_cut(headers, body):
    """Whether the body is shorter than announced, which botocore does not check."""
    promised = headers.get("content-length", "")
    return promised.isdecimal() and int(promised) != len(body) and "content-encoding" not in headers


def _has_request_id(headers):
    return any(name in headers for name in _REQUEST_ID)


def _is_query(operation_model, headers, body):
    """``<CreateUserResponse><CreateUserResult>…</CreateUserResult><ResponseMetadata>…``"""
    root, inside = _read(body)
    shape = operation_model.output_shape
    wrapper = shape.serialization.get("resultWrapper") if shape else None
    if root != f"{operation_model.name}Response" or not {"ResponseMetadata", *filter(None, [wrapper])} <= inside.keys():
        return False
    found = _names(inside[wrapper]) if wrapper else ()
    if not found and required_elements.may_be_empty(operation_model):
        return _names_request(headers, inside["ResponseMetadata"])
    return required_elements.holds(operation_model, found)


def _names_request(headers, metadata):
    """Whether the body and the headers have the same request id, as in all recorded answers of AWS: both have one origin."""
    written = next((child.text for child in metadata if _name(child) == "RequestId"), None)
    return written is not None and headers.get("x-amzn-requestid") == written


def _is_ec2(operation_model, _headers, body):
    """``<DescribeVpcsResponse><requestId>…``"""
    root, inside = _read(body)
    return (
        root == f"{operation_model.name}Response"
        and "requestId" in inside
        and required_elements.holds(operation_model, inside)
    )


def _is_s3(operation_model, headers, body):
    """A document, a policy in JSON, or nothing if the whole answer is in the headers."""
    shape = operation_model.output_shape
    if not _has_request_id(headers):
        return False
    if not required_elements.in_body(shape):
        return not body.strip()
    payload = required_elements.payload(shape)
    if payload is not None and payload.type_name != "structure":
        return "Statement" in (_object(body) or ())  # GetBucketPolicy's answer is the only text
    root, inside = _read(body)
    name, elements = required_elements.document(operation_model)
    return (
        root == name
        and all(element in inside for element in elements)
        and (bool(inside) or required_elements.may_be_empty(operation_model))
    )


def _is_json(operation_model, headers, body):
    """An object with all required members. An answer without content is empty, or an empty object."""
    if not _has_request_id(headers) or _ERROR_TYPE in headers:
        return False
    if not body.strip():
        return not required_elements.in_body(operation_model.output_shape)
    found = _object(body)
    return found is not None and "__type" not in found and required_elements.holds(operation_model, found)


_PROTOCOLS = {"query": _is_query, "ec2": _is_ec2, "rest-xml": _is_s3, "rest-json": _is_json}


def _check_members(model, parsed, http_response, **_):
    """Check the parsed answer, in any protocol, for the members that the model requires, and its structures for content."""
    shape = model.output_shape
    if shape is not None and http_response.status_code in _SUCCESS:
        hollow = [
            name
            for name in required_elements.always(model)
            if shape.members[name].type_name == "structure" and not parsed.get(name)
        ]
        missing = [*(name for name in shape.required_members if name not in parsed), *hollow]
        if missing:
            raise Unreadable(f"HTTP {http_response.status_code}, without {missing[0]}")


def _note_request(params, context, **_):
    context[_ASKED] = params


def _check_subject(model, parsed, http_response, context, **_):
    """Reject a listing of another subject, which answers another call. botocore has decoded the prefix by now."""
    if http_response.status_code not in _SUCCESS:
        return
    for member, parameter in required_elements.SUBJECTS[model.name].items():
        if parsed.get(member, "") != context[_ASKED].get(parameter, ""):
            raise Unreadable(f"HTTP {http_response.status_code}, about another {parameter.lower()}")


def _is_error_in_json(headers, body):
    found = _object(body)
    return found is not None and (_ERROR_TYPE in headers or bool({"__type", "code", "Code"} & set(found)))


def _is_error_in_xml(body):
    """``<Error><Code>…`` of S3, ``<ErrorResponse><Error><Code>…``, or ``<Response><Errors><Error><Code>…`` of EC2."""
    try:
        root = _parsed(body)
    except ET.ParseError:
        return False
    if _name(root) not in ("Error", "ErrorResponse", "Response"):
        return False
    return any(_name(element) == "Code" and element.text for element in root.iter())


def _read(body):
    """Return the name of a document's root, and its elements by name; nothing if the document is incomplete."""
    try:
        root = _parsed(body)
    except ET.ParseError:
        return None, {}
    return _name(root), {_name(child): child for child in root}


def _parsed(body):
    return ET.fromstring(body)  # noqa: S314 - botocore reads the same text in the same way next


def _name(element):
    return element.tag.rpartition("}")[2]


def _names(element):
    return {_name(child) for child in element}


def _object(body):
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
