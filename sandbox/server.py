"""
The sandbox on a port: cheroot, with or without TLS, until it is told to stop.
"""

import contextlib
import errno
import signal
import socket
import ssl
import struct
import threading

from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Gateway_10, Server
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from sandbox.application import Application
from sandbox.state import State

ACCESS_KEY_ID = "AKIASANDBOXADMIN0000"
SECRET_ACCESS_KEY = "sandbox-needs-no-secret"
REGION = "us-east-1"
# More than the clients of a test at a time, as a call that a fault holds keeps its thread.
_THREADS = 16


class _Server(Server):
    """A server in which a client that says nothing holds up nobody, and not the end either."""

    def process_conn(self, conn):
        """Hand a connection to a thread; a new one, as soon as there is something to read."""
        if conn.is_new:
            conn.is_new = False
            self.put_conn(conn)
        else:
            super().process_conn(conn)


class _Adapter(BuiltinSSLAdapter):
    """TLS that is agreed on by the thread that gets the connection; cheroot's would let all others wait meanwhile."""

    def wrap(self, sock):
        """The socket in TLS, and what WSGI is told of it."""
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}


class _Connection(HTTPConnection):
    """A connection that says goodbye in TLS before it is closed; pgBackRest takes anything else for a truncated reply."""

    cut = False
    is_new = True
    _is_agreed = False

    def communicate(self):
        """Answer a request, or agree on TLS first; whether to go on."""
        if not isinstance(self.socket, ssl.SSLSocket) or self._is_agreed:
            return super().communicate()
        try:
            self.socket.do_handshake()
        except OSError:
            return False  # the client does not trust the certificate, does not speak TLS, or has gone
        self._is_agreed = True
        return True

    def _close_kernel_socket(self):
        if isinstance(self.socket, ssl.SSLSocket) and not self.cut:
            with contextlib.suppress(OSError, ValueError):
                # close_notify is sent; without blocking, the other side's is not waited for.
                self.socket.setblocking(False)
                self.socket.unwrap()
        super()._close_kernel_socket()


class _Gateway(Gateway_10):
    """What moto and the faults need to know of a request beside what WSGI tells."""

    def get_environ(self):
        environ = super().get_environ()
        environ["RAW_URI"] = environ["REQUEST_URI"]
        # WSGI folds hyphens and underscores into one; to S3 two such metadata keys differ.
        names = [name.decode("latin-1") for name in self.req.inheaders]
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
            environ_key_for_header(name): name for name in names if should_preserve_original_header_name(name)
        }
        environ["sandbox.cut"] = self._cut
        return environ

    def _cut(self):
        # To close at once, with a reset instead of a farewell; cheroot closes when it is told that the peer has gone.
        self.req.conn.cut = True
        self.req.conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError(errno.ECONNRESET, "cut on demand")


def make(host="127.0.0.1", port=0, *, tls=None, dns=None, seed=0):
    """A cheroot server of the sandbox, bound to its port; ``tls`` is ``(certificate, key)``."""
    state = State(dns=dns, seed=seed)
    server = _Server((host, port), Application(state), numthreads=_THREADS, timeout=60, request_queue_size=128)
    server.gateway = _Gateway
    server.ConnectionClass = _Connection
    server.shutdown_timeout = 0.2  # what is not answered by then is cut off
    server.keep_alive_conn_limit = 1000  # each boto3 client of a test keeps its own
    server.state = state
    if tls:
        certificate, key = tls
        server.ssl_adapter = _Adapter(str(certificate), str(key))
    server.prepare()
    return server


def environment(server, *, certificate_authority=None):
    """What to export so that AWS's tools reach ``server``."""
    host, port = server.bind_addr[:2]
    name = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    name = f"[{name}]" if ":" in name else name
    scheme = "https" if certificate_authority else "http"
    variables = {
        "AWS_ENDPOINT_URL": f"{scheme}://{name}:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }
    if certificate_authority:
        variables["AWS_CA_BUNDLE"] = str(certificate_authority)
    return variables


def serve(server, ready):
    """Serve until SIGTERM or SIGINT; ``ready`` is called once requests are answered."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    ready()
    stopping.wait()
    server.state.faults.released.set()
    server.stop()
    thread.join()
