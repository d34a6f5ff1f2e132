"""What is decided about a user's access keys."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.access_keys import rotation as access_keys
from aws_runbook.access_keys.rotation import Held, Key, Rotation, decide
from aws_runbook.errors import RunbookError

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
WHERE = "pillar file registry.sls"


def days_ago(number):
    return NOW - timedelta(days=number)


def key(name, age=1, *, active=True, used=None):
    return Key(name, active=active, created=days_ago(age), last_used=None if used is None else days_ago(used))


def held(name=None, *, secret=True):
    return Held(WHERE, name, secret if name else False)


def decided(keys, store, rotation=None, lost=None, **options):
    return decide("registry-backup", keys, store, rotation, lost, NOW, **options)


def test_a_user_without_a_key_gets_one_when_there_is_a_store():
    decision = decided([], held())
    assert decision.action == "create"
    assert decision.changes == {"access_key": {"old": None, "new": f"a new key, in {WHERE}"}}


def test_without_a_store_no_key_is_made_and_a_line_says_so():
    decision = decided([], None)
    assert decision.action is None
    assert decision.warnings[0].startswith("Waiting: the user registry-backup has no access key")
    assert decision.pending[0]["on"] == "you"


def test_without_a_store_a_key_that_is_there_is_nobodys_concern():
    assert decided([key("A")], None) == access_keys.Decision()


def test_a_key_in_the_store_is_as_it_should_be():
    assert decided([key("A")], held("A")) == access_keys.Decision()


@pytest.mark.parametrize("store", [held(), held("GONE")])
def test_a_key_that_is_not_in_the_store_is_an_error_that_says_how_to_rotate(store):
    with pytest.raises(RunbookError, match=r"A \(created 2026-05-31\).*is not in pillar file.*rotate registry-backup"):
        decided([key("A")], store)


def test_a_key_whose_secret_is_nowhere_is_an_error_that_says_how_to_rotate():
    with pytest.raises(RunbookError, match=r"without its secret.*iam_access_key\.rotate registry-backup"):
        decided([key("A")], held("A", secret=False))


def test_a_secret_that_cannot_be_looked_at_is_taken_to_be_there():
    assert decided([key("A")], held("A", secret=None)) == access_keys.Decision()


def test_an_inactive_key_in_the_store_is_an_error():
    with pytest.raises(RunbookError, match="is inactive"):
        decided([key("A", active=False)], held("A"))


def test_a_second_key_is_pointed_out():
    assert re.search(r"second access key, B \(active", decided([key("A"), key("B")], held("A")).warnings[0])


def test_an_old_key_is_rotated_when_it_is_time():
    assert decided([key("A", 29)], held("A"), rotate_days=30).action is None
    decision = decided([key("A", 30)], held("A"), rotate_days=30)
    assert (decision.action, decision.old) == ("rotate", "A")
    assert decision.changes == {"access_key": {"old": "A", "new": f"a new key, in {WHERE}"}}


def test_a_third_key_is_never_attempted():
    with pytest.raises(RunbookError, match="AWS allows two"):
        decided([key("A", 30), key("B")], held("A"), rotate_days=30)
    with pytest.raises(RunbookError, match="AWS allows two"):
        access_keys.begin_rotation("registry-backup", [key("A"), key("B")])
    assert access_keys.begin_rotation("registry-backup", [key("A")]) == "A"
    assert access_keys.begin_rotation("registry-backup", []) is None


def test_a_key_of_this_minute_may_be_on_its_way_to_the_store():
    new = Key("N", active=True, created=NOW - timedelta(seconds=20))
    assert access_keys.being_made([new], held(), NOW)
    assert not access_keys.being_made([new], held("N"), NOW)
    assert not access_keys.being_made([new], None, NOW)
    assert not access_keys.being_made([key("A")], held(), NOW)


ROTATING = Rotation("A", days_ago(1))


@pytest.mark.parametrize(
    ("old", "new", "since", "action"),
    [
        # Neither is used yet: wait, for as long as the grace lasts.
        (key("A", 40), key("B", 1), 1, None),
        (key("A", 40, used=2), key("B", 1), 1, None),
        (key("A", 40, used=9), key("B", 8), 8, "deactivate"),
        # The new one is used: at once, unless something else still uses the old one.
        (key("A", 40, used=2), key("B", 1, used=0), 1, "deactivate"),
        (key("A", 40, used=0), key("B", 1, used=0), 1, None),
        (key("A", 40, used=0), key("B", 8, used=0), 8, "deactivate"),
        # The grace is over, and the server still uses the old one alone: its backups would end.
        (key("A", 40, used=0), key("B", 8), 8, None),
        (key("A", 40, active=False), key("B", 1, used=0), 1, None),
        (key("A", 40, active=False), key("B", 9, used=0), 7, "delete"),
    ],
)
def test_the_stages_of_a_rotation(old, new, since, action):
    decision = decided([old, new], held("B"), Rotation("A", days_ago(since)))
    assert decision.action == action
    assert (decision.old == "A") is bool(action)
    assert bool(decision.changes) is bool(action)
    if not action:
        assert decision.warnings[0].startswith("Waiting: the old access key A of the user registry-backup")
        assert decision.pending[0]["since"] == days_ago(since)


def test_a_rotation_that_did_not_get_to_a_new_key_begins_again():
    assert decided([key("A", 40)], held("A"), ROTATING, rotate_days=30).action == "rotate"


def test_the_tag_reads_as_it_was_written():
    assert Rotation.parse(ROTATING.tag()) == ROTATING
    assert Rotation.parse("somebody else's words") is None
    assert Rotation.parse(None) is None
    for year in ("0001", "9999"):  # to add a grace period to it would leave what a date can be
        assert Rotation.parse(f"{ROTATING.old} {year}-12-31T00:00:00Z") is None


KEYS = st.lists(
    st.builds(
        Key,
        st.sampled_from(["A", "B", "C"]),
        active=st.booleans(),
        created=st.integers(0, 400).map(days_ago),
        last_used=st.none() | st.integers(0, 400).map(days_ago),
    ),
    max_size=2,
    unique_by=lambda entry: entry.id,
)
STORES = st.none() | st.builds(
    Held, st.just(WHERE), st.none() | st.sampled_from(["A", "B", "C"]), st.sampled_from([True, False, None])
)
ROTATIONS = st.none() | st.builds(Rotation, st.sampled_from(["A", "B", "C"]), st.integers(0, 400).map(days_ago))


@given(KEYS, STORES, ROTATIONS, st.none() | st.integers(1, 400), st.integers(1, 30))
def test_whatever_is_found(keys, store, rotation, rotate_days, grace_days):
    try:
        decision = decided(keys, store, rotation, rotate_days=rotate_days, grace_days=grace_days)
    except RunbookError as error:
        assert "salt-call iam_access_key." in str(error)
        return
    if decision.action in ("create", "rotate"):
        assert store
        assert len(keys) < access_keys.MOST_KEYS
    if decision.action in ("deactivate", "delete"):
        # Only the key that a rotation named is ever touched, and never the one in the store.
        assert decision.old == rotation.old != store.id
        assert len(keys) == access_keys.MOST_KEYS
    if decision.action == "delete":
        assert not next(entry for entry in keys if entry.id == decision.old).active
    assert bool(decision.changes) is bool(decision.action)
