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


def test_a_firehose_subscription_has_its_role(converge, sns):
    role = "arn:aws:iam::123456789012:role/sns-to-firehose"
    stream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/bounces"
    created = converge(
        "sns_topic.present",
        name=NAME,
        subscriptions=[{"protocol": "firehose", "endpoint": stream, "role_arn": role}],
    )
    assert created.result is True, created.comment
    found = sns.get_subscription_attributes(SubscriptionArn=listed(sns)["firehose", stream])["Attributes"]
    assert found["SubscriptionRoleArn"] == role


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (
            {"protocol": "firehose", "endpoint": "arn:aws:firehose:x:1:y"},
            "give the ARN of the role with which SNS writes",
        ),
        ({**SQS, "role_arn": "arn:aws:iam::123456789012:role/x"}, "only a firehose subscription takes one"),
    ],
)
def test_a_role_is_for_firehose_and_needed_there(states, sns, item, sentence):
    ret = states["sns_topic.present"](name=NAME, subscriptions=[item])
    assert ret.result is False
    assert sentence in ret.comment
    assert sns.list_topics()["Topics"] == []


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


@pytest.mark.runs_command("topic_subscriptions._unsubscribed", "sns_topic.resubscribe")
def test_who_has_unsubscribed_is_an_error_that_says_so(converge, obey, sandbox):
    converge("sns_topic.present", name=NAME, subscriptions=[EMAIL])
    sandbox.confirm_subscription(ARN, EMAIL)
    sandbox.delete_subscription(ARN, EMAIL)
    ret = converge("sns_topic.present", name=NAME, subscriptions=[EMAIL])
    assert ret.result is False
    assert f"{EMAIL} has unsubscribed, or AWS's messages to it bounced" in ret.comment
    assert EMAIL in obey(ret.comment, "sns_topic.resubscribe")
    assert converge("sns_topic.present", name=NAME, subscriptions=[EMAIL]).warnings


@pytest.mark.runs_command("topic_subscriptions._unsubscribed", "sns_topic.resubscribe")
def test_the_command_for_a_recipient_who_has_unsubscribed_names_the_protocol_and_no_credential(converge, obey, sandbox):
    hook = {"protocol": "https", "endpoint": "https://user:canary-of-a-hook@example.org/hook"}
    converge("sns_topic.present", name=NAME, subscriptions=[hook])
    sandbox.confirm_subscription(ARN, hook["endpoint"])
    sandbox.delete_subscription(ARN, hook["endpoint"])
    comment = converge("sns_topic.present", name=NAME, subscriptions=[hook]).comment
    assert f"sns_topic.resubscribe {NAME} ENDPOINT protocol=https" in comment
    assert "canary-of-a-hook" not in comment
    obey(comment, "sns_topic.resubscribe", filled={"ENDPOINT": hook["endpoint"]})
    assert converge("sns_topic.present", name=NAME, subscriptions=[hook]).warnings


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


