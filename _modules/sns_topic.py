"""
Manage SNS topics and their subscriptions.

https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html

A subscription by email or HTTP waits until its recipient confirms it, for 48 hours; then SNS forgets it. It is
requested once, and again only after SNS has deleted it. An endpoint's user, password and query are never shown.

Attributes
    ``display_name``
        The sender's name in email.
    ``fifo``
        ``True`` for a FIFO topic. Its name ends in ``.fifo``. It cannot be changed later.
    ``content_based_deduplication``
        For a FIFO topic.
    ``kms_master_key_id``
        The KMS key that messages are encrypted with; ``""`` for none. SES can publish to an encrypted topic only if the
        policy of the key allows it: https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html
    ``publishers``
        Services (``ses.amazonaws.com``) that may publish, for this account and region.
    ``subscriptions``
        A list; an item is an email address, or a mapping of ``protocol``, ``endpoint`` and, for ``firehose`` only, ``role_arn``:
        the role with which SNS writes to the stream. The role of an existing subscription is not changed. Alternatively, the pillar key
        of such a list, so that an endpoint with a password is only in pillar, and not in a state that Salt logs. In a password, write
        ``@``, ``/``, ``?`` and ``#`` as ``%40``, ``%2F``, ``%3F`` and ``%23``.
    ``tags``
        A mapping. Tags of AWS (``aws:…``) and notes of the states (``aws-runbook:…``) are not included.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of the topic, and how to reach the
account. IAM actions: ``sns:GetTopicAttributes``, ``sns:ListTagsForResource`` and ``sns:ListSubscriptionsByTopic`` to read;
``sns:CreateTopic``, ``sns:SetTopicAttributes``, ``sns:TagResource``, ``sns:UntagResource``, ``sns:Subscribe`` and
``sns:Unsubscribe`` to write; ``sns:DeleteTopic`` to delete.
"""

import re

from salt.utils.data import traverse_dict_and_list

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.iam import policies
from aws_runbook.kinds import checks
from aws_runbook.kinds import pending_entries as pending_of
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.mail import plan as email_plan
from aws_runbook.mail import subscription as subscriptions
from aws_runbook.mail import topic_subscriptions, topics
from aws_runbook.mail.subscription import shown
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

# Arguments that take texts.
TEXTS = ("display_name", "endpoint", "kms_master_key_id", "protocol", "token")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")


def _find(topic):
    """Return the result of GetTopicAttributes; ``None`` if the topic does not exist."""
    answer = topic.session.read(
        "sns",
        "get_topic_attributes",
        f"read {topic} in {topic.session.region}",
        absent=("NotFound",),
        region=topic.session.region,
        TopicArn=topics.own_arn(topic.session, topic.name),
    )
    return answer and answer["Attributes"]


def _text(member):
    return lambda topic: topic.entry.get(member, "")


def _flag(member):
    return lambda topic: topic.entry.get(member) == "true"


def _publishers(topic):
    return topics.publishers(
        topic.session, topics.own_arn(topic.session, topic.name), policies.of_resource(topic.entry)
    )


def _set(topic, member, value):
    topic.session.write(
        "sns",
        "set_topic_attributes",
        f"set {member} of {topic}",
        region=topic.session.region,
        TopicArn=topics.own_arn(topic.session, topic.name),
        AttributeName=member,
        AttributeValue=value,
    )


def _written(value):
    """Return a value in the form that SNS accepts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _setter(attribute, member):
    return lambda topic, wanted: _set(topic, member, _written(wanted[attribute]))


def _write_publishers(topic, wanted):
    """Add missing statements to the topic's policy, and remove ours for services that are not wanted."""
    now = KIND.of(topic.session, topic.name).required  # the attributes written before this one have changed it
    found, arn = policies.of_resource(now), topics.own_arn(topic.session, topic.name)
    _set(topic, "Policy", policies.dumps(topics.with_publishers(topic.session, arn, found, wanted["publishers"])))


