"""Records published: to a real PowerDNS, and through dns-lexicon to doubles of two DNS hosts."""

import logging
import socket
import struct
import sys
import threading
from functools import partial

import dns.message
import dns.opcode
import dns.rcode
import pytest
import requests

from aws_runbook import polling
from aws_runbook.dns import godaddy
from aws_runbook.dns import publish as dns_publish
from aws_runbook.dns import records as dns_records
from aws_runbook.errors import RunbookError, UncertainError
from sandbox.powerdns import PowerDns
from tests.fixtures.dns_hosts import TOKEN, Cloudflare, GoDaddy, Refusing, standing_in

DOMAIN = "noreply.example.org"
SPF = "v=spf1 mx -all"
SETTINGS = {"identities": {DOMAIN: {"mail_from": f"mail.{DOMAIN}", "receives": True}}}


@pytest.fixture
def settings():
    """Pillar's ``aws:ses``; a test adds its DNS host."""
    return dict(SETTINGS)


@pytest.fixture
def pillar(settings):
    return {"aws": {"ses": settings}}


@pytest.fixture
def powerdns(tmp_path, settings, sandbox):
    with PowerDns(tmp_path, "example.org") as server:
        settings["dns"] = server.settings
        sandbox.dns(server.address)
        yield server
        sandbox.dns(None)


@pytest.mark.powerdns
def test_powerdns_from_nothing_to_verified(powerdns, converge, states, modules, sandbox, caplog):
    caplog.set_level(1)
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    ret = converge("ses_dns.published", name="x", identities=[DOMAIN])
    assert ret.result is True, ret.comment
    assert set(ret.changes) == {
        f"{DOMAIN} DKIM",
        f"mail.{DOMAIN} MX",
        f"mail.{DOMAIN} TXT",
        f"{DOMAIN} MX",
        f"{DOMAIN} TXT",
    }
    assert modules["ses_identity.verified"](DOMAIN) == {"verified": True, "missing": []}
    found = modules["ses_identity.check_dns"](DOMAIN, format="data")
    assert {row["status"] for row in found if not row["optional"]} == {"present"}
    assert not [row for row in powerdns.records() if row[0].startswith("_dmarc")]
    assert powerdns.key_secret not in caplog.text


@pytest.mark.powerdns
def test_powerdns_other_records_are_never_touched(powerdns, converge, states):
    powerdns.add(DOMAIN, "MX", "5 mx.example.net")
    powerdns.add(DOMAIN, "TXT", f'"{SPF}"', '"google-site-verification=abc"')
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    before = set(powerdns.records())
    ret = converge("ses_dns.published", name="x", identities=[DOMAIN])
    assert ret.result is True, ret.comment
    assert ret.changes[f"{DOMAIN} TXT"] == {"old": SPF, "new": "v=spf1 mx include:amazonses.com -all"}
    (line,) = ret.warnings
    assert line.startswith(f"Waiting: MX {DOMAIN} should be 10 inbound-smtp.us-east-1.amazonaws.com: ")
    assert line.endswith("mail goes to 5 mx.example.net, and that is not changed.")
    gone = before - set(powerdns.records())
    assert gone == {(DOMAIN, "TXT", f'"{SPF}"')}


@pytest.mark.powerdns
def test_powerdns_a_record_that_another_client_added_meanwhile_is_not_replaced(powerdns, monkeypatch):
    powerdns.add(DOMAIN, "TXT", f'"{SPF}"')
    publisher = dns_publish.make(powerdns.settings, "example.org")
    record = dns_records.Record("spf", "TXT", DOMAIN, "v=spf1 mx include:amazonses.com -all")
    monkeypatch.setattr(publisher, "values", lambda *_: ["v=spf1 a -all"])
    with pytest.raises(RunbookError, match="says NXRRSET"):
        publisher.replace(record, SPF)
    monkeypatch.setattr(publisher, "values", lambda *_: [])
    with pytest.raises(RunbookError, match="says YXRRSET"):
        publisher.add(record)
    assert powerdns.records() == [(DOMAIN, "TXT", f'"{SPF}"')]


