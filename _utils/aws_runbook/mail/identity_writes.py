"""
Write the attributes of SES identities.

``identity`` is a :class:`aws_runbook.kinds.kind.Resource`; ``answer_with(identity, attribute)`` returns SES's answer that contains an
attribute, as :func:`aws_runbook.mail.identities.read` does.
"""

from contextlib import nullcontext

from aws_runbook.mail import identities

# By argument, as SES calls them.
TOPICS = {"bounce_topic": "Bounce", "complaint_topic": "Complaint", "delivery_topic": "Delivery"}


def _put(identity, group, sources, **parameters):
    identity.session.write(
        "sesv2",
        f"put_email_identity_{group}_attributes",
        f"set the {group.replace('_', ' ')} attributes of {identity}",
        region=identity.session.region,
        stale=identities.stale(identity.name, *sources),
        EmailIdentity=identity.name,
        **parameters,
    )


def _set(identity, method, what, **parameters):
    """Write with the first version of the API: only it has notifications."""
    identity.session.write(
        "ses",
        method,
        f"set the {what} of {identity}",
        region=identity.session.region,
        stale=identities.stale(identity.name, "notifications"),
        Identity=identity.name,
        **parameters,
    )


def signing(answer_with, identity, wanted):
    """Write ``signing_key_length``; refused where a key that is not Easy DKIM's would be replaced."""
    identities.check_easy_dkim(identity.name, answer_with(identity, "signing_key_length"))
    _put(
        identity,
        "dkim_signing",
        ("verification", "dkim"),
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": wanted["signing_key_length"]},
    )


def mail_from(answer_with, identity, wanted):
    """Write ``mail_from`` and ``behavior_on_mx_failure`` in one call; one that is not given is not changed."""
    current, asked = answer_with(identity, "mail_from"), wanted.get("mail_from")
    domain = current.get("mail_from") if asked is None else asked
    given = {"MailFromDomain": domain} if domain else {}
    behavior = wanted.get("behavior_on_mx_failure") or current.get("behavior_on_mx_failure") or "USE_DEFAULT_VALUE"
    with _noted(answer_with, identity, asked, current) if asked else nullcontext():
        _put(identity, "mail_from", ("mail_from",), BehaviorOnMxFailure=behavior, **given)


def _noted(answer_with, identity, domain, current):
    """Note in a tag since when SES looks for the MX record of ``domain``."""
    before = None
    if current.get("mail_from") and current["mail_from_status"] != "SUCCESS":
        since = answer_with(identity, "tags")["mail_from_asked"]
        before = since and f"{since} {current['mail_from']}"
    note = identities.request_note(identities.MAIL_FROM_ASKED, domain)
    return identities.noted(identity.session, identity.name, note, before)


def feedback(identity, wanted):
    """
    Write topics, headers and forwarding, so that feedback always has somewhere to go: forwarding is turned on before a topic is
    removed, and off after the topics are set.
    """
    forwarding = wanted.get("email_forwarding")
    if forwarding is True:
        _put(identity, "feedback", ("notifications",), EmailForwardingEnabled=True)
    for argument, kind in TOPICS.items():
        if argument in wanted:
            topic = {"SnsTopic": wanted[argument]} if wanted[argument] else {}
            _set(identity, "set_identity_notification_topic", f"{kind.lower()} topic", NotificationType=kind, **topic)
    for kind in ("Bounce", "Complaint") if "include_headers" in wanted else ():
        _set(
            identity,
            "set_identity_headers_in_notifications_enabled",
            "headers in notifications",
            NotificationType=kind,
            Enabled=wanted["include_headers"],
        )
    if forwarding is False:
        _put(identity, "feedback", ("notifications",), EmailForwardingEnabled=False)


def configuration_set(identity, wanted):
    """Write ``configuration_set``."""
    chosen = wanted["configuration_set"]
    _put(identity, "configuration_set", (), **({"ConfigurationSetName": chosen} if chosen else {}))