def _write_tags(topic, wanted):
    known = tagging.TOPIC.of(topic_subscriptions.tag_list(topic))
    tagging.TOPIC.write(topic.session, str(topic), wanted["tags"], known, **topic_subscriptions.resource(topic))


def _check_subscriptions(where, _attribute, value):
    listed = traverse_dict_and_list(__pillar__, value) if isinstance(value, str) else value
    return subscriptions.parse(where, listed)


def _check_name(topic, wanted):
    where, name, fifo = topic.where, topic.name, topic.name.endswith(".fifo")
    if not _NAME.fullmatch(name):
        raise RunbookError(
            f"{where}: name is {name!r}; give letters, digits, - and _, and .fifo at the end for a FIFO topic."
        )
    if "fifo" in wanted and wanted["fifo"] != fifo:
        raise RunbookError(
            f"{where}: fifo is {wanted['fifo']!r}; the names of FIFO topics, and no others, end in .fifo."
        )
    other = next((entry for entry in wanted.get("subscriptions", ()) if entry.protocol != "sqs"), None)
    if fifo and other:
        # https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
        raise RunbookError(f"{where}: a subscription is by {other.protocol}; a FIFO topic delivers to sqs only.")
    return wanted


_SET = ("sns:SetTopicAttributes",)
# The attributes that CreateTopic accepts, by their names in the API.
_MEMBERS = {
    "display_name": "DisplayName",
    "fifo": "FifoTopic",
    "content_based_deduplication": "ContentBasedDeduplication",
    "kms_master_key_id": "KmsMasterKeyId",
}
# These come in a single response, and are always returned.
_TOLD_TOGETHER = (
    Attribute(
        "display_name",
        actions=_SET,
        read=_text("DisplayName"),
        write=_setter("display_name", "DisplayName"),
    ),
    # It follows from the name, which is checked: a FIFO topic's, and no other's, ends in .fifo.
    Attribute("fifo", check=checks.flag, read=_flag("FifoTopic")),
    Attribute(
        "content_based_deduplication",
        actions=_SET,
        check=checks.flag,
        read=_flag("ContentBasedDeduplication"),
        write=_setter("content_based_deduplication", "ContentBasedDeduplication"),
    ),
    Attribute(
        "kms_master_key_id",
        actions=_SET,
        read=_text("KmsMasterKeyId"),
        write=_setter("kms_master_key_id", "KmsMasterKeyId"),
    ),
    Attribute(
        "publishers",
        actions=_SET,
        check=topics.check_publishers,
        read=_publishers,
        write=_write_publishers,
        shared=True,
    ),
)

