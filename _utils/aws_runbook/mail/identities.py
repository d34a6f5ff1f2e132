"""
Read SES identities a hundred at a time: SES allows about one call a second, and a fleet has dozens.

The second version of the API describes one identity per call, without its notifications; the first version returns one property of up to a
hundred identities. Both versions have the same identities. Several identities are read by the first version, a single one by the second.
https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityNotificationAttributes.html
"""

from bisect import bisect_left
from datetime import timedelta
from typing import Any

from aws_runbook import clock
from aws_runbook.aws import tags as tagging
from aws_runbook.dns.names import is_address
from aws_runbook.errors import RunbookError

_BATCH = 100
_LIST = {"PageSize": 1000}
# (method, member of the answer) of each property that can be read for a hundred identities at once.
_BATCHES = {
    "verification": ("get_identity_verification_attributes", "VerificationAttributes"),
    "dkim": ("get_identity_dkim_attributes", "DkimAttributes"),
    "mail_from": ("get_identity_mail_from_domain_attributes", "MailFromDomainAttributes"),
    "notifications": ("get_identity_notification_attributes", "NotificationAttributes"),
}
# The statuses of the first version, as the second version names them.
_STATUSES = {
    "Pending": "PENDING",
    "Success": "SUCCESS",
    "Failed": "FAILED",
    "TemporaryFailure": "TEMPORARY_FAILURE",
    "NotStarted": "NOT_STARTED",
}
_MX_FAILURES = {"UseDefaultValue": "USE_DEFAULT_VALUE", "RejectMessage": "REJECT_MESSAGE"}
_KINDS = ("Bounce", "Complaint")
# SES does not return since when it waits, so the time is noted in tags of the identity, which are not shown among its tags.
ASKED = "aws-runbook:asked"
MAIL_FROM_ASKED = "aws-runbook:mail-from-asked"
# For so long the link in a mail can be followed, and for so long SES looks for records.
# https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityVerificationAttributes.html
LINK = timedelta(hours=24)
SEARCH = timedelta(hours=72)
# The origin of a domain's DKIM key: Easy DKIM's. Others are EXTERNAL (the owner's own) and AWS_SES_REGION (another region's).
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DkimAttributes.html
EASY_DKIM = "AWS_SES"
# The read that describes one identity, except its notifications.
_WHOLE = "get_email_identity"

# The read that each attribute comes from.
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


def read(session, name, attributes, planned=()) -> Any:
    """
    Return ``status`` and the attributes that the reads for ``attributes`` contain; ``None`` if the identity does not exist.

    ``planned`` are the identities in pillar: they are read together.
    """
    unknown = sorted(set(attributes) - set(SOURCES))
    if unknown:
        raise RunbookError(f"An identity has no attribute {unknown[0]!r}; it has {', '.join(SOURCES)}.")
    sources = {SOURCES[attribute] for attribute in attributes}
    batch = _batch(session, name, planned)
    described = _whole(session, name) if _is_alone(session, name, batch) else _in_batches(session, name, sources, batch)
    if described is not None and "notifications" in sources:
        described |= _notifications(_ask(session, "notifications", name, batch) or {})
    return described


def _is_alone(session, name, batch):
    """Whether only this identity must be read: the others of its batch were read before, or there are none."""
    method = _BATCHES["verification"][0]
    if name not in session.unknown("ses", method, batch, region=session.region):
        return False
    return len(batch) == 1 or len(session.unread("ses", method, batch, region=session.region)) < len(batch)


def _in_batches(session, name, sources, batch):
    status = _ask(session, "verification", name, batch)
    if status is None:
        return None
    if "identity" in sources:
        described = _whole(session, name)
        if described is None:
            raise RunbookError(f"The identity {name} is being deleted by another client; run this again.")
        return described
    described = {"status": _STATUSES[status["VerificationStatus"]]}
    for source in sorted(sources & set(_TRANSLATED)):
        described |= _TRANSLATED[source](_ask(session, source, name, batch) or {})
    return described


