"""What is taken for SES's answer to a verification link, and what is not."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.mail.verification_link import open_link

LINK = "https://email-verification.us-east-1.amazonaws.com/?Operation=ConfirmVerification"
CANARY = "c4n4ry-in-the-answer"
PAGE = f"<html>{CANARY}</html>"


@contextmanager
def answering(raw):
    """A server that answers everything with the bytes ``raw``: its address, and the paths that it was asked for."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.wfile.write(raw.encode())
            self.close_connection = True

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()


def opened(raw):
    with answering(raw) as (endpoint, seen):
        try:
            return open_link(LINK, endpoint)
        finally:
            assert seen == ["/?Operation=ConfirmVerification"]  # once, and nothing that it leads to


def redirect(location):
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("location", "taken"),
    [
        ("https://aws.amazon.com/ses/verifysuccess/", True),
        ("http://aws.amazon.com/cn/ses/verifysuccess", True),
        ("https://aws.amazon.com/ses/verifysuccess/?x=1", True),
        ("https://aws.amazon.com/ses/verifyfailure/", False),
    ],
)
def test_an_answer_of_sess(location, taken):
    assert opened(redirect(location)) is taken


@pytest.mark.parametrize(
    "raw",
    [
        redirect(f"https://login.example.net/?next={CANARY}"),
        redirect("https://aws.amazon.com.example.net/ses/verifysuccess/"),
        redirect("https://login.example.net/ses/verifysuccess/"),
        redirect("https://aws.amazon.com/console/"),
        redirect("https://[aws.amazon.com/ses/verifysuccess/"),
        redirect("/ses/verifysuccess/"),
        f"HTTP/1.1 200 OK\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}",
        f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}",
        f"HTTP/1.1 502 Bad Gateway\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}",
        f"{PAGE}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{PAGE}",
    ],
)
def test_what_is_none_is_an_error_that_quotes_nothing(raw):
    with pytest.raises(RunbookError, match="did not return SES's answer") as excinfo:
        opened(raw)
    assert CANARY not in str(excinfo.value)
    assert "example.net" not in str(excinfo.value)
    assert excinfo.value.__cause__ is excinfo.value.__context__ is None


def test_an_endpoint_with_a_password_is_shown_without_it():
    with answering(f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}") as (endpoint, _):
        with_password = endpoint.replace("//", f"//user:{CANARY}@")
        with pytest.raises(RunbookError, match=endpoint.removeprefix("http://")) as excinfo:
            open_link(LINK, with_password)
    assert CANARY not in str(excinfo.value)
