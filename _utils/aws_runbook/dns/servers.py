"""
Addresses of DNS servers: HOST or HOST:PORT.
"""

import ipaddress
import re

PORT = 53
_MOST = 65535
_FORM = "give HOST or HOST:PORT, such as ns1.example.org or 192.0.2.1:53"
# With the underscore, which some name servers have. https://www.rfc-editor.org/rfc/rfc1123#section-2.1
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_HOST_LENGTH = 253
_BRACKETED = re.compile(r"\[(?P<host>[^\]]*)\](:(?P<port>.*))?", re.DOTALL)


def parse(server):
    """``(host, port)`` of a server; ``ValueError`` with the rest of a sentence where there can be none of that name."""
    server = server if isinstance(server, str) else ""
    bracketed = _BRACKETED.fullmatch(server)
    if bracketed:
        host, port, can_be = bracketed["host"], bracketed["port"], _is_ip(bracketed["host"])
    else:
        host, colon, port = server.partition(":") if server.count(":") == 1 else (server, "", None)
        port = port if colon else None
        can_be = _is_ip(host) or _is_host(host)
    if not can_be:
        raise ValueError(_FORM)
    if port is None:
        return host, PORT
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= _MOST:
        raise ValueError(f"{_FORM}; a port is a number from 1 to {_MOST}")
    return host, int(port)


def _is_ip(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_host(host):
    try:
        labels = host.removesuffix(".").encode("idna").decode().split(".")
    except UnicodeError:
        return False
    # What ends in a number alone is an IP address, or none. https://url.spec.whatwg.org/#ends-in-a-number-checker
    return len(host) <= _HOST_LENGTH and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