@pytest.mark.powerdns
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"key_secret": "bm90IHRoZSBrZXk="}, "the DNS server 127.0.0.1:"),
        ({"key_secret": "not base64"}, "aws:ses:dns:key_secret is a text: give the secret of the TSIG key in base64"),
        ({"key_algorithm": "rot13"}, "key_algorithm is 'rot13': allowed are hmac-sha256"),
        ({"zone": "example.net"}, "it is not in the zone of aws:ses:dns"),
    ],
)
def test_powerdns_wrong_settings(powerdns, settings, states, wrong, sentence):
    settings["dns"].update(wrong)
    states["ses_identity.present"](name=DOMAIN)
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    said = ret.comment + " ".join(getattr(ret, "warnings", None) or [])
    assert sentence in said
    assert "bm90IHRoZSBrZXk" not in said
    assert powerdns.records() == []


@pytest.fixture
def offline(monkeypatch):
    """Nothing but this machine can be reached: lexicon must not fetch its list of suffixes."""
    connect = socket.socket.connect
    tried = []

    def only_here(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            tried.append(address)
            raise OSError("the network is not to be used")
        return connect(self, address)

    def no_lookup(host, *args, **kwargs):
        if host not in ("127.0.0.1", "localhost"):
            tried.append(host)
            raise socket.gaierror("the network is not to be used")
        return lookup(host, *args, **kwargs)

    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)
    return tried


# The SPF record when everything that can be done is done.
EXTENDED = {"cloudflare": "v=spf1 mx include:amazonses.com -all", "godaddy": SPF}
HOSTS = {
    "cloudflare": (Cloudflare, {"provider": "cloudflare", "zone": "example.org", "auth_token": TOKEN}),
    "godaddy": (GoDaddy, {"provider": "godaddy", "zone": "example.org", "auth_key": TOKEN, "auth_secret": TOKEN}),
}


@pytest.mark.parametrize("provider", sorted(HOSTS))
def test_a_dns_hosts_api(provider, converge, states, settings, sandbox, offline, monkeypatch, caplog):
    caplog.set_level(1)
    kind, dns = HOSTS[provider]
    settings["dns"] = dns
    theirs = [
        {"type": "TXT", "name": DOMAIN, "content": SPF},
        {"type": "TXT", "name": DOMAIN, "content": "other"},
        {"type": "CNAME", "name": "www.example.org", "content": "example.org"},
    ]
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    with standing_in(kind("example.org", *theirs), provider, monkeypatch) as host:
        sandbox.refuse_writes(True)
        planned = states["ses_dns.published"](name="x", identities=[DOMAIN], test=True)
        assert host.writes() == []
        ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
        assert ret.result is True, ret.comment
        assert ret.changes == planned.changes
        assert sorted(host.has("TXT", DOMAIN)) == ["other", EXTENDED[provider]]
        assert host.has("CNAME", "www.example.org") == ["example.org"]
        assert len([entry for entry in host.records if "_domainkey" in entry["name"]]) == 3
        host.requests.clear()
        again = states["ses_dns.published"](name="x", identities=[DOMAIN])
        assert (again.result, again.changes, host.writes()) == (True, {}, [])
        (inbound,) = [entry for entry in host.records if (entry["type"], entry["name"]) == ("MX", DOMAIN)]
        assert (inbound["priority"], inbound["content"]) == (10, "inbound-smtp.us-east-1.amazonaws.com")
        left = [f"Waiting: TXT {DOMAIN} should be {EXTENDED['cloudflare']}: it is {SPF}, and GoDaddy's API"]
        warnings = [warning.partition(" can only")[0] for warning in getattr(again, "warnings", None) or []]
        assert warnings == (left if provider == "godaddy" else [])
    assert offline == []
    assert TOKEN not in f"{ret.full_return} {caplog.text}"