def test_a_password_with_an_at_sign_is_never_shown(converge, modules, sns, caplog):
    caplog.set_level(1)
    url = "https://user:se@CANARY@host.example/"
    ret = converge("sns_topic.present", name=NAME, subscriptions=[{"protocol": "https", "endpoint": url}])
    assert ret.changes["subscriptions"]["new"] == ["https https://…@host.example/"]
    assert ("https", url) in listed(sns)
    assert "CANARY" not in f"{ret.full_return} {modules['sns_topic.describe'](NAME)}"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "sentence"),
    [
        ("https", "https://u:CAN/ARY@host/", "is 'https://…@host/': write an @ after the host as %40"),
        ("https", "https://u:CAN?ARY@host/", "is 'https://…?…': write an @ after the host as %40"),
        ("https", "https://[x", "is 'https://[x': give a URL that begins with https://"),
        ("https", "https://host:x99999/", "give a URL that begins with https://"),
        ("https", "https://u:CANARY\u2100@host/", "is 'https://…@host/': give a URL that begins with https://"),
        ("https", "u:CANARY@host/", "is '…@host/': give a URL that begins with https://"),
        ("http", "https:/u:CANARY@host/", "is 'https:/…@host/': give a URL that begins with http://"),
        ("email", "https:/u:CANARY@host/", "is 'https:/…@host/': give an email address"),
        ("sms", "https:/u:CANARY@host/", "is 'https:/…@host/': give a telephone number"),
    ],
)
def test_an_endpoint_that_is_no_url_is_refused_without_its_password(states, sandbox, protocol, endpoint, sentence):
    ret = states["sns_topic.present"](name=NAME, subscriptions=[{"protocol": protocol, "endpoint": endpoint}])
    assert ret.result is False
    assert sentence in ret.comment
    assert "ARY" not in str(ret.raw)
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    "note", ["2026-01-01", "2026-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00", "x"]
)
def test_a_note_of_another_process_says_nothing(converge, modules, sns, note):
    wanted = {"name": NAME, "subscriptions": [EMAIL]}
    converge("sns_topic.present", **wanted)
    (tag,) = sns.list_tags_for_resource(ResourceArn=ARN)["Tags"]
    sns.tag_resource(ResourceArn=ARN, Tags=[{**tag, "Value": note}])
    ret = converge("sns_topic.present", **wanted)
    assert ret.result is True, ret.comment
    assert ret.warnings[0].endswith("48 hours after the request, whose time is unknown.")
    assert modules["sns_topic.describe"](NAME)["subscriptions"] == [f"email {EMAIL} (not confirmed)"]
    assert modules["sns_topic.plan"](**wanted)["pending"][0]["since"] is None


def test_an_address_in_the_query_is_taken(converge, sns):
    url = "https://hooks.example.org/x?mail=a@b.example"
    converge("sns_topic.present", name=NAME, subscriptions=[{"protocol": "https", "endpoint": url}])
    assert ("https", url) in listed(sns)


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
    assert "and is not deleted: they would receive no more messages" in ret.comment
    assert converge("sns_topic.absent", name=NAME, remove_subscriptions=True).changes == {
        "name": {"old": NAME, "new": None}
    }
    assert sns.list_topics().get("Topics", []) == []


@pytest.mark.parametrize("pattern", ["-", "-+", "+-", "--+"])
def test_what_aws_does_not_show_yet_is_waited_for(states, sandbox, pattern):
    sandbox.lag("sns", looks=3, pattern=pattern)
    for expected in ({"name", "subscriptions", "tags"}, set()):
        ret = states["sns_topic.present"](name=NAME, subscriptions=[EMAIL], tags={"a": "b"})
        assert ret.result is True, ret.comment
        assert set(ret.changes) == expected
    assert len(sandbox.calls(operation="Subscribe")) == 1  # each would send another mail


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
        (
            {"subscriptions": [{"protocol": "email"}]},
            "subscriptions has an item that is neither an email address nor a mapping of protocol and endpoint.",
        ),
        ({"subscriptions": [{"protocol": "fax", "endpoint": "1"}]}, "protocol is 'fax'; allowed are email"),
        ({"subscriptions": [{"protocol": "sms", "endpoint": "1"}]}, "give a telephone number"),
        (
            {"subscriptions": [{"protocol": "sms", "endpoint": 442012345678}]},
            "YAML reads it as a number, so write it in quotes",
        ),
        ({"subscriptions": [{"protocol": "sqs", "endpoint": "bounces"}]}, "endpoint is 'bounces': give an ARN"),
        ({"tags": ["a"]}, "give a mapping of names to texts"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(arguments, sentence, states, sandbox):
    ret = states["sns_topic.present"](**{"name": NAME, **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []


@pytest.mark.parametrize("service", ["ses", "SES.amazonaws.com", "123456789012", "*"])
def test_a_publisher_that_is_no_service_is_told_by_the_plan(converge, sandbox, service):
    ret = converge("sns_topic.present", name=NAME, publishers=[service])
    assert ret.result is False
    assert f"publishers has {service!r}; give services of AWS as they stand in policies, such as ses.am" in ret.comment
