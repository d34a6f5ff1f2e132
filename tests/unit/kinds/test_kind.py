"""A kind is data: its functions follow from its rows."""

import inspect

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import checks
from aws_runbook.kinds.kind import Attribute, Kind

THERE = {"shelf": {"Id": "s-1", "Width": 3, "Colour": "red", "Tags": {"a": "1"}}}


def kind(**more):
    """A kind of shelves, of which AWS shows those in ``THERE``; what is written is taken down."""
    written = []

    def write(shelf, wanted):
        written.append((shelf.name, {name: wanted[name] for name in ("width", "depth") if name in wanted}))

    return written, Kind(
        name="x_shelf",
        subject="Shelf",
        what="shelf",
        find=lambda shelf: THERE.get(shelf.name),
        identity=lambda shelf: {"id": shelf.entry["Id"]},
        attributes=(
            Attribute("width", check=checks.whole(1, 9), read=lambda shelf: shelf.entry["Width"], write=write),
            Attribute("depth", read=lambda shelf: shelf.required.get("Depth"), write=write),
            Attribute("wood", read=lambda shelf: shelf.entry.get("Wood"), fixed="Make another shelf."),
            Attribute("tags", read=lambda shelf: shelf.entry["Tags"], write=lambda _shelf, _wanted: None, shared=True),
            *more.pop("rows", ()),
        ),
        **more,
    )


def test_a_row_is_all_that_an_attribute_needs():
    colour = Attribute("colour", check=checks.choice("red"), read=lambda shelf: shelf.entry["Colour"], write=print)
    _, shelves = kind(rows=(colour,))

    def update(session, name, **attributes):
        return shelves.update(session, name, attributes)

    assert [*inspect.signature(shelves.updates(update)).parameters] == [
        "session",
        "name",
        "width",
        "depth",
        "tags",
        "colour",
    ]
    assert shelves.describe(None, "shelf", ["colour"]) == {"id": "s-1", "colour": "red"}
    assert shelves.attributes_in({"name": "shelf", "colour": "red", "purge": True}) == {"colour": "red"}
    with pytest.raises(RunbookError, match=r"shelf a: colour is 'blue'; allowed are red\."):
        shelves.normalise(None, "a", {"colour": "blue"})


def test_only_what_is_asked_for_is_described_with_the_identity():
    _, shelves = kind()
    assert shelves.describe(None, "shelf", ["width"]) == {"id": "s-1", "width": 3}
    assert shelves.describe(None, "shelf", []) == {"id": "s-1"}
    assert set(shelves.describe(None, "shelf")) == {"id", "width", "depth", "wood", "tags"}
    assert shelves.describe(None, "other") is None


def test_none_is_unmanaged():
    written, shelves = kind()
    assert shelves.normalise(None, "shelf", {"width": 2, "depth": None}) == {"width": 2}
    shelves.update(None, "shelf", {"width": None, "depth": None})
    assert written == []


def test_attributes_that_are_written_together_are_written_once():
    written, shelves = kind()
    shelves.update(None, "shelf", {"depth": 4, "width": 2})
    assert written == [("shelf", {"width": 2, "depth": 4})]


def test_a_wrong_value_is_refused_before_anything_is_written():
    written, shelves = kind()
    with pytest.raises(RunbookError, match="shelf shelf: width is 10; give a whole number from 1 to 9"):
        shelves.update(None, "shelf", {"depth": 4, "width": 10})
    assert written == []


def test_what_aws_never_changes_is_refused_with_what_to_do():
    _, shelves = kind()
    shelves.check_fixed("shelf", {"wood": "oak"}, {"wood": "oak", "width": 2})
    shelves.check_fixed("shelf", {}, {"wood": "oak"})
    with pytest.raises(
        RunbookError, match=r"The shelf shelf has wood oak, not pine, and AWS cannot change that\. Make another shelf\."
    ):
        shelves.check_fixed("shelf", {"wood": "oak"}, {"wood": "pine"})


def test_a_resource_that_is_needed_and_not_there_is_reported_with_its_place():
    _, shelves = kind(scope=("room",), place=lambda shelf: f" in the room {shelf.scope['room']}")
    with pytest.raises(RunbookError, match=r"There is no shelf other in the room 7\."):
        shelves.of(None, "other", room=7).require()
    assert shelves.of(None, "other").scope == {"room": None}
