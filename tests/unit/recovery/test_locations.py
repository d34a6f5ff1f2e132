"""Where a server's objects are, and where they can be brought to."""

import pytest

from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import locations


def target(server, bucket, prefix, kind="files"):
    return Target(server, kind, bucket, prefix, "eu-west-2", expires=True)


TARGETS = [
    target("registry", "shared", "database"),
    target("registry", "shared", "file-sync", "sync"),
    target("cms", "shared", "cms"),
    target("whole", "alone", ""),
    target("whole", "alone", "inner", "sync"),
    target("guest", "alone", "guests/one"),
    target("guest", "second", "guests"),
]


def of(server):
    return [(place.location, place.root, place.others) for place in locations.of_server(server, TARGETS)]


def test_each_object_is_in_one_place():
    assert of("registry") == [("shared/database", "database/", ()), ("shared/file-sync", "file-sync/", ())]
    assert of("whole") == [("alone", "", ("guests/one/",))]
    (place,) = locations.of_server("whole", TARGETS)
    assert place.holds("inner/x")
    assert place.holds("guests/onex")
    assert not place.holds("guests/one/x")


def test_a_server_without_backups_is_an_error_that_names_those_with():
    with pytest.raises(RunbookError) as raised:
        locations.of_server("registy", TARGETS)
    assert str(raised.value) == (
        "server is 'registy', of which pillar names no backup in S3; those with backups: cms, guest, registry, whole."
    )


@pytest.mark.parametrize(
    ("server", "to", "meant"),
    [
        ("registry", "other", ("other", "")),
        ("registry", "other/a/b/", ("other", "a/b/")),
        ("registry", "shared/recovered", ("shared", "recovered/")),
        ("whole", "second/x", ("second", "x/")),
    ],
)
def test_elsewhere(server, to, meant):
    assert locations.elsewhere(to, locations.of_server(server, TARGETS), TARGETS) == meant


@pytest.mark.parametrize(
    ("server", "to", "sentence"),
    [
        ("registry", "shared", "into the backups of registry at shared/database"),
        ("registry", "shared/cms", "into the backups of cms at shared/cms"),
        ("registry", "alone/x", "into the backups of whole at alone"),
        ("whole", "second", "into the backups of guest at second/guests"),
        ("registry", "/x", "give a BUCKET or BUCKET/PREFIX"),
        ("guest", "other", "one over the other"),
    ],
)
def test_no_backup_is_written_over(server, to, sentence):
    with pytest.raises(RunbookError, match=sentence):
        locations.elsewhere(to, locations.of_server(server, TARGETS), TARGETS)


def test_what_an_object_is_brought_to():
    (place, _) = locations.of_server("registry", TARGETS)
    assert locations.Destination().of(place, "database/x") == ("shared", "database/x", "eu-west-2")
    assert locations.Destination("b", "p/", "us-east-1").of(place, "database/x") == ("b", "p/database/x", "us-east-1")


def test_a_location_that_other_servers_have_too():
    both = [*TARGETS, target("second", "shared", "database"), target("cms", "shared", "database")]
    assert locations.shared("registry", both) == [("shared/database", ["cms", "second"])]
    assert locations.shared("whole", both) == []


@pytest.mark.parametrize(
    ("server", "key", "directory"),
    [
        ("registry", "database/x", None),
        ("registry", "database/theirs/x", "shared/database/theirs/"),
        ("whole", "x", None),
        ("whole", "inner/any/x", None),
        ("whole", "theirs/any/x", "alone/theirs/"),
    ],
)
def test_a_directory_that_no_pillar_declares(server, key, directory):
    assert locations.of_server(server, TARGETS)[0].stranger(key) == directory
