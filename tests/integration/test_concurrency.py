"""Two runs for backups at once, each in a process of its own: two minions that share pillar and stores."""

import json
from concurrent.futures import ThreadPoolExecutor


def test_two_applies_at_once_converge(control, twin, sandbox):
    # So that the other run, too, has looked before there is anything to see.
    for operation in ("CreateBucket", "CreateUser", "CreateGroup", "CreatePolicy", "CreateAccessKey"):
        sandbox.meet(operation, 1500)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(minion, "state.apply", "aws.buckets,aws.iam", "--out=json") for minion in (control, twin)]
    for run in runs:
        states = json.loads(run.result().out)["local"].values()
        assert [state["comment"] for state in states if state["result"] is not True] == []
    iam = sandbox.client("iam")
    for user in iam.list_users()["Users"]:
        assert len(iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]) == 1
    again = json.loads(control("state.apply", "aws.buckets,aws.iam", "--out=json").out)["local"].values()
    assert [state["comment"] for state in again if state["changes"] or state["result"] is not True] == []
