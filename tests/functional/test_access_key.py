"""Access keys: made, stored, rotated, and never seen."""

import json
import os
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
import yaml

from aws_runbook.access_keys import creation, creation_notes, owners, user_keys
from aws_runbook.aws.session import Session
from aws_runbook.stores.backends.pillar_file import PillarFile
from aws_runbook.stores.backends.sdb import Sdb
from chaos import answers

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
    path.chmod(0o600)
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


def test_a_key_that_was_deleted_is_made_again(converge, iam, private, store, quick):
    converge("iam_access_key.present", name=USER, store=store)
    old = stored(private)
    iam.delete_access_key(UserName=USER, AccessKeyId=old)
    assert converge("iam_access_key.present", name=USER, store=store).changes["access_key"]["old"] == old
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

    monkeypatch.setattr("aws_runbook.stores.backends.pillar_file.PillarFile._replace", full)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "could not be written" in ret.comment
    assert "was deleted again" in ret.comment
    assert ret.changes == {}
    assert keys(iam) == {}
    assert len(sandbox.calls(operation="CreateAccessKey")) == 1


@pytest.mark.runs_command("creation._taken_back", "iam_access_key.delete")
def test_a_key_that_could_not_be_stored_nor_deleted_can_be_deleted(states, obey, iam, sandbox, store, monkeypatch):
    def full(*_args):
        sandbox.fault("DeleteAccessKey", "access_denied")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("aws_runbook.stores.backends.pillar_file.PillarFile._replace", full)
        ret = states["iam_access_key.present"](name=USER, store=store)
    (lost,) = keys(iam)
    assert f"nor deleted (Cannot delete the access key {lost}" in ret.comment
    obey(ret.comment, "iam_access_key.delete")
    assert keys(iam) == {}
    assert states["iam_access_key.present"](name=USER, store=store).result is True


@pytest.mark.runs_command("rotation.rotate", "iam_access_key.rotate")
def test_a_key_whose_secret_is_nowhere_says_how_to_rotate_and_that_works(converge, obey, iam, private, store):
    lost = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is False
    assert lost in ret.comment
    obey(ret.comment, "iam_access_key.rotate")
    assert set(keys(iam)) == {lost, stored(private)}
    waiting = converge("iam_access_key.present", name=USER, store=store)
    assert waiting.changes == {}
    assert waiting.warnings[0].startswith(f"Waiting: the old access key {lost}")


@pytest.mark.runs_command("rotation.delete", "iam_access_key.delete")
def test_a_third_key_is_never_attempted(modules, obey, iam, sandbox, store):
    for _ in range(2):
        iam.create_access_key(UserName=USER)
    with pytest.raises(Exception, match="AWS allows two") as excinfo:
        modules["iam_access_key.rotate"](USER, store=store)
    assert len(sandbox.calls(operation="CreateAccessKey")) == 2
    first, second = keys(iam)
    obey(str(excinfo.value), "iam_access_key.delete", second)
    assert list(keys(iam)) == [first]
    assert modules["iam_access_key.rotate"](USER, store=store)


@pytest.mark.runs_command("rotation.delete", "iam_access_key.delete")
def test_a_second_key_that_nobody_uses_can_be_deleted(converge, obey, iam, private, store):
    converge("iam_access_key.present", name=USER, store=store)
    second = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    (warning,) = converge("iam_access_key.present", name=USER, store=store).warnings
    obey(warning, "iam_access_key.delete")
    assert list(keys(iam)) == [stored(private)] != [second]


@pytest.mark.runs_command("rotation.activate", "iam_access_key.activate")
def test_an_inactive_key_in_the_store_can_be_activated(converge, obey, iam, private, store):
    converge("iam_access_key.present", name=USER, store=store)
    iam.update_access_key(UserName=USER, AccessKeyId=stored(private), Status="Inactive")
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert "is inactive" in ret.comment
    obey(ret.comment, "iam_access_key.activate")
    assert keys(iam) == {stored(private): "Active"}
    assert converge("iam_access_key.present", name=USER, store=store).changes == {}


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
    sandbox.fault("GetAccessKeyInfo", "access_denied")
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "need sts:GetAccessKeyInfo" in ret.comment
    assert private.read_text() == before
    assert keys(iam) == {}


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


