"""
SES's identities, read a hundred at a time: SES allows about one call a second, and a fleet has dozens.

The second version of the API tells everything but the notifications of one identity in a call; the first tells one thing of
a hundred. Both see the same identities. Several are asked about by the first, one alone by the second.
https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityNotificationAttributes.html
"""

from bisect import bisect_left

from aws_runbook import clock
from aws_runbook.email_names import is_address
from aws_runbook.errors import RunbookError

_BATCH = 100
_LIST = {"PageSize": 1000}
# (method, key of the answer) of each thing that a hundred identities can be asked about.
_BATCHES = {
    "verification": ("get_identity_verification_attributes", "VerificationAttributes"),
    "dkim": ("get_identity_dkim_attributes", "DkimAttributes"),
    "mail_from": ("get_identity_mail_from_domain_attributes", "MailFromDomainAttributes"),
    "notifications": ("get_identity_notification_attributes", "NotificationAttributes"),
}
# What the second version calls the statuses of the first.
_STATUSES = {
    "Pending": "PENDING",
    "Success": "SUCCESS",
    "Failed": "FAILED",
    "TemporaryFailure": "TEMPORARY_FAILURE",
    "NotStarted": "NOT_STARTED",
}
_MX_FAILURES = {"UseDefaultValue": "USE_DEFAULT_VALUE", "RejectMessage": "REJECT_MESSAGE"}
_KINDS = ("Bounce", "Complaint")
# SES does not tell since when it waits, so it is written down in tags of the identity. They are not shown among its tags.
ASKED = "aws-runbook:asked"
MAIL_FROM_ASKED = "aws-runbook:mail-from-asked"
# What tells everything of one identity, less the notifications.
_WHOLE = "get_email_identity"

# Which read tells of which attribute.
SOURCES = {
    "dkim_enabled": "dkim",
    "dkim_status": "dkim",
    "dkim_tokens": "dkim",
    "mail_from": "mail_from",
    "mail_from_status": "mail_from",
    "behavior_on_mx_failure": "mail_from",
    "bounce_topic": "notifications",
    "complaint_topic": "notifications",
    "delivery_topic": "notifications",
    "include_headers": "notifications",
    "email_forwarding": "notifications",
    "signing_key_length": "identity",
    "signing_hosted_zone": "identity",
    "configuration_set": "identity",
    "tags": "identity",
    "verification_error": "identity",
    "dkim_since": "identity",
}


def names(session):
    """All identities of the region, sorted."""
    answer = session.read(
        "ses",
        "list_identities",
        f"list the identities of SES in {session.region}",
        region=session.region,
        PaginationConfig=_LIST,
    )
    return sorted(answer["Identities"])


def read(session, name, attributes, planned=()):
    """
    ``status`` and the attributes of an identity that the reads for ``attributes`` tell; ``None`` when there is none.

    ``planned`` are the identities that pillar names: one question is about all of them.
    """
    sources = {SOURCES[attribute] for attribute in attributes}
    batch = _batch(session, name, planned)
    described = _whole(session, name) if _is_alone(session, name, batch) else _in_batches(session, name, sources, batch)
    if described is not None and "notifications" in sources:
        described |= _notifications(_ask(session, "notifications", name, batch) or {})
    return described


def _is_alone(session, name, batch):
    """Whether only this one has to be asked about: the others of its batch are known, or have been."""
    unknown = session.unknown("ses", _BATCHES["verification"][0], batch, region=session.region)
    return name in unknown and (len(unknown) < len(batch) or len(batch) == 1)


def _in_batches(session, name, sources, batch):
    status = _ask(session, "verification", name, batch)
    if status is None:
        return None
    if "identity" in sources:
        described = _whole(session, name)
        if described is None:
            raise RunbookError(f"The identity {name} is being deleted by somebody else; run this again.")
        return described
    described = {"status": _STATUSES[status["VerificationStatus"]]}
    for source in sorted(sources & set(_TRANSLATED)):
        described |= _TRANSLATED[source](_ask(session, source, name, batch) or {})
    return described


def _batch(session, name, planned):
    """
    The names to ask about together with this one: the same for all of them, so that one answer serves them all.

    For one that pillar does not name, these are the identities that there were when the run began; whether this one is
    there, the answer tells.
    """
    known = sorted(planned) if name in planned else session.recall("identities", lambda: names(session))
    place = bisect_left(known, name) // _BATCH * _BATCH
    batch = known[place : place + _BATCH]
    if name in batch:
        return batch
    return [*batch[: _BATCH - 1], name]


def _ask(session, what, name, batch):
    method, key = _BATCHES[what]
    doing = f"read the {what.replace('_', ' ')} of identities in {session.region}"
    return session.read_with("ses", method, doing, name, batch, asked="Identities", answered=key, region=session.region)


