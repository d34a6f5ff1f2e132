"""A run that asks once for many, and writes side by side: what it does and says is what it would one by one."""

import logging
import threading
from collections import Counter

import pytest

from aws_runbook.aws.session import Session
from aws_runbook.kinds import states as kind_states
from aws_runbook.kinds.kind import Kind
from aws_runbook.run import coalescing, eventual_consistency, prefetch

BUCKETS = [f"ocp-{name}-backup" for name in ("a", "b", "c", "d", "e")]
USERS = [f"{name}-backup" for name in ("a", "b", "c", "d", "e")]
RULE = {"ID": "delete-after-30-days", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """However slow the machine is."""
    monkeypatch.setattr(coalescing, "_PATIENCE", 60)


def high(buckets=BUCKETS, users=USERS, **particular):
    """A run of buckets with a rule each, and users with a policy each; ``particular`` is said of each user."""
    states = {}
    for bucket in buckets:
        protections = [{"public_access_block": True}, {"server_side_encryption": "AES256"}]
        states[bucket] = {"s3_bucket": ["present", {"name": bucket}, {"region": "eu-west-2"}, *protections]}
    for bucket in buckets:
        states[f"{bucket}-rules"] = {
            "s3_lifecycle": [
                "managed",
                {"name": bucket},
                {"region": "eu-west-2"},
                {"rules": [RULE]},
                {"require": [{"s3_bucket": bucket}]},
            ]
        }
    for user, bucket in zip(users, buckets, strict=True):
        targets = [{"kind": "files", "bucket": bucket}]
        states[f"{user}-policy"] = {"iam_backup_policy": ["present", {"name": user}, {"targets": targets}]}
    for user in users:
        states[user] = {
            "iam_user": [
                "present",
                {"policies": [user]},
                {"require": [{"iam_backup_policy": f"{user}-policy"}]},
                *[{name: value} for name, value in particular.items()],
            ]
        }
    return states


def applied(modules, states, **kwargs):
    """Of each state what it returned, in the order in which Salt called them."""
    placed = {
        name: {
            **{kind: [*said, {"order": number}] for kind, said in state.items()},
            "__sls__": "aws.test",
            "__env__": "base",
        }
        for number, (name, state) in enumerate(states.items(), start=1)
    }
    done = modules["state.high"](placed, **kwargs).raw
    assert isinstance(done, dict), done
    ordered = sorted(done.items(), key=lambda entry: entry[1]["__run_num__"])
    return {key.split("_|-")[1]: state for key, state in ordered}


def told(done):
    told = ("result", "changes", "comment", "warnings")
    return [(name, {key: state.get(key) for key in told}) for name, state in done.items()]


def operations(sandbox, write=None):
    return [call["operation"] for call in sandbox.calls(write=write)]


def test_what_is_done_and_said_is_the_same_as_one_by_one(modules, sandbox):
    together = applied(modules, high())
    assert {state["result"] for state in together.values()} == {True}, told(together)
    writes = operations(sandbox, write=True)
    assert writes.index("AttachUserPolicy") > max(n for n, name in enumerate(writes) if name == "CreateUser")
    sandbox.reset()
    states = high()
    for state in states.values():
        next(iter(state.values())).append({"failhard": True})
    alone = applied(modules, states)
    one_by_one = operations(sandbox, write=True)
    assert one_by_one.index("AttachUserPolicy") < max(n for n, name in enumerate(one_by_one) if name == "CreateUser")
    assert told(together) == told(alone)
    assert sorted(writes) == sorted(one_by_one)


def test_the_second_run_changes_nothing_and_asks_little(modules, sandbox):
    applied(modules, high())
    sandbox.clear_calls()
    again = applied(modules, high())
    assert {str(state["changes"]) for state in again.values()} == {"{}"}
    assert sandbox.calls(write=True) == []
    # Of each bucket two protections, its rules, and a look into it.
    assert len(sandbox.calls()) <= 4 * len(BUCKETS) + 3


@pytest.mark.parametrize("number", [5, 40])
def test_the_first_asks_for_all_that_is_made_together(modules, sandbox, number):
    """However many there are: read ahead, and to confirm the buckets, the policies, the users, and what is attached to these."""
    names = [f"n{index:02}-backup" for index in range(number)]
    done = applied(modules, high([f"ocp-{name}" for name in names], names))
    assert {state["result"] for state in done.values()} == {True}, told(done)
    asked = Counter(operations(sandbox))
    shared = {name: count for name, count in asked.items() if count % number}
    assert shared == {"GetCallerIdentity": 1, "ListBuckets": 2, "GetAccountAuthorizationDetails": 4}
    # Each bucket has two protections that a new one has already, rules before and after they are written, and a look into it.
    assert sum(asked.values()) - sum(shared.values()) == 10 * number


def test_whether_a_bucket_is_there_is_not_asked_one_by_one(modules, sandbox):
    applied(modules, high())
    assert operations(sandbox).count("HeadBucket") == 0
    # Two of its rules: before they are written, and after.
    assert operations(sandbox).count("GetBucketLifecycleConfiguration") == 2 * len(BUCKETS)


def test_a_bucket_of_another_account_is_refused_in_the_same_words(modules, sandbox):
    """Under test it is looked for; a run that creates it is told by S3."""
    sandbox.foreign_bucket(BUCKETS[1])
    planned = applied(modules, high(), test=True)
    done = applied(modules, high())
    assert done[BUCKETS[1]]["comment"] == planned[BUCKETS[1]]["comment"]
    assert "it belongs to another AWS account" in done[BUCKETS[1]]["comment"]
    failed = [name for name, state in done.items() if state["result"] is False]
    assert failed == [name for name, state in planned.items() if state["result"] is False]
    assert failed == [BUCKETS[1], f"{BUCKETS[1]}-rules"]
    assert {str(done[name]["changes"]) for name in failed} == {"{}"}
    alone = {"gone": {"s3_bucket": ["absent", {"name": BUCKETS[1]}]}, **high()}
    refused = applied(modules, alone)["gone"]
    assert (refused["result"], "another AWS account" in refused["comment"]) == (False, True)


def test_under_test_nothing_is_written(modules, sandbox):
    sandbox.refuse_writes(True)
    planned = applied(modules, high(), test=True)
    assert {state["result"] for state in planned.values()} == {None}
    assert sandbox.calls(write=True) == []
    sandbox.refuse_writes(False)
    done = applied(modules, high())
    assert [state["changes"] for state in done.values()] == [state["changes"] for state in planned.values()]


def test_one_that_fails_stops_what_requires_it_and_no_other(modules, sandbox):
    sandbox.fault("CreatePolicy", "access_denied", skip=2)
    done = applied(modules, high())
    failed = [name for name, state in done.items() if state["result"] is False]
    assert len(failed) == 2
    policy, user = failed
    assert policy == f"{user}-policy"
    assert "iam:CreatePolicy" in done[policy]["comment"]
    assert "requisite failed" in done[user]["comment"]
    made = {entry["UserName"] for entry in sandbox.client("iam").list_users()["Users"]}
    assert made == {*USERS} - {user}


@pytest.mark.parametrize(
    ("said", "kept"),
    [({"unless": ["true"]}, True), ({"onlyif": ["false"]}, True), ({"retry": {"attempts": 2, "interval": 1}}, False)],
    ids=["unless", "onlyif", "retry"],
)
def test_what_salt_decides_at_a_turn_is_not_done_before_it(modules, sandbox, said, kept):
    states = high()
    states[USERS[2]]["iam_user"] += [{name: value} for name, value in said.items()]
    done = applied(modules, states)
    assert done[USERS[2]]["result"] is True
    made = {entry["UserName"] for entry in sandbox.client("iam").list_users()["Users"]}
    assert made == ({*USERS} - {USERS[2]} if kept else {*USERS})


def test_a_state_of_another_project_is_not_passed(modules, sandbox):
    """It fails, and ends the run: what comes after it has not been touched."""
    states = high()
    users = {name: states.pop(name) for name in USERS}
    states[USERS[0]], states[USERS[1]] = users[USERS[0]], users[USERS[1]]
    states["theirs"] = {"test": ["fail_with_changes", {"failhard": True}]}
    states.update({name: users[name] for name in USERS[2:]})
    done = applied(modules, states)
    assert done["theirs"]["result"] is False
    made = {entry["UserName"] for entry in sandbox.client("iam").list_users()["Users"]}
    assert made == {*USERS[:2]}


def test_drift_of_many_users_is_read_again_before_it_is_mended(modules, sandbox, monkeypatch):
    """Somebody changes one of them after the run has read ahead: what is done and said is about what is there then."""
    iam, read = sandbox.client("iam"), prefetch.read
    states = high(tags={"team": "data"}, purge=True)
    applied(modules, states)
    for user in USERS:
        iam.tag_user(UserName=user, Tags=[{"Key": "old", "Value": "1"}])

    def and_then(*arguments):
        read(*arguments)
        iam.tag_user(UserName=USERS[4], Tags=[{"Key": "late", "Value": "1"}])

    monkeypatch.setattr(prefetch, "read", and_then)
    done = applied(modules, states)
    before = [done[user]["changes"]["tags"]["old"] for user in USERS]
    assert before == [*[{"old": "1", "team": "data"}] * 4, {"old": "1", "team": "data", "late": "1"}]
    assert [entry["Key"] for entry in iam.list_user_tags(UserName=USERS[4])["Tags"]] == ["team"]


def test_a_plan_that_was_read_ahead_holds_until_something_is_written(modules, sandbox):
    """The second state had nothing to change before the first one wrote."""
    sandbox.client("s3").create_bucket(Bucket="ocp-backup")
    states = {
        f"{versioning}-{number}": {"s3_bucket": ["present", {"name": "ocp-backup"}, {"versioning": versioning}]}
        for number, versioning in enumerate(["Enabled", "Suspended", "Suspended", "Enabled"])
    }
    for before in ("Suspended", "Enabled"):
        sandbox.client("s3").put_bucket_versioning(Bucket="ocp-backup", VersioningConfiguration={"Status": before})
        done = applied(modules, states)
        versionings = [state["changes"].get("versioning", {}).get("new") for state in done.values()]
        assert versionings == ["Enabled" if before == "Suspended" else None, "Suspended", None, "Enabled"]


def test_what_needs_no_change_is_planned_once(modules, sandbox, monkeypatch):
    applied(modules, high())
    decided = []
    describe = Kind.describe
    monkeypatch.setattr(Kind, "describe", lambda kind, *args: decided.append(kind.name) or describe(kind, *args))
    again = applied(modules, high())
    assert {str(state["changes"]) for state in again.values()} == {"{}"}
    assert Counter(decided) == {"s3_bucket": 5, "iam_backup_policy": 5, "iam_user": 5}


def test_credentials_that_may_not_list_ask_one_by_one_and_say_so_once(modules, sandbox, caplog):
    sandbox.fault("GetAccountAuthorizationDetails", "access_denied", times=100)
    sandbox.fault("ListBuckets", "access_denied", times=100)
    caplog.set_level(logging.WARNING, "aws_runbook")
    done = applied(modules, high())
    assert {state["result"] for state in done.values()} == {True}, told(done)
    sandbox.clear_calls()
    caplog.clear()
    again = applied(modules, high())
    assert {str(state["changes"]) for state in again.values()} == {"{}"}
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("aws_runbook")]
    assert len([line for line in lines if "iam:GetAccountAuthorizationDetails" in line]) == 1
    assert len([line for line in lines if "s3:ListAllMyBuckets" in line]) == 1
    assert len(lines) == 2
    assert operations(sandbox).count("GetAccountAuthorizationDetails") == 1


