"""What a plan finds out about a store, without writing and without waiting."""

import fcntl
import os

import pytest

USER = "registry-backup"


@pytest.fixture
def iam(sandbox):
    sandbox.advance_clock(-3600)
    client = sandbox.client("iam")
    client.create_user(UserName=USER)
    return client


def store_in(path):
    return {"pillar_file": str(path), "keys": {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}}


def test_under_test_nothing_is_locked_and_no_lock_is_waited_for(states, iam, tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        ret = states["iam_access_key.present"](name=USER, store=store_in(tmp_path / "registry.sls"), test=True)
    finally:
        os.close(descriptor)
    assert ret.result is None
    assert list(tmp_path.iterdir()) == []


def test_a_function_that_reads_locks_waits_for_and_removes_nothing_without_test_either(modules, iam, tmp_path):
    leftover = tmp_path / ".registry.sls.aws-runbook-abcd1234"
    leftover.write_text("")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        planned = modules["iam_access_key.plan"](USER, store=store_in(tmp_path / "registry.sls"))
    finally:
        os.close(descriptor)
    assert planned["action"] == "create"
    modules["iam_access_key.plan"](USER, store=store_in(tmp_path / "registry.sls"))
    assert list(tmp_path.iterdir()) == [leftover]


def test_an_unwritable_store_is_found_out_under_test_too(states, iam, tmp_path):
    (tmp_path / "private").write_text("a file")
    ret = states["iam_access_key.present"](name=USER, store=store_in(tmp_path / "private" / "registry.sls"), test=True)
    assert ret.result is False
    assert f"{tmp_path / 'private'} is not a folder; move the existing file away" in ret.comment
    assert ret.changes == {}
