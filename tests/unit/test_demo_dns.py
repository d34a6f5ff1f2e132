"""The DNS host of ``make demo``, with PowerDNS and without."""

import pytest
import yaml

from aws_runbook.dns import check as dns_check
from aws_runbook.dns import publish as dns_publish
from aws_runbook.dns import records as dns_records
from demo import dns_host

RECORD = dns_records.Record("inbound_mx", "MX", "noreply.example.org", "10 inbound-smtp.us-east-1.amazonaws.com")


def settings(pillar):
    return yaml.safe_load((pillar / "private" / "dns.sls").read_text())["aws"]["ses"]["dns"]


@pytest.fixture
def pillar(tmp_path):
    (tmp_path / "private").mkdir()
    return tmp_path


def test_without_powerdns_nothing_is_published_and_no_other_server_asked(pillar, tmp_path, monkeypatch):
    monkeypatch.setattr(dns_host, "is_installed", lambda: False)
    with dns_host.dns_host(tmp_path) as host:
        host.look(pillar)
        assert not host.takes_records
        assert settings(pillar) == {"nameserver": host.nameserver}
        assert dns_check.Dns(host.nameserver).cached(RECORD.name, "MX") == ([], None)


@pytest.mark.powerdns
def test_with_powerdns_records_are_published_as_pillar_says(pillar, tmp_path):
    with dns_host.dns_host(tmp_path) as host:
        host.look(pillar)
        assert "provider" not in settings(pillar)
        host.publish(pillar)
        dns_publish.make(settings(pillar), "example.org").add(RECORD)
        assert dns_check.Dns(host.nameserver).authoritative(RECORD.name, "MX") == [RECORD.value]
