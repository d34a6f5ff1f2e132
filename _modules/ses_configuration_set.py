"""
Manage SES's configuration sets and the destinations of their events.

https://docs.aws.amazon.com/ses/latest/dg/using-configuration-sets.html

Attributes
    ``event_destinations``
        A mapping of names to ``topic`` (an SNS topic's name), ``events`` (the event types, exactly) and ``enabled``.
    ``reputation_metrics_enabled``, ``sending_enabled``
        ``True`` or ``False``.
    ``tls_policy``
        ``REQUIRE`` or ``OPTIONAL``: whether mail is sent only to servers that support TLS.
    ``custom_redirect_domain``, ``https_policy``
        The domain of tracking links for opens and clicks (``""`` for SES's own), and whether they are ``https``.
    ``suppressed_reasons``
        A list of ``BOUNCE`` and ``COMPLAINT``, in place of the account's; ``[]`` suppresses nobody.
    ``tags``
        A mapping.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of SES, and how to reach the account.
IAM actions: ``ses:GetConfigurationSet`` and ``ses:GetConfigurationSetEventDestinations`` to read;
``ses:CreateConfigurationSet``, ``ses:PutConfigurationSetDeliveryOptions``, ``ses:PutConfigurationSetReputationOptions``,
``ses:PutConfigurationSetSendingOptions``, ``ses:PutConfigurationSetSuppressionOptions``,
``ses:PutConfigurationSetTrackingOptions``, ``ses:CreateConfigurationSetEventDestination``,
``ses:UpdateConfigurationSetEventDestination``, ``ses:DeleteConfigurationSetEventDestination``, ``ses:TagResource`` and
``ses:UntagResource`` to write;
``ses:DeleteConfigurationSet`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.dns import names as email_names
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.mail import event_destinations, identities
from aws_runbook.pillar.check import check_configuration_set
from aws_runbook.pillar.mail_schema import HTTPS_POLICIES, REASONS, TLS_POLICIES

# The read that returns everything about a configuration set, except its event destinations.
_OPTIONS = "get_configuration_set"


def _find(chosen):
    return chosen.session.read(
        "sesv2",
        _OPTIONS,
        f"read {chosen}",
        absent=("NotFoundException",),
        region=chosen.session.region,
        ConfigurationSetName=chosen.name,
    )


def _together(chosen, wanted):
    arguments.formed("configuration set", "name", chosen.name, check_configuration_set)
    return event_destinations.complete_topics(chosen, wanted)


def _option(group, member, default=None):
    """Return a function that reads one of a group of options."""
    return lambda chosen: chosen.entry.get(f"{group}Options", {}).get(member, default)


def _suppressed_reasons(chosen):
    """Return the reasons. ``None`` means the account's reasons; ``[]`` means no reason."""
    reasons = _option("Suppression", "SuppressedReasons")(chosen)
    return None if reasons is None else sorted(reasons)


def _put(chosen, group, **options):
    chosen.session.write(
        "sesv2",
        f"put_configuration_set_{group}_options",
        f"set the {group} options of {chosen}",
        region=chosen.session.region,
        stale=({_OPTIONS}, chosen.name),
        ConfigurationSetName=chosen.name,
        **options,
    )


def _write_reputation(chosen, wanted):
    _put(chosen, "reputation", ReputationMetricsEnabled=wanted["reputation_metrics_enabled"])


def _write_sending(chosen, wanted):
    _put(chosen, "sending", SendingEnabled=wanted["sending_enabled"])


def _write_delivery(chosen, wanted):
    """Write the whole group of options, because the call resets omitted ones. Pool and delivery time are kept."""
    known = chosen.required.get("DeliveryOptions", {})
    _put(chosen, "delivery", **{**known, "TlsPolicy": wanted["tls_policy"]})


def _write_tracking(chosen, wanted):
    known = chosen.required.get("TrackingOptions", {})
    domain = wanted.get("custom_redirect_domain", known.get("CustomRedirectDomain", ""))
    policy = wanted.get("https_policy") or known.get("HttpsPolicy", "OPTIONAL")
    _put(chosen, "tracking", **({"CustomRedirectDomain": domain, "HttpsPolicy": policy} if domain else {}))


def _write_suppression(chosen, wanted):
    _put(chosen, "suppression", SuppressedReasons=wanted["suppressed_reasons"])


def _write_tags(chosen, wanted):
    known = tagging.SES.of(chosen.required.get("Tags"))
    identities.write_tags(chosen.session, "configuration-set", chosen.name, wanted["tags"], known)


def _check_redirect_domain(where, attribute, value):
    return email_names.check(where, attribute, value, email_names.domain) if value else value


