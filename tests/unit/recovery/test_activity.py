"""What was done to a target, and what of it looks like damage."""

import time
from datetime import timedelta, timezone

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


def event(what, day, key="database/a", age=timedelta(days=1)):
    return activity.Event(
        key, what, START + timedelta(days=day, hours=5, minutes=7, seconds=9, microseconds=8), 10, age
    )


def test_a_line_says_all_that_was_done():
    told = activity.History(SCRIPT, "hour")
    for each in (
        event(activity.WRITTEN, 0),
        event(activity.WRITTEN, 0, "database/b"),
        event(activity.OVERWRITTEN, 1),
        event(activity.DELETED, 1, "database/b"),
        event(activity.DELETED, 1, "database/c", timedelta(days=30)),
    ):
        told.add(each)
    first, second = told.lines()
    begin = START + timedelta(hours=5)
    assert first == activity.Line(begin, written=2, volume=20)
    when = event("", 1).at
    assert second == activity.Line(
        begin + timedelta(days=1),
        overwritten=1,
        deleted=2,
        volume=30,
        objects=2,
        damage=["1 deleted before the 30 days were over", "1 overwritten, though each backup has a name of its own"],
        first=when,
        changed=when,
        certain=True,
    )
    assert activity.first_damage([first, second]) == when
    assert activity.as_data(second) == {
        "begin": "2026-01-02T05:00:00+00:00",
        "written": 0,
        "overwritten": 1,
        "deleted": 2,
        "bytes": 30,
        "damage": ["1 deleted before the 30 days were over", "1 overwritten, though each backup has a name of its own"],
    }
    zone = timezone(timedelta(hours=2))
    assert activity.as_data(activity.Line(START.astimezone(zone)))["begin"] == "2026-01-01T00:00:00+00:00"


def test_damage_begins_with_the_first_of_it():
    told = activity.History(SCRIPT, "day")
    times = [timedelta(hours=hours) for hours in (5, 3, 4)]
    for number, hour in enumerate(times):
        told.add(activity.Event(f"database/{number}", activity.OVERWRITTEN, START + hour, 1, timedelta()))
    (line,) = told.lines()
    assert (line.first, line.changed, line.begin) == (START + times[1], START + times[1], START)
    assert activity.first_damage([activity.Line(START), line]) == START + times[1]
    assert activity.first_damage([]) is None


def test_what_an_event_is():
    found = [
        versions.Version("k", "3", START + timedelta(hours=5), is_latest=True, is_marker=True),
        versions.Version("k", "2", START + timedelta(hours=3), is_latest=False, size=7),
        versions.Version("k", "1", START, is_latest=False, size=5),
    ]
    assert list(activity.events(found)) == [
        activity.Event("k", "deleted", START + timedelta(hours=5), 0, timedelta(hours=2)),
        activity.Event("k", "overwritten", START + timedelta(hours=3), 7, timedelta(hours=3)),
        activity.Event("k", "written", START, 5),
    ]
    assert list(activity.events([])) == []
    again = [found[1], found[0]]
    assert list(activity.events(again)) == [activity.Event("k", "written", START + timedelta(hours=3), 7)]


@pytest.mark.parametrize(("objects", "lost", "marked"), [(4, 4, False), (5, 4, True), (6, 4, False), (6, 5, True)])
def test_for_few_objects_no_share_is_reported(objects, lost, marked):
    told = activity.History(SYNC, "day")
    for number in range(objects):
        told.add(activity.Event(f"sync/{number}", activity.WRITTEN, START))
    for number in range(lost):
        told.add(activity.Event(f"sync/{number}", activity.DELETED, START + timedelta(days=1, hours=number)))
    (_, line) = told.lines()
    assert bool(line.damage) is marked
    assert line.first == (START + timedelta(days=1) if marked else None)
    assert not line.certain


def test_the_line_in_which_a_moment_lies_is_the_first():
    told = activity.History(SYNC, "day")
    for day in range(3):
        told.add(activity.Event("sync/x", activity.WRITTEN, START + timedelta(days=day)))
    for since, number in ((None, 3), (START, 3), (START + timedelta(hours=23), 3), (START + timedelta(days=1), 2)):
        lines_ = list(told.lines(since))
        assert len(lines_) == number
        assert lines_[-1].objects == 2


@pytest.mark.parametrize(
    ("target", "key", "what", "age", "why"),
    [
        (SCRIPT, "database/x", activity.WRITTEN, 0, None),
        (SCRIPT, "database/x", activity.DELETED, 29, "deleted before the 30 days were over"),
        (SCRIPT, "database/x", activity.DELETED, 30, None),
        (Target("x", "files", "b", "d", "r", expires=True), "d/x", activity.DELETED, 0, None),
        *(
            (REPOSITORY, f"repo/backup/x/{name}{end}", activity.OVERWRITTEN, 0, None)
            for name in ("archive.info", "backup.info", "backup.manifest")
            for end in ("", ".copy")
        ),
        *(
            (
                REPOSITORY,
                f"repo/{name}",
                activity.DELETED,
                0,
                "of the files that make it a repository deleted",
            )
            for name in ("archive.info", "archive.info.copy", "backup.info", "backup.info.copy")
        ),
        (REPOSITORY, "backup.manifest", activity.DELETED, 0, None),
        (REPOSITORY, "archive.info/x", activity.OVERWRITTEN, 0, "overwritten that pgBackRest never writes anew"),
        (REPOSITORY, "repo/archive.info", activity.WRITTEN, 0, None),
    ],
)
def test_what_looks_like_damage_by_itself(target, key, what, age, why):
    assert activity.suspicion(target, activity.Event(key, what, START, 1, timedelta(days=age))) == why


def test_how_many_looked_like_damage_is_counted_and_what_was_deleted_is_not_there_any_more():
    told = activity.History(SCRIPT, "day")
    for number in range(3):
        told.add(activity.Event(f"database/{number}", activity.WRITTEN, START))
    for number in range(2):
        told.add(activity.Event(f"database/{number}", activity.DELETED, START + timedelta(days=1)))
    told.add(activity.Event("database/x", activity.WRITTEN, START + timedelta(days=2)))
    _, second, third = told.lines()
    assert second.damage == ["2 deleted before the 30 days were over"]
    assert third.objects == 1


def test_damage_without_a_moment_begins_at_none():
    begun = activity.Line(START, first=START)
    assert activity.first_damage([begun, activity.Line(START, damage=["x"])]) is None


def test_what_is_shown_does_not_depend_on_the_time_zone_of_this_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert activity.as_data(activity.Line(START))["begin"] == "2026-01-01T00:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()