def test_a_listing_that_fails_is_no_reason_to_fail(modules, sandbox):
    sandbox.fault("GetAccountAuthorizationDetails", "internal_error", times=100)
    done = applied(modules, high())
    assert {state["result"] for state in done.values()} == {True}, told(done)


def test_the_tags_of_policies_are_not_taken_from_a_listing_that_leaves_them_out(modules, sandbox):
    states = high()
    for user in USERS:
        states[f"{user}-policy"]["iam_backup_policy"].append({"tags": {"team": "data"}})
    applied(modules, states)
    sandbox.clear_calls()
    again = applied(modules, states)
    assert {str(state["changes"]) for state in again.values()} == {"{}"}
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize("pattern", ["-", "-+", "+--"])
def test_what_aws_does_not_show_at_once_is_waited_for(modules, sandbox, pattern):
    sandbox.stand_aside()
    for service in ("iam", "s3"):
        sandbox.lag(service, looks=3, pattern=pattern)
    done = applied(modules, high())
    assert {state["result"] for state in done.values()} == {True}, told(done)
    versions = {entry["DefaultVersionId"] for entry in sandbox.client("iam").list_policies(Scope="Local")["Policies"]}
    assert versions == {"v1"}


def test_an_account_of_many_pages(modules, sandbox):
    sandbox.page_size(2)
    done = applied(modules, high())
    assert {state["result"] for state in done.values()} == {True}, told(done)
    again = applied(modules, high())
    assert {str(state["changes"]) for state in again.values()} == {"{}"}


