"""What EC2 has shown once and does not show to everybody yet."""

from functools import partial

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.network import lookup as ec2
from aws_runbook.run import waiting


class Session:
    """One that gives these answers, the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def read(self, *_, **__):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def brought_along(self, kind, name, by):
        assert (kind, name, by) == ("route_table", "rtb-1", "vpc-1")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(ec2, "until", partial(waiting.until, pause=lambda _seconds: None))


def test_settings_are_read_again():
    session = Session(None, None, {"EnableDnsSupport": {"Value": False}})
    assert ec2.dns(session, "vpc-1", "enable_dns_support") is False


def test_a_route_table_is_read_again():
    main = {"RouteTableId": "rtb-1"}
    assert ec2.main_table(Session({"RouteTables": []}, {"RouteTables": [main]}), "vpc-1") == main


def test_what_never_comes_is_an_error(monkeypatch):
    monkeypatch.setattr(ec2, "SETTLE_TIMEOUT", 0)
    with pytest.raises(
        RunbookError, match="AWS does not show the main route table of the VPC vpc-1 yet; run this again"
    ):
        ec2.main_table(Session({"RouteTables": []}), "vpc-1")
