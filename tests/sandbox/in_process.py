"""
The sandbox without a server: botocore's requests go straight into the application, whose replies can be looked into.
"""

from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from werkzeug.test import EnvironBuilder

from sandbox.application import Application
from sandbox.server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from sandbox.state import State

ENDPOINT = "http://127.0.0.1:1"


class _Raw:
    """A body as botocore reads it from urllib3."""

    def __init__(self, body):
        self._body = body

    def stream(self, **_):
        yield self._body

    def read(self, amount=None):
        body, self._body = (self._body, b"") if amount is None else (self._body[:amount], self._body[amount:])
        return body


class InProcess:
    """An application of its own; ``reply`` is the last reply, as the application made it."""

    def __init__(self):
        self.application = Application(State())
        self.application.moto.reset()
        self.reply = None
        self._session = boto3.Session()
        self._clients = {}

    def client(self, service, **config):
        """A boto3 client whose requests come here."""
        slot = (service, tuple(config.items()))
        if slot not in self._clients:
            self._clients[slot] = self._make(service, config)
        return self._clients[slot]

    def _make(self, service, config):
        client = self._session.client(
            service,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            endpoint_url=ENDPOINT,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request, **_):
        body = request.body.read() if hasattr(request.body, "read") else request.body
        self.reply = self.answer(request.method, request.url, dict(request.headers.items()), body or b"")
        return AWSResponse(request.url, self.reply.status, self.reply.headers, _Raw(self.reply.body))

    def answer(self, method, url, headers=None, body=b""):
        """The reply to any HTTP request."""
        parts = urlsplit(url)
        texts = {
            name: value.decode() if isinstance(value, bytes) else str(value) for name, value in (headers or {}).items()
        }
        body = body.encode() if isinstance(body, str) else body
        environ = EnvironBuilder(
            method=method, base_url=ENDPOINT, path=parts.path, query_string=parts.query, headers=texts, data=body
        ).get_environ()
        environ["RAW_URI"] = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.application.answer(environ, body)
