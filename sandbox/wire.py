"""
From HTTP to a call and from a result to HTTP, both by the service models that botocore ships.

moto's routers, parsers and serializers are built on those models and know all of AWS's protocols.
"""

import io
import re
import uuid
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from botocore.parsers import create_parser
from moto.core.parse import PROTOCOL_PARSERS, UNDEFINED, QueryParser, RequestParserError, RestJSONParser
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from sandbox.errors import AwsError
from sandbox.messages import Call, Reply

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
_SCOPE = re.compile(r"(?P<key>[^/=\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_DEFAULT_REGION = "us-east-1"
# Operations whose request is a link that a person follows, so nobody signs it.
_LINKS = {"ConfirmSubscription": "sns", "Unsubscribe": "sns"}
_BOOLEANS = {"true": True, "false": False}
_UNREADABLE = (RequestParserError, ValueError, TypeError, AttributeError, KeyError)


def _boolean(text):
    if str(text).lower() not in _BOOLEANS:
        raise RequestParserError(f"{text!r} cannot be converted to a Boolean")
    return _BOOLEANS[str(text).lower()]


class _StrictQueryParser(QueryParser):
    """As AWS does, refuses what is no boolean; moto takes it for ``False``."""

    def _parse_boolean(self, shape, query_params, prefix=""):
        value = self._default_handle(shape, query_params, prefix)
        return value if value is UNDEFINED else _boolean(value)


class _StrictRestJSONParser(RestJSONParser):
    """As AWS does, refuses JSON of another type than the model's; moto converts it, or passes it on."""

    def _parse_shape(self, shape, node):
        wanted = _JSON_TYPES.get(shape.type_name)
        in_body = shape.serialization.get("location") is None
        if wanted and in_body and (not isinstance(node, wanted) or (isinstance(node, bool) and wanted is not bool)):
            raise RequestParserError(f"{type(node).__name__} cannot be converted to {shape.type_name}")
        return super()._parse_shape(shape, node)


_JSON_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "list": list,
    "map": dict,
    "structure": dict,
}
_PARSERS = {**PROTOCOL_PARSERS, "query": _StrictQueryParser, "rest-json": _StrictRestJSONParser}


def named(environ, body):
    """``("iam", "CreateUser")``: what an HTTP request asks for; ``None`` in place of what no model knows."""
    call = _call(environ, body, None, None)
    _read_by_model(call)
    return call.service, call.name


def read(environ, body, state, moto):
    """The call that an HTTP request makes."""
    call = _call(environ, body, state, moto)
    call.account_id = moto.account_of(call.access_key_id)
    call.unreadable = _read_by_model(call)
    if call.name in _LINKS and call.access_key_id is None:
        # Nobody signed it, so its region is that of the topic.
        arn = call.parameters.get("TopicArn") or call.parameters.get("SubscriptionArn") or ""
        call.region = next(iter(arn.split(":")[3:4]), _DEFAULT_REGION)
    return call


def _call(environ, body, state, moto):
    access_key_id, region, signing_name = _signed_by(environ)
    service = _service(signing_name, environ)
    return Call(
        environ=environ,
        body=body,
        service=service,
        operation=None,
        parameters={},
        protocol="rest-xml",
        region=region,
        access_key_id=access_key_id,
        request_id=str(uuid.uuid4()),
        state=state,
        moto=moto,
    )


def _read_by_model(call):
    """Fill in operation and parameters; the error to answer with when the body cannot be read."""
    try:
        model = get_service_model(call.service)
    except (UnknownServiceError, TypeError):
        return None  # moto has services that are not AWS's, such as its own dashboard
    request = Request({**call.environ, "wsgi.input": io.BytesIO(call.body)})
    call.protocol = str(model.protocol)
    try:
        call.protocol = determine_request_protocol(model, request.content_type)
        call.operation, path_parameters = get_service_router(call.service).match(request)
    except (HTTPException, NotImplementedError):
        if call.protocol != "query":
            return None
        action, version = request.values.get("Action", ""), request.values.get("Version", "")
        return AwsError("InvalidAction", f"Could not find operation {action} for version {version}", 400)
    parser = _PARSERS[call.protocol](call.operation)
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": call.body,
                "url_path": request.path,
                "url_params": path_parameters,
            }
        )
    except _UNREADABLE as error:
        return _unreadable(call, error)
    call.parameters = _given(call.operation.input_shape, parsed or {})
    return None


def _unreadable(call, error):
    if call.service == "s3":
        return AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
        )
    code = "SerializationException" if "json" in call.protocol else "MalformedInput"
    return AwsError(code, str(error).splitlines()[0] if str(error) else "", 400)


def _given(shape, parsed):
    """``parsed`` without the members that the request did not have: the parsers fill in empty ones."""
    if shape is None:
        return {}
    places = {name: member.serialization.get("location") for name, member in shape.members.items()}
    return {
        name: value
        for name, value in parsed.items()
        if value is not None and not (places.get(name) in ("querystring", "headers") and value in ([], {}))
    }


def _signed_by(environ):
    """Access key id, region and signing name of a request; ``None`` for what an unsigned one does not say."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    credential = environ.get("HTTP_AUTHORIZATION") or (query.get("X-Amz-Credential") or [""])[0]
    scope = _SCOPE.search(credential)
    if scope:
        return scope["key"], scope["region"], scope["service"]
    if credential.startswith("AWS "):  # signature version 2, which only S3 clients still use
        return credential[len("AWS ") :].partition(":")[0], _DEFAULT_REGION, "s3"
    return None, _DEFAULT_REGION, None


def _service(signing_name, environ):
    path = environ.get("PATH_INFO", "")
    if signing_name == "ses":
        return "sesv2" if path.startswith("/v2/") else "ses"
    if signing_name is None:
        action = (parse_qs(environ.get("QUERY_STRING", "")).get("Action") or [""])[0]
        if action in _LINKS:
            return _LINKS[action]
        # moto guesses the service of an unsigned request from its body; what is left is anonymous access to S3.
        return None if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded") else "s3"
    return signing_name


def serialise(call, result, status=None):
    """The reply that carries ``result``, a dict in the form of the operation's output."""
    serializer_class = get_serializer_class(call.service, call.protocol)
    serializer = serializer_class(call.operation, context=SerializationContext(call.request_id))
    answer = serializer.serialize(result or {})
    body = answer["body"]
    return Reply(
        status or answer["status_code"],
        {name: str(value) for name, value in answer["headers"].items()},
        body.encode() if isinstance(body, str) else body,
        data=result or {},
    )


def parse(call, reply):
    """What ``reply`` says, read as botocore reads it."""
    if reply.data is not None:
        return reply.data
    parsed = create_parser(call.protocol).parse(
        {
            "headers": {name.lower(): value for name, value in reply.headers.items()},
            "status_code": reply.status,
            "body": reply.body,
        },
        call.operation.output_shape,
    )
    parsed.pop("ResponseMetadata", None)
    return parsed
