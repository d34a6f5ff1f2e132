"""Two runs for email at once, each in a process of its own: two minions that share pillar and stores."""

import json
from concurrent.futures import ThreadPoolExecutor

import yaml

CREATING = (
    "CreateTopic",
    "Subscribe",
    "CreateConfigurationSet*",
    "CreateEmailIdentity",
    "CreateUser",
    "CreateAccessKey",
    "PutAccountDetails",
)


def test_two_applies_at_once_converge(control, twin, sandbox):
    # So that the other run, too, has looked before there is anything to see.
    for operation in CREATING:
        sandbox.meet(operation, 2500)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(minion, "state.apply", "aws.email", "--out=json") for minion in (control, twin)]
    for run in runs:
        states = json.loads(run.result().out)["local"].values()
        assert [state["comment"] for state in states if state["result"] is not True] == []
    assert len(sandbox.calls(operation="CreateEmailIdentity")) > 5, "the runs were one after the other"
    sesv2, sns, iam = (sandbox.client(service) for service in ("sesv2", "sns", "iam"))
    assert len(sns.list_topics()["Topics"]) == 2
    assert len(sns.list_subscriptions()["Subscriptions"]) == 2
    destinations = sesv2.get_configuration_set_event_destinations(ConfigurationSetName="credere")["EventDestinations"]
    assert [entry["Name"] for entry in destinations] == ["credere-noreply"]
    (key,) = iam.list_access_keys(UserName="credere-smtp")["AccessKeyMetadata"]
    stored = yaml.safe_load((control.pillar / "private" / "credere.sls").read_text())["smtp"]
    assert stored["username"] == key["AccessKeyId"]
    sandbox.clear_faults()
    again = json.loads(control("state.apply", "aws.email", "--out=json").out)["local"].values()
    assert [state["comment"] for state in again if state["changes"] or state["result"] is not True] == []
