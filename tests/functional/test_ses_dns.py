"""Records published: to a real PowerDNS, and through dns-lexicon to doubles of two DNS hosts."""

import socket

import pytest

from aws_runbook import dns_publish, dns_records
from aws_runbook.errors import RunbookError
from sandbox.powerdns import PowerDns
from tests.fixtures.dns_hosts import TOKEN, Cloudflare, GoDaddy, standing_in

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
    assert line.endswith("mail goes to 5 mx.example.net, and that is not touched.")
    gone = before - set(powerdns.records())
    assert gone == {(DOMAIN, "TXT", f'"{SPF}"')}


@pytest.mark.powerdns
def test_powerdns_what_somebody_else_made_meanwhile_is_not_replaced(powerdns, monkeypatch):
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
        ({"key_secret": "not base64"}, "key_secret of the TSIG key aws-runbook is not base64"),
        ({"key_algorithm": "rot13"}, "key_algorithm is 'rot13'; allowed are hmac-sha256"),
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
        assert sorted(host.has("TXT", DOMAIN)) == ["other", "v=spf1 mx include:amazonses.com -all"]
        assert host.has("CNAME", "www.example.org") == ["example.org"]
        assert len([entry for entry in host.records if "_domainkey" in entry["name"]]) == 3
        host.requests.clear()
        again = states["ses_dns.published"](name="x", identities=[DOMAIN])
        assert (again.result, again.changes, host.writes()) == (True, {}, [])
        if provider == "cloudflare":
            (inbound,) = [entry for entry in host.records if (entry["type"], entry["name"]) == ("MX", DOMAIN)]
            assert (inbound["priority"], inbound["content"]) == (10, "inbound-smtp.us-east-1.amazonaws.com")
            assert not getattr(again, "warnings", None)
        else:
            assert "cannot set its priority at this DNS host: add it by hand" in again.warnings[0]
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
        assert sorted(host.has("TXT", "example.org")) == ["theirs", "v=spf1 mx include:amazonses.com -all"]
        assert all(record in host.records for record in theirs[1:])
        assert states["ses_dns.published"](name="x", identities=["example.org"]).changes == {}


def test_a_refused_credential_is_one_sentence_without_it(states, settings, sandbox, monkeypatch):
    settings["dns"] = {"provider": "cloudflare", "zone": "example.org", "auth_token": "wrong-secret"}
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch):
        ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert "cloudflare says HTTPError: 403" in ret.comment
    assert "wrong-secret" not in ret.comment


def test_before_the_identity_is_there_the_plan_is_the_same(states, settings, sandbox, monkeypatch):
    settings["dns"] = HOSTS["cloudflare"][1]
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch):
        planned = states["ses_dns.published"](name="x", identities=[DOMAIN], test=True)
        states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
        assert states["ses_dns.published"](name="x", identities=[DOMAIN]).changes == planned.changes


@pytest.mark.parametrize(
    ("dns", "sentence"),
    [
        (None, "dns is 'aws:ses:dns', which names no provider"),
        ({"provider": "nobody", "zone": "example.org"}, "nobody says ProviderNotAvailableError"),
        ({"provider": "rfc2136", "zone": "example.org"}, "names no server"),
        ({"provider": "rfc2136", "zone": "example.org", "sever": "x"}, "has the unknown key 'sever'"),
        ({"provider": "rfc2136", "zone": "example.org", "server": "h:p"}, "give HOST or HOST:PORT"),
    ],
)
def test_wrong_settings_are_one_sentence(states, settings, sandbox, dns, sentence):
    settings["dns"] = dns
    ret = states["ses_dns.published"](name="x", identities=[DOMAIN])
    assert ret.result is False
    assert sentence in ret.comment
    assert "\n" not in ret.comment
