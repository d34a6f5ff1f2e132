"""
Manage SNS topics and who is subscribed to them.

https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html

A subscription by email or HTTP waits until its recipient confirms it, for 48 hours; then SNS forgets it. It is asked for
once, and again only when it is gone. An endpoint's user, password and query are never shown.

Attributes
    ``display_name``
        The sender's name in email.
    ``fifo``
        ``True`` for a FIFO topic, whose name ends in ``.fifo``. It cannot be changed later.
    ``content_based_deduplication``
        For a FIFO topic.
    ``kms_master_key_id``
        The KMS key that messages are encrypted with; ``""`` for none. SES can publish to an encrypted topic only if the
        policy of the key lets it: https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html
    ``publishers``
        Services (``ses.amazonaws.com``) that may publish, for this account and region.
    ``subscriptions``
        A list; an item is an email address, or a mapping of ``protocol`` and ``endpoint``. Or the pillar key of such a
        list: then an endpoint with a password stands in pillar only, and in no state that Salt logs.
    ``tags``
        A mapping. Tags that begin with ``aws-runbook:`` are this project's own notes, and not shown.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of the topic, and how to reach the
account. IAM actions: ``sns:GetTopicAttributes``, ``sns:ListTagsForResource`` and ``sns:ListSubscriptionsByTopic`` to read;
``sns:CreateTopic``, ``sns:SetTopicAttributes``, ``sns:TagResource``, ``sns:UntagResource``, ``sns:Subscribe`` and
``sns:Unsubscribe`` to write; ``sns:DeleteTopic`` to delete.
"""

import re

from salt.utils.data import traverse_dict_and_list

from aws_runbook import arguments, clock, email_plan, identities, policies, topics
from aws_runbook import subscriptions as subscribers
from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT, connect
from aws_runbook.subscriptions import Found, shown
from aws_runbook.waiting import until

_OWN_TAGS = "aws-runbook:"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
# Attributes of the topic by their name in the API, and how they are read.
_TEXTS = {"display_name": "DisplayName", "kms_master_key_id": "KmsMasterKeyId"}
_FLAGS = {"content_based_deduplication": "ContentBasedDeduplication", "fifo": "FifoTopic"}
_AT_CREATION = ("display_name", "kms_master_key_id", "content_based_deduplication", "fifo")


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def _arn(session, name):
    return f"arn:{session.partition}:sns:{session.region}:{session.account_id}:{name}"


