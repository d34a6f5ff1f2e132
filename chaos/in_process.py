"""
Answers that a client of boto3 gets without any network, for what has to be tried thousands of times.

botocore handles them like those that its HTTP library brings: whatever looks at answers sees them.
"""

import io
from contextlib import contextmanager

from botocore.awsrequest import AWSResponse
from urllib3 import HTTPHeaderDict, HTTPResponse


class Answering:
    """What ``client`` hears: ``answer``, an ``Answer`` of :mod:`chaos.answers`, as often as it asks; ``asked`` counts."""

    def __init__(self):
        self.answer = None
        self.asked = 0

    def _send(self, request, **_):
        self.asked += 1
        headers = HTTPHeaderDict(self.answer.headers)
        if self.answer.promised is not None:
            headers["Content-Length"] = str(self.answer.promised)
        # As botocore asks for it: a body that is shorter than was promised is no error of HTTP's.
        raw = HTTPResponse(
            io.BytesIO(self.answer.body),
            headers,
            self.answer.status,
            preload_content=False,
            enforce_content_length=False,
        )
        return AWSResponse(request.url, self.answer.status, headers, raw)


@contextmanager
def answering(client):
    """Let nothing that ``client`` asks leave this process; what it hears is the ``answer`` of what is given."""
    stub = Answering()
    client.meta.events.register_first("before-send", stub._send)  # noqa: SLF001 - a class of this module
    try:
        yield stub
    finally:
        client.meta.events.unregister("before-send", stub._send)  # noqa: SLF001
