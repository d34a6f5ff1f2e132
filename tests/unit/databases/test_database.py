"""What is asked of AWS to change a database, and when AWS is to do it."""

import contextlib
from dataclasses import fields

import pytest

from aws_runbook.databases.attributes import INSTANCE
from aws_runbook.databases.database import Api, Database
from aws_runbook.errors import RunbookError

ENTRY = {"identifier": "x", "Engine": "postgres", "AllocatedStorage": 20, "StorageType": "gp3"}


class Kind(Database):
    kind, module, key = "DB instance", "rds_instance", "instances"
    api = Api(**{field.name: field.name for field in fields(Api)})
    attributes = INSTANCE


class Session:
    """One instance, and what was written."""

    def __init__(self):
        self.written = []

    def read(self, *_, **__):
        return {"entries": [ENTRY]}

    def write(self, _service, method, _doing, **parameters):
        self.written.append((method, parameters))


class Place:
    """A store that takes anything."""

    def describe(self):
        """What it is called."""
        return "a store"

    def check(self, names, *, write=True):
        """It does."""

    def alone(self):
        return contextlib.nullcontext()

    def places(self, _name):
        return []

    def write(self, values):
        """It is written, and nobody takes it back."""


@pytest.mark.parametrize(
    ("wanted", "now", "at_once"),
    [
        ({"multi_az": True}, False, False),
        ({"multi_az": True}, True, True),
        ({"master_password": "managed"}, False, True),
        ({"master_password": "stored"}, False, True),
    ],
)
def test_changes_wait_for_the_window_but_for_a_passwords(wanted, now, at_once):
    session = Session()
    Kind("x", session).apply(wanted, Place(), now=now)
    ((method, parameters),) = session.written
    assert method == "modify"
    assert parameters["ApplyImmediately"] is at_once


def test_a_new_password_takes_nothing_along():
    session = Session()
    Kind("x", session).set_password(Place())
    ((_, parameters),) = session.written
    assert not parameters.get("ApplyImmediately")


@pytest.mark.parametrize("changes", [{"port": 5433}, {"master_password": "managed"}])
def test_what_happens_at_once_is_refused_even_if_something_waits_only_now(changes, monkeypatch):
    monkeypatch.setitem(ENTRY, "PendingModifiedValues", {"DBInstanceClass": "db.t3.small"})
    session = Session()
    with pytest.raises(RunbookError, match="at once"):
        Kind("x", session).apply(changes, Place(), now=False)
    assert session.written == []


def test_what_is_no_modification_asks_for_none():
    session = Session()
    Kind("x", session).apply({}, None, now=True)
    assert session.written == []


class Answering(Session):
    """AWS, which answers every question with the same descriptions."""

    def __init__(self, *names):
        super().__init__()
        self._entries = [{"identifier": name, "arn": f"arn:{name}"} for name in names]

    def read(self, *_, **__):
        return {"entries": self._entries}


@pytest.mark.parametrize("name", ["mine", "Mine", "arn:mine"])
def test_of_several_descriptions_the_one_of_the_name_is_taken(name):
    assert Kind(name, Answering("theirs", "mine")).entry()["identifier"] == "mine"


@pytest.mark.parametrize("names", [(), ("theirs",)])
def test_a_description_of_another_is_not_taken(names):
    with pytest.raises(RunbookError, match="AWS's answer describes other resources"):
        Kind("mine", Answering(*names)).entry()