def _dkim(found):
    return {
        "dkim_enabled": found.get("DkimEnabled", False),
        "dkim_status": _STATUSES.get(found.get("DkimVerificationStatus"), "NOT_STARTED"),
        "dkim_tokens": found.get("DkimTokens", []),
    }


def _mail_from(found):
    domain = found.get("MailFromDomain") or ""
    return {
        "mail_from": domain,
        "mail_from_status": _STATUSES.get(found.get("MailFromDomainStatus")) if domain else None,
        "behavior_on_mx_failure": _MX_FAILURES.get(found.get("BehaviorOnMXFailure"), "USE_DEFAULT_VALUE"),
    }


def _notifications(found):
    headers = {found.get(f"HeadersIn{kind}NotificationsEnabled", False) for kind in _KINDS}
    return {
        "bounce_topic": found.get("BounceTopic") or "",
        "complaint_topic": found.get("ComplaintTopic") or "",
        "delivery_topic": found.get("DeliveryTopic") or "",
        "include_headers": headers.pop() if len(headers) == 1 else "partly",
        "email_forwarding": found.get("ForwardingEnabled", True),
    }


_TRANSLATED = {"dkim": _dkim, "mail_from": _mail_from}


def _whole(session, name):
    """All that the second version tells of an identity; ``None`` when there is none."""
    answer = session.read(
        "sesv2",
        _WHOLE,
        f"read the identity {name}",
        absent=("NotFoundException",),
        region=session.region,
        EmailIdentity=name,
    )
    if answer is None:
        return None
    dkim, mail_from = answer.get("DkimAttributes") or {}, answer.get("MailFromAttributes") or {}
    domain = mail_from.get("MailFromDomain") or ""
    generated = dkim.get("LastKeyGenerationTimestamp")
    tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
    return {
        "status": answer["VerificationStatus"],
        "dkim_enabled": dkim.get("SigningEnabled", False),
        "dkim_status": dkim.get("Status", "NOT_STARTED"),
        "dkim_tokens": dkim.get("Tokens", []),
        "mail_from": domain,
        "mail_from_status": mail_from.get("MailFromDomainStatus") if domain else None,
        "behavior_on_mx_failure": mail_from.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
        "signing_key_length": dkim.get("NextSigningKeyLength") or dkim.get("CurrentSigningKeyLength"),
        "signing_hosted_zone": dkim.get("SigningHostedZone"),
        "signing_origin": dkim.get("SigningAttributesOrigin"),
        "dkim_since": generated and generated.isoformat(),
        "configuration_set": answer.get("ConfigurationSetName") or "",
        "tags": {tag: value for tag, value in tags.items() if tag not in (ASKED, MAIL_FROM_ASKED)},
        "asked": tags.get(ASKED),
        "mail_from_asked": tags.get(MAIL_FROM_ASKED),
        "verification_error": (answer.get("VerificationInfo") or {}).get("ErrorType"),
    }


def stale(name, *sources):
    """What is no longer so after a write to these of an identity: ``Session.write`` forgets that, and no more."""
    told = {_BATCHES[source][0] for source in sources}
    return (told if sources == ("notifications",) else {*told, _WHOLE}), name


def of_records(name):
    """The attributes that the DNS records of an identity follow from. Those of an address are its domain's, but for MAIL FROM."""
    return ["mail_from"] if is_address(name) else ["mail_from", "dkim_tokens", "signing_hosted_zone"]


def asked_now(tag):
    """The tag that says that something was asked for at this moment."""
    return {tag: clock.now().replace(microsecond=0).isoformat()}


def write_tags(session, kind, name, current, wanted):
    """Make ``wanted`` the tags of an ``identity`` or a ``configuration-set`` that has ``current``."""
    what = f"the {kind.replace('-', ' ')} {name}"
    where = {
        "region": session.region,
        "stale": ({_WHOLE, "get_configuration_set"}, name),
        "ResourceArn": f"arn:{session.partition}:ses:{session.region}:{session.account_id}:{kind}/{name}",
    }
    surplus = sorted(set(current) - set(wanted))
    if surplus:
        session.write("sesv2", "untag_resource", f"untag {what}", TagKeys=surplus, **where)
    changed = {tag: value for tag, value in wanted.items() if current.get(tag) != value}
    if changed:
        session.write("sesv2", "tag_resource", f"tag {what}", Tags=tag_list(changed), **where)


def tag_list(tags):
    """A mapping of tags as SES's API takes it."""
    return [{"Key": tag, "Value": value} for tag, value in sorted(tags.items())]
