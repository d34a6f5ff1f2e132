"""Access keys: made, stored, rotated, and never seen."""

import json
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

USER = "registry-backup"
START = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def iam(sandbox):
    sandbox.advance_clock(-3600)  # a key that was made this minute may be on its way to the store
    client = sandbox.client("iam")
    client.create_user(UserName=USER)
    return client


@pytest.fixture
def private(tmp_path):
    path = tmp_path / "registry.sls"
    path.write_text("# The registry's private half.\npostgres:\n  backup:\n    password: other\n")
    return path


@pytest.fixture
def store(private):
    return {"pillar_file": str(private), "keys": {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}}


def keys(iam):
    return {entry["AccessKeyId"]: entry["Status"] for entry in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]}


def stored(private):
    return (yaml.safe_load(private.read_text()).get("aws") or {}).get("access_key")


def works(sandbox, private):
    """Whether AWS takes what the store holds: signed by that key, a call is made in that user's name."""
    halves = yaml.safe_load(private.read_text())["aws"]
    client = sandbox.client("sts", key=(halves["access_key"], halves["secret_key"]))
    return client.get_caller_identity()["Arn"].endswith(f"user/{USER}")


def test_a_key_is_made_and_stored(converge, iam, private, store, sandbox):
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.changes == {
        "access_key": {"old": None, "new": f"a new key, in pillar file {private}, aws:access_key, aws:secret_key"}
    }
    assert list(keys(iam)) == [stored(private)]
    assert works(sandbox, private)
    secret = yaml.safe_load(private.read_text())["aws"]["secret_key"]
    assert secret not in str(ret.full_return)
    assert "password: other" in private.read_text()
    assert private.stat().st_mode & 0o777 == 0o600