def _batch(session, name, planned):
    """
    The names to read together with this one: the same for all of them, so that they share one answer.

    For an identity that is not in pillar, these are the identities that existed when the run began. The answer tells whether
    this one exists.
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
    """What the second version returns for an identity; ``None`` if it does not exist."""
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
    tags = tagging.mapping(answer.get("Tags"))
    return {
        "status": answer["VerificationStatus"],
        "dkim_enabled": dkim.get("SigningEnabled", False),
        "dkim_status": dkim.get("Status", "NOT_STARTED"),
        # With another origin they are not names of CNAME records: for the owner's own key this is its selector.
        "dkim_tokens": dkim.get("Tokens", []) if dkim.get("SigningAttributesOrigin", EASY_DKIM) == EASY_DKIM else [],
        "mail_from": domain,
        "mail_from_status": mail_from.get("MailFromDomainStatus") if domain else None,
        "behavior_on_mx_failure": mail_from.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
        "signing_key_length": dkim.get("NextSigningKeyLength") or dkim.get("CurrentSigningKeyLength"),
        "signing_hosted_zone": dkim.get("SigningHostedZone"),
        "signing_origin": dkim.get("SigningAttributesOrigin"),
        "dkim_since": generated and generated.isoformat(),
        "configuration_set": answer.get("ConfigurationSetName") or "",
        "tags": tagging.SES.of(answer.get("Tags")),
        "asked": tags.get(ASKED),
        "mail_from_asked": _since(tags.get(MAIL_FROM_ASKED), domain),
        "verification_error": (answer.get("VerificationInfo") or {}).get("ErrorType"),
    }


def foreign_key(current):
    """Describe the DKIM key of a domain if it is not Easy DKIM's; ``""`` if it is, or if that is unknown."""
    origin = current.get("signing_origin") or EASY_DKIM
    if origin == EASY_DKIM:
        return ""
    return (
        "a key that its owner provides (EXTERNAL)" if origin == "EXTERNAL" else f"the key of another region ({origin})"
    )


def check_easy_dkim(name, current):
    """Refuse a key length that would replace a key which is not Easy DKIM's and whose records are in DNS."""
    key = foreign_key(current)
    if key:
        raise RunbookError(
            f"identity {name}: signing_key_length is for Easy DKIM, but the domain signs with {key}, which would be replaced: "
            "leave signing_key_length out."
        )


def stale(name, *sources):
    """The cached answers that a write to these properties of an identity invalidates, for ``Session.write``."""
    invalid = {_BATCHES[source][0] for source in sources}
    return (invalid if sources == ("notifications",) else {*invalid, _WHOLE}), name


def of_records(name):
    """The attributes that determine the DNS records of an identity. The records of an address are those of its domain, except for MAIL FROM."""
    return ["mail_from"] if is_address(name) else ["mail_from", "dkim_tokens", "signing_hosted_zone"]


def request_note(tag, domain=""):
    """The tag that notes a request at this moment, and its ``domain`` if there can be several."""
    return {tag: f"{clock.now().replace(microsecond=0).isoformat()} {domain}".strip()}


def _since(note, domain):
    """The time of the request for ``domain`` in a tag; ``None`` if the tag has none."""
    since, _, about = (note or "").partition(" ")
    return since if since and about in ("", domain) else None


def lapses(since, length):
    """The deadline of a request made at ``since``, a text; ``None`` if that is not known."""
    moment = clock.written(since)
    return moment and (moment + length).isoformat()


def ask_again(session, name, current):
    """Make SES look again for the records of a domain, or send another mail to an address; ``current`` is its description."""
    if is_address(name):
        method, doing, what = "verify_email_identity", f"send another mail to {name}", {"EmailAddress": name}
    else:
        method, doing, what = "verify_domain_dkim", f"repeat the check of the DKIM records of {name}", {"Domain": name}
    with noted(session, name, request_note(ASKED), current["asked"]):
        session.write("ses", method, doing, once=is_address(name), region=session.region, **what)


def noted(session, name, note, before):
    """A context in which a request is made; the tag ``note`` with its time is written first."""
    (key, value), *_ = note.items()
    return tagging.SES.noted(
        session, f"the identity {name}", key, value, before, **_resource(session, "identity", name)
    )


def write_tags(session, kind, name, wanted, found):
    """Set the user's tags of an ``identity`` or a ``configuration-set`` to ``wanted``; ``found`` are the current ones."""
    what = f"the {kind.replace('-', ' ')} {name}"
    tagging.SES.write(session, what, wanted, found, **_resource(session, kind, name))


def _resource(session, kind, name):
    return {
        "region": session.region,
        "stale": ({_WHOLE, "get_configuration_set"}, name),
        "ResourceArn": f"arn:{session.partition}:ses:{session.region}:{session.account_id}:{kind}/{name}",
    }
