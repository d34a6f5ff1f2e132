import logging

import pytest

from aws_runbook.amounts import minutes_and_seconds
from aws_runbook.progress import Progress
from tests.fixtures.fake_time import Time


@pytest.fixture
def time():
    return Time()


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def steps(time, seconds, count, **how):
    progress = Progress("Doing it", "parts", clock=time.clock, **how)
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
        f"Doing it: {taken // 3} parts in {minutes_and_seconds(taken)} so far" for taken in (6, 27, 48)
    ]


def test_the_end_is_not_told(time, caplog):
    steps(time, 30, 1, of=1)
    assert warnings(caplog) == []
