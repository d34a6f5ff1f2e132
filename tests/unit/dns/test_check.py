"""What is said of a record by what the zone's servers and the resolver have."""

import socket

import dns.exception
import dns.query
import dns.resolver
import pytest

from aws_runbook.dns import check as dns_check
from aws_runbook.dns import names
from aws_runbook.dns.records import Record, records

WANTED = records("example.org", "us-east-1", tokens=["t"], mail_from="mail.example.org", receives=True)
BY_PURPOSE = {record.purpose: record for record in WANTED}


class Source:
    """DNS with a zone, and a resolver that may be behind."""

    def __init__(self, zone, cached=None):
        self.known = zone
        self.behind = cached or {}

    def zone(self, _name):
        return "example.org"

    def authoritative(self, name, kind):
        return self.known.get((name, kind), [])

    def cached(self, name, kind):
        if (name, kind) in self.behind:
            return self.behind[name, kind], 300
        return self.known.get((name, kind), []), 60


def check(record, source):
    (found,) = dns_check.check([record], source)
    return found["status"], found["detail"]


def right(record):
    return {(record.name, record.type): [record.value]}


@pytest.mark.parametrize("record", WANTED, ids=lambda record: record.purpose)
def test_present_missing_and_still_cached(record):
    assert check(record, Source(right(record)))[0] == "present"
    assert check(record, Source({}))[0] == ("suggested" if record.optional else "missing")
    status, detail = check(record, Source(right(record), {(record.name, record.type): ["v=spf1 -all"]}))
    assert (status, detail) == (
        "still cached",
        "the resolver still says v=spf1 -all for at most 300 seconds more",
    )


@pytest.mark.parametrize("record", WANTED, ids=lambda record: record.purpose)
def test_a_duplicated_suffix(record):
    source = Source({(f"{record.name}.example.org", record.type): [record.value]})
    status, detail = check(record, source)
    assert status == "duplicated suffix"
    assert f"it is at {record.name}.example.org" in detail


@pytest.mark.parametrize("record", WANTED, ids=lambda record: record.purpose)
def test_a_cname_excludes_others_and_others_exclude_it(record):
    kind = "A" if record.type == "CNAME" else "CNAME"
    status, detail = check(record, Source({(record.name, kind): ["x"]}))
    assert status == "conflicting"
    assert f"there is a {kind} record at that name (x)" in detail


def test_an_spf_record_that_asks_too_much():
    includes = " ".join(f"include:{letter}.example.net" for letter in "abcdefghij")
    zone = {("example.org", "TXT"): [f"v=spf1 {includes} include:amazonses.com -all", "other"]}
    status, detail = check(BY_PURPOSE["spf"], Source(zone))
    assert status == "present"
    assert detail.startswith("it needs 11 DNS lookups, and receivers give up after 10")


def test_mail_from_wants_its_mx_alone():
    record = BY_PURPOSE["mail_from_mx"]
    status, detail = check(record, Source({(record.name, "MX"): sorted([record.value, "20 mx.example.net"])}))
    assert status == "conflicting"
    assert "more than one MX record" in detail


def test_inbound_mx_may_have_others_beside_it():
    record = BY_PURPOSE["inbound_mx"]
    assert check(record, Source({(record.name, "MX"): [record.value, "20 mx.example.net"]}))[0] == "present"


def test_a_broken_dmarc_record_is_wrong():
    record = BY_PURPOSE["dmarc"]
    assert check(record, Source({(record.name, "TXT"): ["v=DMARC1; p=all"]})) == (
        "wrong",
        "there is v=DMARC1; p=all, but p=all is none of none, quarantine, reject",
    )


def test_who_does_not_answer_leaves_it_unknown():
    class Silent(Source):
        def authoritative(self, name, kind):
            raise dns_check.UnansweredError(f"No server answered for {name} {kind}.")

    status, detail = check(Record("dkim", "CNAME", "t._domainkey.example.org", "x"), Silent({}))
    assert status == "unknown"
    assert detail == "No server answered for t._domainkey.example.org CNAME."


def refused(*_args, **_named):
    raise dns.exception.Timeout


def test_a_machine_without_a_resolver_is_one_sentence(monkeypatch):
    def none(*_args):
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", none)
    with pytest.raises(
        dns_check.UnansweredError, match=r"This machine has no DNS resolver \(.*\); name one as nameserver\."
    ):
        dns_check.Dns()


def test_a_resolver_whose_name_is_unknown_is_one_sentence(monkeypatch):
    def unknown(*_args, **_named):
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(dns_check.UnansweredError) as failed:
        dns_check.Dns("ns.example.org")
    assert str(failed.value) == "The DNS server ns.example.org could not be found: no such name."


def test_a_zone_whose_servers_do_not_answer_is_one_sentence(monkeypatch):
    source = dns_check.Dns("127.0.0.1")
    monkeypatch.setattr(source, "zone", lambda _name: "example.org")
    monkeypatch.setattr(source, "cached", lambda name, kind: (["192.0.2.1"] if kind == "A" else [name], 60))
    monkeypatch.setattr(dns.query, "udp_with_fallback", refused)
    with pytest.raises(dns_check.UnansweredError) as failed:
        source.authoritative("www.example.org", "A")
    assert str(failed.value).startswith("No server of the zone example.org answered for www.example.org: ")


def test_a_zone_without_servers_is_one_sentence(monkeypatch):
    source = dns_check.Dns("127.0.0.1")
    monkeypatch.setattr(source, "zone", lambda _name: "example.org")
    monkeypatch.setattr(source, "cached", lambda _name, _kind: ([], None))
    with pytest.raises(dns_check.UnansweredError) as failed:
        source.authoritative("www.example.org", "A")
    assert str(failed.value) == "The zone example.org has no server with an address."


def test_a_name_that_idna_cannot_write_is_shown_what_its_form_is_like():
    with pytest.raises(ValueError, match="DNS has it in its IDNA form: write it as xn--…"):
        names.domain(f"{'ä' * 70}.org")