@pytest.mark.parametrize("provider", sorted(HOSTS))
def test_records_of_the_zone_itself_leave_those_of_other_names(provider, states, settings, sandbox, monkeypatch):
    kind, settings["dns"] = HOSTS[provider]
    theirs = [
        {"type": "TXT", "name": "example.org", "content": SPF},
        {"type": "TXT", "name": "example.org", "content": "theirs", "ttl": 3600},
        {"type": "TXT", "name": "www.example.org", "content": SPF, "ttl": 3600},
        {"type": "MX", "name": "example.org", "content": "mx.example.net", "priority": 5, "ttl": 3600},
    ]
    states["ses_identity.present"](name="example.org")
    with standing_in(kind("example.org", *theirs), provider, monkeypatch) as host:
        ret = states["ses_dns.published"](name="x", identities=["example.org"])
        assert ret.result is True, ret.comment
        assert sorted(host.has("TXT", "example.org")) == ["theirs", EXTENDED[provider]]
        assert all(record in host.records for record in theirs[1:])
        assert states["ses_dns.published"](name="x", identities=["example.org"]).changes == {}


def test_a_refused_credential_is_one_sentence_without_it(states, settings, sandbox, monkeypatch):
    settings["dns"] = {"provider": "cloudflare", "zone": "example.org", "auth_token": "wrong-secret"}
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch):
        ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert "cloudflare says HTTPError: 403" in ret.comment
    assert "wrong-secret" not in ret.comment


@pytest.fixture
def godaddy_host(settings, states, sandbox, monkeypatch):
    """A zone at GoDaddy, and an identity that needs records."""
    theirs = [
        {"type": "TXT", "name": DOMAIN, "content": SPF, "ttl": 1800},
        {"type": "TXT", "name": DOMAIN, "content": "theirs", "ttl": 7200},
        {"type": "A", "name": "www.example.org", "content": "192.0.2.1", "ttl": 3600},
    ]
    settings["dns"] = dict(HOSTS["godaddy"][1])
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    with standing_in(GoDaddy("example.org", *theirs), "godaddy", monkeypatch) as host:
        host.theirs = theirs
        yield host


def test_godaddy_is_sent_what_is_wanted_and_nothing_else(godaddy_host, states):
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is True, ret.comment
    assert {(method, len(data)) for method, _, data in godaddy_host.writes()} == {("PATCH", 1)}
    assert all(record in godaddy_host.records for record in godaddy_host.theirs)


def test_what_somebody_adds_meanwhile_at_godaddy_is_neither_lost_nor_joined(godaddy_host):
    publisher = dns_publish.make({**HOSTS["godaddy"][1]}, "example.org")
    before = list(godaddy_host.records)
    inbound = dns_records.Record("inbound_mx", "MX", DOMAIN, "10 inbound-smtp.us-east-1.amazonaws.com")
    assert publisher.values(DOMAIN, "MX") == []
    godaddy_host.records.append({"type": "MX", "name": DOMAIN, "content": "mx.example.net", "priority": 5})
    with pytest.raises(RunbookError, match="have changed meanwhile"):
        publisher.add(inbound)
    assert godaddy_host.records[: len(before)] == before
    assert godaddy_host.writes() == []


