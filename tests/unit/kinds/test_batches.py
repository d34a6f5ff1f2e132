"""Which states may be converged with the one whose turn it is."""

import pytest

from aws_runbook.kinds import batches

PARAMETERS = ["name", "policies", "tags", "region", "profile", "keyid", "key"]


def chunk(name, state="iam_user", fun="present", **more):
    return {
        "state": state,
        "fun": fun,
        "name": name,
        "__id__": f"the-{name}",
        "__sls__": "aws.iam",
        "__env__": "base",
        "order": 10000,
        **more,
    }


def is_ours(entry):
    return entry["state"] != "file"


def names(chunks, low=None, running=None, *, failhard=False):
    run = batches.Run(low or chunks[0], chunks, running, failhard=failhard)
    return [entry["name"] for entry in run.companions(lambda _: PARAMETERS, is_ours)]


def ran(entry, result=True):
    return {batches.tag(entry): {"result": result, "changes": {}}}


def test_those_that_follow_and_are_of_the_same_kind():
    chunks = [chunk("before"), chunk("a"), chunk("b", tags={"team": "data"}), chunk("c")]
    assert names(chunks, low=chunks[1]) == ["b", "c"]


@pytest.mark.parametrize(
    "between",
    [
        chunk("x", state="file", fun="managed"),
        chunk("x", state="iam_group"),
        chunk("x", fun="absent"),
        chunk("A"),
    ],
    ids=["somebody else's", "another kind", "another function", "the same name, as IAM takes it"],
)
def test_nothing_is_taken_from_beyond_what_is_between(between):
    assert names([chunk("a"), chunk("b"), between, chunk("c")]) == ["b"]


@pytest.mark.parametrize(
    "said",
    [
        "check_cmd",
        "creates",
        "failhard",
        "fire_event",
        "listen",
        "onchanges",
        "onfail",
        "onlyif",
        "parallel",
        "prereq",
        "reload_modules",
        "require_any",
        "retry",
        "runas",
        "timeout",
        "unless",
        "use",
        "watch",
    ],
)
def test_a_state_with_an_argument_that_salt_evaluates_keeps_its_turn(said):
    special = chunk("b", **{said: ["true"]})
    assert names([chunk("a"), special, chunk("c")]) == ["c"]
    assert names([special, chunk("c")]) == []


def test_what_does_not_write_side_by_side_keeps_its_turn():
    chunks = [chunk("a"), chunk("b"), chunk("c")]
    taken = {"a": PARAMETERS, "b": None, "c": PARAMETERS}
    assert [
        entry["name"]
        for entry in batches.Run(chunks[0], chunks).companions(lambda entry: taken[entry["name"]], is_ours)
    ] == ["c"]
    assert batches.Run(chunks[1], chunks).companions(lambda entry: taken[entry["name"]], is_ours) == []


def test_those_wait_whose_requisites_have_not_succeeded():
    policy, failed = chunk("p", state="iam_backup_policy"), chunk("q", state="iam_backup_policy")
    later = chunk("z", state="iam_group")
    chunks = [
        policy,
        failed,
        chunk("a"),
        chunk("met", require=[{"iam_backup_policy": "the-p"}]),
        chunk("by-name", require=[{"iam_backup_policy": "p"}]),
        chunk("failed", require=[{"iam_backup_policy": "the-q"}]),
        chunk("one-of-two", require=[{"iam_backup_policy": "the-[pq]"}]),
        chunk("later", require=[{"iam_group": "the-z"}]),
        chunk("companion", require=[{"iam_user": "the-met"}]),
        chunk("nobody", require=[{"iam_group": "gone"}]),
        chunk("sls", require=[{"sls": "aws.iam"}]),
        later,
    ]
    running = {**ran(policy), **ran(failed, result=False)}
    assert names(chunks, low=chunks[2], running=running) == ["met", "by-name"]


def test_a_requisite_on_a_state_of_another_project_keeps_the_turn():
    theirs = chunk("x", state="file", fun="managed")
    chunks = [theirs, chunk("a"), chunk("b", require=[{"file": "the-x"}]), chunk("c")]
    assert names(chunks, low=chunks[1], running=ran(theirs)) == ["c"]


def test_what_would_only_be_done_has_not_succeeded():
    policy = chunk("p", state="iam_backup_policy")
    chunks = [policy, chunk("a"), chunk("b", require=[{"iam_backup_policy": "p"}])]
    assert names(chunks, low=chunks[1], running=ran(policy, result=None)) == []


def test_what_has_run_is_left_alone():
    chunks = [chunk("a"), chunk("b"), chunk("c")]
    assert names(chunks, running=ran(chunks[1])) == ["c"]


def test_where_a_failure_is_to_end_the_run_each_has_its_turn():
    assert names([chunk("a"), chunk("b")], failhard=True) == []


def test_outside_a_run_there_are_none():
    assert batches.Run().companions(lambda _: PARAMETERS, is_ours) == []
    assert names([chunk("b")], low=chunk("a")) == []


def test_so_many_at_a_time():
    chunks = [chunk(f"u{number}") for number in range(batches._SIZE + 50)]
    assert len(names(chunks)) == batches._SIZE - 1
