"""
An HTTP proxy in front of the sandbox, in a thread of the test, that lets calls go wrong when it is told to.

It is no proxy in HTTP's sense: clients have its address as their endpoint, and the Host that they signed is passed on.
"""

import contextlib
import http.client
import socket
import struct
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from chaos.answers import RESET_AFTER, RESET_BEFORE, Answer
from sandbox import wire
from sandbox.faults import matches

# Of one connection each, not of the message: not passed on.
_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "expect", "content-length", "server"}


@dataclass
class _Fault:
    operation: str
    way: Any
    calls: int | None
    skip: int

    def strikes(self, service, name):
        if self.calls == 0 or not matches(self.operation, service, name):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.calls is not None:
            self.calls -= 1
        return True


class Proxy:
    """
    ``with Proxy(sandbox.url) as proxy: …``: requests to ``proxy.url`` go to the sandbox.

    ``calls`` lists what was asked for, as ``service:Operation``, ``struck`` what of it went wrong, ``forwarded`` what
    reached the sandbox. ``answers`` keeps the last genuine answer to each operation.
    """

    def __init__(self, target):
        self._target = urlsplit(target).netloc
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        host, port = self._server.server_address[:2]
        self.url = f"http://{host}:{port}"
        self._forget()

    def _forget(self):
        self._faults = []
        self.calls, self.struck, self.forwarded, self.answers = [], [], [], {}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, operation, way, *, calls=1, skip=0):
        """
        Let ``operation`` go wrong in a ``way`` of ``chaos.answers``, ``calls`` times (``None``: from then on always).

        ``skip`` calls of it pass first. Of several faults that strike, the one given last does.
        """
        with self._lock:
            self._faults.insert(0, _Fault(operation, way, calls, skip))

    def clear(self):
        """Nothing goes wrong any more, and what came is forgotten."""
        with self._lock:
            self._forget()

    def answer(self, request):
        """The answer to ``request``; ``None`` when the connection is to end without one."""
        service, name = wire.named(request.environ, request.body)
        operation = f"{service}:{name}"
        with self._lock:
            self.calls.append(operation)
            way = next((fault.way for fault in self._faults if fault.strikes(service, name)), None)
            if way is not None:
                self.struck.append(operation)
        if way == RESET_BEFORE:
            return None
        genuine = self._forward(request)
        with self._lock:
            self.forwarded.append(operation)
            self.answers[operation] = genuine
        if way == RESET_AFTER:
            return None
        return way(replace(genuine, asked=request.body)) if way else genuine

    def _forward(self, request):
        # Each request has a connection of its own: one that the sandbox has closed meanwhile would be a fault nobody asked for.
        with contextlib.closing(http.client.HTTPConnection(self._target, timeout=300)) as connection:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, value)
            if request.body or request.method in ("POST", "PUT"):
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION}
            length = answer.getheader("Content-Length")
            promised = int(length) if request.method == "HEAD" and length else None
            return Answer(answer.status, headers, answer.read(), promised)


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    headers: list
    body: bytes

    @property
    def environ(self):
        """The same as WSGI says it, which is what the sandbox reads an operation from."""
        url = urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": url.path,
            "RAW_URI": self.path,
            "QUERY_STRING": url.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "CONTENT_LENGTH": str(len(self.body)),
        }
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    # A client that is reused keeps its connection open: who ends the proxy does not wait for it.
    block_on_close = False

    def handle_error(self, *_):
        """A client that went away, as those do whose answer was cut, is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: else each answer waits for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION]
        answer = self.server.proxy.answer(_Request(self.command, self.path, headers, self._body()))
        if answer is None:
            self._reset()
        else:
            self._send(answer)

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return body

    def _send(self, answer):
        body = b"" if self.command == "HEAD" else answer.body
        promised = len(answer.body) if answer.promised is None else answer.promised
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if self.command != "HEAD" and promised != len(body):
            self.close_connection = True

    def _reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_):
        """Nothing is printed: ``Proxy.calls`` tells."""
