"""
Identities as the older API sees them: the same ones.

moto returns no topics, has no headers in notifications, and verifies everything at once.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.sesv2.identities import forget, refresh, set_forwarding
from sandbox.mail import verification
from sandbox.mail.identities import Check, Identity
from sandbox.mail.region import key, region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference/"
_MOST_IDENTITIES = 100
_KINDS = ("Bounce", "Complaint", "Delivery")
_STATUSES = {
    "PENDING": "Pending",
    "SUCCESS": "Success",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
    "NOT_STARTED": "NotStarted",
}
_BEHAVIORS = {"USE_DEFAULT_VALUE": "UseDefaultValue", "REJECT_MESSAGE": "RejectMessage"}


def _invalid(message):
    return AwsError("InvalidParameterValue", message, 400)


def _identity(call):
    name = call.parameters["Identity"]
    identity = region(call).identities.get(key(name))
    if identity is None:
        raise _invalid(f"Identity <{name}> does not exist.")
    return identity


def _known(call):
    """``name, identity`` of each that is asked for; at most 100 in one call."""
    names = call.parameters.get("Identities", [])
    if len(names) > _MOST_IDENTITIES:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'identities' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_MOST_IDENTITIES}",
            400,
        )
    found = [(name, region(call).identities.get(key(name))) for name in names]
    for _, identity in found:
        if identity is not None:
            refresh(call, identity)
    return [(name, identity) for name, identity in found if identity is not None]


def _token(identity):
    """The token of the TXT record by which the older API verified domains."""
    return identity.tokens[0] if not identity.is_address and identity.origin == "AWS_SES" else None


@handles("ses", "GetIdentityVerificationAttributes", reference=_API + "API_GetIdentityVerificationAttributes.html")
def get_identity_verification_attributes(call):
    """How far verification is."""
    return {
        "VerificationAttributes": {
            name: {
                "VerificationStatus": _STATUSES[identity.verification.status],
                **({"VerificationToken": _token(identity)} if _token(identity) else {}),
            }
            for name, identity in _known(call)
        }
    }


@handles("ses", "GetIdentityDkimAttributes", reference=_API + "API_GetIdentityDkimAttributes.html")
def get_identity_dkim_attributes(call):
    """How far DKIM is; an address has its domain's."""
    answer = {}
    for name, identity in _known(call):
        source = region(call).identities.get(identity.domain, identity)
        tokens = source.tokens if not source.is_address and source.origin == "AWS_SES" else []
        answer[name] = {
            "DkimEnabled": identity.signing,
            "DkimVerificationStatus": _STATUSES[source.dkim.status],
            **({"DkimTokens": tokens} if tokens else {}),
        }
    return {"DkimAttributes": answer}


@handles("ses", "GetIdentityMailFromDomainAttributes", reference=_API + "API_GetIdentityMailFromDomainAttributes.html")
def get_identity_mail_from_domain_attributes(call):
    """How far the MAIL FROM domain is."""
    return {
        "MailFromDomainAttributes": {
            name: {
                "MailFromDomain": identity.mail_from_domain or "",
                "MailFromDomainStatus": _STATUSES[identity.mail_from.status]
                if identity.mail_from_domain
                else "Success",
                "BehaviorOnMXFailure": _BEHAVIORS[identity.behavior_on_mx_failure],
            }
            for name, identity in _known(call)
        }
    }


@handles("ses", "GetIdentityNotificationAttributes", reference=_API + "API_GetIdentityNotificationAttributes.html")
def get_identity_notification_attributes(call):
    """The topics that feedback goes to, and whether with headers."""
    return {
        "NotificationAttributes": {
            name: {
                **{f"{kind}Topic": identity.topics[kind] for kind in _KINDS if kind in identity.topics},
                "ForwardingEnabled": identity.forwarding,
                **{f"HeadersIn{kind}NotificationsEnabled": identity.headers.get(kind, False) for kind in _KINDS},
            }
            for name, identity in _known(call)
        }
    }