@pytest.mark.runs_command("iam_access_key.obstacles", "iam_access_key.deactivate")
def test_a_key_is_not_deleted_while_it_is_active(converge, obey, iam):
    active = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = converge("iam_access_key.absent", name=USER, access_key_id=active)
    assert "is active (never used) and is not deleted" in ret.comment
    obey(ret.comment, "iam_access_key.deactivate")
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


@pytest.fixture
def shared(private):
    """One store with two places, as a server has that makes both kinds of backup."""
    places = {
        "access_key": ["postgres:backup:s3_key", "aws:access_key"],
        "secret_key": ["postgres:backup:s3_key_secret", "aws:secret_key"],
    }
    return {"pillar_file": str(private), "keys": places}


def another(iam, user="pgbackrest-main"):
    iam.create_user(UserName=user)
    return iam.create_access_key(UserName=user)["AccessKey"]


def fill(private, first=None, second=None):
    """Put keys into the two places; returns the file's text."""
    data = {"postgres": {"backup": {"password": "other"}}, "aws": {"region": "eu-west-2"}}
    if first:
        data["postgres"]["backup"] |= {"s3_key": first["AccessKeyId"], "s3_key_secret": first["SecretAccessKey"]}
    if second:
        data["aws"] |= {"access_key": second["AccessKeyId"], "secret_key": second["SecretAccessKey"]}
    private.write_text(yaml.safe_dump(data))
    return private.read_text()


def test_a_secret_without_an_id_is_overwritten_by_nothing(converge, modules, iam, private, store, shared, sandbox):
    """Nobody can tell whose it is: in the only place, or in one of two."""
    private.write_text("aws:\n  secret_key: canary-of-somebody\n")
    for where in (store, shared):
        ret = converge("iam_access_key.present", name=USER, store=where)
        assert ret.result is False
        assert f"pillar file {private}, aws:secret_key holds a secret access key" in ret.comment
        assert "no access key ID" in ret.comment
        assert "canary-of-somebody" not in str(ret.full_return)
        with pytest.raises(Exception, match="holds a secret access key"):
            modules["iam_access_key.rotate"](USER, store=where)
        assert private.read_text() == "aws:\n  secret_key: canary-of-somebody\n"
    assert sandbox.calls(operation="CreateAccessKey") == []


def test_another_users_key_in_one_place_of_two_is_overwritten_by_nothing(
    converge, modules, iam, private, shared, sandbox
):
    """Whatever stands in the other place: nothing, the user's own key, one that is gone, or a third user's."""
    other, own, gone = another(iam), iam.create_access_key(UserName=USER)["AccessKey"], another(iam, "somebody")
    iam.delete_access_key(UserName="somebody", AccessKeyId=gone["AccessKeyId"])
    for first, second in ((other, None), (other, own), (other, gone), (other, other), (own, other), (None, other)):
        before = fill(private, first, second)
        place = "postgres:backup:s3_key" if first is other else "aws:access_key"
        ret = converge("iam_access_key.present", name=USER, store=shared)
        assert ret.result is False
        assert ret.changes == {}
        assert f"{other['AccessKeyId']} in pillar file {private}, {place}" in ret.comment
        assert f"belongs to the user pgbackrest-main, not to {USER}, and is not overwritten" in ret.comment
        assert "aws:backup:user" in ret.comment
        with pytest.raises(Exception, match="belongs to the user pgbackrest-main"):
            modules["iam_access_key.rotate"](USER, store=shared)
        for action in ("create", "rotate"):
            with pytest.raises(Exception, match="belongs to the user pgbackrest-main"):
                modules["iam_access_key.apply"](USER, action, old=own["AccessKeyId"], store=shared)
        assert private.read_text() == before
    assert list(keys(iam)) == [own["AccessKeyId"]]
    assert sandbox.calls(operation="TagUser") == []


