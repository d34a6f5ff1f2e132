"""DNS records, SPF, SMTP passwords."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.dns import records as dns_records
from aws_runbook.dns import spf
from aws_runbook.errors import StoreError
from aws_runbook.mail import smtp
from aws_runbook.stores.secret import Secret

TOKENS = ["aaa", "bbb", "ccc"]


def by_purpose(identity="example.org", region="us-east-1", **more):
    return {record.purpose: record for record in dns_records.records(identity, region, **more)}


def test_dkim_points_at_the_zone_that_the_api_names():
    found = dns_records.records("example.org", "us-east-1", tokens=TOKENS, signing_zone="dkim.example.amazonses.com")
    assert [(record.type, record.name, record.value) for record in found if record.purpose == "dkim"] == [
        ("CNAME", f"{token}._domainkey.example.org", f"{token}.dkim.example.amazonses.com") for token in TOKENS
    ]


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("us-east-1", "dkim.amazonses.com"),
        ("eu-west-2", "dkim.amazonses.com"),
        ("af-south-1", "dkim.af-south-1.amazonses.com"),
    ],
)
def test_dkim_without_a_zone_from_the_api(region, zone):
    assert by_purpose(region=region, tokens=["t"])["dkim"].value == f"t.{zone}"


def test_mail_from_and_inbound():
    found = by_purpose(region="eu-west-1", mail_from="mail.example.org", receives=True)
    assert found["mail_from_mx"].value == "10 feedback-smtp.eu-west-1.amazonses.com"
    assert found["mail_from_mx"].name == found["mail_from_spf"].name == "mail.example.org"
    assert found["mail_from_spf"].value == "v=spf1 include:amazonses.com ~all"
    assert (found["inbound_mx"].name, found["inbound_mx"].value) == (
        "example.org",
        "10 inbound-smtp.eu-west-1.amazonaws.com",
    )
    assert "inbound_mx" not in by_purpose()
    assert found["dmarc"].optional
    assert found["dmarc"].name == "_dmarc.example.org"


def test_an_address_has_only_its_mail_from():
    assert dns_records.records("a@example.org", "us-east-1") == []
    found = by_purpose("a@example.org", mail_from="mail.example.org", tokens=TOKENS, receives=True)
    assert set(found) == {"mail_from_mx", "mail_from_spf"}


def test_names_are_shown_absolute_and_relative():
    wanted = dns_records.records("news.example.org", "us-east-1", tokens=["t"])
    assert wanted[0].as_data("example.org")["relative"] == "t._domainkey.news"
    assert wanted[0].as_data()["relative"] is None
    assert dns_records.relative("example.org", "example.org") == "@"
    assert dns_records.relative("badexample.org", "example.org") is None
    lines = dns_records.zone_file(wanted, "example.org").splitlines()
    assert lines[0] == "$ORIGIN example.org."
    assert lines[1] == "t._domainkey.news\t3600\tIN\tCNAME\tt.dkim.amazonses.com."
    assert 'news\t3600\tIN\tTXT\t"v=spf1 include:amazonses.com ~all"' in lines
    assert dns_records.zone_file(wanted).startswith("t._domainkey.news.example.org.\t")
    assert "t._domainkey.news" in dns_records.as_table(wanted, "example.org")


def test_a_long_text_is_several_strings():
    text = dns_records.presentation("TXT", "x" * 300)
    assert text == '"{}" "{}"'.format("x" * 255, "x" * 45)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v=spf1 mx -all", "v=spf1 mx include:amazonses.com -all"),
        ("v=spf1 include:_spf.google.com ~ALL", "v=spf1 include:_spf.google.com include:amazonses.com ~ALL"),
        ("v=spf1 redirect=_spf.example.net", "v=spf1 include:amazonses.com redirect=_spf.example.net"),
        ("v=spf1 mx", "v=spf1 mx include:amazonses.com"),
        ("v=spf1", "v=spf1 include:amazonses.com"),
        ("v=spf1 include:amazonses.com -all", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 +include:AmazonSES.com -all", "v=spf1 +include:AmazonSES.com -all"),
        ("v=spf1 include:notamazonses.com -all", "v=spf1 include:notamazonses.com include:amazonses.com -all"),
    ],
)
def test_an_spf_record_is_extended(before, after):
    assert spf.extended(before) == after


TERMS = st.sampled_from(["mx", "a", "ip4:192.0.2.0/24", "include:_spf.example.net", "exists:%{i}.example.net", "?ptr"])


@given(st.lists(TERMS, max_size=6), st.sampled_from([None, "-all", "~all", "redirect=example.net"]))
def test_extending_keeps_every_term_in_order_and_is_done_once(terms, end):
    before = " ".join(["v=spf1", *terms, *([end] if end else [])])
    after = spf.extended(before)
    assert [term for term in after.split() if term != spf.AMAZON] == before.split()
    assert spf.includes_amazon(after)
    assert spf.extended(after) == after
    if end:
        assert after.endswith(f"{spf.AMAZON} {end}")


def test_lookups_are_counted_with_those_of_included_records():
    known = {"a.example": "v=spf1 a mx include:b.example -all", "b.example": "v=spf1 exists:x ptr ip4:192.0.2.1 all"}
    assert spf.lookups("v=spf1 ip4:192.0.2.1 -all") == 0
    assert spf.lookups("v=spf1 a mx:example.org/24 include:a.example -all") == 3
    assert spf.lookups("v=spf1 a include:a.example -all", known.get) == 7
    assert spf.lookups("v=spf1 redirect=b.example", known.get) == 3
    assert spf.lookups("v=spf1 -all redirect=b.example", known.get) == 0
    endless = {"loop.example": "v=spf1 include:loop.example -all"}
    assert spf.lookups("v=spf1 include:loop.example -all", endless.get) > spf.MOST_LOOKUPS


@pytest.mark.parametrize("text", ["v=spf10 mx", "spf1", "v=spf1mx", "google-site-verification=v=spf1"])
def test_what_is_no_spf_record(text):
    assert not spf.is_spf(text)
    assert spf.is_spf("v=spf1 mx")


@pytest.mark.parametrize(
    ("secret", "region", "password"),
    [
        ("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
    ],
)
def test_smtp_passwords(secret, region, password):
    derived = smtp.password(Secret(secret), region)
    assert derived.reveal() == password
    assert password not in repr(derived)


@given(st.text(string.ascii_letters + string.digits + "+/", min_size=1), st.sampled_from(["us-east-1", "eu-west-2"]))
def test_a_password_is_for_one_region(secret, region):
    other = "eu-west-1"
    assert smtp.password(secret, region) != smtp.password(secret, other)
    assert smtp.password(secret, region) == smtp.password(Secret(secret), region)


class Store:
    def __init__(self, *names):
        self.names = names
        self.values = {}

    def describe(self):
        return "the store"

    def check(self, names=(), *, write=True):
        self.checked = write
        self.read(names)

    def read(self, names):
        for name in names:
            if name not in self.names:
                raise StoreError(f"no place for {name}")
        return {name: self.values.get(name) and Secret(self.values[name]) for name in names}

    def holds(self, name):
        return name in self.values

    def write(self, values):
        self.read(values)
        self.values.update(values)


def test_a_key_becomes_what_smtp_needs():
    kept = Store("smtp_username", "smtp_password", "smtp_host", "smtp_port")
    store = smtp.SmtpStore(kept, "eu-central-1")
    store.check(("access_key", "secret_key"))
    store.write({"access_key": "AKIA", "secret_key": Secret("some+secret+key")})
    assert kept.values["smtp_password"].reveal() == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    assert kept.values["smtp_host"] == "email-smtp.eu-central-1.amazonaws.com"
    assert kept.values["smtp_port"] == "587"
    assert set(kept.values) == set(kept.names)
    assert store.read(["access_key"]) == {"access_key": "AKIA"}
    assert store.holds("secret_key")


def test_a_store_needs_places_for_user_name_and_password_only():
    kept = Store("smtp_username", "smtp_password", "secret_key")
    store = smtp.SmtpStore(kept, "eu-central-1")
    store.write({"access_key": "AKIA", "secret_key": Secret("x")})
    assert set(kept.values) == set(kept.names)
    with pytest.raises(StoreError, match="smtp_password"):
        smtp.SmtpStore(Store("smtp_username"), "us-east-1").check(("access_key", "secret_key"))
