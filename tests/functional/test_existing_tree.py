"""A tree that has its own aws/init.sls, aws/backup.sls and aws/sync.sls keeps working with this one beside it."""

import pytest

from tests.functional.conftest import TREE, Fleet

EXISTING = TREE / "tests" / "functional" / "existing"


@pytest.fixture
def server(sandbox, tmp_path, nameserver):
    return Fleet(tmp_path, "cms", nameserver, file_roots=[EXISTING, TREE / "salt"])


def test_their_states_and_ours_in_one_run(server, sandbox):
    states = server.apply("aws.backup,aws.sync")
    assert {state["result"] for state in states.values()} == {True}, [state["comment"] for state in states.values()]
    theirs = {
        "awscli",
        "site-backup",
        "/home/sysadmin-tools/bin/site-backup.sh",
        "/home/sysadmin-tools/bin/aws-sync.sh",
    }
    assert theirs <= set(states)
    assert {"aws-pillar", "aws-bucket-ocp-coalition-backup", "aws-user-coalition-backup"} <= set(states)
    assert all(state["changes"] == {} for state in server.apply("aws.backup,aws.sync").values())


def test_no_file_of_ours_has_a_name_that_such_trees_have():
    ours = {path.name for path in (TREE / "salt" / "aws").glob("*.sls")}
    theirs = {path.name for path in (EXISTING / "aws").glob("*.sls")}
    assert ours & theirs == {"init.sls"}