def test_the_pillar_that_the_error_names_makes_it_right(fleet, sandbox):
    """A server with two users, each with its key where its tool reads it, all made in the console."""
    iam = sandbox.client("iam")
    sandbox.advance_clock(-3600)
    backup = "kingfisher-main-backup"
    private = fleet.pillar / "private" / "kingfisher-main.sls"
    data = yaml.safe_load(private.read_text())
    first, second = another(iam), another(iam, backup)
    data["postgres"]["backup"] |= {"s3_key": first["AccessKeyId"], "s3_key_secret": first["SecretAccessKey"]}
    data["aws"] |= {"access_key": second["AccessKeyId"], "secret_key": second["SecretAccessKey"]}
    private.write_text(yaml.safe_dump(data))
    before = private.read_text()
    (refused,) = [state for state in fleet.apply("aws.iam").values() if state["name"] == backup and not state["result"]]
    assert f"{first['AccessKeyId']} in pillar file {private}, postgres:backup:s3_key belongs to" in refused["comment"]
    (users,) = re.findall(r"set aws:backup:user to (\{.*?\})", refused["comment"])
    assert yaml.safe_load(users) == {"files": backup, "pgbackrest": "pgbackrest-main"}
    public = fleet.pillar / "public" / "kingfisher-main.sls"
    public.write_text(
        public.read_text().replace("  backup:\n    # Where", f"  backup:\n    user: {users}\n    # Where")
    )
    assert users in public.read_text()
    for _ in range(2):
        states = fleet.apply("aws.iam")
        assert [state["comment"] for state in states.values() if state["result"] is False] == []
        keys_of = [state for state in states.values() if state["name"] in (backup, "pgbackrest-main")]
        assert not any("access_key" in state["changes"] for state in keys_of)
    assert private.read_text() == before
    for user, key in (("pgbackrest-main", first), (backup, second)):
        listed = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        assert [entry["AccessKeyId"] for entry in listed] == [key["AccessKeyId"]]


def test_the_users_own_key_in_one_place_only_is_not_copied_and_the_error_says_where_it_is(
    converge, iam, private, shared
):
    own = iam.create_access_key(UserName=USER)["AccessKey"]
    before = fill(private, own)
    ret = converge("iam_access_key.present", name=USER, store=shared)
    assert ret.result is False
    assert f"is in pillar file {private}, postgres:backup:s3_key, but not in" in ret.comment
    assert private.read_text() == before


def test_what_is_no_key_of_awss_is_not_overwritten_nor_quoted(converge, iam, private, store):
    for value in ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "minio", 5):
        private.write_text(yaml.safe_dump({"aws": {"access_key": value, "secret_key": "x"}}))
        before = private.read_text()
        ret = converge("iam_access_key.present", name=USER, store=store)
        assert ret.result is False
        assert "aws:access_key is not a readable access key ID" in ret.comment
        assert str(value) not in ret.comment.replace(str(private), "")
        assert private.read_text() == before
    assert keys(iam) == {}


def test_the_id_that_is_replaced_is_the_old_one(converge, iam, private, shared, quick):
    """Both places hold a key that was deleted, not the same one."""
    gone = [another(iam, user) for user in ("one", "two")]
    for user, key in zip(("one", "two"), gone, strict=True):
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    fill(private, *gone)
    ret = converge("iam_access_key.present", name=USER, store=shared)
    assert ret.changes["access_key"]["old"] == f"{gone[0]['AccessKeyId']} and {gone[1]['AccessKeyId']}"
    assert stored(private) in keys(iam)


def test_a_key_of_another_account_is_an_error_with_that_account(converge, iam, private, store):
    private.write_text(yaml.safe_dump({"aws": {"access_key": "AKIAOFANOTHERACCOUNT", "secret_key": "x"}}))
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is False
    assert "belongs to the AWS account 999988887777, not to the user registry-backup" in ret.comment
    assert "AKIAOFANOTHERACCOUNT" in private.read_text()
    assert keys(iam) == {}


