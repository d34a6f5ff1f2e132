"""A kind of secret store is one file of ``stores/backends``: everything else finds it."""

import sys

import pytest

from aws_runbook.errors import StoreError
from aws_runbook.stores import backends
from aws_runbook.stores import store as stores
from aws_runbook.stores.location import Location

CANARY = "wJalrXUtnFEMI/K7MDENG+canary"
NEW = """
import contextlib
from aws_runbook.stores.backend import Backend, keys, known
from aws_runbook.stores.location import Location

KEPT = {}

class Drawer:
    order = ""

    def __init__(self, names):
        self.names = self.tried = frozenset(names)

    def describe(self):
        return "drawer"

    def read(self, name):
        return KEPT.get(name)

    def write(self, values):
        KEPT.update(values)
        return KEPT.clear

def make(description, reach):
    known(description, ("drawer", "keys"))
    return Drawer(keys(description, needed=True))

def locations(description, value):
    return [Location(f"drawer {description['drawer']} {value}")]

BACKEND = Backend("drawer", "a mapping with drawer and keys", make, locations)
"""


@pytest.fixture
def drawer(tmp_path, monkeypatch):
    """A new file in the folder."""
    (tmp_path / "drawer.py").write_text(NEW)
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    monkeypatch.setattr(backends, "BACKENDS", backends._discovered())
    yield {"drawer": "top", "keys": {"password": "x"}}
    del sys.modules[f"{backends.__name__}.drawer"]


def test_a_file_is_all_that_a_kind_of_store_needs(drawer):
    store = stores.make(drawer)
    undo = store.write({"password": CANARY})
    assert store.read(["password"]) == {"password": CANARY}
    undo()
    assert store.read(["password"]) == {"password": None}
    assert stores.locations([drawer, "sdb://v/a"], stores.PASSWORD) == [
        Location("drawer top password"),
        Location("sdb://v/a/password"),
    ]
    with pytest.raises(StoreError, match="a mapping with drawer and keys"):
        stores.make({})


def test_a_description_of_no_kind_names_them_all():
    with pytest.raises(StoreError) as error:
        stores.make({"cupboard": "x"})
    assert [backend.key for backend in backends.BACKENDS if backend.usage not in str(error.value)] == []
