"""What would change, a line a change, from what Salt returns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.status import changes

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())
)


def state(number, result=None, made=(), comment="", **more):
    return {"__run_num__": number, "result": result, "changes": dict(made), "comment": comment, **more}


def plan(*states):
    return changes.read(
        {f"s3_bucket_|-id-{one['__run_num__']}_|-b{one['__run_num__']}_|-present": one for one in states}
    )


def change(old, new, attribute="tags"):
    return {attribute: {"old": old, "new": new}}


def test_the_order_is_that_of_the_run():
    done = plan(state(2, made=change(None, "b2", "name")), state(1, made=change({"a": "1"}, {"a": "2"})))
    assert changes.text(done).splitlines() == ["s3_bucket  b1  tags     {a: '1'} → {a: '2'}", "s3_bucket  b2  created"]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([state(1, True)], 0),
        ([state(1, made=change(1, 2))], 2),
        ([state(1, made=change(1, 2)), state(2, False, comment="No.")], 1),
        ([state(1, False, comment="No."), state(2, False, comment="requisite failed", __state_ran__=False)], 1),
    ],
)
def test_the_exit_status_agrees_with_the_report(states, status):
    done = plan(*states)
    assert done.status == status
    assert (changes.text(done) == "") == (status == 0)
    assert len(done.failed) == (status == 1)


def test_what_waits_is_no_change_and_what_a_change_takes_away_is_reported():
    told = ["Waiting: for DNS.", "It loses\nsomething."]
    assert changes.text(plan(state(1, True, warnings=told))) == ""
    _, warning = changes.text(plan(state(1, made=change(1, 2), warnings=told))).splitlines()
    assert warning == "WARNING: s3_bucket b1: It loses something."


@pytest.mark.parametrize(
    ("diff", "told"),
    [
        ({"diff": "--- old\n+++ new\n@@ -1 +1 @@\n- ID: a\n+ ID: b"}, "ID: a → ID: b"),
        ({"diff": "--- old\n+++ new\n@@ -1 +1 @@\n- ID: a"}, "ID: a → none"),
        ({"diff": "--- old\n+++ new\n@@ -1 +1 @@\n- ID: a", "means": "may no longer read"}, "may no longer read"),
    ],
)
def test_a_changed_document_is_reported_with_its_differences(diff, told):
    done = plan(state(1, made={"rules": diff}))
    assert changes.text(done) == f"s3_bucket  b1  rules  {told}"
    assert changes.text(done, diff=True).splitlines()[1:] == [f"    {line}" for line in diff["diff"].splitlines()]


@given(st.lists(st.tuples(VALUES, VALUES), max_size=5))
def test_a_change_is_a_line_whatever_it_holds(pairs):
    made = {f"a{number}": {"old": old, "new": new} for number, (old, new) in enumerate(pairs)}
    lines = changes.text(plan(state(1, made=made))).split("\n") if made else []
    assert len(lines) == len(made)
    assert all(len(line) < 250 for line in lines)