CLOSED = {"code": "ACCESS_DENIED", "message": f"Authenticated user is not allowed access {TOKEN}"}


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (
            401,
            {"code": "UNABLE_TO_AUTHENTICATE"},
            "401 UNABLE_TO_AUTHENTICATE: it rejects auth_key and auth_secret",
        ),
        (403, CLOSED, "403 ACCESS_DENIED: its API is closed to accounts with few domains"),
        (404, {"code": "UNKNOWN_DOMAIN"}, "404 UNKNOWN_DOMAIN: the zone is not a domain of this account"),
        (422, {"code": "DUPLICATE_RECORD"}, "422 DUPLICATE_RECORD: it refuses that"),
        (500, b"<html>oops</html>", "500: it refuses that"),
        (302, b"", "302: it refuses that"),
        (200, b"", "GoDaddy's answer is not a list of such records"),
        (200, b"<!DOCTYPE html>", "GoDaddy's answer is not a list of such records"),
        (200, {"code": "x"}, "GoDaddy's answer is not a list of such records"),
        (200, [{"type": "A", "data": "192.0.2.1"}], "GoDaddy's answer is not a list of such records"),
    ],
)
def test_what_godaddy_refuses_is_one_sentence(godaddy_host, states, caplog, status, body, sentence):
    caplog.set_level(1)
    godaddy_host.refusals = [(status, body, {})] * 20
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert sentence in ret.comment
    assert "\n" not in ret.comment
    assert not {"oops", "DOCTYPE", "Authenticated user"} & set(ret.comment.split())
    assert TOKEN not in f"{ret.full_return} {caplog.text}"
    assert godaddy_host.writes() == []


class Watch:
    """A clock that only waiting moves."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(godaddy, "_clock", lambda: self.now)
        monkeypatch.setattr(godaddy, "until", partial(polling.until, clock=lambda: self.now, pause=self.pause))

    def pause(self, seconds):
        self.now += seconds


def told_of_waiting(caplog):
    """What an operator reads of it at Salt's own log level."""
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [line for line in told if line.startswith("Waiting for")]


@pytest.mark.runs_command("godaddy._reason", "ses_identity.dns_records")
def test_where_godaddys_api_is_closed_the_records_are_shown(godaddy_host, states, obey):
    godaddy_host.refusals = [(403, CLOSED, {})] * 20
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert "_domainkey" in obey(ret.comment, "ses_identity.dns_records", filled={"IDENTITY": DOMAIN})
    refused = states["ses_dns.published"](name="x", identities=[DOMAIN], region="eu-west-1")
    assert "ses_identity.dns_records IDENTITY region=eu-west-1`" in refused.comment


def test_godaddys_limit_and_its_busy_zone_are_waited_for(godaddy_host, states, monkeypatch, caplog):
    watch = Watch(monkeypatch)
    godaddy_host.refusals = [
        (429, {"code": "TOO_MANY_REQUESTS", "retryAfterSec": 31}, {}),
        (429, {"code": "TOO_MANY_REQUESTS"}, {"Retry-After": "7"}),
        (409, {"code": "CONFLICT"}, {}),
    ]
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is True, ret.comment
    assert 31 + 7 + 2 <= watch.now < 31 + 7 + 2 + 3
    assert godaddy_host.refusals == []
    (told,) = told_of_waiting(caplog)  # of the longest one alone: the others are over soon
    assert told.endswith(": 5 s so far, for 2 min 55 s more at most")
    godaddy_host.refusals = [(429, {"code": "TOO_MANY_REQUESTS"}, {"Retry-After": "86400"})]
    before = watch.now
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert "429 TOO_MANY_REQUESTS: its limit of calls a minute is used up" in ret.comment
    assert watch.now == before


def test_a_zone_that_stays_busy_at_godaddy_is_one_sentence(godaddy_host, states, monkeypatch):
    Watch(monkeypatch)
    godaddy_host.refusals = [(409, {"code": "CONFLICT"}, {})] * 200
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert "GoDaddy says 409 CONFLICT: it is still busy with another change of the zone; run this again." in ret.comment