@handles("ses", "SetIdentityNotificationTopic", reference=_API + "API_SetIdentityNotificationTopic.html")
def set_identity_notification_topic(call):
    """The topic for one kind of feedback; without one, there is none any more."""
    identity = _identity(call)
    kind, topic = call.parameters["NotificationType"], call.parameters.get("SnsTopic")
    if topic and topic not in call.backend("sns").topics:
        raise _invalid(f"Invalid SNS topic <{topic}>.")
    if not topic and not identity.forwarding and kind != "Delivery":
        raise _invalid(
            f"Identity <{identity.name}> has email feedback forwarding disabled: enable it before the {kind.lower()} "
            "topic is removed."
        )
    if topic:
        identity.topics[kind] = topic
    else:
        identity.topics.pop(kind, None)
    # moto sends the notifications of its mailbox simulator to what it knows.
    known = call.backend("ses").sns_topics.setdefault(identity.name, {})
    known.pop(kind, None)
    if topic:
        known[kind] = topic
    return {}


@handles(
    "ses",
    "SetIdentityHeadersInNotificationsEnabled",
    reference=_API + "API_SetIdentityHeadersInNotificationsEnabled.html",
)
def set_identity_headers_in_notifications_enabled(call):
    """Whether notifications carry the original headers."""
    identity = _identity(call)
    identity.headers[call.parameters["NotificationType"]] = call.parameters["Enabled"]
    return {}


@handles(
    "ses", "SetIdentityFeedbackForwardingEnabled", reference=_API + "API_SetIdentityFeedbackForwardingEnabled.html"
)
def set_identity_feedback_forwarding_enabled(call):
    """Whether bounces and complaints come by mail too."""
    set_forwarding(_identity(call), call.parameters["ForwardingEnabled"], _invalid)
    return {}


@handles("ses", "SetIdentityDkimEnabled", reference=_API + "API_SetIdentityDkimEnabled.html")
def set_identity_dkim_enabled(call):
    """Whether mail is signed."""
    _identity(call).signing = call.parameters["DkimEnabled"]
    return {}


@handles("ses", "SetIdentityMailFromDomain", reference=_API + "API_SetIdentityMailFromDomain.html")
def set_identity_mail_from_domain(call):
    """The MAIL FROM domain, by the older API."""
    identity = _identity(call)
    domain = (call.parameters.get("MailFromDomain") or "").lower()
    if domain and not domain.endswith(f".{identity.domain}"):
        raise _invalid(
            f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{identity.name}>."
        )
    names = {theirs: ours for ours, theirs in _BEHAVIORS.items()}
    identity.behavior_on_mx_failure = names[call.parameters.get("BehaviorOnMXFailure", "UseDefaultValue")]
    identity.mail_from_domain, identity.mail_from = domain or None, Check()
    if domain:
        identity.mail_from.begin(call.now)
    return {}


@handles("ses", "VerifyEmailIdentity", "VerifyEmailAddress", reference=_API + "API_VerifyEmailIdentity.html")
def verify_email_identity(call):
    """The way to ask for another link: for an address that is there it starts anew."""
    name = call.parameters["EmailAddress"]
    if "@" not in name:
        raise _invalid(f"Invalid email address <{name}>.")
    identities = region(call).identities
    identity = identities.setdefault(key(name), Identity(key(name), call.region, call.now, signing=False))
    if identity.ownership.status != "SUCCESS":
        verification.request(call, identity)
    return {}


@handles("ses", "VerifyDomainIdentity", "VerifyDomainDkim", reference=_API + "API_VerifyDomainDkim.html")
def verify_domain(call):
    """A domain by the older API: the same tokens as the newer one gives."""
    name = call.parameters["Domain"]
    identities = region(call).identities
    if key(name) not in identities:
        identities[key(name)] = Identity(key(name), call.region, call.now)
        identities[key(name)].new_keys(call.now)
    identity = identities[key(name)]
    if call.name == "VerifyDomainDkim":
        return {"DkimTokens": identity.tokens}
    return {"VerificationToken": _token(identity)}


@handles("ses", "ListIdentities", reference=_API + "API_ListIdentities.html")
def list_identities(call):
    """The names of all, or of one type."""
    wanted = call.parameters.get("IdentityType")
    return {
        "Identities": [
            identity.name
            for identity in region(call).identities.values()
            if wanted in (None, "EmailAddress" if identity.is_address else "Domain")
        ]
    }


@handles("ses", "DeleteIdentity", reference=_API + "API_DeleteIdentity.html")
def delete_identity(call):
    """Deleting what is not there succeeds too."""
    identity = region(call).identities.get(key(call.parameters["Identity"]))
    if identity is not None:
        forget(call, identity)
    return {}