def test_a_key_of_another_user_whose_last_use_may_not_be_seen_is_not_taken_for_gone(
    states, iam, sandbox, private, store
):
    other = another(iam)
    private.write_text(
        yaml.safe_dump({"aws": {"access_key": other["AccessKeyId"], "secret_key": other["SecretAccessKey"]}})
    )
    sandbox.fault("GetAccessKeyLastUsed", "access_denied", times=None)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert "belongs to the user pgbackrest-main" in ret.comment
    assert other["SecretAccessKey"] in private.read_text()
    sandbox.fault("ListUsers", "access_denied", times=None)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "need iam:ListUsers" in ret.comment
    assert other["SecretAccessKey"] in private.read_text()


def test_a_key_that_may_be_the_root_users_is_not_taken_for_gone(states, iam, sandbox, private, store):
    """No listing has it; one of an account whose root user has none was deleted."""
    root = sandbox.root_key()
    private.write_text(yaml.safe_dump({"aws": {"access_key": root, "secret_key": "canary-of-root"}}))
    before = private.read_text()
    for test in (True, False):
        ret = states["iam_access_key.present"](name=USER, store=store, test=test)
        assert (ret.result, ret.changes) == (False, {})
        assert ret.comment == (
            f"The access key {root} in pillar file {private}, aws:access_key belongs to no user, and may be one of the root user of the "
            "AWS account, which has access keys; it is not overwritten. If it was deleted, remove it there; otherwise name another "
            "place in aws:backup:store."
        )
    assert private.read_text() == before
    assert keys(iam) == {}
    sandbox.fault("GetAccountSummary", "access_denied", times=None)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert "need iam:GetAccountSummary" in ret.comment
    assert private.read_text() == before
    private.write_text("{}\n")
    assert states["iam_access_key.present"](name=USER, store=store).result is True


def test_a_key_that_only_lags_is_not_taken_for_gone(states, iam, sandbox, private, store):
    """Neither the list nor its last use shows it at first."""
    sandbox.lag("iam", looks=6)
    own = iam.create_access_key(UserName=USER)["AccessKey"]
    private.write_text(
        yaml.safe_dump({"aws": {"access_key": own["AccessKeyId"], "secret_key": own["SecretAccessKey"]}})
    )
    before = private.read_text()
    states["iam_access_key.present"](name=USER, store=store)
    assert private.read_text() == before
    assert len(sandbox.calls(operation="CreateAccessKey")) == 1


SPOILED = {
    "reset": answers.RESET_AFTER,
    "cut": answers.cut(-60),
    "cut honestly": answers.cut(-60, honest=True),
    "cut within the secret": answers.cut(400, honest=True),
    "empty": answers.empty(),
    "page": answers.html(),
    "gateway": answers.html(502, doctype=True),
    "error inside": answers.error_inside(),
}


def made_and_lost(proxy, iam, monkeypatch, way):
    """Spoil the answer of CreateAccessKey; the secrets that AWS made are kept in the list that is returned."""
    secrets = []

    def spoil(answer):
        secrets.extend(re.findall(rb"<SecretAccessKey>(.*?)</SecretAccessKey>", answer.body))
        return way(answer)

    proxy.fault("CreateAccessKey", way if isinstance(way, str) else spoil)
    return secrets


@pytest.mark.parametrize("way", SPOILED.values(), ids=SPOILED)
@pytest.mark.parametrize("function", ["iam_access_key.present", "ses_smtp_user.present"])
def test_after_a_broken_answer_the_key_is_deleted_and_its_secret_is_nowhere(
    function, way, states, iam, proxy, private, store, monkeypatch, caplog, capfd, minion_opts, quick
):
    if function.startswith("ses"):
        store = {**store, "keys": {"smtp_username": "aws:access_key", "smtp_password": "aws:secret_key"}}
    caplog.set_level(1)
    secrets = made_and_lost(proxy, iam, monkeypatch, way)
    ret = states[function](name=USER, store=store)
    assert proxy.struck
    assert ret.result is False
    assert "access_key" not in ret.changes
    assert "was created nevertheless, and was deleted again, because its secret is lost. Run this again." in ret.comment
    assert keys(iam) == {}
    assert stored(private) is None
    seen = "".join([str(ret.full_return), caplog.text, *capfd.readouterr()])
    seen += "".join(
        path.read_text(errors="replace") for path in Path(minion_opts["root_dir"]).rglob("*") if path.is_file()
    )
    for secret in secrets:
        assert secret.decode() not in seen
        assert secret.decode()[:12] not in seen
    assert answers.CANARY not in seen
    again = states[function](name=USER, store=store)
    assert again.result is True, again.comment
    assert list(keys(iam)) == [stored(private)]


