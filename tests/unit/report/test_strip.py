"""The drawing of a target's backups."""

import re
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.report import strip
from tests.unit.report.audits import NOW, backup, backups

DAY = timedelta(hours=26)
STROKE = re.compile(r"M(\d+) 34v-(\d+)")


def drawn(entries, most=720):
    found = [{**entry, "made": datetime.fromisoformat(entry["made"])} for entry in entries]
    return strip.draw(found, DAY, NOW, most)


def strokes(path):
    assert STROKE.sub("", path) == ""
    return [(int(at), int(height)) for at, height in STROKE.findall(path)]


def test_none_is_no_strip():
    assert drawn([]) is None


def test_a_stroke_a_backup_from_the_oldest_to_now():
    seen = drawn([backup(96), backup(72), backup(48), backup(24)])
    assert [at for at, _ in strokes(seen.full)] == [0, 180, 360, 540]
    assert (seen.begin, seen.end) == ("2030-02-25", "2030-03-01")
    assert seen.partial == ""


def test_a_stroke_is_as_high_as_the_backup_is_large():
    seen = drawn([backup(48, 4_000_000), backup(24, 1_000_000), backup(1, 0)])
    assert [height for _, height in strokes(seen.full)] == [28, 16, 4]


def test_what_is_not_full_has_strokes_of_its_own():
    seen = drawn([backup(48), backup(24, full=False)])
    assert len(strokes(seen.full)) == len(strokes(seen.partial)) == 1


def test_gaps_are_drawn_and_described():
    seen = drawn([backup(240), backup(216), backup(96), backup(72), backup(48), backup(24)])
    assert seen.gaps == ((72, 360),)
    assert seen.label == (
        "6 backups from 2030-02-19 to 2030-02-28 09:00 UTC, the newest of 1000 bytes, with 1 gap; the last one is of 5 days before 2030-02-25."
    )


def test_a_gap_until_now_is_one():
    seen = drawn([backup(240), backup(216)])
    assert seen.gaps == ((72, 648),)
    assert "of 9 days until now" in seen.label


def test_each_series_has_gaps_of_its_own():
    steady = [backup(hours) for hours in (96, 72, 48, 24)]
    lagging = [backup(hours, series="spoonbill.tar") for hours in (96, 24)]
    seen = drawn(sorted([*steady, *lagging], key=lambda entry: entry["made"]))
    assert seen.gaps == ((0, 540),)


def test_without_a_gap_it_says_so():
    assert drawn([backup(24), backup(1)]).label.endswith("without a gap.")


@given(backups(), st.integers(24, 720))
def test_any_backups_stay_inside_and_few(found, most):
    seen = drawn(found, most)
    if not found:
        assert seen is None
        return
    everything = [*strokes(seen.full), *strokes(seen.partial)]
    assert all(0 <= at <= strip.WIDTH and 4 <= height <= 28 for at, height in everything)
    assert len(everything) <= most + 2
    assert bool(strokes(seen.full)) == any(entry["full"] for entry in found)
    assert all(0 <= at <= at + wide <= strip.WIDTH for at, wide in seen.gaps)
    if len(found) <= most:
        assert len(everything) <= len({(entry["made"], entry["full"]) for entry in found})
