"""Whatever takes more than some seconds says at Salt's default log level what it does, how far it is and for how long yet."""

import itertools
import logging
import re

import pytest

from aws_runbook import progress
from tests.fixtures.servers import Servers

FAR = re.compile(
    r"(?P<doing>[^:]+): (?P<done>\d+) of (?P<of>\d+) (?P<parts>[a-z ]+) so far, about \d+(?: min)?(?: \d+)?(?: s)? ?more"
)


@pytest.fixture
def slow(monkeypatch):
    """Each look at the clock is a second later."""
    seconds = itertools.count()
    monkeypatch.setattr(progress.Progress.__init__, "__kwdefaults__", {"clock": lambda: next(seconds)})


def told(caplog):
    """What warnings say is being done, and of how much."""
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return {(match["doing"], int(match["of"]), match["parts"]) for line in lines if (match := FAR.fullmatch(line))}


def test_a_first_apply_reports_its_progress(sandbox, tmp_path, slow, caplog):
    done = Servers(tmp_path, 8).minion.apply("aws.account")
    count = len(done) - 1  # the state that checks pillar brings nothing about
    assert told(caplog) >= {
        ("Reading the state of AWS", count, "states"),
        ("Applying states", len(done), "states"),
        ("Writing in parallel", 7, "states"),
    }


def test_a_plan_says_that_it_compares(sandbox, tmp_path, slow, caplog):
    Servers(tmp_path, 4).minion.call("aws_account.plan")
    assert "Comparing AWS with pillar" in {doing for doing, _, _ in told(caplog)}


def test_an_audit_and_what_is_pending_report_their_progress(sandbox, tmp_path, slow, caplog):
    minion = Servers(tmp_path, 8).minion
    minion.call("aws_backup.audit")
    minion.call("aws_account.pending")
    assert {(doing, parts) for doing, _, parts in told(caplog)} >= {
        ("Auditing backups", "places"),
        ("Reading what is pending", "kinds of resource"),
    }


def test_the_search_of_a_large_bucket_reports_its_progress(sandbox, modules, monkeypatch, slow, caplog):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="ocp-large")
    for number in range(30):
        s3.put_object(Bucket="ocp-large", Key=f"{number:02}", Body=b"")
    monkeypatch.setattr(progress, "FIRST_LINE", 0.0)
    modules["s3_lifecycle.repositories"]("ocp-large")
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any(
        re.fullmatch(
            r"Reading the pages of an answer, to search the bucket ocp-large for objects that must not expire: 30 entries in \d+ s so far",
            line,
        )
        for line in said
    ), said
