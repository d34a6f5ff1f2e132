"""
Read, plan and write the subscriptions of a topic.

``topic`` is a :class:`aws_runbook.kinds.kind.Resource`.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from contextlib import nullcontext
from datetime import timedelta

from aws_runbook import clock
from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.mail import subscription as subscriptions
from aws_runbook.mail import topics
from aws_runbook.mail.subscription import Found, shown
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

# For how long SNS may not list a subscription that another run has requested. Seconds.
_LISTED_WITHIN = 15


def tag_list(topic):
    """The topic's tags as SNS lists them, its notes of subscriptions among them."""
    answer = topic.session.read(
        "sns",
        "list_tags_for_resource",
        f"read the tags of {topic}",
        absent=("ResourceNotFound", "ResourceNotFoundException", "NotFound"),
        region=topic.session.region,
        ResourceArn=topics.own_arn(topic.session, topic.name),
    )
    return (answer or {}).get("Tags", [])


def found(topic):
    """The topic's subscriptions, as SNS lists them."""
    answer = topic.session.read(
        "sns",
        "list_subscriptions_by_topic",
        f"list the subscriptions of {topic}",
        absent=("NotFound",),
        region=topic.session.region,
        TopicArn=topics.own_arn(topic.session, topic.name),
    )
    return [
        Found(entry["Protocol"], entry.get("Endpoint", ""), entry["SubscriptionArn"])
        for entry in (answer or {}).get("Subscriptions", [])
    ]


def shown_to_people(topic):
    """The topic's subscriptions, in words."""
    notes = tagging.mapping(tag_list(topic))
    return sorted(_state(entry, notes) for entry in found(topic))


def _state(entry, notes):
    """A subscription in words: its label, and what it waits for."""
    label = entry.subscription.label
    if entry.deleted:
        return f"{label} (unsubscribed)"
    if entry.pending:
        since = subscriptions.since(notes, entry.subscription)
        return f"{label} (not confirmed{f', asked for {since:%Y-%m-%d %H:%M} UTC' if since else ''})"
    return label


def resource(topic):
    """The parameters by which SNS's calls about tags name the topic."""
    return {"region": topic.session.region, "ResourceArn": topics.own_arn(topic.session, topic.name)}


def listed(topic, wanted, notes):
    """
    The topic's subscriptions. AWS may not list one yet that was just requested, as a note records; requesting it again would send
    another mail.
    """

    def late(seen):
        asked = {subscription: subscriptions.since(notes, subscription) for subscription in wanted}
        recent = clock.now() - timedelta(seconds=_LISTED_WITHIN)
        new = [subscription for subscription, since in asked.items() if since and since > recent]
        return [entry for entry in new if not any(subscriptions.same(other, entry) for other in seen)]

    until(
        lambda: not late(found(topic)),
        what=f"AWS to list the new subscriptions of {topic}",
        timeout=_LISTED_WITHIN,
    )
    return found(topic)


def _unsubscribed(topic, subscription):
    who = shown(subscription.endpoint)
    protocol = None if subscription.protocol == "email" else subscription.protocol
    # Where an endpoint holds a credential, the command leaves it out.
    again = topic.session.command(
        "sns_topic.resubscribe",
        name=topic.name,
        endpoint=who if who == subscription.endpoint else "ENDPOINT",
        protocol=protocol,
    )
    return (
        f"{topic.where}: {who} has unsubscribed, or AWS's messages to it bounced, and no other confirmation is requested. Remove it from "
        f"pillar, or, to subscribe it again: {again}."
    )


def decide(topic, wanted, seen, notes, *, purge):
    """Decide which subscriptions to request and to end, and which wait for their recipient."""
    members = {"subscribe": [], "unsubscribe": [], "warnings": [], "pending": []}
    for subscription in wanted:
        entry = next((entry for entry in seen if subscriptions.same(entry, subscription)), None)
        if entry is None:
            members["subscribe"].append(subscription)
        elif entry.deleted:
            raise RunbookError(_unsubscribed(topic, subscription))
        elif entry.pending:
            waiting = subscriptions.waiting(
                topic.name, subscription, subscriptions.since(notes, subscription), clock.now()
            )
            members["pending"].append(waiting)
            members["warnings"].append(f"Waiting: {waiting['do']}.")
    if purge:
        surplus = [
            entry for entry in seen if not any(subscriptions.same(entry, subscription) for subscription in wanted)
        ]
        # An unconfirmed subscription cannot be ended; it expires by itself.
        members["unsubscribe"] = [entry for entry in surplus if not entry.pending and not entry.deleted]
    return members


def subscribe(topic, subscription, before=None):
    """Request a subscription; ``before`` is the time, from its tag, since when one of the same endpoint waits."""
    with _noted(topic, subscription, before):
        topic.session.write(
            "sns",
            "subscribe",
            f"subscribe {shown(subscription.endpoint)} to {topic}",
            region=topic.session.region,
            TopicArn=topics.own_arn(topic.session, topic.name),
            Protocol=subscription.protocol,
            Endpoint=subscription.endpoint,
            **({"Attributes": {"SubscriptionRoleArn": subscription.role_arn}} if subscription.role_arn else {}),
        )

    def is_listed():
        topic.session.forget()
        return any(subscriptions.same(entry, subscription) for entry in found(topic))

    until(is_listed, what=f"AWS to show the subscription of {shown(subscription.endpoint)}", timeout=SETTLE_TIMEOUT)


def _noted(topic, subscription, before):
    """Note the time of the request: without it, a subscription would be requested again too early, or never."""
    if subscription.protocol not in subscriptions.CONFIRMED_BY_RECIPIENT:
        return nullcontext()
    now = clock.now().replace(microsecond=0).isoformat()
    return tagging.TOPIC.noted(topic.session, str(topic), subscription.tag, now, before, **resource(topic))


def unsubscribe(topic, entry):
    """End a subscription, and remove its note."""
    topic.session.write(
        "sns",
        "unsubscribe",
        f"unsubscribe {shown(entry.endpoint)} from {topic}",
        absent=("NotFound",),
        region=topic.session.region,
        SubscriptionArn=entry.arn,
    )
    if entry.subscription.tag in tagging.mapping(tag_list(topic)):
        topic.session.write(
            "sns", "untag_resource", f"untag {topic}", TagKeys=[entry.subscription.tag], **resource(topic)
        )
