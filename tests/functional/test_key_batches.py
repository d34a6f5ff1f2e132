"""Access keys that are made side by side: each gets to its store, whole, and nobody else sees its secret."""

import logging
import threading
from collections import Counter

import pytest
import yaml

from aws_runbook import clock
from aws_runbook.access_keys import creation, creation_notes, rotation
from tests.functional.test_batches import applied, told

USERS = [f"{name}-backup" for name in ("a", "b", "c", "d")]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "private"
    place.mkdir()
    return place


def in_file(path, prefix="aws"):
    return {"pillar_file": str(path), "keys": {half: f"{prefix}:{half}" for half in ("access_key", "secret_key")}}


def high(stores):
    states = {user: {"iam_user": ["present", {"name": user}]} for user in stores}
    for user, store in stores.items():
        said = ["present", {"name": user}, {"store": store}, {"require": [{"iam_user": user}]}]
        states[f"{user}-key"] = {"iam_access_key": said}
    return states


@pytest.fixture
def at_once(monkeypatch):
    """How many keys were being made at the same time, at most."""
    busy, most, lock, make = set(), [0], threading.Lock(), creation.make

    def counted(session, user, place):
        with lock:
            busy.add(user)
            most[0] = max(most[0], len(busy))
        try:
            return make(session, user, place)
        finally:
            with lock:
                busy.discard(user)

    monkeypatch.setattr(creation, "make", counted)
    return most


def check(sandbox, stored, done, log):
    """Each user has the key whose id is in its store, and no secret stands anywhere else."""
    iam = sandbox.client("iam")
    assert len({halves["secret_key"] for halves in stored.values()}) == len(USERS)
    for user, halves in stored.items():
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        assert [entry["AccessKeyId"] for entry in keys] == [halves["access_key"]]
        assert len(halves["secret_key"]) == 40
        assert halves["secret_key"] not in f"{done}{log}"


def test_stores_that_are_files_of_one_folder(modules, sandbox, folder, at_once, caplog):
    caplog.set_level(logging.DEBUG)
    states = high({user: in_file(folder / f"{user}.sls") for user in USERS})
    done = applied(modules, states)
    assert {state["result"] for state in done.values()} == {True}, told(done)
    stored = {user: yaml.safe_load((folder / f"{user}.sls").read_text())["aws"] for user in USERS}
    check(sandbox, stored, done, caplog.text)
    assert at_once[0] > 1
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    sandbox.clear_calls()
    again = applied(modules, states)
    assert {str(state["changes"]) for state in again.values()} == {"{}"}
    assert sandbox.calls(write=True) == []


def test_stores_in_one_file_are_written_one_after_the_other(modules, sandbox, folder, at_once, caplog):
    caplog.set_level(logging.DEBUG)
    path = folder / "all.sls"
    done = applied(modules, high({user: in_file(path, f"aws:{user}") for user in USERS}))
    assert {state["result"] for state in done.values()} == {True}, told(done)
    check(sandbox, yaml.safe_load(path.read_text())["aws"], done, caplog.text)
    assert at_once == [1]


def test_stores_in_several_folders_are_written_one_after_the_other(modules, sandbox, folder, at_once):
    for user in USERS:
        (folder / user).mkdir()
    done = applied(modules, high({user: in_file(folder / user / "private.sls") for user in USERS}))
    assert {state["result"] for state in done.values()} == {True}, told(done)
    assert at_once == [1]


def test_one_whose_answer_is_lost_fails_alone(modules, sandbox, folder, caplog):
    caplog.set_level(logging.DEBUG)
    sandbox.fault("CreateAccessKey", "reset_after", skip=1)
    states = high({user: in_file(folder / f"{user}.sls") for user in USERS})
    done = applied(modules, states)
    failed = [name for name, state in done.items() if state["result"] is False]
    assert len(failed) == 1
    # Nobody knows the secret of the key that was made, and it is gone.
    user = failed[0].removesuffix("-key")
    assert sandbox.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"] == []
    again = applied(modules, states)
    assert {state["result"] for state in again.values()} == {True}, told(again)
    assert [name for name, state in again.items() if state["changes"]] == failed
    stored = {user: yaml.safe_load((folder / f"{user}.sls").read_text())["aws"] for user in USERS}
    check(sandbox, stored, (done, again), caplog.text)