def test_godaddy_that_does_not_answer_is_one_sentence(godaddy_host, monkeypatch):
    publisher = dns_publish.make({**HOSTS["godaddy"][1]}, "example.org")
    inbound = dns_records.Record("inbound_mx", "MX", DOMAIN, "10 inbound-smtp.us-east-1.amazonaws.com")
    request = requests.request

    def unreachable(method, *args, **named):
        if method == unanswered:
            raise requests.ConnectionError(TOKEN)
        return request(method, *args, **named)

    monkeypatch.setattr(requests, "request", unreachable)
    unanswered = "GET"
    with pytest.raises(RunbookError) as refused:
        publisher.values(DOMAIN, "MX")
    assert str(refused.value) == f"Cannot read the MX records of {DOMAIN}: no answer from GoDaddy (ConnectionError)."
    unanswered = None
    publisher.values(DOMAIN, "MX")
    unanswered = "PATCH"
    with pytest.raises(RunbookError) as refused:
        publisher.add(inbound)
    assert str(refused.value) == (
        f"Cannot add the MX record {DOMAIN}: no answer from GoDaddy (ConnectionError); it is not known whether that was done, run this again."
    )


def test_a_record_that_is_gone_meanwhile_is_not_replaced(monkeypatch):
    kind, given = HOSTS["cloudflare"]
    with standing_in(kind("example.org"), "cloudflare", monkeypatch) as host:
        publisher = dns_publish.make({**given}, "example.org")
        with pytest.raises(RunbookError) as refused:
            publisher.replace(dns_records.Record("spf", "TXT", DOMAIN, EXTENDED["cloudflare"]), SPF)
        assert host.writes() == []
    assert str(refused.value) == f"The TXT record {DOMAIN} was changed in the meantime; run this again."


def test_without_dns_lexicon_it_is_said_how_to_install_it(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "lexicon"] or ["lexicon"]:
        monkeypatch.setitem(sys.modules, name, None)
    publisher = dns_publish.make({**HOSTS["cloudflare"][1]}, "example.org")
    with pytest.raises(RunbookError) as refused:
        publisher.values(DOMAIN, "TXT")
    assert str(refused.value).startswith("aws:ses:dns:provider is 'cloudflare', which needs dns-lexicon (")
    assert str(refused.value).endswith("): install it with 'salt-pip install dns-lexicon'.")


def test_part_of_the_dkim_records_and_an_spf_record_that_asks_too_much(
    settings, states, sandbox, nameserver, monkeypatch
):
    """What is there is counted, and a record that grows over SPF's limit is said to."""
    long = " ".join(["v=spf1", *(f"a:host-{number}.example.org" for number in range(10)), "-all"])
    kind, given = HOSTS["cloudflare"]
    settings["dns"] = {**given, "nameserver": nameserver}
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    with standing_in(
        kind("example.org", {"type": "TXT", "name": DOMAIN, "content": long}), "cloudflare", monkeypatch
    ) as host:
        assert states["ses_dns.published"](name="x", identities=[DOMAIN]).result is True
        tokens = [entry for entry in host.records if "_domainkey" in entry["name"]]
        host.records.remove(tokens[0])
        host.records[:] = [entry for entry in host.records if entry["type"] != "TXT"]
        host.records.append({"id": "again", "type": "TXT", "name": DOMAIN, "content": long})
        planned = states["ses_dns.published"](name="x", identities=[DOMAIN], test=True)
    assert planned.changes[f"{DOMAIN} DKIM"] == {"old": "2 of 3 CNAME records", "new": "3 CNAME records"}
    assert [warning for warning in planned.warnings if warning.startswith(f"The SPF record of {DOMAIN}: ")]


def test_a_long_wait_for_godaddy_is_reported_soon_and_each_minute(godaddy_host, states, monkeypatch, caplog):
    watch = Watch(monkeypatch)
    godaddy_host.refusals = [(429, {"code": "TOO_MANY_REQUESTS"}, {"Retry-After": "150"})]
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is True, ret.comment
    assert 150 <= watch.now < 151
    first, second, third = told_of_waiting(caplog)
    assert first.startswith("Waiting for GoDaddy to accept the request to read the ")
    assert first.endswith(": 5 s so far, for 2 min 55 s more at most")
    assert second.endswith(": 1 min 5 s so far, for 1 min 55 s more at most")
    assert third.endswith(": 2 min 5 s so far, for 55 s more at most")


