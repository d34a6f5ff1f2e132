"""
Pages: listings in as many pieces as a test asks for, or as the caller asks for where moto gives all at once.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

import base64
import json
from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError

from sandbox import wire
from sandbox.errors import AwsError

# These are paged by S3's own rules; the limit only has to be made smaller. Operation → the limit's name, and on the wire.
_BY_LIMIT = {
    "ListObjects": ("MaxKeys", "max-keys"),
    "ListObjectsV2": ("MaxKeys", "max-keys"),
    "ListObjectVersions": ("MaxKeys", "max-keys"),
    "ListMultipartUploads": ("MaxUploads", "max-uploads"),
    "ListParts": ("MaxParts", "max-parts"),
}
# Listings that page although botocore has no paginator for them: token, limit, members that are cut.
_EXTRA = {
    ("sesv2", "ListEmailIdentities"): ("NextToken", "PageSize", "EmailIdentities"),
    ("sesv2", "ListConfigurationSets"): ("NextToken", "PageSize", "ConfigurationSets"),
    ("sesv2", "ListSuppressedDestinations"): ("NextToken", "PageSize", "SuppressedDestinationSummaries"),
}
# What AWS gives at most when nobody asks for less, of listings that handlers give whole.
_MOST = {("sns", "ListSubscriptions"): 100, ("sns", "ListSubscriptionsByTopic"): 100}


@cache
def _paginators(service):
    loader = botocore.session.get_session().get_component("data_loader")
    try:
        return loader.load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        return {}


def _model(call):
    """Input token, output token, limit and result member of a listing; ``None`` for what is not paged."""
    extra = _EXTRA.get((call.service, call.name))
    if extra:
        token, limit, member = extra
        return token, token, limit, member
    model = _paginators(call.service).get(call.name)
    if not model or not isinstance(model["input_token"], str) or not isinstance(model["result_key"], str):
        return None
    # What is asked of moto otherwise than the caller asked goes into the query string or the form, not into JSON.
    member = call.operation.input_shape.members[model["input_token"]]
    if call.protocol not in ("query", "ec2") and member.serialization.get("location") != "querystring":
        return None
    return model["input_token"], model["output_token"], model.get("limit_key"), model["result_key"]


def cut(call, proceed):
    """Step of the application: give one page of a listing."""
    size = None if call.spared else call.state.page_size
    if call.operation is None:
        return proceed(call)
    if call.service == "s3":
        return _smaller(call, proceed, size) if size and call.name in _BY_LIMIT else proceed(call)
    model = _model(call)
    if model is None:
        return proceed(call)
    token_in, token_out, limit, member = model
    asked = call.parameters.get(limit) if limit else None
    size = min(filter(None, (size, asked, _MOST.get((call.service, call.name)))), default=None)
    token = call.parameters.get(token_in)
    if size is None and not _ours(token):
        return proceed(call)
    start = _position(call, token)
    reply, everything = _everything(call, proceed, model)
    if everything is None:
        return reply
    entries = everything.get(member, [])
    end = start + size if size else len(entries)
    page = {**everything, member: entries[start:end]}
    page.pop(token_out, None)
    if end < len(entries):
        page[token_out] = _token(end)
    if "IsTruncated" in call.operation.output_shape.members:
        page["IsTruncated"] = end < len(entries)
    return wire.serialise(call, page)


def _smaller(call, proceed, size):
    name, on_wire = _BY_LIMIT[call.name]
    call.parameters[name] = min(size, call.parameters.get(name, size))
    call.overrides[on_wire] = str(call.parameters[name])
    return proceed(call)


def _everything(call, proceed, model):
    """The reply to the listing without limits, and its result of all of moto's pages; no result when it is refused."""
    token_in, token_out, limit, member = model
    call.parameters = {name: value for name, value in call.parameters.items() if name not in (token_in, limit)}
    call.overrides.update({token_in: None, limit: None} if limit else {token_in: None})
    result, entries = None, []
    while True:
        reply = proceed(call)
        if not reply.succeeded:
            return reply, None
        result = wire.parse(call, reply)
        entries += result.get(member, [])
        call.overrides[token_in] = result.get(token_out)
        if not call.overrides[token_in]:
            return reply, {**result, member: entries}


def _token(position):
    return base64.urlsafe_b64encode(json.dumps({"from": position}).encode()).decode()


def _ours(token):
    try:
        return isinstance(json.loads(base64.urlsafe_b64decode(token)), dict)
    except (TypeError, ValueError):
        return False


def _position(call, token):
    if token is None:
        return 0
    if not _ours(token):
        code = "InvalidNextToken" if call.service == "sesv2" else "ValidationError"
        raise AwsError(code, "The pagination token is not valid.", 400)
    return json.loads(base64.urlsafe_b64decode(token))["from"]