def test_a_store_that_cannot_be_written_fails_alone(modules, sandbox, folder):
    stores = {user: in_file(folder / f"{user}.sls") for user in USERS}
    (folder / f"{USERS[2]}.sls").write_text("aws: {{ 'made' }}\n")
    done = applied(modules, high(stores))
    assert [name for name, state in done.items() if state["result"] is False] == [f"{USERS[2]}-key"]
    assert sandbox.client("iam").list_access_keys(UserName=USERS[2])["AccessKeyMetadata"] == []


def test_what_keys_cost(modules, sandbox, folder):
    """A look at a user's keys before and after, a note before and after; and one look at the notes of all users."""
    applied(modules, {user: {"iam_user": ["present", {"name": user}]} for user in USERS})
    states = high({user: in_file(folder / f"{user}.sls") for user in USERS})
    sandbox.clear_calls()
    applied(modules, states)
    asked = Counter(call["operation"] for call in sandbox.calls())
    assert asked.pop("GetAccountAuthorizationDetails") <= 2
    assert asked == {
        # When it is read ahead, when the folder is locked, when it is certain that nobody else makes one, and when it is made.
        "ListAccessKeys": 4 * len(USERS),
        "TagUser": 2 * len(USERS),
        "CreateAccessKey": len(USERS),
    }


def test_of_a_new_user_it_is_known_that_it_has_no_keys(modules, sandbox, folder):
    applied(modules, high({user: in_file(folder / f"{user}.sls") for user in USERS}))
    asked = Counter(call["operation"] for call in sandbox.calls())
    assert asked["ListAccessKeys"] == 2 * len(USERS)
    assert asked["GetUser"] == 0


def test_a_key_that_somebody_makes_for_a_new_user_is_noticed(modules, sandbox, folder, monkeypatch):
    """Between the user and its key: what is known of the new user no longer holds."""
    iam, wait, theirs = sandbox.client("iam"), creation.wait_for_turn, {}

    def meanwhile(session, user):
        if user == USERS[1]:
            theirs[user] = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
        wait(session, user)

    monkeypatch.setattr(creation, "wait_for_turn", meanwhile)
    done = applied(modules, high({user: in_file(folder / f"{user}.sls") for user in USERS}))
    assert [name for name, state in done.items() if state["result"] is False] == [f"{USERS[1]}-key"]
    assert theirs[USERS[1]] in done[f"{USERS[1]}-key"]["comment"]
    assert done[f"{USERS[1]}-key"]["changes"] == {}
    kept = iam.list_access_keys(UserName=USERS[1])["AccessKeyMetadata"]
    assert [entry["AccessKeyId"] for entry in kept] == [theirs[USERS[1]]]
    assert not (folder / f"{USERS[1]}.sls").exists()


def test_the_note_of_a_run_on_another_machine_is_seen_by_those_side_by_side(modules, sandbox, folder, monkeypatch):
    """All users are asked about at once; who sees a note waits, and the others do not."""
    monkeypatch.setattr(rotation, "STORING", 1)
    iam, wait = sandbox.client("iam"), creation.wait_for_turn

    def meanwhile(session, user):
        if user == USERS[2]:
            note = creation_notes.Note(clock.now(), "elsewhere-1", ())
            iam.tag_user(UserName=user, Tags=[{"Key": creation_notes.TAG, "Value": note.text()}])
        wait(session, user)

    monkeypatch.setattr(creation, "wait_for_turn", meanwhile)
    done = applied(modules, high({user: in_file(folder / f"{user}.sls") for user in USERS}))
    assert [name for name, state in done.items() if state["result"] is False] == [f"{USERS[2]}-key"]
    assert "Another run has been creating an access key" in done[f"{USERS[2]}-key"]["comment"]
    assert iam.list_access_keys(UserName=USERS[2])["AccessKeyMetadata"] == []
