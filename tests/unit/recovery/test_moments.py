"""The moment that a person writes."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.errors import RunbookError
from aws_runbook.recovery import moments

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("as_of", "meant"),
    [
        ("2026-11-20 03:00", utc(2026, 11, 20, 3)),
        ("2026-11-20T03:00:07", utc(2026, 11, 20, 3, 0, 7)),
        ("2026-11-20 03:00 UTC", utc(2026, 11, 20, 3)),
        ("2026-11-20 03:00:00Z", utc(2026, 11, 20, 3)),
        ("2026-11-20 03:00+01:00", utc(2026, 11, 20, 2)),
        (" 2026-11-20 03:00 -05:30 ", utc(2026, 11, 20, 8, 30)),
        ("2026-11-20", utc(2026, 11, 20)),
        (utc(2026, 11, 20, 3, 0, 0, 999).replace(tzinfo=None), utc(2026, 11, 20, 3)),
        (datetime(2026, 11, 20, 3, tzinfo=timezone(timedelta(hours=2))), utc(2026, 11, 20, 1)),
    ],
)
def test_without_a_zone_it_is_utc(as_of, meant):
    assert moments.parse(as_of, NOW) == meant
    assert moments.parse(moments.shown(meant), NOW) == meant


@pytest.mark.parametrize(
    "as_of",
    [
        *("", "yesterday", "20.11.2026", "2026-11-20 3:00", "2026-11-20 03:00 CET", "2026-11-20 03:00+25", "03:00"),
        *(None, 7, ["x"]),
    ],
)
def test_anything_else_is_one_sentence(as_of):
    with pytest.raises(RunbookError) as raised:
        moments.parse(as_of, NOW)
    assert str(raised.value) == (
        f"as_of is {as_of!r}; give a moment such as '2026-11-20 03:00', which is in UTC, or one with its zone, "
        "'2026-11-20 03:00+01:00'."
    )


@pytest.mark.parametrize(
    "as_of", ["2026-02-30", "2026-11-20 25:00", "2026-11-20 03:00+24:00", "0001-01-01 00:00+23:00"]
)
def test_what_no_calendar_shows_is_one_sentence(as_of):
    with pytest.raises(RunbookError, match=r"^as_of is '[^\n]+$"):
        moments.parse(as_of, NOW)


def test_what_is_yet_to_come():
    with pytest.raises(RunbookError) as raised:
        moments.parse("2026-11-27 13:00", NOW)
    assert str(raised.value) == "as_of is 2026-11-27 13:00 UTC, which is in the future: it is 2026-11-27 12:00 UTC now."
    assert moments.parse("2026-11-27 13:00+01:00", NOW) == NOW


MOMENTS = st.integers(0, 10**9).map(lambda seconds: utc(2020, 1, 1) + timedelta(seconds=seconds))


@settings(deadline=None)  # machines have bad moments
@given(MOMENTS, st.integers(1, 400))
def test_the_earliest_moment_is_kept_and_can_be_written(now, days):
    first = moments.earliest(now, days)
    assert timedelta() < first - (now - timedelta(days=days)) <= timedelta(minutes=2)
    assert moments.parse(moments.shown(first), now) == first
    assert moments.earliest(now, None) is None


def test_a_moment_does_not_depend_on_the_time_zone_of_this_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        moment = moments.parse("2026-11-20 03:00", NOW)
        assert moment.isoformat() == "2026-11-20T03:00:00+00:00"
        assert moments.shown(moment) == "2026-11-20 03:00 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (utc(2026, 11, 27, 12), utc(2026, 11, 20, 12, 1)),
        (utc(2026, 11, 27, 12, 0, 1), utc(2026, 11, 20, 12, 2)),
        (utc(2026, 11, 27, 12, 0, 0, 1), utc(2026, 11, 20, 12, 2)),
        (utc(2026, 11, 27, 12, 0, 59, 999_999), utc(2026, 11, 20, 12, 2)),
    ],
)
def test_the_earliest_moment_is_a_whole_minute(now, first):
    assert moments.earliest(now, 7) == first
