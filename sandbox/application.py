"""
The WSGI application: steps that a call goes through, in front of moto.

Each step is a function of the call and of what comes after it, so it may answer itself, change the call, or change
the reply. Their order is AWS's: who may do it is asked before what is asked for is looked at.
"""

import io
from email.utils import format_datetime
from functools import reduce

from sandbox import (
    bucket_places,
    completing,
    control,
    errors,
    faults,
    handlers,
    lag,
    log,
    object_versions,
    paging,
    permissions,
    principals,
    read_only,
    system_tags,
    validation,
    wire,
)
from sandbox.mail import verification
from sandbox.moto_bridge import Moto, reason

_STEPS_OUTSIDE_LOCK = (log.record, errors.translate, faults.inject)
_STEPS = (
    principals.authenticate,
    permissions.authorise,
    read_only.refuse,
    validation.check,
    bucket_places.check,
    system_tags.refuse,
    lag.hide,
    completing.complete,
    paging.cut,
    object_versions.keep,
)


def _chain(steps, last):
    return reduce(lambda proceed, step: lambda call: step(call, proceed), reversed(steps), last)


class Application:
    """The sandbox as a WSGI application."""

    def __init__(self, state):
        self.state = state
        self.moto = Moto()
        inside = _chain(_STEPS, handlers.handle)

        def one_at_a_time(call):
            if call.unreadable:
                raise call.unreadable
            with state.lock:
                return inside(call)

        self._pipeline = _chain(_STEPS_OUTSIDE_LOCK, one_at_a_time)

    def __call__(self, environ, start_response):
        """Answer one HTTP request: to the sandbox itself, a link of a mail, to moto's own dashboard, or to AWS."""
        body = _body(environ)
        path = environ["PATH_INFO"]
        if path.startswith("/_sandbox/"):
            reply = control.answer(self, environ, body)
        elif verification.is_link(environ):
            reply = verification.page(self.state, environ)
        elif path.startswith("/moto-api"):
            reply = self.moto.respond({**environ, **_rewound(body)})
        else:
            reply = self.answer(environ, body)
        if reply.cut:
            environ["sandbox.cut"]()
        start_response(reason(reply.status), _headers(reply))
        return [reply.body] if environ["REQUEST_METHOD"] != "HEAD" else []

    def answer(self, environ, body):
        """The reply to a request to AWS."""
        call = wire.read(environ, body, self.state, self.moto)
        reply = self._pipeline(call)
        name = "x-amz-request-id" if call.service == "s3" else "x-amzn-RequestId"
        # Once, and in place of moto's own.
        reply.headers = {other: value for other, value in reply.headers.items() if other.lower() != name.lower()}
        reply.headers[name] = call.request_id
        if not any(header.lower() == "date" for header in reply.headers):
            reply.headers["Date"] = format_datetime(self.state.clock.now(), usegmt=True)
        return reply


def _body(environ):
    length = environ.get("CONTENT_LENGTH")
    source = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return source.read()
    return source.read(int(length)) if length else b""


def _rewound(body):
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _headers(reply):
    headers = [(name, str(value)) for name, value in reply.headers.items()]
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(reply.body))))
    return headers
