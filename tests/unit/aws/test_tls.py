"""Whether a failure of TLS leaves open what AWS did: by when it happened, against a server that fails so."""

import os
import socket
import ssl
import threading

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import SSLError
from botocore.httpsession import URLLib3Session

from aws_runbook.aws import failures
from aws_runbook.errors import UncertainError, UnreachableError
from sandbox import tls

BODY = b"Action=CreateAccessKey"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return tls.make(tmp_path_factory.mktemp("tls"), "localhost")[1:]


def plain(connection, _certificate):
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def untrusted(connection, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with context.wrap_socket(connection, server_side=True) as secured:
        request = b""
        while not request.endswith(BODY):
            request += secured.recv(10_000)
        os.write(secured.fileno(), b"HTTP/1.1 400 Bad Request\r\n\r\n")  # in the middle of TLS: no record of it
        while os.read(secured.fileno(), 10_000):
            pass  # until the client has read it: closed sooner, the connection would be reset


def raised(behave, certificate, verify):
    """Botocore's error where the server behaves like this."""

    def serve():
        connection, _ = server.accept()
        with connection:
            try:
                behave(connection, certificate)
            except OSError:
                return  # the client has gone

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        request = AWSRequest("POST", f"https://127.0.0.1:{server.getsockname()[1]}/", data=BODY)
        with pytest.raises(SSLError) as excinfo:
            URLLib3Session(verify=verify, timeout=10).send(request.prepare())
        thread.join(10)
    return excinfo.value


@pytest.mark.parametrize(
    ("behave", "verify", "expected"),
    [
        pytest.param(untrusted, True, UnreachableError, id="certificate"),
        pytest.param(plain, False, UnreachableError, id="handshake"),
        pytest.param(untrusted, False, UncertainError, id="answer"),
    ],
)
def test_only_before_the_request_is_it_known_that_nothing_was_done(certificate, behave, verify, expected):
    error = raised(behave, certificate, verify)
    found = failures.translated(error, "make a key", "iam", "CreateAccessKey", writing=True, once=True)
    assert type(found) is expected, found
    assert ("It is not known whether AWS did it." in str(found)) == (expected is UncertainError)


@pytest.mark.parametrize("cause", [ssl.SSLError(1, "[SSL: SSLV3_ALERT_BAD_RECORD_MAC]"), "what nobody foresaw"])
def test_in_doubt_it_is_not_known(cause):
    error = SSLError(endpoint_url="https://iam.amazonaws.com/", error=cause)
    found = failures.translated(error, "make a key", "iam", "CreateAccessKey", writing=True)
    assert type(found) is UncertainError
