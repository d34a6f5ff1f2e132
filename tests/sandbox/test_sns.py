"""SNS: subscriptions and their confirmation."""

import pytest
import urllib3
from botocore.exceptions import ClientError

ADDRESS = "ops@example.org"


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == expected


@pytest.fixture
def sns(sandbox):
    sandbox.stop_clock()
    return sandbox.client("sns", region="eu-west-2")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="feedback")["TopicArn"]


def subscribe(sns, topic, **extra):
    return sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS, **extra)["SubscriptionArn"]


def listed(sns, topic):
    entries = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [(entry["Endpoint"], entry["SubscriptionArn"]) for entry in entries]


def test_an_email_subscription_waits_and_has_no_arn(sns, topic):
    assert subscribe(sns, topic) == "pending confirmation"
    assert listed(sns, topic) == [(ADDRESS, "PendingConfirmation")]
    assert sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    refused("InvalidParameter", sns.get_subscription_attributes, SubscriptionArn="PendingConfirmation")
    refused("InvalidParameter", sns.unsubscribe, SubscriptionArn="PendingConfirmation")


def test_the_arn_is_returned_to_every_caller(sns, topic):
    arn = subscribe(sns, topic, ReturnSubscriptionArn=True)
    assert arn.startswith(topic)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "true"
    refused("InvalidParameter", sns.unsubscribe, SubscriptionArn=arn)


def test_it_lapses_after_48_hours(sandbox, sns, topic):
    subscribe(sns, topic)
    token = sandbox.subscription_token(topic, ADDRESS)
    sandbox.advance_clock(47 * 3600)
    assert listed(sns, topic) == [(ADDRESS, "PendingConfirmation")]
    sandbox.advance_clock(3600)
    assert listed(sns, topic) == []
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token=token)


def test_subscribing_again_sends_another_token_and_starts_the_time_anew(sandbox, sns, topic):
    subscribe(sns, topic)
    first = sandbox.subscription_token(topic, ADDRESS)
    sandbox.advance_clock(47 * 3600)
    subscribe(sns, topic)
    sandbox.advance_clock(47 * 3600)
    assert listed(sns, topic) == [(ADDRESS, "PendingConfirmation")]
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token=first)


def test_the_token_confirms(sandbox, sns, topic):
    subscribe(sns, topic)
    token = sandbox.subscription_token(topic, ADDRESS)
    arn = sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")["SubscriptionArn"]
    assert listed(sns, topic) == [(ADDRESS, arn)]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "true")
    assert subscribe(sns, topic) == arn
    assert sandbox.subscription_token(topic, ADDRESS) is None
    sns.unsubscribe(SubscriptionArn=arn)
    assert listed(sns, topic) == []


def test_a_test_confirms_and_deletes_as_a_person_does(sandbox, sns, topic):
    subscribe(sns, topic)
    arn = sandbox.confirm_subscription(topic, ADDRESS)
    assert listed(sns, topic) == [(ADDRESS, arn)]
    sandbox.delete_subscription(topic, ADDRESS)
    assert listed(sns, topic) == [(ADDRESS, "Deleted")]
    assert subscribe(sns, topic) == "pending confirmation"
    assert listed(sns, topic) == [(ADDRESS, "PendingConfirmation")]


@pytest.mark.parametrize(("authenticated", "expected"), [(False, "Deleted"), (True, None)])
def test_a_link_unsubscribes_unless_that_needs_authentication(sandbox, sns, topic, authenticated, expected):
    subscribe(sns, topic)
    arn = sandbox.confirm_subscription(topic, ADDRESS, authenticated=authenticated)
    answer = urllib3.request("GET", sandbox.url, fields={"Action": "Unsubscribe", "SubscriptionArn": arn})
    assert answer.status == (403 if authenticated else 200)
    assert listed(sns, topic) == [(ADDRESS, expected or arn)]


def test_a_link_confirms(sandbox, sns, topic):
    subscribe(sns, topic)
    token = sandbox.subscription_token(topic, ADDRESS)
    fields = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}
    assert urllib3.request("GET", sandbox.url, fields=fields).status == 200
    assert listed(sns, topic)[0][1].startswith(topic)


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("mail", ADDRESS),
        ("email", "nobody"),
        ("https", "http://example.org"),
        ("http", "example.org"),
        ("sqs", "https://queue"),
        ("lambda", "name"),
    ],
)
def test_protocols_and_endpoints_are_checked(sns, topic, protocol, endpoint):
    refused("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)


def test_what_needs_no_confirmation_has_its_arn_at_once(sns, topic):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-2:123456789012:q")
    assert arn["SubscriptionArn"].startswith(topic)
    refused("NotFound", sns.list_subscriptions_by_topic, TopicArn=topic + "x")


def test_a_new_topic_and_subscription_can_lag(sandbox, sns):
    sandbox.lag("sns", looks=1)
    topic = sns.create_topic(Name="late")["TopicArn"]
    refused("NotFound", sns.subscribe, TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
    subscribe(sns, topic)
    assert listed(sns, topic) == []
    assert listed(sns, topic) == [(ADDRESS, "PendingConfirmation")]


def test_a_hundred_subscriptions_are_a_page(sns, topic):
    for number in range(101):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"a{number}@example.org")
    pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic))
    assert [len(page["Subscriptions"]) for page in pages] == [100, 1]