@pytest.mark.parametrize("provider", ["namesilo", "zonomi", "dreamhost"])
@pytest.mark.parametrize("there", [True, False])
def test_a_key_in_a_url_is_in_no_error_and_no_log(provider, there, states, settings, sandbox, monkeypatch, caplog):
    caplog.set_level(1)
    secret = f"{TOKEN} +/=%&'\"é"
    settings["dns"] = {"provider": provider, "zone": "example.org", "auth_token": secret}
    states["ses_identity.present"](name=DOMAIN)
    host = Refusing("example.org")
    with standing_in(host, provider, monkeypatch):
        if not there:
            host._server.server_close()
        ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
        asked = list(host.requests)
    assert ret.result is False
    assert f"{provider} says " in ret.comment
    assert bool(asked) is there
    assert TOKEN not in f"{ret.full_return} {caplog.text}"


def test_before_the_identity_is_there_the_plan_is_the_same(states, settings, sandbox, monkeypatch):
    settings["dns"] = HOSTS["cloudflare"][1]
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch):
        planned = states["ses_dns.published"](name="x", identities=[DOMAIN], test=True)
        states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
        assert states["ses_dns.published"](name="x", identities=[DOMAIN]).changes == planned.changes


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (None, "dns is 'aws:ses:dns', which names no provider"),
        ({"provider": "nobody", "zone": "example.org"}, "nobody says ProviderNotAvailableError"),
        ({"provider": "rfc2136", "zone": "example.org"}, "aws:ses:dns:server is missing; give HOST or HOST:PORT"),
        (
            {"provider": "godaddy", "zone": "example.org", "auth_key": "k"},
            "aws:ses:dns:auth_secret is missing; godaddy needs auth_key and auth_secret",
        ),
        (
            {"provider": "rfc2136", "zone": "example.org", "server": "h", "key_name": "key"},
            "aws:ses:dns:key_secret is missing; key_name needs it, since a TSIG key has a name and a secret.",
        ),
        (
            {"provider": "rfc2136", "zone": "example.org", "server": "h", "key_name": "a..b", "key_secret": "bm8="},
            "aws:ses:dns:key_name is 'a..b': give the name of the TSIG key, which is formed like a domain.",
        ),
        (
            {"provider": "rfc2136", "zone": "example.org", "server": "h", "key_algorithm": "rot13"},
            "aws:ses:dns:key_algorithm is 'rot13': allowed are hmac-sha256",
        ),
        (
            {
                "provider": "rfc2136",
                "zone": "example.org",
                "server": "h",
                "key_name": "key",
                "key_secret": "not base64",
            },
            "aws:ses:dns:key_secret is a text: give the secret of the TSIG key in base64.",
        ),
        ({**HOSTS["godaddy"][1], "ttl": 60}, "aws:ses:dns:ttl is 60: GoDaddy allows 600 seconds or more"),
        (
            {"provider": "rfc2136", "zone": "example.org", "server": "h", "sever": "x"},
            "aws:ses:dns:sever is not a key that is known for rfc2136",
        ),
        ({"provider": "rfc2136", "zone": "example.org", "server": "h:p"}, "give HOST or HOST:PORT"),
        (
            {**HOSTS["cloudflare"][1], "auth_token": "sdb://none/token"},
            "Cannot read sdb://none/token: neither the minion's",
        ),
        (
            {**HOSTS["cloudflare"][1], "auth_token": "sdb://undriven/token"},
            "Cannot read sdb://undriven/token: Salt has no sdb driver for it here ('absent.get' is missing)",
        ),
        (
            {**HOSTS["cloudflare"][1], "auth_token": "sdb://vault/nothing"},
            "aws:ses:dns:auth_token is sdb://vault/nothing, which is not a text; store the value there",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(states, settings, sandbox, given, sentence):
    settings["dns"] = given
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert sentence in ret.comment
    assert "\n" not in ret.comment


class Closing:
    """
    A DNS server that answers queries with nothing, and closes the connection when it is sent an update: ``how`` is fin or rst.
    With ``refuse`` it says that it refuses that.
    """

    def __init__(self, how, updates_only):
        self._how, self._updates_only = how, updates_only
        self.asked = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                connected, _ = self._socket.accept()
            except OSError:
                return
            with connected:
                (length,) = struct.unpack("!H", connected.recv(2))
                query = dns.message.from_wire(connected.recv(length))
                self.asked.append(query.opcode())
                if self._updates_only and query.opcode() != dns.opcode.UPDATE:
                    reply = dns.message.make_response(query).to_wire()
                    connected.sendall(struct.pack("!H", len(reply)) + reply)
                elif self._how == "refuse":
                    refused = dns.message.make_response(query)
                    refused.set_rcode(dns.rcode.REFUSED)
                    reply = refused.to_wire()
                    connected.sendall(struct.pack("!H", len(reply)) + reply)
                elif self._how == "rst":
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_server_that_closes_the_connection_is_one_sentence(settings, states, sandbox, how):
    states["ses_identity.present"](name=DOMAIN)
    with Closing(how, updates_only=False) as server:
        settings["dns"] = {"provider": "rfc2136", "server": server.address, "zone": "example.org"}
        ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert f"the DNS server {server.address}" in ret.comment
    assert ret.comment.startswith("Cannot read ")
    assert "internal error" not in ret.comment
    assert "not known" not in ret.comment


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_an_update_without_an_answer_is_reported_as_uncertain(how):
    record = dns_records.Record("dkim", "CNAME", f"t.{DOMAIN}", "t.dkim.amazonses.com")
    with Closing(how, updates_only=True) as server:
        publisher = dns_publish.make({"provider": "rfc2136", "server": server.address}, "example.org")
        with pytest.raises(UncertainError) as failed:
            publisher.add(record)
    assert server.asked == [dns.opcode.QUERY, dns.opcode.UPDATE]
    assert str(failed.value).startswith(f"Cannot add the CNAME record t.{DOMAIN}: the DNS server {server.address}")
    assert str(failed.value).endswith(
        "It is not known whether the server did it. Run this again: it first reads what exists."
    )


def test_an_update_that_is_refused_is_one_sentence():
    record = dns_records.Record("spf", "TXT", DOMAIN, EXTENDED["cloudflare"])
    with Closing("refuse", updates_only=True) as server:
        publisher = dns_publish.make({"provider": "rfc2136", "server": server.address}, "example.org")
        with pytest.raises(RunbookError) as refused:
            publisher.replace(record, SPF)
    assert server.asked == [dns.opcode.QUERY, dns.opcode.UPDATE]
    assert str(refused.value) == f"Cannot change the TXT record {DOMAIN}: the DNS server {server.address} says REFUSED."


def test_a_server_that_is_not_there_was_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = f"127.0.0.1:{taken.getsockname()[1]}"
    publisher = dns_publish.make({"provider": "rfc2136", "server": free}, "example.org")
    with pytest.raises(RunbookError, match=f"Cannot read x.example.org: the DNS server {free}: ") as failed:
        publisher.add(dns_records.Record("dkim", "CNAME", "x.example.org", "y.example.org"))
    assert "not known" not in str(failed.value)


@pytest.mark.parametrize("identities", [5, DOMAIN, [5], None])
def test_identities_that_are_no_list_of_texts_are_one_sentence(states, settings, sandbox, identities):
    settings["dns"] = {"provider": "rfc2136", "server": "192.0.2.1", "zone": "example.org"}
    ret = states["ses_dns.published"](name="x", identities=identities)
    assert ret.result is False
    assert ret.comment.startswith("ses_dns.plan: names is ")
    assert ret.comment.endswith("; give a list of texts.")
