"""For how long a bucket keeps what is overwritten or deleted."""

from datetime import datetime, timedelta, timezone

import pytest

from aws_runbook.recovery import retention

NOW = datetime(2030, 1, 31, tzinfo=timezone.utc)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)


def rule(name, days, *, status="Enabled", prefix="", **selection):
    return {
        "ID": name,
        "Status": status,
        "Filter": selection or {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
    }


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], (None, ())),
        ([rule("a", 30)], (30, ())),
        ([rule("a", 30, status="Disabled")], (None, ())),
        ([rule("a", 30), rule("b", 7)], (7, ())),
        ([rule("a", 30), rule("b", 7, prefix="other/")], (30, ())),
        ([rule("a", 30), rule("b", 7, prefix="root/")], (7, ())),
        ([rule("a", 30), rule("b", 7, prefix="root/inner/")], (30, (("b", 7),))),
        ([rule("a", 30), rule("b", 40, prefix="root/inner/")], (30, ())),
        ([rule("b", 7, Tag={"Key": "k", "Value": "v"})], (None, (("b", 7),))),
        ([rule("b", 7, And={"Prefix": "root/", "ObjectSizeGreaterThan": 5})], (None, (("b", 7),))),
        ([{"ID": "c", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 3}}], (None, ())),
    ],
)
def test_the_least_of_the_rules_for_all_of_it(rules, expected):
    assert retention.of_rules(rules, "root/") == expected


@pytest.mark.parametrize(
    ("days", "shorter", "since", "earliest"),
    [
        (None, (), None, None),
        (30, (), None, NOW - 30 * DAY + timedelta(minutes=1)),
        (30, (("b", 7),), None, NOW - 7 * DAY + timedelta(minutes=1)),
        (None, (("b", 7),), None, NOW - 7 * DAY + timedelta(minutes=1)),
        (None, (), NOW - 3 * DAY, NOW - 3 * DAY + QUARTER),
        (30, (("b", 7),), NOW - 3 * DAY, NOW - 3 * DAY + QUARTER),
        (2, (), NOW - 3 * DAY, NOW - 2 * DAY + timedelta(minutes=1)),
    ],
)
def test_the_earliest_moment_is_the_latest_that_anything_tells(days, shorter, since, earliest):
    assert retention.Keeping("Enabled", days, shorter, since).earliest(NOW) == earliest
