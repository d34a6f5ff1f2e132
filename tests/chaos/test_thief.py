"""A small share of the search for what a thief could destroy; ``make chaos`` makes the large one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aws_runbook.recovery import versions
from aws_runbook.recovery.activity import History, events, first_damage
from tests.chaos import thief


@pytest.mark.parametrize("name", thief.SETTINGS)
def test_a_thief_destroys_nothing(name):
    counts = thief.search(thief.SETTINGS[name], examples=25)
    attack = {what for what in counts if what in thief.ATTACK}
    assert {"overwrite: put", "delete", "open an upload", "complete an upload"} <= attack


@pytest.mark.parametrize("name", thief.WEAKENINGS)
def test_each_weakening_is_found_by_the_same_search(name):
    with pytest.raises(thief.FoundError):
        thief.search(thief.WEAKENINGS[name], examples=1500)


@pytest.mark.parametrize("action", thief.HARMLESS)
def test_what_is_forbidden_for_other_reasons_destroys_nothing(action):
    """What it costs, and what it shows to others, is a reason all the same."""
    counts = thief.search(thief.Setting(actions=(action,)), examples=25)
    assert counts[f"forbidden: {action}"]


def test_a_lock_that_is_a_day_too_short():
    """R = W + N alone is not enough where S3 expires the objects: they stay until the midnight after."""
    setting = thief.SETTINGS["dumps, locked"]
    days = setting.lock[1]
    for lock, lost in ((days, False), (days - 1, True)):
        machine = type("Machine", (thief.Thief,), {"setting": replace(setting, lock=("COMPLIANCE", lock))})()
        machine.put("own/c")  # on the first day at four
        machine._pass(timedelta(days=3, hours=10))  # a moment at which it is still there
        machine._pass(timedelta(days=3, hours=15))
        machine.steal()
        machine.destroy("own/")
        if lost:
            with pytest.raises(AssertionError, match="as of"):
                machine.each_moment_is_there()
        else:
            machine.each_moment_is_there()


def test_an_upload_that_hides_below_a_delete_marker_shows_in_the_history():
    """Found by the search: a listing of objects does not show it, and as of a moment before the marker it is what was there."""
    machine = type("Machine", (thief.Thief,), {"setting": thief.SETTINGS["dumps"]})()
    machine._pass(timedelta(days=3, hours=10))
    machine.steal()
    machine.open_uploads(["own/a"])
    machine._pass(timedelta(hours=20))  # at midnight the dump expires
    live = machine.bucket.live()
    machine.complete_uploads(many=True)
    assert machine.bucket.live() == live
    assert machine.damage == machine.bucket.now
    told = History(machine.target, "hour")
    for _, found in versions.by_key(versions.stream(machine.bucket.pages("own/"))):
        for event in events(found):
            told.add(event)
    assert first_damage(list(told.lines())) == machine.theft + timedelta(seconds=1)
    machine.each_moment_is_there()