def test_where_no_more_threads_can_be_started_the_others_have_their_turn_later(modules, sandbox, monkeypatch):
    """A service of a small machine may have some hundreds."""
    start, names = threading.Thread.start, [f"n{index}-backup" for index in range(8)]

    def refuse(thread):
        if (
            thread.name.startswith("aws-runbook")
            and sum(one.name.startswith("aws-runbook") for one in threading.enumerate()) == 3
        ):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(prefetch, "AT_ONCE", 2)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = applied(modules, high([f"ocp-{name}" for name in names], names))
    assert {state["result"] for state in done.values()} == {True}, told(done)
    assert all(state["changes"] for state in done.values()), told(done)
    assert operations(sandbox, write=True).count("CreateUser") == len(names)


@pytest.mark.parametrize(("name", "path"), [("b-backup", "/team/"), ("B-Backup", "/")], ids=["path", "case"])
def test_a_policy_whose_name_is_taken_meanwhile_is_found(modules, sandbox, monkeypatch, name, path):
    """The names of the account's policies are asked once for all that are made."""
    monkeypatch.setattr(eventual_consistency, "SETTLE_TIMEOUT", 0)
    monkeypatch.setattr(kind_states, "SETTLE_TIMEOUT", 0)
    iam, write, others = sandbox.client("iam"), Session.write, []

    def racing(self, service, method, doing, **parameters):
        if method == "create_policy" and parameters["PolicyName"] == "b-backup" and not others:
            others.append(parameters["PolicyDocument"])
            iam.create_policy(PolicyName=name, PolicyDocument=others[0], Path=path)
        return write(self, service, method, doing, **parameters)

    monkeypatch.setattr(Session, "write", racing)
    done = applied(modules, high())
    policy = done["b-backup-policy"]
    if name == "b-backup":
        assert policy["result"] is True, policy
        assert operations(sandbox, write=True).count("CreatePolicyVersion") == 0
    else:
        assert (policy["result"], "B-Backup" in policy["comment"]) == (False, True), policy
    assert {done[f"{other}-policy"]["result"] for other in USERS if other != "b-backup"} == {True}
