"""What a listing of versions says of a moment."""

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.recovery import versions
from aws_runbook.recovery.moments import MARGIN
from tests.unit.recovery.strategies import START, entry, listings, pages


def judged(listing, moment, size=1000):
    found = versions.by_key(versions.stream(pages(listing, size)))
    return [versions.judge(key, entries, moment) for key, entries in found]


@settings(deadline=None)  # machines have bad moments
@given(listings(), st.integers(-1, 25), st.integers(1, 7))
def test_of_each_key_the_last_that_was_made_until_then(listing, second, size):
    moment = START + timedelta(seconds=second)
    of_key = defaultdict(list)
    for found, marker in listing:
        of_key[found["Key"]].append((found, marker))
    seen = judged(listing, moment, size)
    assert [entry.key for entry in seen] == list(of_key), "each key once, in order"
    for found in seen:
        made = [pair for pair in of_key[found.key] if pair[0]["LastModified"] <= moment]
        last = [pair for pair in made if pair[0]["LastModified"] == made[0][0]["LastModified"]]
        if found.then is None:
            assert not made or any(marker for _, marker in last)
        else:
            assert found.then.id in [entry["VersionId"] for entry, marker in last if not marker]
        newest, marker = of_key[found.key][0]
        assert (found.now and found.now.id) == (None if marker else newest["VersionId"])


@settings(deadline=None)  # machines have bad moments
@given(listings(), st.integers(1, 7))
def test_as_of_now_nothing_is_to_be_done(listing, size):
    assert all(found.is_same for found in judged(listing, START + timedelta(days=1), size))


@settings(deadline=None)  # machines have bad moments
@given(listings(), st.integers(0, 20), st.integers(1, 7))
def test_the_pages_do_not_matter(listing, second, size):
    moment = START + timedelta(seconds=second)
    whole = [(found.key, found.now and found.now.id) for found in judged(listing, moment)]
    assert [(found.key, found.now and found.now.id) for found in judged(listing, moment, size)] == whole


def test_of_one_second_the_object_and_not_the_marker():
    """Which came first is not told, but of the present one."""
    later = START + timedelta(seconds=1)
    listing = [
        (entry("k", 3, later, latest=True), False),
        (entry("k", 2, START, marker=True), True),
        (entry("k", 1, START), False),
    ]
    assert judged(listing, START)[0].then.id == "v1"
    listing = [(entry("k", 2, START, latest=True, marker=True), True), (entry("k", 1, START), False)]
    assert judged(listing, START)[0].then is None


def test_an_upload_that_was_begun_early_does_not_hide_what_was_made_later():
    """S3 may list what was finished last first, though it is dated by its beginning."""
    begun, made = START, START + timedelta(hours=1)
    listing = [(entry("k", 2, begun, latest=True, etag="x-2"), False), (entry("k", 1, made), False)]
    (found,) = judged(listing, made)
    assert (found.then.id, found.now.id, found.is_same) == ("v1", "v2", False)


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ({"etag": "a"}, {"etag": "a"}, True),
        ({"etag": "a"}, {"etag": "b"}, False),
        ({"etag": "a"}, {"etag": "a", "Size": 2}, False),
        ({"etag": "a"}, {"etag": "a", "StorageClass": "STANDARD_IA"}, True),
        ({"etag": "a"}, {"etag": "a", "StorageClass": "DEEP_ARCHIVE"}, False),
        ({"etag": "a", "StorageClass": "GLACIER"}, {"etag": "a", "StorageClass": "GLACIER"}, True),
    ],
)
def test_equal_is_what_holds_the_same_and_can_be_read_as_well(then, now, same):
    listing = [
        (entry("k", 2, START + timedelta(days=1), latest=True, **now), False),
        (entry("k", 1, START, **then), False),
    ]
    assert judged(listing, START)[0].is_same is same


def test_versions_of_two_places_that_have_one_id_are_not_the_same():
    """Each object that is older than versioning is called null."""
    one, other = (versions.Version("k", "null", START, is_latest=True, size=1, etag=etag) for etag in "ab")
    assert versions.Judged("k", one, other).is_same
    assert not versions.Judged("k", one, other, is_elsewhere=True).is_same


@pytest.mark.parametrize(("etag", "parts"), [("a", 0), ("a-1", 1), ("a-12", 12), ("", 0), ("a-b", 0)])
def test_in_how_many_parts_it_was_uploaded(etag, parts):
    assert versions.Version("k", "v", START, is_latest=True, etag=f'"{etag}"').parts == parts


@pytest.mark.parametrize("parts", [1, 2])
def test_what_was_uploaded_in_parts_shortly_before_is_doubtful(parts):
    found = versions.Version("k", "v", START, is_latest=True, etag=f'"a-{parts}"')
    assert versions.Judged("k", found, found).is_doubtful(START + MARGIN - timedelta(seconds=1))
    assert not versions.Judged("k", found, found).is_doubtful(START + MARGIN)
    assert not versions.Judged("k", None, found).is_doubtful(START)
    whole = versions.Version("k", "v", START, is_latest=True, etag='"a"')
    assert not versions.Judged("k", whole, whole).is_doubtful(START)
