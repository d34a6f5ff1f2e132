"""Two runs for databases at once, each in a process of its own: two minions that share pillar and stores."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.integration.test_databases import passwords


def test_two_applies_at_once_converge(control, twin, sandbox):
    # So that the other run, too, has looked before there is anything to see.
    sandbox.meet("CreateVpc", 3000)
    sandbox.meet("CreateDB*", 1000)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(minion, "state.apply", "aws.databases", "--out=json") for minion in (control, twin)]
    for run in runs:
        states = json.loads(run.result().out)["local"].values()
        assert [state["comment"] for state in states if state["result"] is not True] == []
    ec2, rds = sandbox.client("ec2"), sandbox.client("rds")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["lab"]}])["Vpcs"]
    within = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    assert len(ec2.describe_subnets(Filters=within)["Subnets"]) == 2
    assert len(ec2.describe_security_groups(Filters=within)["SecurityGroups"]) == 2  # the VPC's own default is one
    assert len(rds.describe_db_instances()["DBInstances"]) == 2
    assert set(passwords(control)) == {"analysis", "common"}
    sandbox.advance_clock(300)
    again = json.loads(control("state.apply", "aws.databases", "--out=json").out)["local"].values()
    assert [state["comment"] for state in again if state["changes"] or state["result"] is not True] == []