@pytest.mark.runs_command("creation._searched", "iam_access_key.delete")
def test_a_key_that_may_be_another_users_can_be_deleted(states, obey, iam, proxy, private, store, quick):
    def meanwhile(answer):
        iam.create_access_key(UserName=USER)
        return answers.empty()(answer)

    proxy.fault("CreateAccessKey", meanwhile)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert "possibly by another client" in ret.comment
    first, second = keys(iam)
    obey(ret.comment, "iam_access_key.delete", first)
    obey(ret.comment, "iam_access_key.delete", second)
    assert keys(iam) == {}
    assert states["iam_access_key.present"](name=USER, store=store).result is True
    assert list(keys(iam)) == [stored(private)]


def test_a_key_that_was_not_created_is_reported_as_unknown(states, iam, proxy, private, store, quick):
    proxy.fault("CreateAccessKey", answers.RESET_BEFORE, calls=None)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert "It is not known whether AWS created a key; the next run looks for it" in ret.comment
    proxy.clear()
    assert states["iam_access_key.present"](name=USER, store=store).result is True
    assert list(keys(iam)) == [stored(private)]


def test_an_answer_about_another_users_key_is_not_stored(states, iam, proxy, private, store, quick):
    iam.create_user(UserName="somebody")
    boto3.client("iam").create_access_key(UserName="somebody")
    proxy.fault("CreateAccessKey", answers.another(proxy.answers["iam:CreateAccessKey"]))
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert "AWS's answer holds no access key of that user" in ret.comment
    assert stored(private) is None
    assert keys(iam) == {}
    assert len(iam.list_access_keys(UserName="somebody")["AccessKeyMetadata"]) == 1


def killed(modules, function, *args, at, when=lambda *_: True, **kwargs):
    """Call a module's function in a process of its own, which ends without a word at the call ``at``, ``when`` that is so."""
    child = os.fork()
    if not child:
        owner, method = at
        genuine = getattr(owner, method)
        setattr(owner, method, lambda *given, **named: os._exit(9) if when(*given) else genuine(*given, **named))
        try:
            modules[function](*args, **kwargs)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


def test_what_a_killed_run_left_is_deleted_by_the_next(converge, modules, iam, private, store):
    killed(modules, "iam_access_key.apply", USER, "create", store=store, at=(PillarFile, "write"))
    (lost,) = keys(iam)
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.result is True, ret.comment
    assert ret.changes["lost_access_key"] == {"old": lost, "new": None}
    assert ret.changes["access_key"]["old"] is None
    assert list(keys(iam)) == [stored(private)] != [lost]


@pytest.mark.parametrize("function", ["iam_access_key.present", "ses_smtp_user.present"])
def test_a_store_that_is_written_in_steps_never_has_an_id_without_its_secret(
    function, converge, modules, iam, minion_opts
):
    """Killed between the two: the secret was written, and the key is still nobody's."""
    uri, given = f"sdb://vault/aws/{function}", {}
    if function.startswith("ses"):
        given["smtp_region"] = "eu-central-1"

    def is_the_id(_store, _name, text):
        return text in keys(iam)

    killed(modules, "iam_access_key.apply", USER, "create", store=uri, at=(Sdb, "_set"), when=is_the_id, **given)
    (lost,) = keys(iam)
    assert lost not in Path(minion_opts["vault"]["path"]).read_text()
    region = {"region": "eu-central-1"} if given else {}
    ret = converge(function, name=USER, store=uri, **region)
    assert ret.result is True, ret.comment
    assert ret.changes["lost_access_key"] == {"old": lost, "new": None}
    (made,) = keys(iam)
    assert made in Path(minion_opts["vault"]["path"]).read_text()


