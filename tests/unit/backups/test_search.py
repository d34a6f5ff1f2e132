"""Looking into a bucket for what a rule could delete."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws_runbook.backups import search as bucket_search

NAMES = st.sampled_from(["archive", "backup", "a", "ab", "main", "archive.info"])
DIRECTORIES = st.lists(NAMES, max_size=4).map("/".join)
INFO = st.builds(
    lambda repository, part, suffix: f"{repository}/{part}/main/{part}.info{suffix}".removeprefix("/"),
    DIRECTORIES,
    st.sampled_from(["archive", "backup"]),
    st.sampled_from(["", ".copy"]),
)
FILES = st.builds(lambda directory, name: f"{directory}/{name}".removeprefix("/"), DIRECTORIES, NAMES)
KEYS = st.sets(st.one_of(INFO, FILES), max_size=12)
PREFIXES = st.one_of(
    st.just(""),
    DIRECTORIES,
    st.builds(lambda directory, cut: f"{directory}/archive/main/x"[:cut], DIRECTORIES, st.integers(0, 20)),
)


def listing_of(keys):
    """What S3 lists below a prefix with the delimiter ``/``."""

    def listing(prefix):
        below = [key for key in sorted(keys) if key.startswith(prefix)]
        rests = [(key, key[len(prefix) :]) for key in below]
        directories = {prefix + rest.split("/", 1)[0] + "/" for _, rest in rests if "/" in rest}
        return [key for key, rest in rests if "/" not in rest], sorted(directories)

    return listing


def roots(keys):
    """Every repository in ``keys`` by brute force: prefix by prefix, key by key."""
    found = {}
    for key in keys:
        parts = key.removesuffix(".copy").split("/")
        if len(parts) >= 3 and parts[-3] in ("archive", "backup") and parts[-1] == f"{parts[-3]}.info":
            found.setdefault("/".join(parts[:-3]), set()).add(key)
    return found


@given(keys=KEYS, prefixes=st.lists(PREFIXES, max_size=3))
@example(keys={"king/archive/main/archive.info"}, prefixes=["king/archive/main/1"])
@example(keys={"archive/main/archive.info", "a/x"}, prefixes=["a/"])
def test_no_repository_that_a_prefix_reaches_is_missed(keys, prefixes):
    found = bucket_search.repositories(prefixes, listing_of(keys))
    for repository, evidence in roots(keys).items():
        # A repository inside another's archive/ or backup/ is an object of that other one.
        covered = any(
            repository != outer
            and f"{repository}/".startswith(
                (f"{outer}/archive/".removeprefix("/"), f"{outer}/backup/".removeprefix("/"))
            )
            for outer in found
        )
        if any(key.startswith(prefix) for key in evidence for prefix in prefixes) and not covered:
            assert repository in found
    assert all(proof in roots(keys)[repository] for repository, proof in found.items())


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", True),
        ("king", True),
        ("kingfisher/", True),
        ("kingfisher/arch", True),
        ("kingfisher/archive/main/15-1/0000", True),
        ("kingfisher/archive/ma", True),
        ("kingfisher/backup/", True),
        ("queen", False),
        ("kingfisher/incremental/", False),
    ],
)
def test_what_a_rule_reaches(prefix, found):
    keys = {
        "kingfisher/archive/main/archive.info",
        "kingfisher/archive/main/15-1/0000000100000000/000000010000000000000001.gz",
        "kingfisher/backup/main/backup.info.copy",
        "kingfisher/incremental/2024.tar.gz",
        "queen/dump.sql.gz",
    }
    assert list(bucket_search.repositories([prefix], listing_of(keys))) == (["kingfisher"] if found else [])


def test_a_repository_is_not_walked_through():
    keys = {f"r/archive/main/15-1/{number:016}/wal.gz" for number in range(50)} | {"r/archive/main/archive.info"}
    asked = []

    def listing(prefix):
        asked.append(prefix)
        return listing_of(keys)(prefix)

    bucket_search.repositories([""], listing)
    assert len(asked) < 6


def test_a_repository_in_no_directory_is_not_walked_through():
    keys = {f"backup/main/{number}/x" for number in range(50)} | {"archive/main/archive.info"}
    asked = []

    def listing(prefix):
        asked.append(prefix)
        return listing_of(keys)(prefix)

    assert bucket_search.repositories([""], listing) == {"": "archive/main/archive.info"}
    assert asked == ["", "archive/", "archive/main/archive.info"]
    bucket_search.repositories(["archive/main/15-1/"], listing)
    assert "archive/main/15-1/" not in asked


def test_a_directory_whose_name_only_begins_like_a_part_is_searched():
    keys = {"king/archive/main/archive.info", "king/archive2/backup/main/backup.info.copy"}
    assert bucket_search.repositories([""], listing_of(keys)) == {
        "king": "king/archive/main/archive.info",
        "king/archive2": "king/archive2/backup/main/backup.info.copy",
    }


def test_what_is_declared_is_not_walked_through():
    keys = {"kingfisher/archive/main/archive.info", "sync/a/b/c"}
    asked = []

    def listing(prefix):
        asked.append(prefix)
        return listing_of(keys)(prefix)

    assert bucket_search.repositories([""], listing, skip=("sync/", "kingfisher/")) == {}
    assert asked == [""]


@given(keys=KEYS, prefix=PREFIXES, declared=st.lists(DIRECTORIES, max_size=3))
@example(keys={"a/b/x", "a/c/y"}, prefix="", declared=["a/b"])
def test_whatever_is_declared_by_nobody_is_found(keys, prefix, declared):
    found = bucket_search.undeclared(prefix, declared, listing_of(keys))
    roots = [f"{place}/" if place else "" for place in declared]
    strangers = {key for key in keys if key.startswith(prefix) and not any(key.startswith(root) for root in roots)}
    assert bool(found) is bool(strangers)
    assert all(any(key.startswith(entry) for key in strangers) for entry in found)


def test_undeclared_names_directories_and_only_a_few():
    keys = {f"{number}/{number}" for number in range(9)} | {"database/2024.sql.gz"}
    assert bucket_search.undeclared("", ["database"], listing_of(keys)) == ["0/", "1/", "2/"]


def test_the_search_goes_on_behind_what_is_left_out():
    keys = {"a/x/y", "b/archive/main/archive.info", "c/backup/main/backup.info"}
    assert bucket_search.repositories([""], listing_of(keys), skip=("a/",)) == {
        "b": "b/archive/main/archive.info",
        "c": "c/backup/main/backup.info",
    }


def test_where_the_whole_bucket_is_declared_nothing_is_undeclared():
    assert bucket_search.undeclared("", ["", "a"], listing_of({"a/b", "c"})) == []
    assert bucket_search.undeclared("c", [""], listing_of({"a/b", "c"})) == []


def test_undeclared_goes_on_behind_what_is_declared_and_keeps_what_it_has_found():
    keys = {"a/b", "c/d/x", "c/e", "0"}
    assert bucket_search.undeclared("", ["a", "c/d"], listing_of(keys)) == ["0", "c/e"]


def test_undeclared_ends_with_the_third():
    asked = []

    def listing(prefix):
        asked.append(prefix)
        return listing_of({"1", "2", "3", "a/b/c"})(prefix)

    assert bucket_search.undeclared("", ["a/b"], listing) == ["1", "2", "3"]
    assert asked == [""]


@given(KEYS)
def test_a_short_look_finds_what_the_long_search_finds_and_no_more(keys):
    found = bucket_search.repositories([""], listing_of(keys))
    first = bucket_search.first_repository(listing_of(keys), 1000)
    assert (first is None) is (not found)
    assert first in {None, *keys}


@pytest.mark.parametrize("most", [0, 1, 5, 20])
def test_a_short_look_asks_no_more_often_than_it_may(most):
    keys = {f"{number:03}/{name}/x" for number in range(50) for name in "ab"} | {"049/archive/main/archive.info"}
    asked = []

    def listing(prefix):
        asked.append(prefix)
        return listing_of(keys)(prefix)

    assert bucket_search.first_repository(listing, most) is None
    assert len(asked) == most
