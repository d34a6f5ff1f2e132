"""Conflicts between backups, each in a whole sentence."""

from itertools import permutations

import pytest

from aws_runbook.backups import conflicts
from aws_runbook.backups.targets import Target

NEVER = ("pgbackrest", "sync")
SOURCES = {"pgbackrest": "postgres:backup", "sync": "sync", "mysql": "mysql:backup", "files": "backup"}


def target(server, kind="files", prefix="", bucket="ocp-db-backup", **attributes):
    attributes = {"user": f"{server}-backup", "expires": kind not in NEVER, "source": SOURCES[kind], **attributes}
    return Target(server, kind, bucket, prefix, "eu-west-2", **attributes)


APART = "give them separate prefixes."
REPOSITORY = target("main", "pgbackrest", "king")
MIRROR = target("web", "sync", "king")
FILES = target("cms", "files", "king")


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        (
            FILES,
            REPOSITORY,
            (
                "backup:location of cms (ocp-db-backup/king), where objects expire, is the place of the pgBackRest repository of "
                f"postgres:backup:repo_path of main (ocp-db-backup/king), where none may; {APART}"
            ),
        ),
        (
            target("cms", "mysql", "king/dumps"),
            REPOSITORY,
            (
                "mysql:backup:location of cms (ocp-db-backup/king/dumps), where objects expire, is inside the pgBackRest repository "
                f"of postgres:backup:repo_path of main (ocp-db-backup/king), where none may; {APART}"
            ),
        ),
        (
            target("cms"),
            MIRROR,
            (
                "backup:location of cms (ocp-db-backup), where objects expire, has no prefix, so it contains the synced directory "
                f"of sync:location of web (ocp-db-backup/king), where none may; {APART}"
            ),
        ),
        (
            FILES,
            target("web", "sync", "king/a"),
            (
                "backup:location of cms (ocp-db-backup/king), where objects expire, contains the synced directory of "
                f"sync:location of web (ocp-db-backup/king/a), where none may; {APART}"
            ),
        ),
        (
            MIRROR,
            REPOSITORY,
            (
                "sync:location of web (ocp-db-backup/king), where `aws s3 sync --delete` deletes what is not on the server, is the "
                f"place of the pgBackRest repository of postgres:backup:repo_path of main (ocp-db-backup/king); {APART}"
            ),
        ),
        (
            target("web", "sync"),
            REPOSITORY,
            (
                "sync:location of web (ocp-db-backup), where `aws s3 sync --delete` deletes what is not on the server, has no "
                "prefix, so it contains the pgBackRest repository of postgres:backup:repo_path of main (ocp-db-backup/king); "
                f"{APART}"
            ),
        ),
        (FILES, target("main", "pgbackrest", "kingfisher"), None),
        (MIRROR, target("main", "pgbackrest", "kingfisher"), None),
        (FILES, target("web", "mysql", "king"), None),
        (MIRROR, target("other", "sync", "king"), None),
        (REPOSITORY, target("other", "pgbackrest", "king"), None),
    ],
)
def test_one_deletes_what_the_other_keeps(one, other, sentence):
    expected = [sentence] if sentence else []
    assert conflicts.overlap_problems([one, other]) == expected
    assert conflicts.overlap_problems([other, one]) == expected


def test_each_pair_has_a_sentence():
    elsewhere = target("else", "files", "elsewhere")
    for order in permutations([elsewhere, FILES, REPOSITORY, MIRROR]):
        assert len(conflicts.overlap_problems(order)) == 3


def mirrors(**of_server):
    """``SERVER=(prefix, directories)``; the pillar of each, and its target."""
    pillars = {
        name: {"sync": {"directories": dict.fromkeys(directories)}} for name, (_, directories) in of_server.items()
    }
    return [target(name, "sync", prefix) for name, (prefix, _) in of_server.items()], pillars


def told(found, pillars):
    return conflicts.mirror_problems(found, pillars)


def test_two_servers_that_mirror_to_one_place():
    found, pillars = mirrors(a=("m", ["/srv/www/"]), b=("m", ["/srv"]))
    assert told(found, pillars) == [
        (
            "sync:directories:/srv/www/ of a and sync:directories:/srv of b are mirrored to ocp-db-backup/m/srv/www and ocp-db-backup/m/srv, "
            "where `aws s3 sync --delete` of one server deletes the files of the other; give them separate locations."
        )
    ]


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        (("m", ["/a", "/b"]), ("m", ["/a", "/b"]), 2),
        (("m", ["/a", "/a/b"]), ("m", ["/c"]), 0),  # of one server, they lie side by side in its own place
        (("m", ["/a"]), ("m", ["/ab"]), 0),
        (("", ["/m/a"]), ("m", ["/a"]), 1),
        (("m", ["/"]), ("m/n", ["/a"]), 1),
        (("m", ["/a"]), ("n", ["/a"]), 0),
        (("m", []), ("m", ["/a"]), 0),
        (("m", ["/Xa/"]), ("m/Xa", ["/b"]), 1),
    ],
)
def test_mirrors_of_several_directories(one, other, number):
    found, pillars = mirrors(a=one, b=other)
    assert len(told(found, pillars)) == number


