"""
The subscriptions of an SNS topic: wanted, found and pending ones.

SNS lists an unconfirmed subscription with ``PendingConfirmation`` in place of its ARN, and forgets it after 48 hours; one
whose recipient unsubscribed it lists with ``Deleted`` for a while.
https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aws_runbook import clock, urls
from aws_runbook.dns import names as email_names
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments

PROTOCOLS = ("email", "email-json", "http", "https", "sms", "sqs", "lambda", "firehose", "application")
# The recipients of these must confirm first.
CONFIRMED_BY_RECIPIENT = ("email", "email-json", "http", "https")
LAPSES = timedelta(hours=48)
# SNS does not return when a subscription was requested, so a tag of the topic records it.
TAG = "aws-runbook:asked:"

_PENDING = "PendingConfirmation"
_DELETED = "Deleted"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_WEB = ("http", "https")
# Also with a missing slash.
_URL = re.compile(r"\s*https?:|.*//", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Subscription:
    """A recipient of a topic's messages. ``endpoint`` can contain a password, so it is never shown unchanged."""

    protocol: str
    endpoint: str
    # With which SNS may write to a delivery stream.
    role_arn: str | None = None

    def __repr__(self):
        return f"Subscription({self.label!r})"

    @property
    def label(self):
        """The protocol, and the endpoint without user, password and query."""
        return f"{self.protocol} {shown(self.endpoint)}"

    @property
    def tag(self):
        """The tag that says since when its confirmation is waited for."""
        digest = hashlib.sha256(f"{self.protocol} {shown(self.endpoint)}".encode()).hexdigest()
        return TAG + digest[:16]


@dataclass(frozen=True)
class Found:
    """A subscription as SNS lists it."""

    protocol: str
    endpoint: str
    arn: str

    @property
    def subscription(self):
        """The same as a :class:`Subscription`."""
        return Subscription(self.protocol, self.endpoint)

    @property
    def pending(self):
        """Whether its recipient has not confirmed it yet."""
        return self.arn == _PENDING

    @property
    def deleted(self):
        """Whether its recipient has unsubscribed, or its messages bounced."""
        return self.arn == _DELETED


def shown(endpoint, protocol=None):
    """An endpoint without what could be a credential: user and password, and the query of a URL."""
    return urls.shown(endpoint) if protocol in _WEB or _URL.match(endpoint) else endpoint


def parse(where, items):
    """A list of email addresses, or mappings of ``protocol``, ``endpoint`` and for firehose ``role_arn``, as :class:`Subscription`, sorted."""
    if isinstance(items, str | Mapping) or not isinstance(items, list | tuple):
        raise RunbookError(f"{where}: subscriptions is not a list; give a list of email addresses or mappings.")
    found = {_one(where, item) for item in items}
    return sorted(found, key=lambda subscription: subscription.label)


def _one(where, item):
    if isinstance(item, str):
        item = {"protocol": "email", "endpoint": item}
    if not isinstance(item, Mapping) or set(item) - {"role_arn"} != {"protocol", "endpoint"}:
        raise RunbookError(
            f"{where}: subscriptions has an item that is neither an email address nor a mapping of protocol and endpoint."
        )
    protocol, endpoint = item["protocol"], item["endpoint"]
    if protocol not in PROTOCOLS:
        raise RunbookError(f"{where}: protocol is {protocol!r}; allowed are {', '.join(PROTOCOLS)}.")
    arguments.text(where, "endpoint", endpoint)
    problem = _problem(protocol, endpoint)
    if problem:
        raise RunbookError(f"{where}: endpoint is {shown(endpoint, protocol)!r}: {problem}.")
    role_arn = item.get("role_arn")
    problem = _role_problem(protocol, role_arn)
    if problem:
        raise RunbookError(f"{where}: role_arn of {protocol} {shown(endpoint)} is {role_arn!r}: {problem}.")
    return Subscription(protocol, endpoint, role_arn)


def _role_problem(protocol, role_arn):
    """https://docs.aws.amazon.com/sns/latest/dg/firehose-endpoints-prerequisites.html"""
    if protocol != "firehose":
        return None if role_arn is None else "only a firehose subscription takes one"
    if not isinstance(role_arn, str) or not _ROLE.fullmatch(role_arn):
        return "give the ARN of the role with which SNS writes to the delivery stream"
    return None


def _problem(protocol, endpoint):
    if protocol in ("email", "email-json"):
        try:
            email_names.address(endpoint)
        except ValueError as error:
            return str(error)
    elif protocol in _WEB:
        if endpoint.startswith(f"{protocol}://") and urls.has_at_after_host(endpoint):
            return "write an @ after the host as %40, and in a password / as %2F, ? as %3F and # as %23"
        if not urls.is_http(endpoint, [protocol]):
            return f"give a URL that begins with {protocol}://"
    elif protocol == "sms":
        if not re.fullmatch(r"\+[0-9]{4,15}", endpoint):
            return "give a telephone number such as +442012345678"
    elif not endpoint.startswith("arn:"):
        return "give an ARN"
    return None


def since(tags, subscription):
    """When a subscription was requested, by its tag; ``None`` without one."""
    return clock.written(tags.get(subscription.tag))


def waiting(topic, subscription, asked, now):
    """An entry of ``aws_account.pending`` for a subscription that is not confirmed, and the sentence of it."""
    who = shown(subscription.endpoint)
    if asked is None:
        until = "48 hours after the request, whose time is unknown"
    else:
        hours = max(0, round((asked + LAPSES - now).total_seconds() / 3600))
        until = f"{asked + LAPSES:%Y-%m-%d %H:%M} UTC (in {hours} h)"
    do = f"{who} must confirm the subscription to the topic {topic}, by the link in AWS's message; it lapses {until}"
    since_, lapses = asked and asked.isoformat(), asked and (asked + LAPSES).isoformat()
    return {"what": f"subscription of {who} to {topic}", "on": who, "since": since_, "until": lapses, "do": do}


def same(found, wanted):
    """Whether a subscription that SNS lists is the wanted one. SNS shows stars in place of a password."""
    if found.protocol != wanted.protocol:
        return False
    if "****" in found.endpoint:
        return shown(found.endpoint) == shown(wanted.endpoint)
    return found.endpoint == wanted.endpoint
