"""How a change is shown."""

from collections import OrderedDict

from hypothesis import given

from aws_runbook.kinds import difference
from tests.unit.strategies import rules

RULE = {"Status": "Enabled", "ID": "delete", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 30}}


def test_a_rule_that_changes_is_named_above_what_changes():
    shown = difference.of_entries([RULE], [{**RULE, "Expiration": {"Days": 60}}])
    assert shown["diff"].splitlines() == [
        "--- old",
        "+++ new",
        "@@ -1,4 +1,4 @@",
        " - ID: delete",
        "-  Expiration: {Days: 30}",
        "+  Expiration: {Days: 60}",
        "   Filter: {Prefix: a/}",
        "   Status: Enabled",
    ]


@given(rules(), rules())
def test_two_rules_differ_or_have_no_diff(one, other):
    assert (difference.of_entries([one], [other])["diff"] == "") == (one == other)


def test_only_documents_that_were_there_are_shown_as_a_diff():
    documents = {"rules": difference.of_entries}
    made = {"rules": {"old": None, "new": [RULE]}, "tags": {"old": {}, "new": {"a": "b"}}}
    assert difference.shown(made, documents) == made
    gone = {"rules": {"old": [RULE], "new": []}}
    assert difference.shown(gone, documents) == gone
    assert set(difference.shown({"rules": {"old": [RULE], "new": [{**RULE, "ID": "x"}]}}, documents)["rules"]) == {
        "diff"
    }


def test_what_an_sls_file_gives_is_shown_as_what_aws_gives():
    wanted = OrderedDict({**RULE, "Filter": OrderedDict(Prefix="a/"), "Expiration": OrderedDict(Days=60)})
    plain = {**RULE, "Expiration": {"Days": 60}}
    assert difference.of_entries([RULE], [wanted]) == difference.of_entries([RULE], [plain])
