"""Directories that servers mirror with `aws s3 sync --delete`: none may lie in another server's."""

from itertools import permutations

import pytest
from hypothesis import given, settings

from aws_runbook.backups import plan as backups
from aws_runbook.errors import PillarError
from aws_runbook.pillar.check import problems
from tests.unit.strategies import fleets


def refused(fleet):
    with pytest.raises(PillarError) as raised:
        backups.plan(fleet)
    return raised.value.problems


@pytest.mark.parametrize(
    ("location", "directory", "other_location", "other_directory"),
    [
        ("ocp-mirror", "/data", "ocp-mirror", "/data"),
        ("ocp-mirror", "/data/", "ocp-mirror", "/data/exports"),
        ("ocp-mirror/a", "/data", "ocp-mirror/a/data", "/srv"),
        ("ocp-mirror/a", "/", "ocp-mirror/a", "/srv"),
        ("ocp-mirror", "/a/b", "ocp-mirror/a", "/b"),
    ],
)
def test_no_mirror_lies_in_another_servers(location, directory, other_location, other_directory):
    fleet = {
        "a": {"sync": {"location": location, "directories": {directory: None}}},
        "b": {"sync": {"location": other_location, "directories": {other_directory: None}}},
    }
    [problem] = refused(fleet)
    assert problem.startswith(
        f"sync:directories:{directory} of a and sync:directories:{other_directory} of b are mirrored to"
    )
    assert "`aws s3 sync --delete` of one server deletes the files of the other" in problem


def test_mirrors_beside_each_other_are_apart():
    one = {"sync": {"location": "ocp-mirror", "directories": {"/data": None, "/data/exports": None}}}
    two = {"sync": {"location": "ocp-mirror", "directories": {"/data2": None}}}
    plan = backups.plan({"a": one, "b": two})
    assert [row["prefix"] for row in plan.rows] == ["", ""]


@pytest.mark.parametrize("form", [dict.fromkeys, list])
def test_directories_are_a_mapping_or_a_list(form):
    one = {"sync": {"location": "ocp-mirror", "directories": form(["/data"])}}
    assert len(refused({"a": one, "b": one})) == 1


@pytest.mark.parametrize(
    ("directories", "sentence"),
    [
        ({"data": None}, "sync:directories has a key 'data': give absolute paths, such as /data."),
        (
            {5: None},
            "sync:directories has a key 5: give absolute paths, such as /data; YAML reads it as a number, so write it in quotes.",
        ),
        (["data"], "sync:directories:0 is 'data': give absolute paths, such as /data."),
        ("/data", "sync:directories is a text: give a mapping or a list of absolute paths, such as /data."),
    ],
)
def test_what_is_no_directory_is_one_sentence(directories, sentence):
    assert problems({"sync": {"location": "ocp-mirror", "directories": directories}}) == [sentence]


def mirrors(fleet):
    """Where each server's script mirrors to: (server, bucket, prefix)."""
    for server, pillar in fleet.items():
        bucket, _, prefix = pillar.get("sync", {}).get("location", "").partition("/")
        for directory in pillar.get("sync", {}).get("directories", {}):
            yield server, bucket, f"{prefix}/{directory.strip('/')}/".lstrip("/")


@given(fleets)
@settings(max_examples=300)
def test_no_plan_has_mirrors_that_delete_each_other(fleet):
    try:
        backups.plan(fleet)
    except PillarError:
        return
    places = list(mirrors(fleet))
    for (one, bucket, place), (other, other_bucket, other_place) in permutations(places, 2):
        assert one == other or bucket != other_bucket or not place.startswith(other_place)
