"""No two secrets are given one place, however it is written."""

import pytest

from aws_runbook.stores import shared_locations
from aws_runbook.stores.location import Location

FILE = "/srv/pillar/private/registry.sls"


def file(path, **keys):
    return {"pillar_file": path, "keys": keys}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sdb://vault/a", "sdb://vault/a"),
        ("sdb://vault/a", "sdb://vault/a/"),
        ("sdb://vault/a", {"sdb": "sdb://vault/a"}),
        ("sdb://vault/a", {"keys": {"password": "sdb://vault/a?password"}}),
        ("sdb://vault/a", {"keys": {"password": "sdb://vault//a/password/"}}),
        (file(FILE, password="a:b"), file(f"/{FILE}", password="a:b")),
        ("sdb://vault/a", {"keys": {"password": "sdb://vault/a/password"}}),
        ("sdb://vault/a", ["sdb://vault/b", "sdb://vault/a"]),
        (file(FILE, password="a:b"), file(FILE, password="a:b")),
        (file(FILE, password="a:b"), file(FILE, password=["x", "a:b"])),
        (file(FILE, password="a:b"), file("/srv/pillar/./private//registry.sls", password="a:b")),
        (file(FILE, password="a:b"), file("private/registry.sls", password="a:b")),
        (file(FILE, password="a:b"), file("./private/registry.sls", password="a:b")),
        (file(FILE, password="a:b"), file(FILE, password="a")),
        (file(FILE, password="a:b"), {**file(FILE, password="a:b"), "gpg": {"recipients": ["K"]}}),
    ],
)
def test_one_place_written_in_two_ways(one, other):
    for first, second in ((one, other), (other, one)):
        owned = {
            "x": shared_locations.locations(first, shared_locations.PASSWORD),
            "y": shared_locations.locations(second, shared_locations.PASSWORD),
        }
        ((owner, with_whom, _place),) = shared_locations.shared(owned)
        assert (owner, with_whom) == ("x", "y")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sdb://vault/a", "sdb://vault/b"),
        ("sdb://vault/a", {"sdb": "sdb://vault/a", "keys": {"password": "sdb://vault/c"}}),
        (file(FILE, password="a:b"), file(FILE, password="a:c")),
        (file(FILE, password="a:b"), file(FILE, password="a:bc")),
        (file(FILE, password="a:b"), file("/srv/pillar/public/registry.sls", password="a:b")),
        (file(FILE, password="a:b"), file("other/registry.sls", password="a:b")),
        (file("private/registry.sls", password="a"), file("registry.sls", password="a")),
        (file(FILE, password="a:b"), None),
    ],
)
def test_two_places(one, other):
    assert (
        shared_locations.shared(
            {
                "x": shared_locations.locations(one, shared_locations.PASSWORD),
                "y": shared_locations.locations(other, shared_locations.PASSWORD),
            }
        )
        == []
    )


def test_a_place_that_one_owner_has_twice_is_its_own():
    assert shared_locations.shared({"x": [Location("a", FILE), Location("a", FILE)]}) == []


def test_of_two_owners_one_place_is_named():
    both = shared_locations.locations("sdb://vault/a", shared_locations.ACCESS_KEY)
    assert shared_locations.shared({"x": both, "y": both}) == [("x", "y", Location("sdb://vault/a/access_key"))]
