"""
The way to moto: its application, unchanged, for every call that no handler answers, and its backends for handlers.
"""

import io
import os
import re
from functools import cache
from http import HTTPStatus
from http.client import responses
from urllib.parse import parse_qsl, urlencode

from moto import backends
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import get_account_id_from
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.utilities.utils import get_partition

from sandbox.messages import Reply

# moto keeps the resources of services without regions once per partition.
_GLOBAL = ("iam", "s3", "sts")
# moto looks through its own folder at each request.
backends.list_of_moto_modules = cache(lambda modules=backends.list_of_moto_modules: frozenset(modules()))


class Moto:
    """moto's server application in this process."""

    def __init__(self):
        # Otherwise it makes 1,300 images, with a volume and a snapshot each, for each region that is used and again at each reset.
        # https://docs.getmoto.org/en/latest/docs/configuration/environment_variables.html
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        self._application = DomainDispatcherApplication(create_backend_app)

    def answer(self, call):
        """What moto replies to ``call``."""
        return self.respond(_environ(call.environ, call.body, call.overrides))

    def respond(self, environ):
        """What moto replies to a WSGI request."""
        started = {}

        def start_response(status, headers, _=None):
            started.update(status=int(status.split()[0]), headers=dict(headers))

        chunks = self._application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            getattr(chunks, "close", int)()
        reply = Reply(started["status"], started["headers"], body)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            reply.error_code = _error_code(reply)
        return reply

    @staticmethod
    def backend(service, account_id, region):
        """The backend in which moto keeps the resources of a service, for an account and region."""
        return get_backend(service)[account_id][get_partition(region) if service in _GLOBAL else region]

    @staticmethod
    def partition(region):
        """The partition a region is in."""
        return get_partition(region)

    @staticmethod
    def account_of(access_key_id):
        """The account that an access key belongs to; moto's default one for a key it does not know."""
        return get_account_id_from(access_key_id)

    @staticmethod
    def reset():
        """Forget every resource."""
        BackendDict.reset()
        reset_model_data()


def _environ(environ, body, overrides):
    fresh = dict(environ)
    fresh.pop("wsgi.input_terminated", None)
    fresh.pop("HTTP_TRANSFER_ENCODING", None)
    if overrides and environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = _overridden(body.decode(), overrides).encode()
    elif overrides:
        fresh["QUERY_STRING"] = _overridden(environ.get("QUERY_STRING", ""), overrides)
        fresh["RAW_URI"] = environ["RAW_URI"].split("?", 1)[0] + "?" + fresh["QUERY_STRING"]
    return {**fresh, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _overridden(query, overrides):
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in overrides]
    return urlencode([*kept, *((name, value) for name, value in overrides.items() if value is not None)])


def _error_code(reply):
    headers = {name.lower(): value for name, value in reply.headers.items()}
    found = re.search(rb"<Code>([^<]+)</Code>", reply.body)
    return found[1].decode() if found else headers.get("x-amzn-errortype", str(reply.status))


def reason(status):
    """HTTP's phrase for a status."""
    return f"{status} {responses.get(status, 'Unknown')}"
