"""What a recovery says of what it could not bring back, of what it left, and of the comparison afterwards."""

from datetime import datetime, timezone

import pytest

from aws_runbook.recovery import copying, render, steps

MOMENT = datetime(2030, 1, 1, 3, tzinfo=timezone.utc)
PLACE = {
    "location": "ocp-cms-backup/site",
    "objects": 2,
    "bytes": 20,
    "same": 1,
    "copy": 1,
    "copy_bytes": 10,
    "hide": 0,
    "others": 0,
}
ONE = {"count": 1, "examples": ["ocp-cms-backup/site/a"]}
NONE = {"count": 0, "examples": []}


def shown(place=PLACE, **more):
    data = {
        "server": "cms",
        "moment": MOMENT,
        "to": None,
        "test": False,
        "places": [place],
        "problems": {},
        "hidden": [],
        "left": {},
        "doubtful": None,
        "differing": None,
        "notes": [],
        "next": [],
        **more,
    }
    return render.recovery(data).splitlines()


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (
            copying.ARCHIVED,
            "in an archive: restore them first (aws s3api restore-object with the version), then run this again:",
        ),
        (
            copying.ENCRYPTED,
            "encrypted with a customer-provided key (SSE-C), which S3 does not keep: copy them with that key:",
        ),
        (copying.GONE, "whose version of that time no longer exists:"),
        (
            copying.IN_THE_WAY,
            "whose place holds another object, in a bucket that keeps no versions: choose an empty place:",
        ),
        (copying.FAILED, "that S3 refused:"),
    ],
)
def test_what_is_not_brought_back_is_named_with_the_reason(reason, says):
    lines = shown(problems={reason: ONE})
    assert lines[-2:] == [f"NOT BROUGHT BACK: 1 object {says}", "  ocp-cms-backup/site/a"]
    assert lines[-3] == (
        "1 older version (10 bytes) copied into place, and 0 objects that did not exist then hidden by a delete marker, except for the 1 below. "
        "No version is deleted."
    )


@pytest.mark.parametrize(
    ("sort", "says"),
    [
        (
            steps.UNKNOWN,
            "1 object, because it is not known whether they existed then. Check them, and delete by hand those that do not belong there:",
        ),
        (steps.STRANGER, "objects created since then below these directories, which no known pillar declares:"),
    ],
)
def test_what_is_not_hidden_is_named_with_the_reason(sort, says):
    assert shown(left={sort: ONE})[-2:] == [f"NOT HIDDEN: {says}", "  ocp-cms-backup/site/a"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"differing": NONE}, ["Compared with the listing as of then: equal."]),
        (
            {"differing": NONE, "left": {steps.UNKNOWN: ONE}},
            ["Compared with the listing as of then: the rest is equal."],
        ),
        (
            {"differing": ONE},
            [
                (
                    "DIFFERENT: 1 object not equal to the version of then, because another program has written meanwhile. Deactivate the stolen "
                    "key, stop the server's backups, and run this again:"
                ),
                "  ocp-cms-backup/site/a",
            ],
        ),
        (
            {"place": {**PLACE, "others": 3}, "to": "ocp-spare/cms"},
            ["NOTE: 3 other objects at ocp-spare/cms are unchanged."],
        ),
    ],
)
def test_the_end(more, says):
    assert shown(**more)[-len(says) :] == says
