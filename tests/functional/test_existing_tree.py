"""A tree that has its own aws/init.sls, aws/backup.sls and aws/sync.sls keeps working with this one beside it."""

import pytest

from tests.fixtures.old_tree import TREE as EXISTING
from tests.functional.conftest import TREE, Fleet

THEIRS = {"awscli", "aws-settings", "sync", "postgres-backup"}


@pytest.fixture
def server(sandbox, tmp_path, nameserver):
    return Fleet(tmp_path, "registry", nameserver, file_roots=[EXISTING / "salt", TREE / "salt"])


def test_their_states_manage_a_server_and_nothing_of_the_account(server, sandbox):
    states = server.apply("aws.sync,postgres.backup")
    assert set(states) == THEIRS
    assert sandbox.calls() == []


def test_ours_manage_the_account_and_nothing_of_a_server(server):
    states = server.apply("aws.account")
    assert {state["result"] for state in states.values()} == {True}, [state["comment"] for state in states.values()]
    assert {"aws-pillar", "aws-bucket-ocp-registry-backup", "aws-user-registry-backup"} <= set(states)
    assert not THEIRS & set(states)


def test_theirs_and_ours_in_one_run(server):
    assert set(server.apply("aws.account,aws.sync,postgres.backup")) > THEIRS
    again = server.apply("aws.account,aws.sync,postgres.backup")
    assert all(state["result"] and state["changes"] == {} for state in again.values())


def test_no_file_of_ours_has_a_name_that_such_trees_have():
    ours = {path.name for path in (TREE / "salt" / "aws").glob("*.sls")}
    theirs = {path.name for path in (EXISTING / "salt" / "aws").glob("*.sls")}
    assert ours & theirs == {"init.sls"}
