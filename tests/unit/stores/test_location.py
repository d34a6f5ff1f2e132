"""When a write to one place is a write to another, and no two secrets are given one place, however it is written."""

import pytest

from aws_runbook.errors import StoreError
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


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (file(FILE, access_key="a:b", secret_key="a:b"), f"has access_key and secret_key both at a:b in {FILE}, so"),
        (
            file(FILE, access_key="a:b", secret_key="a"),
            f"has access_key and secret_key at a:b in {FILE} and at a, of which",
        ),
        (
            file(FILE, access_key="a", secret_key=["x", "a:b"]),
            f"access_key and secret_key at a in {FILE} and at a:b, of",
        ),
        (file(FILE, password=["a:b", "a"]), f"has password at a:b in {FILE} and at a, of which one is above the other"),
        ({"keys": {"access_key": "sdb://v/x", "secret_key": "sdb://v//x/"}}, "both at sdb://v/x, so"),
        ({"sdb": "sdb://v/x", "keys": {"access_key": "sdb://v/x/secret_key"}}, "both at sdb://v/x/secret_key, so"),
        (
            [file(FILE, access_key="a", secret_key="b"), file(f"/{FILE}", access_key="b", secret_key="c")],
            "has access_key and secret_key both at b",
        ),
        (
            file(FILE, smtp_username="a:b", smtp_password="c", smtp_host="c"),
            "has smtp_password and smtp_host both at c",
        ),
        (file(FILE, access_key="a", smtp_username="a:b"), "has access_key and smtp_username at a"),
    ],
)
def test_one_value_would_overwrite_another(description, sentence):
    """The id of a key is written where its secret stands, and AWS shows that only once."""
    with pytest.raises(StoreError) as raised:
        stores.make(description, sdb_get=dict.get, sdb_set=dict.get)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "description",
    [
        file(FILE, access_key=["a:b", "c:d"], secret_key=["a:e", "c:f"]),
        file(FILE, access_key="a:b", secret_key=["a:c", "a:c"]),
        file(FILE, access_key="a:b", smtp_username="a:b", secret_key="a:c", smtp_password="a:d"),
        [file(FILE, access_key="a", secret_key="b"), file(f"/{FILE}", access_key="a", secret_key="b")],
        [file(FILE, access_key="a", secret_key="b"), file("/srv/other.sls", access_key="b", secret_key="a")],
        ["sdb://v/x", "sdb://v/x"],
    ],
)
def test_no_value_would_overwrite_another(description):
    stores.make(description, sdb_get=dict.get, sdb_set=dict.get)