def test_a_killed_rotation_goes_on(converge, modules, iam, private, store, sandbox):
    converge("iam_access_key.present", name=USER, store=store)
    old = stored(private)
    sandbox.advance_clock(30)
    killed(modules, "iam_access_key.rotate", USER, store=store, at=(PillarFile, "write"))
    (lost,) = set(keys(iam)) - {old}
    ret = converge("iam_access_key.present", name=USER, store=store)
    assert ret.changes["lost_access_key"] == {"old": lost, "new": None}
    assert ret.changes["access_key"]["old"] == old
    assert set(keys(iam)) == {old, stored(private)}
    assert lost not in keys(iam)


def test_a_rotation_by_hand_deletes_what_a_killed_run_left(modules, iam, private, store):
    killed(modules, "iam_access_key.apply", USER, "create", store=store, at=(PillarFile, "write"))
    (lost,) = keys(iam)
    modules["iam_access_key.rotate"](USER, store=store)
    assert list(keys(iam)) == [stored(private)] != [lost]


@pytest.mark.parametrize("how", ["later", "used", "inactive", "before", "stored elsewhere", "two"])
def test_no_other_key_is_deleted_after_a_killed_run(how, states, modules, iam, private, store, sandbox, tmp_path):
    """The run was killed before it made its key; a person's key is not taken for it."""
    if how == "before":
        iam.create_access_key(UserName=USER)
        killed(modules, "iam_access_key.rotate", USER, store=store, at=(creation, "_created"))
    else:
        killed(modules, "iam_access_key.apply", USER, "create", store=store, at=(creation, "_created"))
        if how == "later":
            sandbox.advance_clock(60)
        for _ in range(2 if how == "two" else 1):
            key = iam.create_access_key(UserName=USER)["AccessKey"]
    if how == "used":
        sandbox.client("sts", key=(key["AccessKeyId"], key["SecretAccessKey"])).get_caller_identity()
    if how == "inactive":
        iam.update_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    if how == "stored elsewhere":
        other = tmp_path / "other.sls"
        other.write_text(yaml.safe_dump({"aws": {"access_key": key["AccessKeyId"], "secret_key": "x"}}))
        store = [store, {**store, "pillar_file": str(other)}]
    before = keys(iam)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert keys(iam) == before
    assert sandbox.calls(operation="DeleteAccessKey") == []


def test_a_run_that_may_still_live_is_left_alone(states, iam, private, store, quick, sandbox):
    """A run on another machine: nobody here can see whether it was killed, before ten minutes are over."""
    now = datetime.now(timezone.utc) - timedelta(seconds=3600)
    note = creation_notes.Note(now, "another0host-1", ())
    iam.tag_user(UserName=USER, Tags=[{"Key": creation_notes.TAG, "Value": note.text()}])
    (lost,) = [iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]]
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert f"Another run has been creating an access key for the user {USER} since" in ret.comment
    assert list(keys(iam)) == [lost]
    sandbox.advance_clock(601)
    assert states["iam_access_key.present"](name=USER, store=store).changes["lost_access_key"]["old"] == lost
    assert list(keys(iam)) == [stored(private)]


@pytest.mark.parametrize("action", ["create", "rotate", "clean"])
def test_a_key_without_a_store_is_one_sentence(modules, sandbox, action):
    sandbox.client("iam").create_user(UserName=USER)
    with pytest.raises(Exception, match=r"^store is None; give "):
        modules["iam_access_key.apply"](USER, action)
    assert sandbox.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"] == []


