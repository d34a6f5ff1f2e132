"""When a write to one place is a write to another."""

import pytest

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
