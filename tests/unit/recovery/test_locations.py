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
        "server is 'registy', for which pillar declares no backup in S3; servers with backups: cms, guest, registry, whole."
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
        ("guest", "other", "would overlap"),
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


def test_where_nobody_has_backups():
    with pytest.raises(RunbookError) as raised:
        locations.of_server("x", [])
    assert str(raised.value) == "server is 'x', for which pillar declares no backup in S3; servers with backups: none."


def test_a_directory_of_a_repository_is_no_stranger():
    (place,) = locations.of_server("x", [target("x", "b", "repo", "pgbackrest")])
    keys = {
        "repo/backup/main/20260101-000000F/x": None,
        "repo/archive/main/x": None,
        "repo/x": None,
        "repo/theirs/backup/x": "b/repo/theirs/",
    }
    assert {key: place.stranger(key) for key in keys} == keys


def test_elsewhere_of_two_buckets():
    targets = [target("x", "one", "a"), target("x", "two", "b")]
    found = locations.of_server("x", targets)
    assert locations.elsewhere("other/Xa/", found, targets) == ("other", "Xa/")
    assert locations.elsewhere("other//aX", found, targets) == ("other", "aX/")


@pytest.mark.parametrize(
    ("prefixes", "to", "sentence"),
    [
        (
            ("a", "a/b"),
            "other",
            "to is 'other', where one/a and two/a/b would overlap; leave it out.",
        ),
        (
            ("a", "b"),
            "one",
            "to is 'one', which would write into the backups of x at one/a; name another bucket or prefix.",
        ),
        (("a", "b"), "/x", "to is '/x'; give a BUCKET or BUCKET/PREFIX."),
    ],
)
def test_an_invalid_destination_is_reported(prefixes, to, sentence):
    targets = [target("x", "one", prefixes[0]), target("x", "two", prefixes[1])]
    for given in (targets, targets[::-1]):
        with pytest.raises(RunbookError) as raised:
            locations.elsewhere(to, locations.of_server("x", given), targets)
        told = str(raised.value)
        assert told in (sentence, sentence.replace("one/a and two/a/b", "two/a/b and one/a"))