def test_what_is_no_mirror_or_names_no_directory_is_left_out():
    found, pillars = mirrors(a=("m", ["/a"]), b=("m", ["/a"]))
    beside = target("b", "files", "m")
    assert len(told([*found, beside], pillars)) == 1
    assert told([found[0], beside], pillars) == []
    assert told(found, {**pillars, "b": {}}) == []
    assert told([target("b", "files", "m"), *found], pillars) == told(found, pillars)


def names(*found):
    return conflicts.of_names(found)


def test_names_that_are_like_and_well_formed_are_no_problem():
    assert names(target("a"), target("b", group="g"), target("c", group="g"), target("d", policy_name="p")) == []
    assert names() == []


def test_a_name_too_long_for_iam():
    server = "x" * 60
    assert names(target(server)) == [
        (
            f"{server}: aws:backup:user is by default '{server}-backup': the name of an IAM user has 1 to 64 characters: "
            "letters without accents, digits, and any of _+=,.@-; name one."
        )
    ]


@pytest.mark.parametrize(
    ("attribute", "kind", "plural"),
    [("user", "user", "users"), ("group", "group", "groups"), ("policy_name", "policy", "policies")],
)
def test_names_that_differ_by_case(attribute, kind, plural):
    more = {} if attribute == "policy_name" else {"policy_name": "p"}
    found = [target(server, **{**more, attribute: name}) for server, name in zip("abc", ("w", "W", "v"), strict=True)]
    assert names(*found) == [
        f"aws:backup:{kind} gives the {plural} W and w, which differ only by case; IAM treats them as the same."
    ]


@pytest.mark.parametrize(
    ("group", "user", "one_policy"),
    [
        ({"group": "w"}, {"user": "w"}, True),
        ({"group": "w", "policy_name": "p"}, {"user": "w"}, False),
        ({"group": "w"}, {"user": "w", "policy_name": "p"}, False),
        ({"group": "w"}, {"user": "w", "group": "v"}, False),
        ({"group": "w"}, {"user": "v"}, False),
    ],
)
def test_a_group_and_a_user_of_one_name_would_have_one_policy(group, user, one_policy):
    sentence = "aws:backup:group w of a, c and the user w of b would have one policy w between them; rename one."
    found = [target("a", **group), target("b", **user), target("c", **group)]
    assert names(*found) == ([sentence] if one_policy else [])


def test_a_user_in_a_group_by_one_pillar_and_in_none_by_another():
    assert names(
        target("a", user="w", group="h"),
        target("b", user="w"),
        target("c", user="w", group="g"),
        target("d", user="w"),
        target("e", user="v"),
        target("f", user="u", group="g"),
    ) == [
        (
            "The user w is in aws:backup:group g, h by the pillar of a, c, and in none by that of b, d; name the same "
            "aws:backup:group for each, or none."
        )
    ]


def append_only(what, true, false):
    return (
        f"aws:backup:append_only differs between servers that share {what}: it is True for {true}, and not for {false}; set the same value for "
        "each."
    )


def test_append_only_that_differs():
    shared = [
        target("a", user="w", append_only=True),
        target("b", user="w"),
        target("b", "mysql", user="w"),
        target("c", user="w", append_only=True),
        target("d"),
        target("e", append_only=True),
    ]
    assert names(*shared) == [append_only("the user w", "a, c", "b")]
    grouped = [
        target("a", user="w", group="g", append_only=True),
        target("b", user="w", group="g"),
        target("c", user="v", group="g"),
    ]
    assert names(*grouped) == [
        append_only("the group g", "a", "b, c"),
        append_only("the user w", "a", "b"),
    ]


def test_a_grant_that_reaches_beyond_the_own_backups():
    wide = {"scope": "bucket"}
    one, other = target("cms", "files", "site", **wide), target("web", "mysql", "dumps", **wide)
    by_bucket = {
        "ocp-db-backup": [one, REPOSITORY, other, target("web", "sync", "files", user="mirrors", **wide)],
        "a-backup": [
            target("x", "files", "f", "a-backup", **wide),
            target("y", "sync", "s", "a-backup"),
            target("z", "files", "g", "a-backup", append_only=True, **wide),
            target("w", "files", "", "a-backup", **wide),
            target("v", "pgbackrest", "p", "a-backup", **wide),
            target("u", "files", "h", "a-backup"),
        ],
    }
    repository = "the pgBackRest repository of main (ocp-db-backup/king)"
    mirror = "the synced directory of web (ocp-db-backup/files)"

    def note(server, user, what):
        return f"{server}: aws:backup:scope is bucket, so the policy {user} also allows deleting {what}."

    assert conflicts.wide_grants(by_bucket) == [
        note("x", "x-backup", "the synced directory of y (a-backup/s)"),
        note("x", "x-backup", "the pgBackRest repository of v (a-backup/p)"),
        note("cms", "cms-backup", repository),
        note("cms", "cms-backup", mirror),
        note("web", "web-backup", repository),
        note("web", "web-backup", mirror),
        note("web", "mirrors", repository),
    ]
