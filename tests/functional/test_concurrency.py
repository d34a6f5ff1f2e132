"""Two runs at once: two minions, or a schedule beside a person."""

import threading

import pytest
import yaml

from aws_runbook.aws.session import Session
from aws_runbook.run import prefetch

USER = "registry-backup"


@pytest.fixture
def iam(sandbox):
    client = sandbox.client("iam")
    client.create_user(UserName=USER)
    return client


def test_two_keys_at_once_end_as_one(modules, iam, sandbox, tmp_path, monkeypatch):
    """A run on another machine, with the same store, makes and stores its key between this run's two looks."""
    path = tmp_path / "registry.sls"
    store = {"pillar_file": str(path), "keys": {"access_key": "a", "secret_key": "b"}}
    write = Session.write
    others = []

    def racing(self, service, method, doing, **parameters):
        if method == "create_access_key":
            others.append(iam.create_access_key(UserName=USER)["AccessKey"])
            path.write_text(yaml.safe_dump({"a": others[0]["AccessKeyId"], "b": others[0]["SecretAccessKey"]}))
        return write(self, service, method, doing, **parameters)

    monkeypatch.setattr(Session, "write", racing)
    modules["iam_access_key.apply"](USER, "create", store=store)
    keys = [entry["AccessKeyId"] for entry in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]]
    assert keys == [others[0]["AccessKeyId"]]
    assert yaml.safe_load(path.read_text())["a"] == keys[0]
    assert len(sandbox.calls(operation="CreateAccessKey")) == 2
    assert modules["iam_access_key.plan"](USER, store=store)["changes"] == {}


def test_a_key_that_another_run_made_meanwhile_is_enough(modules, iam, tmp_path):
    iam.create_access_key(UserName=USER)
    store = {"pillar_file": str(tmp_path / "registry.sls"), "keys": {"access_key": "a", "secret_key": "b"}}
    modules["iam_access_key.apply"](USER, "create", store=store)
    assert len(iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 1


def rule(prefix):
    return {
        "ID": f"delete-{prefix}",
        "Status": "Enabled",
        "Filter": {"Prefix": f"{prefix}/"},
        "Expiration": {"Days": 30},
    }


def test_no_lifecycle_rule_is_lost(states, sandbox, monkeypatch):
    """The other run reads the rules before this one writes, and writes after."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="ocp-db-backup")
    write = Session.write
    other = threading.Event()

    def racing(self, service, method, doing, **parameters):
        answer = write(self, service, method, doing, **parameters)
        if method == "put_bucket_lifecycle_configuration" and not other.is_set():
            other.set()
            s3.put_bucket_lifecycle_configuration(Bucket="ocp-db-backup", LifecycleConfiguration={"Rules": [rule("b")]})
        return answer

    monkeypatch.setattr(Session, "write", racing)
    ret = states["s3_lifecycle.managed"](name="ocp-db-backup", rules=[rule("a")])
    assert ret.result is True, ret.comment
    rules = s3.get_bucket_lifecycle_configuration(Bucket="ocp-db-backup")["Rules"]
    assert {entry["ID"] for entry in rules} == {"delete-a", "delete-b"}


def test_a_rule_that_comes_between_reading_ahead_and_writing_is_not_lost(fleet, sandbox, monkeypatch):
    """A person adds a rule while a run is under way, to a bucket whose rules the run has read and is about to write."""
    bucket = "ocp-registry-backup"
    s3 = sandbox.client("s3", region="eu-west-2")
    fleet.apply("aws.buckets")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule("old")]})
    read = prefetch.read

    def meanwhile(states, chunks):
        read(states, chunks)
        rules = [rule("old"), rule("new")]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    monkeypatch.setattr(prefetch, "read", meanwhile)
    written = fleet.apply("aws.buckets")[f"aws-lifecycle-{bucket}"]
    assert written["result"] is True, written["comment"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {entry["ID"] for entry in rules} == {"delete-old", "delete-new", "delete-after-30-days-database"}


def asked_of(sandbox, *left_out):
    """What a run asked, but for searches, which go page by page, and for what one or other thing was asked about."""
    calls = [(call["operation"], call["resource"]) for call in sandbox.calls() if call["operation"] != "ListObjectsV2"]
    return [(operation, resource) for operation, resource in calls if not str(resource).endswith(left_out)]


def test_a_run_asks_nothing_twice(fleet, sandbox):
    """What is read ahead, by many at a time, is neither read again nor read in vain."""
    fleet.apply("aws.iam")
    sandbox.clear_calls()
    fleet.apply("aws.iam")
    asked = asked_of(sandbox)
    assert len(asked) == len(set(asked)) > 25


def test_a_change_of_one_thing_does_not_make_the_others_be_asked_again(fleet, sandbox):
    fleet.apply("aws.iam")
    sandbox.client("s3").delete_bucket_lifecycle(Bucket="ocp-docs-backup")
    arn = sandbox.client("iam").list_attached_user_policies(UserName="docs-backup")["AttachedPolicies"][0]["PolicyArn"]
    sandbox.client("iam").detach_user_policy(UserName="docs-backup", PolicyArn=arn)
    sandbox.clear_calls()
    states = fleet.apply("aws.iam")  # which includes the buckets
    assert {name for name, state in states.items() if state["changes"]} == {
        "aws-lifecycle-ocp-docs-backup",
        "aws-user-docs-backup",
    }
    # The listing of the account is made once more, for all that could have been written with that user.
    left_out = ("GetCallerIdentity", "GetAccountAuthorizationDetails")
    others = [entry for entry in asked_of(sandbox, "docs-backup") if entry[0] not in left_out]
    assert len(others) == len(set(others)) > 20
