"""For how long a bucket keeps what is overwritten or deleted."""

import pytest

from aws_runbook.recovery import keeping


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
    assert keeping.of_rules(rules, "root/") == expected
