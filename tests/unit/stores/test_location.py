"""When a write to one place is a write to another, and no two secrets are given one place, however it is written."""

import pytest

from aws_runbook.stores import location
from aws_runbook.stores import store as stores
from aws_runbook.stores.location import Location


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Location("sdb://v/a"), Location("sdb://v/a"), True),
        (Location("sdb://v/a"), Location("sdb://v/b"), False),
        # Addresses of sdb have no keys within keys.
        (Location("a:b"), Location("a"), False),
        (Location("a", "/x"), Location("a", "/x"), True),
        (Location("a:b", "/x"), Location("a", "/x"), True),
        (Location("a:b", "/x"), Location("ab", "/x"), False),
        (Location("a:bc", "/x"), Location("a:b", "/x"), False),
        (Location("a", "/x"), Location("a"), False),
        (Location("a", "/srv/p/x"), Location("a", "p/x"), True),
        (Location("a", "/srv/p/x"), Location("a", "x"), True),
        (Location("a", "/srv/pp/x"), Location("a", "p/x"), False),
        (Location("a", "/srv/p/x"), Location("a", "/p/x"), False),
        (Location("a", "p/x"), Location("a", "x"), False),
        (Location("a", "/srv/p/x"), Location("b", "p/x"), False),
    ],
)
def test_when_two_places_overlap(one, other, overlap):
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_a_place_in_words():
    assert str(Location("a:b", "/x.sls")) == "a:b in /x.sls"
    assert str(Location("sdb://v/a")) == "sdb://v/a"


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
            "x": stores.locations(first, stores.PASSWORD),
            "y": stores.locations(second, stores.PASSWORD),
        }
        ((owner, with_whom, _place),) = location.shared(owned)
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
        location.shared(
            {
                "x": stores.locations(one, stores.PASSWORD),
                "y": stores.locations(other, stores.PASSWORD),
            }
        )
        == []
    )


def test_a_place_that_one_owner_has_twice_is_its_own():
    assert location.shared({"x": [Location("a", FILE), Location("a", FILE)]}) == []


def test_of_two_owners_one_place_is_named():
    both = stores.locations("sdb://vault/a", stores.ACCESS_KEY)
    assert location.shared({"x": both, "y": both}) == [("x", "y", Location("sdb://vault/a/access_key"))]
