"""What AWS shows at one look and not at the next is made once, by one run, and what others made of it finds it."""

import pytest

from sandbox.lag import SERVICES


def lagging(sandbox, pattern, looks=3):
    sandbox.stand_aside()
    for service in SERVICES:
        sandbox.lag(service, looks=looks, pattern=pattern)


def failed(states):
    return {name: state["comment"] for name, state in states.items() if state["result"] is not True}


def numbers(sandbox):
    """How many there are of what AWS lets one make twice."""
    ec2, iam = sandbox.client("ec2"), sandbox.client("iam")
    vpcs = [entry for entry in ec2.describe_vpcs()["Vpcs"] if not entry["IsDefault"]]
    subnets = [entry for entry in ec2.describe_subnets()["Subnets"] if entry["VpcId"] == vpcs[0]["VpcId"]]
    gateways = ec2.describe_internet_gateways()["InternetGateways"]
    users = [entry["UserName"] for entry in iam.list_users()["Users"]]
    keys = {len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]) for user in users}
    versions = {entry["DefaultVersionId"] for entry in iam.list_policies(Scope="Local")["Policies"]}
    return {"vpcs": len(vpcs), "subnets": len(subnets), "gateways": len(gateways), "keys": keys, "versions": versions}


# Which looks show what was made (see ``sandbox.lag``).
@pytest.mark.parametrize("pattern", ["-+", "+--"])
def test_a_fleet_is_made_by_one_run(fleet, sandbox, pattern):
    lagging(sandbox, pattern)
    assert failed(fleet.apply("aws")) == {}
    assert numbers(sandbox) == {"vpcs": 1, "subnets": 2, "gateways": 0, "keys": {1}, "versions": {"v1"}}
    for service in SERVICES:
        sandbox.lag(service)
    sandbox.clear_calls()
    again = fleet.apply("aws")
    assert failed(again) == {}
    assert {name: state["changes"] for name, state in again.items() if state["changes"]} == {}
    assert sandbox.calls(write=True) == []


def attempts(sandbox, operation):
    return len(sandbox.calls(operation=operation))


def test_a_policy_that_is_not_there_is_reported_at_once_although_the_user_is_new(states, sandbox):
    ret = states["iam_user.present"](name="registry-backup", policies=["no-such-policy"])
    assert ret.result is False
    assert "NoSuchEntity" in ret.comment
    assert "name" in ret.changes
    assert attempts(sandbox, "AttachUserPolicy") == 1


def test_a_topic_that_is_not_there_is_reported_at_once_although_the_configuration_set_is_new(modules, states, sandbox):
    topic = modules["sns_topic.arn"]("gone")
    states["sns_topic.present"](name="gone")
    sandbox.client("sns").delete_topic(TopicArn=topic)
    with pytest.raises(Exception, match="could not be found"):
        modules["ses_configuration_set.create"]("credere") and modules["ses_configuration_set.update"](
            "credere", event_destinations={"d": {"topic": topic, "events": ["REJECT"], "enabled": True}}
        )
    assert attempts(sandbox, "CreateConfigurationSetEventDestination") == 1
