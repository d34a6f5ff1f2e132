"""What was done to a target, and what of it looks like damage."""

from datetime import timedelta

import pytest
from hypothesis import given, settings

from aws_runbook.backups.targets import Target
from aws_runbook.recovery import activity, versions
from tests.unit.recovery.strategies import START, entry, listings, pages

SCRIPT = Target("registry", "script", "b", "database", "eu-west-2", expires=True, expire_days=30)
SYNC = Target("registry", "sync", "b", "sync", "eu-west-2", expires=False)
REPOSITORY = Target("registry", "pgbackrest", "b", "repo", "eu-west-2", expires=False)


def lines(target, listing, by="day", since=None):
    told = activity.History(target, by)
    for _, found in versions.by_key(versions.stream(pages(listing, 3))):
        for event in activity.events(found):
            told.add(event)
    return list(told.lines(since))


@settings(deadline=None)  # machines have bad moments
@given(listings())
def test_each_object_was_written_once_more_than_it_was_deleted_if_it_is_there(listing):
    found = lines(SYNC, listing)
    there = sum(entry["IsLatest"] for entry, marker in listing if not marker)
    assert sum(line.written - line.deleted for line in found) == there
    assert sum(line.written + line.overwritten for line in found) == sum(not marker for _, marker in listing)


def test_each_hour_or_day_has_a_line():
    days = [START + timedelta(hours=hours) for hours in (3, 27, 28, 50)]
    listing = [
        (entry("a", 3, days[3], latest=True, marker=True), True),
        (entry("a", 2, days[1]), False),
        (entry("a", 1, days[0]), False),
        (entry("b", 4, days[2], latest=True), False),
    ]
    found = lines(SYNC, listing)
    assert [(line.begin, line.written, line.overwritten, line.deleted) for line in found] == [
        (START, 1, 0, 0),
        (START + timedelta(days=1), 1, 1, 0),
        (START + timedelta(days=2), 0, 0, 1),
    ]
    assert [line.begin for line in lines(SYNC, listing, by="hour")] == days
    assert [line.begin for line in lines(SYNC, listing, by="hour", since=days[2])] == days[2:]


def test_a_marker_on_a_marker_deletes_nothing():
    listing = [
        (entry("a", 2, START + timedelta(hours=1), latest=True, marker=True), True),
        (entry("a", 1, START, marker=True), True),
    ]
    assert lines(SYNC, listing) == []


def damage(target, listing):
    return [sentence for line in lines(target, listing) for sentence in line.damage]


def changed(key, days, *, marker=False, **more):
    made = START + timedelta(days=days)
    return [(entry(key, 2, made, latest=True, marker=marker, **more), marker), (entry(key, 1, START), False)]


@pytest.mark.parametrize(
    ("target", "listing", "sentences"),
    [
        (SCRIPT, changed("database/a", 3), ["1 overwritten, though each backup has a name of its own"]),
        (SCRIPT, changed("database/a", 3, marker=True), ["1 deleted before the 30 days were over"]),
        (SCRIPT, changed("database/a", 31, marker=True), []),
        (SYNC, changed("sync/a", 3), []),
        (SYNC, changed("sync/a", 3, marker=True), []),
        (REPOSITORY, changed("repo/archive/x/archive.info", 3), []),
        (
            REPOSITORY,
            changed("repo/archive/x/archive.info.copy", 3, marker=True),
            ["1 of the files that make it a repository deleted"],
        ),
        (
            REPOSITORY,
            changed("repo/backup/x/20260101-000000F/pg_data/base/1.gz", 3),
            ["1 overwritten that pgBackRest never writes anew"],
        ),
        (REPOSITORY, changed("repo/backup/x/20260101-000000F/pg_data/base/1.gz", 3, marker=True), []),
    ],
)
def test_what_no_program_of_that_kind_does_looks_like_damage(target, listing, sentences):
    assert damage(target, listing) == sentences


@pytest.mark.parametrize(("lost", "marked"), [(6, False), (7, True), (9, True)])
def test_more_than_two_thirds_in_a_day_looks_like_damage(lost, marked):
    listing = []
    for number in range(9):
        key = f"sync/{number}"
        listing += changed(key, 3, marker=True) if number < lost else [(entry(key, 1, START, latest=True), False)]
    found = lines(SYNC, listing)
    expected = [f"{lost} of 9 objects overwritten or deleted"] if marked else []
    assert found[-1].damage == expected
    assert activity.first_damage(found) == (START + timedelta(days=3) if marked else None)