@pytest.mark.parametrize("key", ["", " ", 5])
def test_what_is_no_id_of_a_key_is_refused_in_a_sentence(states, sandbox, key):
    ret = states["iam_access_key.absent"](name=USER, access_key_id=key)
    assert ret.result is False
    assert ret.comment == f"Access key {key} of {USER}: access_key_id is {key!r}; give the id of an access key."
    assert sandbox.calls() == []


def test_of_two_runs_that_make_a_key_at_once_the_later_one_deletes_its_own(
    states, iam, sandbox, proxy, private, store, quick
):
    def meanwhile(answer):
        iam.create_access_key(UserName=USER)
        sandbox.advance_clock(1)
        return answer

    proxy.fault("TagUser", meanwhile)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.comment == (
        f"Another run created an access key for the user {USER} at the same time, and did not store it in pillar file {private}, "
        "aws:access_key, aws:secret_key. Run this again."
    )
    assert len(keys(iam)) == 1
    assert stored(private) is None


def test_a_key_in_the_store_that_aws_shows_only_after_a_while_is_not_overwritten(
    states, iam, sandbox, private, store, quick, monkeypatch
):
    own = iam.create_access_key(UserName=USER)["AccessKey"]
    before = fill(private, second=own)
    hidden, listed, until = [own["AccessKeyId"]], user_keys.listed, creation.until

    def late(session, user):
        return [entry for entry in listed(session, user) if entry.id not in hidden]

    def waits(question, *, what, timeout):
        if what.endswith("after all"):
            hidden.clear()
        return until(question, what=what, timeout=timeout)

    monkeypatch.setattr(user_keys, "listed", late)
    monkeypatch.setattr(owners, "owner", lambda *_: owners.NOBODY)
    monkeypatch.setattr(creation, "until", waits)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert ret.comment == f"AWS shows the access key {own['AccessKeyId']} of the user {USER} again. Run this again."
    assert private.read_text() == before
    assert sandbox.calls(operation="CreateAccessKey", write=True)[1:] == []


def test_a_key_that_is_as_new_as_this_run_is_waited_for(states, sandbox, private, store, quick):
    iam = sandbox.client("iam")
    iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert ret.result is False
    assert ret.comment.startswith(f"The access key {key} (created ")
    assert (
        f"of the user {USER} is not in pillar file {private}, aws:access_key, aws:secret_key. If you know"
        in ret.comment
    )
    assert list(keys(iam)) == [key]


@pytest.mark.runs_command("rotation.delete", "iam_access_key.delete")
def test_of_two_keys_in_two_places_one_is_to_be_stored_in_both(converge, obey, iam, private, shared):
    first, second = (iam.create_access_key(UserName=USER)["AccessKey"] for _ in range(2))
    before = fill(private, first, second)
    ret = converge("iam_access_key.present", name=USER, store=shared)
    assert ret.result is False
    file = f"pillar file {private}"
    assert ret.comment.startswith(
        f"The places of the store of the user {USER} have different access keys: {first['AccessKeyId']} in {file}, postgres:backup:s3_key, and "
        f"{second['AccessKeyId']} in {file}, aws:access_key. Store one of them, with its secret, in each place. Then delete the other: "
    )
    assert private.read_text() == before
    fill(private, first, first)
    obey(ret.comment, "iam_access_key.delete", second["AccessKeyId"])
    assert converge("iam_access_key.present", name=USER, store=shared).result is True
    assert list(keys(iam)) == [first["AccessKeyId"]]


def test_an_answer_that_nobody_can_read_is_no_key(states, iam, private, store, quick, monkeypatch):
    genuine = Session.write

    def write(self, service, method, *given, **named):
        answer = genuine(self, service, method, *given, **named)
        if method == "create_access_key":
            raise KeyError(answer["AccessKey"]["SecretAccessKey"])
        return answer

    monkeypatch.setattr(Session, "write", write)
    ret = states["iam_access_key.present"](name=USER, store=store)
    assert (
        "Cannot create an access key for the user registry-backup: AWS's answer cannot be read (KeyError)."
        in ret.comment
    )
    assert "was created nevertheless, and was deleted again, because its secret is lost." in ret.comment
    assert keys(iam) == {}
