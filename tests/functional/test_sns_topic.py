"""Topics and their subscriptions."""

import json
from datetime import timedelta

import pytest

from aws_runbook import clock

NAME = "noreply-example-org"
ARN = f"arn:aws:sns:us-east-1:123456789012:{NAME}"
EMAIL = "ops@example.org"
URL = "https://bot:hunter2@hooks.example.org/ses?token=canary"
SQS = {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:123456789012:bounces"}


@pytest.fixture
def sns(sandbox):
    return sandbox.client("sns")


def listed(sns):
    return {
        (entry["Protocol"], entry["Endpoint"]): entry["SubscriptionArn"]
        for entry in sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    }


def policy(sns):
    return json.loads(sns.get_topic_attributes(TopicArn=ARN)["Attributes"]["Policy"])["Statement"]


def test_present_and_drift(converge, sns):
    wanted = {
        "name": NAME,
        "display_name": "Example",
        "publishers": ["ses.amazonaws.com"],
        "subscriptions": [EMAIL, SQS],
        "tags": {"team": "data"},
    }
    created = converge("sns_topic.present", **wanted)
    assert set(created.changes) == {"name", "display_name", "publishers", "subscriptions", "tags"}
    assert created.changes["subscriptions"]["new"] == [f"email {EMAIL}", f"sqs {SQS['endpoint']}"]
    (statement,) = [entry for entry in policy(sns) if entry.get("Principal") == {"Service": "ses.amazonaws.com"}]
    assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": "123456789012"}
    assert len(policy(sns)) == 2, "AWS's own statement stays"
    sns.set_topic_attributes(TopicArn=ARN, AttributeName="DisplayName", AttributeValue="Other")
    sns.unsubscribe(SubscriptionArn=listed(sns)["sqs", SQS["endpoint"]])
    mended = converge("sns_topic.present", **wanted)
    assert set(mended.changes) == {"display_name", "subscriptions"}
    assert mended.changes["display_name"] == {"old": "Other", "new": "Example"}


def test_a_fifo_topic(converge, sns):
    arguments = {"name": "events.fifo", "fifo": True, "content_based_deduplication": True}
    converge("sns_topic.present", **arguments)
    attributes = sns.get_topic_attributes(TopicArn="arn:aws:sns:us-east-1:123456789012:events.fifo")["Attributes"]
    assert attributes["FifoTopic"] == attributes["ContentBasedDeduplication"] == "true"


def test_encryption(converge, sns):
    converge("sns_topic.present", name=NAME, kms_master_key_id="alias/aws/sns")
    assert sns.get_topic_attributes(TopicArn=ARN)["Attributes"]["KmsMasterKeyId"] == "alias/aws/sns"
    converge("sns_topic.present", name=NAME, kms_master_key_id="")
    assert not sns.get_topic_attributes(TopicArn=ARN)["Attributes"].get("KmsMasterKeyId")


def test_a_pending_subscription_is_waited_for_and_asked_for_once(converge, sandbox, monkeypatch):
    sandbox.stop_clock()
    start = clock.now()
    sandbox.set_clock(start)
    monkeypatch.setattr("aws_runbook.clock.now", lambda: start)
    wanted = {"name": NAME, "subscriptions": [EMAIL]}
    ret = converge("sns_topic.present", **wanted)
    assert ret.changes["subscriptions"] == {"old": None, "new": [f"email {EMAIL}"]}
    assert ret.warnings[0].startswith(f"Waiting: {EMAIL} must confirm the subscription to the topic {NAME}")
    assert "(in 48 h)" in ret.warnings[0]

    later = start + timedelta(hours=47)
    sandbox.set_clock(later)
    monkeypatch.setattr("aws_runbook.clock.now", lambda: later)
    ret = converge("sns_topic.present", **wanted)
    assert ret.changes == {}
    assert "(in 1 h)" in ret.warnings[0]
    assert len(sandbox.calls(operation="Subscribe")) == 0  # the log was cleared by converge: no second request

    lapsed = start + timedelta(hours=49)
    sandbox.set_clock(lapsed)
    monkeypatch.setattr("aws_runbook.clock.now", lambda: lapsed)
    assert "subscriptions" in converge("sns_topic.present", **wanted).changes
    sandbox.confirm_subscription(ARN, EMAIL)
    ret = converge("sns_topic.present", **wanted)
    assert ret.changes == {}
    assert not getattr(ret, "warnings", None)


def test_who_has_unsubscribed_is_an_error_that_says_so(converge, modules, sandbox):
    converge("sns_topic.present", name=NAME, subscriptions=[EMAIL])
    sandbox.confirm_subscription(ARN, EMAIL)
    sandbox.delete_subscription(ARN, EMAIL)
    ret = converge("sns_topic.present", name=NAME, subscriptions=[EMAIL])
    assert ret.result is False
    assert f"{EMAIL} has unsubscribed, or AWS's messages to it bounced" in ret.comment
    assert f"salt-call sns_topic.resubscribe {NAME} {EMAIL}" in ret.comment
    assert EMAIL in modules["sns_topic.resubscribe"](NAME, EMAIL)
    assert converge("sns_topic.present", name=NAME, subscriptions=[EMAIL]).warnings


@pytest.mark.parametrize("pillar", [{"hooks": [{"protocol": "https", "endpoint": URL}]}])
def test_credentials_in_a_url_are_never_shown(pillar, converge, modules, sns, caplog):
    caplog.set_level(1)
    ret = converge("sns_topic.present", name=NAME, subscriptions="hooks")
    assert "DEBUG" in caplog.text
    assert ret.changes["subscriptions"]["new"] == ["https https://…@hooks.example.org/ses?…"]
    assert ("https", URL) in listed(sns)
    seen = f"{ret.full_return} {modules['sns_topic.describe'](NAME)} {caplog.text}"
    assert "hunter2" not in seen
    assert "canary" not in seen
    bad = converge("sns_topic.present", name=NAME, subscriptions=[{"protocol": "http", "endpoint": URL}])
    assert bad.result is False
    assert "hunter2" not in bad.comment
    assert "canary" not in bad.comment


def test_others_stay_unless_purged(converge, sns):
    sns.create_topic(Name=NAME, Tags=[{"Key": "owner", "Value": "x"}])
    sns.subscribe(TopicArn=ARN, Protocol="sqs", Endpoint=SQS["endpoint"])
    wanted = {"name": NAME, "subscriptions": [EMAIL], "tags": {"team": "data"}}
    converge("sns_topic.present", **wanted)
    assert len(listed(sns)) == 2
    ret = converge("sns_topic.present", **wanted, purge=True)
    assert ret.changes["subscriptions"]["new"] == [f"email {EMAIL}"]
    assert ret.changes["tags"] == {"old": {"owner": "x", "team": "data"}, "new": {"team": "data"}}
    assert len(listed(sns)) == 1


def test_confirming_by_api_needs_credentials_to_unsubscribe(converge, modules, sandbox, sns):
    converge("sns_topic.present", name=NAME, subscriptions=[EMAIL])
    modules["sns_topic.confirm"](NAME, sandbox.subscription_token(ARN, EMAIL))
    attributes = sns.get_subscription_attributes(SubscriptionArn=listed(sns)["email", EMAIL])["Attributes"]
    assert attributes["ConfirmationWasAuthenticated"] == "true"


def test_absent(converge, sns):
    assert converge("sns_topic.absent", name=NAME).changes == {}
    converge("sns_topic.present", name=NAME, subscriptions=[SQS])
    ret = converge("sns_topic.absent", name=NAME)
    assert ret.result is False
    assert "and is not deleted: they would hear no more" in ret.comment
    assert converge("sns_topic.absent", name=NAME, remove_subscriptions=True).changes == {
        "name": {"old": NAME, "new": None}
    }
    assert sns.list_topics().get("Topics", []) == []


def test_what_aws_does_not_show_yet_is_waited_for(converge, sandbox):
    sandbox.lag("sns", looks=2)
    assert converge("sns_topic.present", name=NAME, subscriptions=[SQS], tags={"a": "b"}).result is True


def test_a_failed_read_is_an_error(states, sandbox):
    sandbox.fault("sns:*", "access_denied", times=100)
    ret = states["sns_topic.present"](name=NAME)
    assert ret.result is False
    assert "need sns:GetTopicAttributes" in ret.comment


@pytest.mark.parametrize("pillar", [{"aws": {"sns": {"topics": {NAME: {"subscriptions": [EMAIL]}}}}}])
def test_pending(pillar, states, modules, sandbox):
    states["sns_topic.present"](name=NAME, subscriptions=[EMAIL])
    (entry,) = modules["sns_topic.pending"]()
    assert entry["what"] == f"subscription of {EMAIL} to {NAME}"
    assert entry["on"] == EMAIL
    assert entry["since"]
    sandbox.confirm_subscription(ARN, EMAIL)
    assert modules["sns_topic.pending"]() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "a b"}, "name is 'a b'; give letters, digits"),
        ({"fifo": True}, "the names of FIFO topics, and no others, end in .fifo"),
        ({"name": "t.fifo", "subscriptions": [EMAIL]}, "a FIFO topic delivers to sqs only"),
        ({"subscriptions": {"a": 1}}, "subscriptions is not a list"),
        ({"subscriptions": "no:such:key"}, "subscriptions is not a list"),
        ({"subscriptions": ["ops"]}, "endpoint is 'ops': give an email address"),
        ({"subscriptions": [{"protocol": "fax", "endpoint": "1"}]}, "protocol is 'fax'; allowed are email"),
        ({"subscriptions": [{"protocol": "sms", "endpoint": "1"}]}, "give a telephone number"),
        ({"subscriptions": [{"protocol": "sqs", "endpoint": "bounces"}]}, "endpoint is 'bounces': give an ARN"),
        ({"tags": ["a"]}, "give a mapping of names to texts"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(arguments, sentence, states, sandbox):
    ret = states["sns_topic.present"](**{"name": NAME, **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []
