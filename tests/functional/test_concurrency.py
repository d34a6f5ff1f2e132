"""Two runs at once: two minions, or a schedule beside a person."""

import threading

import pytest
import yaml

from aws_runbook.session import Session

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