def arn(name, region=None, profile=None, keyid=None, key=None):
    """
    The ARN that a topic of this account and region has, or would have.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.arn noreply-example-org
    """
    return _arn(_session(region, profile, keyid, key), name)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The topic's ``arn``, ``display_name``, ``fifo``, ``content_based_deduplication``, ``kms_master_key_id``, ``publishers``,
    ``subscriptions`` and ``tags``; ``None`` when there is none.

    attributes
        ``subscriptions`` and ``tags`` are read when they are among these. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.describe noreply-example-org
    """
    session = _session(region, profile, keyid, key)
    described = _read(session, name)
    if described is None:
        return None
    described = {"arn": _arn(session, name), **described}
    wanted = {"subscriptions", "tags"} & set(attributes if attributes is not None else ("subscriptions", "tags"))
    tags = _tags(session, name) if wanted else {}
    if "subscriptions" in wanted:
        described["subscriptions"] = sorted(_state(entry, tags) for entry in _found(session, name))
    if "tags" in wanted:
        described["tags"] = _visible(tags)
    return described


def _read(session, name):
    """What GetTopicAttributes tells; ``None`` when there is no such topic."""
    answer = session.read(
        "sns",
        "get_topic_attributes",
        f"read the topic {name} in {session.region}",
        absent=("NotFound",),
        region=session.region,
        TopicArn=_arn(session, name),
    )
    if answer is None:
        return None
    found = answer["Attributes"]
    return {
        **{attribute: found.get(theirs, "") for attribute, theirs in _TEXTS.items()},
        **{attribute: found.get(theirs) == "true" for attribute, theirs in _FLAGS.items()},
        "publishers": topics.publishers(session, _arn(session, name), policies.of_resource(found)),
    }


def _tags(session, name):
    answer = session.read(
        "sns",
        "list_tags_for_resource",
        f"read the tags of the topic {name}",
        absent=("ResourceNotFound", "ResourceNotFoundException", "NotFound"),
        region=session.region,
        ResourceArn=_arn(session, name),
    )
    return {tag["Key"]: tag["Value"] for tag in (answer or {}).get("Tags", [])}


def _visible(tags):
    return {tag: value for tag, value in tags.items() if not tag.startswith(_OWN_TAGS)}


def _found(session, name):
    answer = session.read(
        "sns",
        "list_subscriptions_by_topic",
        f"list the subscriptions of the topic {name}",
        absent=("NotFound",),
        region=session.region,
        TopicArn=_arn(session, name),
    )
    return [
        Found(entry["Protocol"], entry.get("Endpoint", ""), entry["SubscriptionArn"])
        for entry in (answer or {}).get("Subscriptions", [])
    ]


def _state(entry, tags):
    """A subscription for a person: its label, and what it waits for."""
    label = entry.subscription.label
    if entry.deleted:
        return f"{label} (unsubscribed)"
    if entry.pending:
        since = subscribers.since(tags, entry.subscription)
        return f"{label} (not confirmed{f', asked for {since:%Y-%m-%d %H:%M} UTC' if since else ''})"
    return label


def _wanted(name, given):
    """The attributes that are managed, checked."""
    where = f"topic {name}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RunbookError(
            f"{where}: name is {name!r}; give letters, digits, - and _, and .fifo at the end for a FIFO topic."
        )
    wanted = {attribute: value for attribute, value in given.items() if value is not None}
    for attribute in _FLAGS:
        arguments.one_of(where, attribute, wanted.get(attribute), (True, False))
    if "fifo" in wanted and wanted["fifo"] != name.endswith(".fifo"):
        raise RunbookError(
            f"{where}: fifo is {wanted['fifo']!r}; the names of FIFO topics, and no others, end in .fifo."
        )
    if "publishers" in wanted:
        wanted["publishers"] = arguments.names(where, "publishers", wanted["publishers"])
    if "tags" in wanted:
        wanted["tags"] = arguments.tags(where, wanted["tags"])
    if isinstance(wanted.get("subscriptions"), str):
        wanted["subscriptions"] = traverse_dict_and_list(__pillar__, wanted["subscriptions"])
    if "subscriptions" in wanted:
        wanted["subscriptions"] = subscribers.parse(where, wanted["subscriptions"])
        other = next((entry for entry in wanted["subscriptions"] if entry.protocol != "sqs"), None)
        if name.endswith(".fifo") and other:
            # https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
            raise RunbookError(f"{where}: a subscription is by {other.protocol}; a FIFO topic delivers to sqs only.")
    return wanted


def plan(
    name,
    display_name=None,
    fifo=None,
    content_based_deduplication=None,
    kms_master_key_id=None,
    publishers=None,
    subscriptions=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    What ``sns_topic.present`` would do: ``changes``, and what is waited for: ``warnings`` and ``pending``.

    Arguments are those of ``sns_topic.present``. A subscription whose recipient has unsubscribed is an error.

    display_name, fifo, content_based_deduplication, kms_master_key_id, publishers, subscriptions, tags
        The attributes, as at the head of this module. Default of each: not managed.
    purge
        ``True`` to remove publishers, subscriptions and tags that are not named. Default: ``False``.

    IAM actions: those to read.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.plan noreply-example-org subscriptions='[ops@example.org]'
    """
    wanted = _wanted(
        name,
        {
            "display_name": display_name,
            "fifo": fifo,
            "content_based_deduplication": content_based_deduplication,
            "kms_master_key_id": kms_master_key_id,
            "publishers": publishers,
            "subscriptions": subscriptions,
            "tags": tags,
        },
    )
    planned = _plan(_session(region, profile, keyid, key), name, wanted, purge=purge)
    return {entry: planned[entry] for entry in ("changes", "warnings", "pending")}


def _plan(session, name, wanted, *, purge):
    current = _read(session, name)
    notes = _tags(session, name) if current and {"tags", "subscriptions"} & set(wanted) else {}
    known = {**(current or {}), **({"tags": _visible(notes)} if current else {})}
    target = {attribute: value for attribute, value in wanted.items() if attribute != "subscriptions"}
    if not purge:
        if "tags" in target:
            target["tags"] = {**known.get("tags", {}), **target["tags"]}
        if "publishers" in target:
            target["publishers"] = sorted({*known.get("publishers", []), *target["publishers"]})
    # A new topic has what it has by default: that is no change worth a line.
    changes = {} if current else {"name": {"old": None, "new": name}}
    for attribute, value in target.items():
        if known.get(attribute) != value and not (current is None and value in ("", False, {}, [])):
            changes[attribute] = {"old": known.get(attribute), "new": value}
    members = {"subscribe": [], "unsubscribe": [], "warnings": [], "pending": []}
    if "subscriptions" in wanted:
        found = _found(session, name) if current else []
        members = _members(name, wanted["subscriptions"], found, notes, purge=purge)
        if members["subscribe"] or members["unsubscribe"]:
            old = sorted(entry.subscription.label for entry in found)
            gone = {entry.subscription.label for entry in members["unsubscribe"]}
            new = sorted({*(set(old) - gone), *(entry.label for entry in members["subscribe"])})
            changes["subscriptions"] = {"old": old if current else None, "new": new}
    return {**members, "changes": changes, "notes": notes, "exists": current is not None}


