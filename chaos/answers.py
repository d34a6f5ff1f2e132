"""
The ways in which an answer goes wrong: each makes, of the genuine answer, another one.

Each is a function of an :class:`Answer` that returns an :class:`Answer`. :data:`RESET_BEFORE` and :data:`RESET_AFTER` are
no answers: the proxy ends the connection.
"""

from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus
from urllib.parse import unquote_plus

# Stands in every page and error made here: no part of an answer may be quoted, so it must be found nowhere.
CANARY = "CANARYwJalrXUtnFEMIK7MDENGbPxRfiCY"

RESET_BEFORE = "reset before the request was forwarded"
RESET_AFTER = "reset after the request was carried out"

_PAGE = f"<html><head><title>{CANARY}</title></head><body>{CANARY}</body></html>"


@dataclass(frozen=True)
class Answer:
    """
    An HTTP answer; ``promised`` is the length that its Content-Length says, where that is not the body's. ``asked`` is the body
    of the request, which a page may quote.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    promised: int | None = None
    asked: bytes = b""


def cut(length, *, honest=False):
    """
    The first ``length`` bytes of the body (a negative number: without so many of the last).

    The Content-Length is still the whole's, as where a connection breaks off; ``honest``: that of what comes, as where a
    proxy cuts it. S3 and AWS's other services may also answer in chunks, where nothing else says that the end is missing.
    """

    def spoil(answer):
        body = answer.body[:length]
        return replace(answer, body=body, promised=len(body) if honest else len(answer.body))

    return spoil


def empty(status=HTTPStatus.OK):
    """No body at all."""
    return lambda answer: replace(answer, status=int(status), body=b"")


def text(body, content_type, status=HTTPStatus.OK):
    """Any ``body`` in place of the genuine one; the service's own headers, as its request id, are left out."""
    body = body.encode() if isinstance(body, str) else body
    return lambda _: Answer(int(status), {"Content-Type": content_type}, body)


def html(status=HTTPStatus.OK, *, doctype=False):
    """A web page, as of a captive portal or a gateway; with ``doctype`` it begins with a document type, which is no XML."""
    return text(("<!DOCTYPE html>\n" if doctype else "") + _PAGE, "text/html; charset=utf-8", status)


def echo(status=HTTPStatus.BAD_GATEWAY):
    """A gateway's page that quotes the request, form and all, as it came and as a person reads it."""

    def spoil(answer):
        asked = answer.asked.decode()
        return text(f"{_PAGE}<pre>{asked}</pre><pre>{unquote_plus(asked)}</pre>", "text/html", status)(answer)

    return spoil


def error_that_echoes(code, status=HTTPStatus.BAD_REQUEST):
    """An error of AWS's, in XML, whose message quotes the request."""

    def spoil(answer):
        message = escape(f"In {answer.asked.decode()} this is not valid: {unquote_plus(answer.asked.decode())}")
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>1</RequestId></ErrorResponse>"
        )
        return replace(answer, status=int(status), body=body.encode())

    return spoil


def error_inside(status=HTTPStatus.OK, code="InternalError"):
    """
    An error document of the service's own protocol inside an answer that says it is a success.

    AWS's message may be told; what else stands there may not.
    """

    def spoil(answer):
        kind = answer.headers.get("Content-Type", "")
        if "json" in kind:
            body = f'{{"__type": "{code}", "message": "It failed.", "detail": "{CANARY}"}}'
        elif answer.headers.get("x-amz-request-id"):
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>It failed.</Message><Resource>{CANARY}</Resource></Error>'
        else:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>It failed.</Message></Error>"
                f"<RequestId>{CANARY}</RequestId></ErrorResponse>"
            )
        return replace(answer, status=int(status), body=body.encode())

    return spoil


def another(other):
    """The answer ``other`` in place of the genuine one: a proxy that mixes up its clients. See ``Proxy.answers``."""
    return lambda _: other
