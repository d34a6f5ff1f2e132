"""How a DNS server is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.dns import servers
from aws_runbook.dns.check import address
from aws_runbook.errors import RunbookError


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("ns1.example.org", ("ns1.example.org", 53)),
        ("ns1.example.org.", ("ns1.example.org.", 53)),
        ("ns_1.example.org:5353", ("ns_1.example.org", 5353)),
        ("localhost", ("localhost", 53)),
        ("192.0.2.1:65535", ("192.0.2.1", 65535)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[2001:db8::1]:54", ("2001:db8::1", 54)),
        ("n\xe4me.example", ("n\xe4me.example", 53)),
    ],
)
def test_a_server_with_and_without_a_port(server, place):
    assert servers.parse(server) == place


@pytest.mark.parametrize(
    "server",
    [
        *("", " ", "ns1..example.org", "a" * 64, f"{'a.' * 127}org", ":53", "[]", "[::1", "[x]:53", "192.0.2.999", "5"),
        *("192.0.2.1:\xb2", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:99999", "192.0.2.1:+1", "192.0.2.1:", "h:p"),
        *("a b", "x\0y", "h/x", "http://h", "u@h", "\ud800", "\u202e", "-a", "a\n"),
        *(True, 5, 1.5, ["ns1.example.org"], {"a": 1}, b"h"),
    ],
)
def test_what_can_be_no_server(server):
    with pytest.raises(ValueError, match="give HOST or HOST:PORT, such as"):
        servers.parse(server)
    with pytest.raises(RunbookError, match=r"^nameserver is .*: give HOST or HOST:PORT, such as"):
        address(server)


@given(st.text(st.sampled_from("a1.-_:[]\xb2\xe4 @/%\0"), max_size=8))
def test_no_text_breaks_it(server):
    try:
        host, port = servers.parse(server)
    except ValueError:
        return
    assert host
    assert 1 <= port <= 65535