# These come in a single response, and are always returned.
_TOLD_TOGETHER = (
    Attribute(
        "reputation_metrics_enabled",
        actions=("ses:PutConfigurationSetReputationOptions",),
        check=checks.flag,
        read=_option("Reputation", "ReputationMetricsEnabled", default=False),
        write=_write_reputation,
    ),
    Attribute(
        "sending_enabled",
        actions=("ses:PutConfigurationSetSendingOptions",),
        check=checks.flag,
        read=_option("Sending", "SendingEnabled", default=True),
        write=_write_sending,
    ),
    Attribute(
        "tls_policy",
        actions=("ses:PutConfigurationSetDeliveryOptions",),
        check=checks.choice(*TLS_POLICIES),
        read=_option("Delivery", "TlsPolicy", default="OPTIONAL"),
        write=_write_delivery,
    ),
    Attribute(
        "custom_redirect_domain",
        actions=("ses:PutConfigurationSetTrackingOptions",),
        check=_check_redirect_domain,
        read=_option("Tracking", "CustomRedirectDomain", default=""),
        write=_write_tracking,
    ),
    Attribute(
        "https_policy",
        actions=("ses:PutConfigurationSetTrackingOptions",),
        check=checks.choice(*HTTPS_POLICIES),
        read=_option("Tracking", "HttpsPolicy", default="OPTIONAL"),
        write=_write_tracking,
    ),
    Attribute(
        "suppressed_reasons",
        actions=("ses:PutConfigurationSetSuppressionOptions",),
        check=checks.choices(*REASONS),
        read=_suppressed_reasons,
        write=_write_suppression,
    ),
    Attribute(
        "tags",
        actions=("ses:TagResource", "ses:UntagResource"),
        check=checks.tags(tagging.SES),
        read=lambda chosen: tagging.SES.of(chosen.entry.get("Tags")),
        write=_write_tags,
        shared=True,
    ),
)

KIND = Kind(
    name="ses_configuration_set",
    subject="SES configuration set",
    what="configuration set",
    find=_find,
    place=lambda chosen: f" in {chosen.session.region}",
    identity=lambda chosen: {row.name: row.read(chosen) for row in _TOLD_TOGETHER},
    together=_together,
    attributes=(
        Attribute(
            "event_destinations",
            actions=(
                "ses:GetConfigurationSetEventDestinations",
                "ses:CreateConfigurationSetEventDestination",
                "ses:UpdateConfigurationSetEventDestination",
                "ses:DeleteConfigurationSetEventDestination",
            ),
            check=event_destinations.check,
            read=event_destinations.read,
            write=event_destinations.write,
            shared=True,
        ),
        *_TOLD_TOGETHER,
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of a configuration set; ``None`` if it does not exist.

    attributes
        A list of names. ``event_destinations`` needs a separate call, made only if it is in the list. Default: all.

    IAM actions: ``ses:GetConfigurationSet``, ``ses:GetConfigurationSetEventDestinations``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetConfigurationSet.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.describe credere
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them. A value that SES does not accept is an error.

    attributes
        A mapping of what ``update`` takes.

    No IAM action is needed: the ARN of a topic that is given by name is derived from the account of the credentials.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.normalise credere '{tls_policy: REQUIRE}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def create(session, name, tags=None):
    """
    Create a configuration set with AWS's defaults.

    tags
        A mapping of strings. Default: none.

    IAM actions: ``ses:CreateConfigurationSet``, and ``ses:TagResource`` for tags.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.create credere
    """
    session.write(
        "sesv2",
        "create_configuration_set",
        f"create the configuration set {name}",
        absent=("AlreadyExistsException",),
        region=session.region,
        stale=({_OPTIONS, event_destinations.READ}, name),
        ConfigurationSetName=name,
        Tags=tagging.listing(arguments.tags(f"configuration set {name}", tags or {}, tagging.SES)),
    )
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Write the given attributes of a configuration set.

    ``None`` does not change an attribute. Event destinations that are not named are deleted.

    event_destinations
        A mapping of names to ``topic`` (an SNS topic's name), ``events`` (the event types, exactly) and ``enabled``.
    reputation_metrics_enabled, sending_enabled
        ``True`` or ``False``.
    tls_policy
        ``REQUIRE`` or ``OPTIONAL``.
    custom_redirect_domain, https_policy
        The domain of tracking links for opens and clicks (``""`` for SES's own), and ``REQUIRE``, ``REQUIRE_OPEN_ONLY`` or
        ``OPTIONAL``.
    suppressed_reasons
        A list of ``BOUNCE`` and ``COMPLAINT``; ``[]`` suppresses nobody.
    tags
        A mapping of strings. Other tags are removed.

    A missing configuration set is an error. IAM actions: those to write.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutConfigurationSetDeliveryOptions.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.update credere tls_policy=REQUIRE
    """
    KIND.of(session, name).require()
    return KIND.update(session, name, attributes)


@connected
def obstacles(session, name):
    """
    Return an empty list: a configuration set holds no data, so that nothing prevents its deletion.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.obstacles credere
    """
    return []


@connected
def delete(session, name):
    """
    Delete a configuration set and its event destinations. Mail that names it is refused from then on.

    IAM action: ``ses:DeleteConfigurationSet``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteConfigurationSet.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.delete credere
    """
    session.write(
        "sesv2",
        "delete_configuration_set",
        f"delete the configuration set {name}",
        absent=("NotFoundException",),
        region=session.region,
        ConfigurationSetName=name,
    )
    return True
