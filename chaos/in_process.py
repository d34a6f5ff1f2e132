"""
Answers that a client of boto3 gets without any network, for what has to be tried thousands of times.

botocore handles them like those that its HTTP library brings: whatever looks at answers sees them.

``answering`` lets one client hear a given answer. ``Line`` connects all of this process, boto3 and urllib3, with a sandbox in the same
process, or in one that it was forked from.
"""

import io
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import urllib3
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from urllib3 import HTTPHeaderDict, HTTPResponse

from chaos.answers import Answer

# Where AWS is for whoever is on the line: an address for documentation, at which nobody is. boto3 leaves buckets out of a host that is an
# address. https://www.rfc-editor.org/rfc/rfc5737
URL = "http://192.0.2.1"


class Answering:
    """What ``client`` hears: ``answer``, an ``Answer`` of :mod:`chaos.answers`, as often as it asks; ``asked`` counts."""

    def __init__(self):
        self.answer = None
        self.asked = 0

    def _send(self, request, **_):
        self.asked += 1
        return _response(request.url, self.answer)


def _response(url, answer):
    headers = HTTPHeaderDict(answer.headers)
    if answer.promised is not None:
        headers["Content-Length"] = str(answer.promised)
    # As botocore asks for it: a body that is shorter than was promised is no error of HTTP's.
    raw = HTTPResponse(
        io.BytesIO(answer.body), headers, answer.status, preload_content=False, enforce_content_length=False
    )
    return AWSResponse(url, answer.status, headers, raw)


@contextmanager
def answering(client):
    """Let nothing that ``client`` asks leave this process; what it hears is the ``answer`` of what is given."""
    stub = Answering()
    client.meta.events.register_first("before-send", stub._send)  # noqa: SLF001 - a class of this module
    try:
        yield stub
    finally:
        client.meta.events.unregister("before-send", stub._send)  # noqa: SLF001


@dataclass(frozen=True)
class Request:
    """An HTTP request, as whoever sends it hands it over, and the ``place`` in the code that asked for it."""

    method: str
    url: str
    headers: tuple
    body: bytes
    place: str = ""

    @property
    def environ(self):
        """The same as WSGI says it."""
        url = urlsplit(self.url)
        raw = (url.path or "/") + (f"?{url.query}" if url.query else "")
        environ = {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": unquote(url.path or "/", encoding="latin-1"),
            "RAW_URI": raw,
            "REQUEST_URI": raw,
            "QUERY_STRING": url.query,
            "SERVER_NAME": url.hostname,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "CONTENT_LENGTH": str(len(self.body)),
            "HTTP_HOST": url.netloc,
        }
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ


def ask(application, request):
    """The :class:`chaos.answers.Answer` of a WSGI application."""
    begun = {}

    def start_response(status, headers, _=None):
        begun.update(status=int(status.split()[0]), headers=dict(headers))

    body = b"".join(application(request.environ, start_response))
    promised = begun["headers"].get("Content-Length") if request.method == "HEAD" else None
    return Answer(begun["status"], begun["headers"], body, promised and int(promised))


class Line:
    """
    What leads from this process to AWS: ``carry`` takes a :class:`Request`, and gives an answer or raises what a network raises.

    ``carry`` can be changed at any time. ``place()`` says where in the code a request of boto3 comes from.
    """

    def __init__(self, carry, place=lambda: ""):
        self.carry = carry
        self.place = place

    def connect(self):
        """Take over whatever boto3, and whatever urllib3 sends to :data:`URL`, in this process and those that it forks."""

        def send(_, request):
            body = request.body.read() if hasattr(request.body, "read") else request.body
            headers = tuple((name, _text(value)) for name, value in request.headers.items())
            body = body.encode() if isinstance(body, str) else body or b""
            return _response(
                request.url, self.carry(Request(request.method, request.url, headers, bytes(body), self.place()))
            )

        URLLib3Session.send = send
        elsewhere = urllib3.PoolManager.request

        def request(pool, method, url, body=None, headers=None, **options):
            if not url.startswith(URL):
                return elsewhere(pool, method, url, body=body, headers=headers, **options)
            body = body.encode() if isinstance(body, str) else body or b""
            answer = self.carry(Request(method, url, tuple((headers or {}).items()), body))
            return HTTPResponse(io.BytesIO(answer.body), answer.headers, answer.status, preload_content=True)

        urllib3.PoolManager.request = request


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