@pytest.mark.gpg
def test_a_key_in_an_encrypted_file(converge, iam, private, store, keyring):
    master, fingerprint, public = keyring
    encrypted = {**store, "gpg": {"recipients": [fingerprint], "homedir": str(public)}}
    ret = converge("iam_access_key.present", name=USER, store=encrypted)
    assert ret.result is True, ret.comment
    halves = yaml.safe_load(private.read_text())["aws"]
    assert keys(iam) == {halves["access_key"]: "Active"}
    assert halves["secret_key"].startswith("-----BEGIN PGP MESSAGE-----")
    decrypted = subprocess.run(
        ["gpg", "--batch", "--homedir", str(master), "--decrypt"],
        input=halves["secret_key"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(decrypted) == 40
    assert decrypted not in private.read_text() + str(ret.full_return)


def test_a_key_behind_sdb(converge, iam, minion_opts):
    ret = converge("iam_access_key.present", name=USER, store="sdb://vault/aws/registry")
    assert ret.result is True, ret.comment
    vault = json.loads(Path(minion_opts["vault"]["path"]).read_text())
    assert keys(iam) == {vault["aws/registry/access_key"]: "Active"}
    assert len(vault["aws/registry/secret_key"]) == 40
    assert vault["aws/registry/secret_key"] not in str(ret.full_return)


def test_a_key_that_was_deleted_is_made_again(converge, iam, private, store):
    converge("iam_access_key.present", name=USER, store=store)
    old = stored(private)
    iam.delete_access_key(UserName=USER, AccessKeyId=old)
    assert "access_key" in converge("iam_access_key.present", name=USER, store=store).changes
    assert list(keys(iam)) == [stored(private)] != [old]


def test_a_user_that_is_not_there_yet_is_planned_the_same(states, sandbox, store):
    planned = states["iam_access_key.present"](name="not-there-yet", store=store, test=True)
    assert planned.result is None
    assert planned.changes["access_key"]["old"] is None


def test_without_a_store_a_line_says_what_is_waited_for(converge, iam):
    ret = converge("iam_access_key.present", name=USER)
    assert ret.result is True
    assert ret.warnings[0].startswith("Waiting: the user registry-backup has no access key")


def test_the_store_is_tried_before_a_key_is_made(converge, iam, tmp_path):
    store = {"pillar_file": str(tmp_path / "nowhere" / "x.sls"), "keys": {"access_key": "a", "secret_key": "b"}}
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is False
    assert "does not exist" in ret.comment
    assert keys(iam) == {}


def test_a_store_without_a_place_for_the_secret_is_refused(converge, iam, private):
    store = {"pillar_file": str(private), "keys": {"access_key": "aws:access_key"}}
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert "has no place for secret_key" in ret.comment
    assert keys(iam) == {}


def test_the_key_is_deleted_again_when_storing_fails(states, iam, sandbox, private, store, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aws_runbook.store_file.PillarFile._replace", full)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "could not be written" in ret.comment
    assert "was deleted again" in ret.comment
    assert ret.changes == {}
    assert keys(iam) == {}
    assert len(sandbox.calls(operation="CreateAccessKey")) == 1


def test_a_key_whose_secret_is_nowhere_says_how_to_rotate_and_that_works(converge, modules, iam, private, store):
    lost = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is False
    assert lost in ret.comment
    assert re.search(r"salt-call iam_access_key\.rotate registry-backup", ret.comment)

    modules["iam_access_key.rotate"](USER, store=store)
    assert set(keys(iam)) == {lost, stored(private)}
    waiting = converge("iam_access_key.present", name=USER, store=store)
    assert waiting.changes == {}
    assert waiting.warnings[0].startswith(f"Waiting: the old access key {lost}")


def test_a_third_key_is_never_attempted(modules, iam, sandbox, store):
    for _ in range(2):
        iam.create_access_key(UserName=USER)
    with pytest.raises(Exception, match="AWS allows no third"):
        modules["iam_access_key.rotate"](USER, store=store)
    assert len(sandbox.calls(operation="CreateAccessKey")) == 2


def test_a_key_of_another_user_in_the_store_is_not_overwritten(converge, iam, private, store):
    iam.create_user(UserName="somebody")
    other = iam.create_access_key(UserName="somebody")["AccessKey"]
    private.write_text(
        yaml.safe_dump({"aws": {"access_key": other["AccessKeyId"], "secret_key": other["SecretAccessKey"]}})
    )
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is False
    assert "belongs to the user somebody, not to registry-backup, and is not overwritten" in ret.comment


def test_a_key_in_the_store_that_may_not_be_looked_up_is_not_overwritten(states, iam, sandbox, private, store):
    before = yaml.safe_dump({"aws": {"access_key": "AKIAOFANOTHERACCOUNT", "secret_key": "its secret"}})
    private.write_text(before)
    sandbox.fault("GetAccessKeyLastUsed", "access_denied")
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "need iam:GetAccessKeyLastUsed" in ret.comment
    assert "belongs to another account. It is not overwritten" in ret.comment
    assert private.read_text() == before
    assert keys(iam) == {}


def test_a_lost_answer_is_not_asked_for_again(states, iam, sandbox, store):
    sandbox.fault("CreateAccessKey", "reset_after")
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    (lost,) = keys(iam)
    assert f"The access key {lost} was made all the same" in ret.comment
    assert f"salt-call iam_access_key.delete {USER} {lost}" in ret.comment
    again = states["iam_access_key.present"](name=USER, store=store)
    assert "is not in pillar file" in again.comment
    assert len(keys(iam)) == 1


def test_a_rotation_from_beginning_to_end(converge, modules, iam, sandbox, private, store, monkeypatch):
    """The key is 30 days old: a new one; it is not used, so after the grace the old one is deactivated, then deleted."""

    def on(day):
        moment = START + timedelta(days=day)
        sandbox.set_clock(moment)
        monkeypatch.setattr("aws_runbook.clock.now", lambda: moment)
        return converge("iam_access_key.present", name=USER, store=store, rotate_days=30, grace_days=7)

    sandbox.stop_clock()
    on(0)
    old = stored(private)
    assert on(29).changes == {}
    assert on(30).changes["access_key"]["old"] == old
    new = stored(private)
    assert keys(iam) == {old: "Active", new: "Active"}
    assert on(36).warnings[0].startswith(f"Waiting: the old access key {old}")
    assert on(37).changes == {"old_access_key": {"old": f"{old} (active)", "new": f"{old} (inactive)"}}
    assert keys(iam) == {old: "Inactive", new: "Active"}
    assert on(43).changes == {}
    assert on(44).changes == {"old_access_key": {"old": old, "new": None}}
    assert keys(iam) == {new: "Active"}
    assert works(sandbox, private)


def test_a_key_is_not_deleted_while_it_is_active(converge, iam):
    active = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = converge("iam_access_key.absent", name=USER, access_key_id=active)
    assert "is active (never used) and is not deleted" in ret.comment
    iam.update_access_key(UserName=USER, AccessKeyId=active, Status="Inactive")
    assert converge("iam_access_key.absent", name=USER, access_key_id=active).changes == {
        "name": {"old": active, "new": None}
    }
    assert keys(iam) == {}


def test_describe_shows_no_secret(modules, iam):
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    described = modules["iam_access_key.describe"](USER)
    assert described[0]["access_key_id"] == made["AccessKeyId"]
    assert described[0]["status"] == "Active"
    assert made["SecretAccessKey"] not in str(described)
    assert modules["iam_access_key.describe"]("nobody") is None
