"""
Subscriptions: pending until confirmed, gone after 48 hours, with endpoints that fit their protocol.

moto confirms at once, and takes any protocol and endpoint.

https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/sns/latest/api/"
LAPSES = timedelta(hours=48)
# Whoever is behind these must agree first.
_CONFIRMED_BY_RECIPIENT = ("email", "email-json", "http", "https")
_ENDPOINTS = {
    "http": (re.compile(r"http://.+"), "Endpoint must match the specified protocol"),
    "https": (re.compile(r"https://.+"), "Endpoint must match the specified protocol"),
    "email": (re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"), "Email address"),
    "email-json": (re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"), "Email address"),
    "sms": (re.compile(r"\+?[0-9 .\-/]+"), "SMS endpoint"),
    "sqs": (re.compile(r"arn:[^:]+:sqs:.+"), "SQS endpoint ARN"),
    "lambda": (re.compile(r"arn:[^:]+:lambda:.+"), "Lambda endpoint ARN"),
    "application": (re.compile(r"arn:[^:]+:sns:.+"), "Application endpoint ARN"),
    "firehose": (re.compile(r"arn:[^:]+:firehose:.+"), "Firehose endpoint ARN"),
}


@dataclass
class _Waiting:
    token: str
    since: datetime


@dataclass
class Confirmations:
    """Subscriptions by ARN: those that wait, and those whose recipient has unsubscribed."""

    waiting: dict[str, _Waiting] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


def _invalid(message):
    return AwsError("InvalidParameter", f"Invalid parameter: {message}", 400)


def confirmations(call):
    """The confirmations of the call's account and region, without those that have lapsed."""
    known = call.own(Confirmations)
    subscriptions = call.backend("sns").subscriptions
    for arn, entry in list(known.waiting.items()):
        if call.now - entry.since >= LAPSES or arn not in subscriptions:
            del known.waiting[arn]
            subscriptions.pop(arn, None)
    known.deleted &= set(subscriptions)
    return known


def find(call, topic, endpoint):
    """The subscription of an endpoint to a topic, or ``None``."""
    for subscription in call.backend("sns").subscriptions.values():
        if subscription.topic.arn == topic and subscription.endpoint == endpoint:
            return subscription
    return None


@handles("sns", "Subscribe", reference=_API + "API_Subscribe.html")
def subscribe(call):
    """A recipient who must agree is sent a token; asking again sends another."""
    protocol, endpoint = call.parameters["Protocol"], call.parameters.get("Endpoint", "")
    if protocol not in _ENDPOINTS:
        raise _invalid(f"Does not support this protocol string: {protocol}")
    pattern, message = _ENDPOINTS[protocol]
    if not pattern.fullmatch(endpoint):
        raise _invalid(message)
    if protocol == "firehose" and not call.parameters.get("Attributes", {}).get("SubscriptionRoleArn"):
        # https://docs.aws.amazon.com/sns/latest/dg/firehose-endpoints-prerequisites.html
        raise _invalid("Attributes Reason: SubscriptionRoleArn is required for firehose")
    known = confirmations(call)
    old = find(call, call.parameters["TopicArn"], endpoint)
    if old is not None and old.arn in known.deleted:
        call.backend().subscriptions.pop(old.arn)
        old = None
    reply = call.forward()
    if not reply.succeeded or protocol not in _CONFIRMED_BY_RECIPIENT:
        return reply
    arn = find(call, call.parameters["TopicArn"], endpoint).arn
    if old is None or arn in known.waiting:
        known.waiting[arn] = _Waiting(secrets.token_hex(64), call.now)
        call.backend().subscriptions[arn].attributes["PendingConfirmation"] = "true"
        if not call.parameters.get("ReturnSubscriptionArn"):
            return {"SubscriptionArn": "pending confirmation"}
    return wire.parse(call, reply)


@handles("sns", "ConfirmSubscription", reference=_API + "API_ConfirmSubscription.html")
def confirm_subscription(call):
    """The token of the newest mail confirms; ``AuthenticateOnUnsubscribe`` keeps strangers from unsubscribing."""
    topic, token = call.parameters["TopicArn"], call.parameters["Token"]
    if topic not in call.backend().topics:
        raise AwsError("NotFound", "Topic does not exist", 404)
    for arn, entry in confirmations(call).waiting.items():
        if entry.token == token and call.backend().subscriptions[arn].topic.arn == topic:
            authenticated = str(call.parameters.get("AuthenticateOnUnsubscribe", "false")).lower() == "true"
            confirm(call, arn, authenticated=authenticated)
            return {"SubscriptionArn": arn}
    raise _invalid("Token")


def confirm(call, arn, *, authenticated=False):
    """Confirm a subscription."""
    del confirmations(call).waiting[arn]
    attributes = call.backend("sns").subscriptions[arn].attributes
    attributes["PendingConfirmation"] = "false"
    attributes["ConfirmationWasAuthenticated"] = str(authenticated).lower()


@handles("sns", "Unsubscribe", reference=_API + "API_Unsubscribe.html")
def unsubscribe(call):
    """
    Only what is confirmed can be unsubscribed; a stranger with a link can do so unless that needs authentication.

    https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html
    """
    arn = call.parameters["SubscriptionArn"]
    _check_arn(arn)
    known = confirmations(call)
    if arn in known.waiting:
        raise _invalid("SubscriptionArn Reason: This subscription is pending confirmation")
    subscription = call.backend().subscriptions.get(arn)
    if subscription is not None and call.access_key_id is None:
        if subscription.attributes.get("ConfirmationWasAuthenticated") == "true":
            raise AwsError("AuthorizationError", "Unsubscribing needs authentication.", 403)
        known.deleted.add(arn)
        return {}
    return call.forward()


@handles(
    "sns",
    "GetSubscriptionAttributes",
    "SetSubscriptionAttributes",
    reference=_API + "API_GetSubscriptionAttributes.html",
)
def subscription_attributes(call):
    """What is pending has no ARN to ask by."""
    _check_arn(call.parameters["SubscriptionArn"])
    confirmations(call)
    return call.forward()


def _check_arn(arn):
    elements = arn.count(":") + 1
    if elements < 6:  # noqa: PLR2004 - the parts of an ARN
        raise _invalid(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {elements}")


@handles("sns", "ListSubscriptions", "ListSubscriptionsByTopic", reference=_API + "API_ListSubscriptionsByTopic.html")
def list_subscriptions(call):
    """Those that wait are listed with a word in place of their ARN."""
    known = confirmations(call)
    topic = call.parameters.get("TopicArn")
    if topic is not None and topic not in call.backend().topics:
        raise AwsError("NotFound", "Topic does not exist", 404)
    return {
        "Subscriptions": [
            {
                "SubscriptionArn": _shown(known, subscription.arn),
                "Owner": call.account_id,
                "Protocol": subscription.protocol,
                "Endpoint": subscription.endpoint,
                "TopicArn": subscription.topic.arn,
            }
            for subscription in call.backend().subscriptions.values()
            if topic in (None, subscription.topic.arn)
        ]
    }


def _shown(known, arn):
    if arn in known.waiting:
        return "PendingConfirmation"
    return "Deleted" if arn in known.deleted else arn
