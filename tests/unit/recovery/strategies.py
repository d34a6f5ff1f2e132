"""Versions of objects, as S3 lists them."""

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def entry(key, number, made, *, latest=False, marker=False, etag="", **more):
    """A version as boto3 gives it, or a delete marker."""
    common = {"Key": key, "VersionId": f"v{number}", "LastModified": made, "IsLatest": latest}
    return (
        common if marker else {**common, "Size": 1, "ETag": f'"{etag or number}"', "StorageClass": "STANDARD", **more}
    )


@st.composite
def listings(draw):
    """``(entries, is a marker)`` of a bucket in S3's order: keys by their bytes, of each the newest first."""
    keys = draw(st.lists(st.text("ab/ü\U0001f600", min_size=1, max_size=3), max_size=5, unique=True))
    found, number = [], 0
    for key in sorted(keys, key=str.encode):
        seconds = sorted(draw(st.lists(st.integers(0, 20), min_size=1, max_size=5)), reverse=True)
        for place, second in enumerate(seconds):
            number += 1
            marker = draw(st.booleans())
            content = draw(st.sampled_from("xyz"))
            made = START + timedelta(seconds=second)
            found.append((entry(key, number, made, latest=place == 0, marker=marker, etag=content), marker))
    return found


def pages(listing, size):
    """A listing in pages of ``size``, as boto3 gives them."""
    for start in range(0, len(listing), size):
        part = listing[start : start + size]
        yield {
            name: found
            for name, of_markers in (("Versions", False), ("DeleteMarkers", True))
            if (found := [entry for entry, marker in part if marker is of_markers])
        }
