"""Places in a bucket, compared as S3 compares names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook import prefixes

DIRECTORIES = st.lists(st.sampled_from(["king", "kingfisher", "a"]), max_size=3).map("/".join)
NAMES = st.lists(st.sampled_from(["king", "kingfisher", "a", "k"]), min_size=1, max_size=4).map("/".join)


def is_in(name, directory):
    return not directory or name.split("/")[: len(directory.split("/"))] == directory.split("/") != name.split("/")


def test_a_directory_is_no_prefix_of_letters():
    assert not prefixes.contains("king", "kingfisher")
    assert not prefixes.overlap("king", "kingfisher")
    assert prefixes.matches("king", "kingfisher")
    assert prefixes.contains("", "king")


@pytest.mark.parametrize(
    ("outer", "inner", "contains", "overlap", "matches"),
    [
        ("", "", True, True, True),
        ("", "king", True, True, True),
        ("king", "", False, True, True),
        ("king", "king", True, True, True),
        ("king", "king/backup", True, True, True),
        ("king/backup", "king", False, True, True),
        ("king", "kingfisher", False, False, True),
        ("kingfisher", "king", False, False, False),
        ("queen", "king", False, False, False),
    ],
)
def test_places_within_beside_and_around_each_other(outer, inner, contains, overlap, matches):
    assert prefixes.contains(outer, inner) is contains
    assert prefixes.overlap(outer, inner) is overlap
    assert prefixes.matches(outer, inner) is matches


@given(NAMES, DIRECTORIES)
def test_the_root_of_a_directory_begins_the_names_in_it(name, directory):
    assert name.startswith(prefixes.root(directory)) == is_in(name, directory)


@given(NAMES, DIRECTORIES, DIRECTORIES)
def test_directories_that_share_a_name_overlap(name, one, other):
    if is_in(name, one) and is_in(name, other):
        assert prefixes.overlap(one, other)
    if is_in(name, one) and prefixes.contains(other, one):
        assert is_in(name, other)


@given(NAMES, st.text("kingfsher/a", max_size=6), DIRECTORIES)
def test_a_prefix_matches_each_directory_in_which_it_matches_a_name(name, prefix, directory):
    if name.startswith(prefix) and is_in(name, directory):
        assert prefixes.matches(prefix, directory)
