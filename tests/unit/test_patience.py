import logging
import re

import pytest

from aws_runbook import patience


class Time:
    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    def pause(self, seconds):
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def until(time, question, **arguments):
    return patience.until(question, what="X", clock=time.clock, pause=time.pause, **arguments)


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
    patience.until(lambda: False, what=lambda: f"Y at {time.now:.0f}", timeout=130, clock=time.clock, pause=time.pause)
    assert warnings(caplog)[0].startswith("Waiting for Y at 5: 5 s so far, for 2 min 5 s more at most")


def test_between_two_questions(time):
    calls = []
    assert until(
        time, lambda: calls.append("asked") or len(calls) > 3, timeout=60, between=lambda: calls.append("pause")
    )
    assert calls == ["asked", "pause", "asked", "pause", "asked"]


def steps(time, seconds, count, **how):
    progress = patience.Progress("Doing it", "parts", clock=time.clock, **how)
    for _ in range(count):
        time.pause(seconds)
        progress.step()


def test_what_is_over_soon_says_nothing(time, caplog):
    steps(time, 0.4, 12, of=12)
    assert warnings(caplog) == []


def test_what_takes_its_time_says_how_far_it_is_and_for_how_long_yet(time, caplog):
    steps(time, 1, 60, of=60)
    assert warnings(caplog) == [
        "Doing it: 5 of 60 parts so far, about 55 s more",
        "Doing it: 25 of 60 parts so far, about 35 s more",
        "Doing it: 45 of 60 parts so far, about 15 s more",
    ]


def test_where_nobody_knows_of_how_many_it_says_how_many(time, caplog):
    steps(time, 3, 20)
    assert warnings(caplog) == [
        f"Doing it: {taken // 3} parts in {patience._length(taken)} so far" for taken in (6, 27, 48)
    ]


def test_the_end_is_not_told(time, caplog):
    steps(time, 30, 1, of=1)
    assert warnings(caplog) == []