KIND = Kind(
    name="sns_topic",
    subject="SNS topic",
    what="topic",
    find=_find,
    identity=lambda topic: {
        "arn": topics.own_arn(topic.session, topic.name),
        **{row.name: row.read(topic) for row in _TOLD_TOGETHER},
    },
    together=_check_name,
    attributes=(
        *_TOLD_TOGETHER,
        # They are written one at a time: see ``apply``.
        Attribute(
            "subscriptions",
            actions=(
                "sns:ListSubscriptionsByTopic",
                "sns:ListTagsForResource",
                "sns:Subscribe",
                "sns:Unsubscribe",
                "sns:TagResource",
                "sns:UntagResource",
            ),
            check=_check_subscriptions,
            read=topic_subscriptions.shown_to_people,
            shared=True,
        ),
        Attribute(
            "tags",
            actions=("sns:ListTagsForResource", "sns:TagResource", "sns:UntagResource"),
            check=checks.tags(tagging.TOPIC),
            read=lambda topic: tagging.TOPIC.of(topic_subscriptions.tag_list(topic)),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def arn(session, name):
    """
    Return the ARN that a topic of this account and region has, or would have.

    No IAM action is needed. https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.arn noreply-example-org
    """
    return topics.own_arn(session, name)


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of a topic.

    Returns the topic's ``arn``, ``display_name``, ``fifo``, ``content_based_deduplication``, ``kms_master_key_id``, ``publishers``,
    ``subscriptions`` and ``tags``; ``None`` if it does not exist.

    attributes
        A list of names. ``subscriptions`` and ``tags`` are read only if they are in the list. Default: all.

    IAM actions: ``sns:GetTopicAttributes``; by attribute ``sns:ListTagsForResource``, ``sns:ListSubscriptionsByTopic``.
    https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.describe noreply-example-org
    """
    return KIND.describe(session, name, attributes)


@connected
@KIND.plans
def plan(session, name, purge=False, **attributes):
    """
    Return what ``sns_topic.present`` would do: ``changes``, ``warnings`` and ``pending``.

    The arguments are those of ``sns_topic.present``. A subscription whose recipient has unsubscribed is an error.

    display_name, fifo, content_based_deduplication, kms_master_key_id, publishers, subscriptions, tags
        The attributes, as at the top of this module. Default of each: not managed.
    purge
        ``True`` to remove publishers, subscriptions and tags that are not named. Default: ``False``.

    IAM actions: those to read.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.plan noreply-example-org subscriptions='[ops@example.org]'
    """
    planned = _plan(KIND.of(session, name), KIND.normalise(session, name, attributes), purge=purge)
    return {entry: planned[entry] for entry in ("changes", "warnings", "pending")}


def _plan(topic, wanted, *, purge):
    is_there = topic.entry is not None
    tags = topic_subscriptions.tag_list(topic) if is_there and {"tags", "subscriptions"} & set(wanted) else []
    known = {row.name: row.read(topic) for row in _TOLD_TOGETHER} if is_there else {}
    known |= {"tags": tagging.TOPIC.of(tags)} if is_there else {}
    target = {attribute: value for attribute, value in wanted.items() if attribute != "subscriptions"}
    if "tags" in target:
        target["tags"] = tagging.TOPIC.target(target["tags"], known.get("tags", {}), purge=purge)
    if "publishers" in target and not purge:
        target["publishers"] = sorted({*known.get("publishers", []), *target["publishers"]})
    # A default value of a new topic is not shown as a change.
    changes = {} if is_there else {"name": {"old": None, "new": topic.name}}
    for attribute, value in target.items():
        if known.get(attribute) != value and not (not is_there and value in ("", False, {}, [])):
            changes[attribute] = {"old": known.get(attribute), "new": value}
    members = {"subscribe": [], "unsubscribe": [], "warnings": [], "pending": []}
    if "subscriptions" in wanted:
        notes = tagging.mapping(tags)
        found = topic_subscriptions.listed(topic, wanted["subscriptions"], notes) if is_there else []
        members = topic_subscriptions.decide(topic, wanted["subscriptions"], found, notes, purge=purge)
        if members["subscribe"] or members["unsubscribe"]:
            old = sorted(entry.subscription.label for entry in found)
            gone = {entry.subscription.label for entry in members["unsubscribe"]}
            new = sorted({*(set(old) - gone), *(entry.label for entry in members["subscribe"])})
            changes["subscriptions"] = {"old": old if is_there else None, "new": new}
    return {**members, "changes": changes}


@connected
@KIND.plans
def apply(session, name, purge=False, **attributes):
    """
    Carry out what ``plan`` returns for the same arguments.

    display_name, fifo, content_based_deduplication, kms_master_key_id, publishers, subscriptions, tags, purge
        As in ``plan``. A change of ``fifo`` of an existing topic is an error.

    IAM actions: those to write. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.apply noreply-example-org subscriptions='[ops@example.org]'
    """
    wanted = KIND.normalise(session, name, attributes)
    if KIND.of(session, name).entry is None:
        _create(session, name, wanted)
    topic = KIND.of(session, name)
    planned = _plan(topic, wanted, purge=purge)
    new = {attribute: change["new"] for attribute, change in planned["changes"].items()}
    for row in KIND.rows(new.keys() & set(KIND.names)):
        if row.write:
            row.write(topic, new)
    for subscription in planned["subscribe"]:
        topic_subscriptions.subscribe(topic, subscription)
    for entry in planned["unsubscribe"]:
        topic_subscriptions.unsubscribe(topic, entry)
    return True


def _create(session, name, wanted):
    given = {member: _written(wanted[attribute]) for attribute, member in _MEMBERS.items() if wanted.get(attribute)}
    if name.endswith(".fifo"):
        given["FifoTopic"] = "true"
    extra = {"Tags": tagging.listing(wanted["tags"])} if wanted.get("tags") else {}
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
        return KIND.of(session, name).entry

    if not until(there, what=f"AWS to show the topic {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"The topic {name} was created, but AWS does not show it yet; run this again.")


@connected
def resubscribe(session, name, endpoint, protocol="email"):
    """
    Ask a recipient again to confirm a subscription, after they unsubscribed or missed the message.

    endpoint
        An address, a URL or an ARN.
    protocol
        Default: ``email``. Not ``firehose``, which needs no confirmation: apply the state instead.

    IAM actions: ``sns:ListTagsForResource``, ``sns:TagResource`` and ``sns:Subscribe``; ``sns:UntagResource`` if SNS
    refuses. https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.resubscribe noreply-example-org ops@example.org
    """
    (subscription,) = subscriptions.parse(f"topic {name}", [{"protocol": protocol, "endpoint": endpoint}])
    topic = KIND.of(session, name)
    topic_subscriptions.subscribe(
        topic, subscription, tagging.mapping(topic_subscriptions.tag_list(topic)).get(subscription.tag)
    )
    return f"{shown(endpoint)} was asked to confirm the subscription to the topic {name}."


@connected
def confirm(session, name, token):
    """
    Confirm a subscription.

    token
        The token in AWS's message: the part of its link after ``Token=``.

    A subscription that is confirmed in this way can be ended only with credentials. Otherwise anyone who follows the link
    in the messages of an email subscription ends it, and mail scanners do so.

    IAM actions: ``sns:ConfirmSubscription``. https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.confirm noreply-example-org 2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92
    """
    session.write(
        "sns",
        "confirm_subscription",
        f"confirm a subscription to the topic {name}",
        region=session.region,
        TopicArn=topics.own_arn(session, name),
        Token=token,
        AuthenticateOnUnsubscribe="true",
    )
    return True


@connected
def pending(session):
    """
    List which subscriptions are not confirmed.

    Returns a list of ``what``, ``on`` (who must act), ``since`` and ``do`` for the subscriptions in pillar.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.pending
    """
    entries = email_plan.plan(__pillar__)["topics"]
    return pending_of.of_planned(session, entries, plan.on, "topic")


@connected
def obstacles(session, name, remove_subscriptions=False):
    """
    List the reasons why a topic must not be deleted, one sentence each; empty when there are none.

    remove_subscriptions
        ``True`` to allow the deletion of a topic with subscriptions.

    IAM actions: ``sns:ListSubscriptionsByTopic``.

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.obstacles noreply-example-org
    """
    if remove_subscriptions is True:
        return []
    labels = sorted(
        entry.subscription.label for entry in topic_subscriptions.found(KIND.of(session, name)) if not entry.deleted
    )
    if not labels:
        return []
    sentence = (
        f"The topic {name} has the subscription {', '.join(labels)} and is not deleted: they would receive no more messages. To delete them too, "
        "set remove_subscriptions: True."
    )
    return [sentence]


@connected
def delete(session, name, remove_subscriptions=False):
    """
    Delete a topic and its subscriptions.

    remove_subscriptions
        ``True`` to delete a topic with subscriptions. Default: ``False``.

    IAM actions: ``sns:ListSubscriptionsByTopic``, ``sns:DeleteTopic``.
    https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html

    CLI Example:

    .. code-block:: bash

        salt-call sns_topic.delete noreply-example-org remove_subscriptions=True
    """
    refusals = obstacles.on(session, name, remove_subscriptions)
    if refusals:
        raise RunbookError("\n".join(refusals))
    session.write(
        "sns",
        "delete_topic",
        f"delete the topic {name}",
        absent=("NotFound",),
        region=session.region,
        TopicArn=topics.own_arn(session, name),
    )
    return True
