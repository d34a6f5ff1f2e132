import logging
import re

import pytest

from aws_runbook import polling
from tests.fixtures.fake_time import Time


@pytest.fixture
def time():
    return Time()


def until(time, question, **arguments):
    return polling.until(question, what="X", clock=time.clock, pause=time.pause, **arguments)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("most", [0.5, 5.0, 20.0, 45.0])
def test_after_five_seconds_and_each_minute_it_says_what_it_waits_for_and_for_how_long_yet(time, caplog, most):
    assert until(time, lambda: False, timeout=330, most=most) is False
    assert time.now == pytest.approx(330)
    said = warnings(caplog)
    assert len(said) in (5, 6)
    assert said[0].startswith("Waiting for X: 5 s so far, for 5 min 25 s more at most")
    assert all(re.fullmatch(r"Waiting for X: .* so far, for .* more at most", line) for line in said)


def test_a_short_wait_says_nothing_by_default(time, caplog):
    until(time, lambda: time.now > 3, timeout=600)
    assert warnings(caplog) == []


def test_what_is_waited_for_can_change(time, caplog):
    polling.until(lambda: False, what=lambda: f"Y at {time.now:.0f}", timeout=130, clock=time.clock, pause=time.pause)
    assert warnings(caplog)[0].startswith("Waiting for Y at 5: 5 s so far, for 2 min 5 s more at most")


def test_between_two_questions(time):
    calls = []
    assert until(
        time, lambda: calls.append("asked") or len(calls) > 3, timeout=60, between=lambda: calls.append("pause")
    )
    assert calls == ["asked", "pause", "asked", "pause", "asked"]
