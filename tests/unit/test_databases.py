"""What is asked of AWS to change a database, and when AWS is to do it."""

from dataclasses import fields

import pytest

from aws_runbook.database_attributes import INSTANCE
from aws_runbook.databases import Api, Database

ENTRY = {"Engine": "postgres", "AllocatedStorage": 20, "StorageType": "gp3"}


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

    def check(self, names):
        """It does."""

    def read(self, names):
        return dict.fromkeys(names)

    def write(self, values):
        """It is written."""


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


def test_what_is_no_modification_asks_for_none():
    session = Session()
    Kind("x", session).apply({}, None, now=True)
    assert session.written == []