def _members(name, wanted, found, notes, *, purge):
    """Who is to be subscribed and unsubscribed, and who is waited for."""
    members = {"subscribe": [], "unsubscribe": [], "warnings": [], "pending": []}
    for subscription in wanted:
        entry = next((entry for entry in found if subscribers.same(entry, subscription)), None)
        if entry is None:
            members["subscribe"].append(subscription)
        elif entry.deleted:
            who = shown(subscription.endpoint)
            raise RunbookError(
                f"topic {name}: {who} has unsubscribed, or AWS's messages to it bounced, and it is not asked again. Take it "
                f"out of pillar, or, if it wants to hear of this: salt-call sns_topic.resubscribe {name} {who}."
            )
        elif entry.pending:
            waiting = subscribers.waiting(name, subscription, subscribers.since(notes, subscription), clock.now())
            members["pending"].append(waiting)
            members["warnings"].append(f"Waiting: {waiting['do']}.")
    if purge:
        surplus = [
            entry for entry in found if not any(subscribers.same(entry, subscription) for subscription in wanted)
        ]
        # What is not confirmed cannot be unsubscribed; it lapses by itself.
        members["unsubscribe"] = [entry for entry in surplus if not entry.pending and not entry.deleted]
    return members


def apply(
    name,
    display_name=None,
    fifo=None,
    content_based_deduplication=None,
    kms_master_key_id=None,
    publishers=None,
    subscriptions=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Do what ``plan`` says, with the same arguments.

    display_name, fifo, content_based_deduplication, kms_master_key_id, publishers, subscriptions, tags, purge
        As in ``plan``. ``fifo`` of a topic that is there cannot be changed: that is an error.

    IAM actions: those to write. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.apply noreply-example-org subscriptions='[ops@example.org]'
    """
    wanted = _wanted(
        name,
        {
            "display_name": display_name,
            "fifo": fifo,
            "content_based_deduplication": content_based_deduplication,
            "kms_master_key_id": kms_master_key_id,
            "publishers": publishers,
            "subscriptions": subscriptions,
            "tags": tags,
        },
    )
    session = _session(region, profile, keyid, key)
    planned = _plan(session, name, wanted, purge=purge)
    if not planned["exists"]:
        _create(session, name, wanted)
        planned = _plan(session, name, wanted, purge=purge)
    new = {attribute: change["new"] for attribute, change in planned["changes"].items()}
    if "fifo" in new:
        raise RunbookError(f"topic {name}: fifo cannot be changed: make a topic of another name.")
    for attribute, theirs in {**_TEXTS, **_FLAGS}.items():
        if attribute in new:
            _set(session, name, theirs, _text(new[attribute]))
    if "publishers" in new:
        _let_publish(session, name, new["publishers"])
    if "tags" in new:
        _write_tags(session, name, _visible(planned["notes"]), new["tags"])
    for subscription in planned["subscribe"]:
        _subscribe(session, name, subscription)
    for entry in planned["unsubscribe"]:
        _unsubscribe(session, name, entry)
    return True


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _create(session, name, wanted):
    names = {**_TEXTS, **_FLAGS}
    given = {names[attribute]: _text(wanted[attribute]) for attribute in _AT_CREATION if wanted.get(attribute)}
    if name.endswith(".fifo"):
        given["FifoTopic"] = "true"
    extra = {"Tags": identities.tag_list(wanted["tags"])} if wanted.get("tags") else {}
    session.write(
        "sns",
        "create_topic",
        f"create the topic {name} in {session.region}",
        region=session.region,
        Name=name,
        Attributes=given,
        **extra,
    )

    def there():
        session.forget()
        return _read(session, name)

    if not until(there, what=f"AWS to show the topic {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"The topic {name} was created, but AWS does not show it yet; run this again.")


def _set(session, name, attribute, value):
    session.write(
        "sns",
        "set_topic_attributes",
        f"set {attribute} of the topic {name}",
        region=session.region,
        TopicArn=_arn(session, name),
        AttributeName=attribute,
        AttributeValue=value,
    )


def _let_publish(session, name, services):
    """Add what is missing to the topic's policy, and take away our statements of services that are not wanted."""
    answer = session.read(
        "sns",
        "get_topic_attributes",
        f"read the topic {name}",
        region=session.region,
        TopicArn=_arn(session, name),
    )
    policy = topics.with_publishers(session, _arn(session, name), policies.of_resource(answer["Attributes"]), services)
    _set(session, name, "Policy", policies.dumps(policy))


def _write_tags(session, name, current, wanted):
    surplus = sorted(set(current) - set(wanted))
    where = {"region": session.region, "ResourceArn": _arn(session, name)}
    if surplus:
        session.write("sns", "untag_resource", f"untag the topic {name}", TagKeys=surplus, **where)
    changed = {tag: value for tag, value in wanted.items() if current.get(tag) != value}
    if changed:
        session.write("sns", "tag_resource", f"tag the topic {name}", Tags=identities.tag_list(changed), **where)


def _subscribe(session, name, subscription):
    doing = f"subscribe {shown(subscription.endpoint)} to the topic {name}"
    if subscription.protocol in subscribers.CONFIRMED_BY_RECIPIENT:
        # Written down first: a subscription whose age nobody knows would be asked for too early, or never.
        _write_tags(session, name, {}, {subscription.tag: clock.now().replace(microsecond=0).isoformat()})
    session.write(
        "sns",
        "subscribe",
        doing,
        region=session.region,
        TopicArn=_arn(session, name),
        Protocol=subscription.protocol,
        Endpoint=subscription.endpoint,
    )

    def listed():
        session.forget()
        return any(subscribers.same(entry, subscription) for entry in _found(session, name))

    until(listed, what=f"AWS to show the subscription of {shown(subscription.endpoint)}", timeout=SETTLE_TIMEOUT)


def _unsubscribe(session, name, entry):
    session.write(
        "sns",
        "unsubscribe",
        f"unsubscribe {shown(entry.endpoint)} from the topic {name}",
        absent=("NotFound",),
        region=session.region,
        SubscriptionArn=entry.arn,
    )
    if entry.subscription.tag in _tags(session, name):
        session.write(
            "sns",
            "untag_resource",
            f"untag the topic {name}",
            region=session.region,
            ResourceArn=_arn(session, name),
            TagKeys=[entry.subscription.tag],
        )


def resubscribe(name, endpoint, protocol="email", region=None, profile=None, keyid=None, key=None):
    """
    Ask a recipient again to confirm a subscription: one that has unsubscribed, or did not get the message.

    endpoint
        An address, a URL or an ARN.
    protocol
        Default: ``email``.

    IAM actions: ``sns:Subscribe`` and ``sns:TagResource``. https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.resubscribe noreply-example-org ops@example.org
    """
    (subscription,) = subscribers.parse(f"topic {name}", [{"protocol": protocol, "endpoint": endpoint}])
    _subscribe(_session(region, profile, keyid, key), name, subscription)
    return f"{shown(endpoint)} was asked to confirm the subscription to the topic {name}."


def confirm(name, token, region=None, profile=None, keyid=None, key=None):
    """
    Confirm a subscription by the token in AWS's message (the part of its link after ``Token=``).

    One that is confirmed in this way can be ended with credentials only. The link in the messages of an email subscription
    ends it for whoever follows it, which mail scanners do.

    IAM actions: ``sns:ConfirmSubscription``. https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.confirm noreply-example-org 2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92
    """
    session = _session(region, profile, keyid, key)
    session.write(
        "sns",
        "confirm_subscription",
        f"confirm a subscription to the topic {name}",
        region=session.region,
        TopicArn=_arn(session, name),
        Token=token,
        AuthenticateOnUnsubscribe="true",
    )
    return True


def pending(region=None, profile=None, keyid=None, key=None):
    """
    Which subscriptions that pillar asks for are not confirmed: a list of ``what``, ``on`` (who must do it), ``since`` and
    ``do``.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.pending
    """
    entries = email_plan.plan(__pillar__)["topics"]
    return email_plan.pending(entries, plan, "topic", region, profile=profile, keyid=keyid, key=key)


def obstacles(name, remove_subscriptions=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a topic must not be deleted: a list of sentences, empty when nothing is in the way.

    remove_subscriptions
        ``True`` when it may be deleted although somebody is subscribed.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.obstacles noreply-example-org
    """
    session = _session(region, profile, keyid, key)
    if remove_subscriptions is True:
        return []
    labels = sorted(entry.subscription.label for entry in _found(session, name) if not entry.deleted)
    if not labels:
        return []
    sentence = (
        f"The topic {name} has the subscription {', '.join(labels)} and is not deleted: they would hear no more. To delete "
        "them too, say remove_subscriptions: True."
    )
    return [sentence]


def delete(name, remove_subscriptions=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete a topic, and its subscriptions.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.delete noreply-example-org remove_subscriptions=True
    """
    refusals = obstacles(name, remove_subscriptions, region, profile, keyid, key)
    if refusals:
        raise RunbookError("\n".join(refusals))
    session = _session(region, profile, keyid, key)
    session.write(
        "sns",
        "delete_topic",
        f"delete the topic {name}",
        absent=("NotFound",),
        region=session.region,
        TopicArn=_arn(session, name),
    )
    return True
