"""
Identities: DKIM, MAIL FROM, feedback, configuration set.

moto overwrites an identity that is there, has no DKIM tokens, and verifies everything at once.
"""

import re

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.mail import verification
from sandbox.mail.identities import Identity
from sandbox.mail.region import key, region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>\"]{1,64}@(?P<domain>[^\s@<>]+)")


def _bad_request(message):
    return AwsError("BadRequestException", message)


def _current(call):
    """The identity that a call names, its statuses brought up to date."""
    identity = region(call).identity(call.parameters["EmailIdentity"])
    refresh(call, identity)
    return identity


def refresh(call, identity):
    """Bring an identity up to date, and let moto, which sends, know of what is verified."""
    identity.refresh(call.now, call.state.dns)
    backend = call.backend("ses")
    if identity.verification.status == "SUCCESS" and identity.name not in backend.email_identities:
        backend.create_email_identity_v2(identity.name, None, None, None)


@handles("sesv2", "CreateEmailIdentity", reference=_API + "API_CreateEmailIdentity.html")
def create_email_identity(call):
    """A domain waits for its DKIM records, an address for its link."""
    name = call.parameters["EmailIdentity"]
    ses = region(call)
    found = _ADDRESS.fullmatch(name)
    if not _DOMAIN.fullmatch(found["domain"] if found else name):
        raise _bad_request(f"Invalid email identity <{name}>.")
    if key(name) in ses.identities:
        raise AwsError("AlreadyExistsException", f"Email identity {name} already exist.")
    configuration_set = call.parameters.get("ConfigurationSetName")
    if configuration_set:
        ses.configuration_set(configuration_set)
    tags = {tag["Key"]: tag["Value"] for tag in call.parameters.get("Tags", [])}
    identity = Identity(key(name), call.region, call.now, tags=tags, configuration_set=configuration_set)
    signing = call.parameters.get("DkimSigningAttributes", {})
    if identity.is_address:
        if signing:
            raise _bad_request("DKIM signing attributes can be set for domains only.")
        identity.signing = False
        verification.request(call, identity)
    else:
        _set_signing(call, identity, signing)
    ses.identities[key(name)] = identity
    refresh(call, identity)
    return {
        "IdentityType": _type(identity),
        "VerifiedForSendingStatus": identity.verification.status == "SUCCESS",
        "DkimAttributes": _dkim(call, identity),
    }


def _set_signing(call, identity, signing, origin=None):
    external = "DomainSigningPrivateKey" in signing or "DomainSigningSelector" in signing
    if external and not ("DomainSigningPrivateKey" in signing and "DomainSigningSelector" in signing):
        raise _bad_request("Both of DomainSigningSelector and DomainSigningPrivateKey are needed.")
    if origin == "EXTERNAL" and not external:
        raise _bad_request("Missing required DkimSigningAttributes for an origin of EXTERNAL.")
    # Another region's key (deterministic Easy DKIM) comes as AWS_SES_US_EAST_1 and the like.
    elsewhere = (signing.get("DomainSigningAttributesOrigin") or origin or "AWS_SES").removeprefix("AWS_SES")
    identity.origin = "EXTERNAL" if external else f"AWS_SES{elsewhere}"
    identity.selector = signing.get("DomainSigningSelector")
    # Easy DKIM's default: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DkimSigningAttributes.html
    identity.key_length = signing.get("NextSigningKeyLength", identity.key_length)
    identity.new_keys(call.now)


def _type(identity):
    return "EMAIL_ADDRESS" if identity.is_address else "DOMAIN"


def _dkim(call, identity):
    if identity.is_address:
        # An address has no keys of its own; its domain's sign for it.
        domain = region(call).identities.get(identity.domain)
        status = domain.dkim.status if domain else "NOT_STARTED"
        return {"SigningEnabled": identity.signing, "Status": status, "SigningAttributesOrigin": "AWS_SES"}
    attributes = {
        "SigningEnabled": identity.signing,
        "Status": identity.dkim.status,
        "Tokens": identity.tokens,
        "SigningAttributesOrigin": identity.origin,
    }
    if identity.origin == "AWS_SES":
        attributes |= {
            "SigningHostedZone": identity.zone,
            "NextSigningKeyLength": identity.key_length,
            "CurrentSigningKeyLength": identity.key_length,
            "LastKeyGenerationTimestamp": identity.key_generated,
        }
    return attributes


def _verification_info(check):
    info = {
        "LastCheckedTimestamp": check.checked,
        "LastSuccessTimestamp": check.succeeded,
        "ErrorType": check.error,
    }
    return {name: value for name, value in info.items() if value is not None}


@handles("sesv2", "GetEmailIdentity", reference=_API + "API_GetEmailIdentity.html")
def get_email_identity(call):
    """Everything about an identity."""
    identity = _current(call)
    answer = {
        "IdentityType": _type(identity),
        "FeedbackForwardingStatus": identity.forwarding,
        "VerifiedForSendingStatus": identity.verification.status == "SUCCESS",
        "DkimAttributes": _dkim(call, identity),
        "MailFromAttributes": {"BehaviorOnMxFailure": identity.behavior_on_mx_failure},
        "Policies": {},
        "Tags": [{"Key": name, "Value": value} for name, value in identity.tags.items()],
        "VerificationStatus": identity.verification.status,
        "VerificationInfo": _verification_info(identity.verification),
    }
    if identity.mail_from_domain:
        answer["MailFromAttributes"] |= {
            "MailFromDomain": identity.mail_from_domain,
            "MailFromDomainStatus": identity.mail_from.status,
        }
    if identity.configuration_set:
        answer["ConfigurationSetName"] = identity.configuration_set
    return answer


@handles("sesv2", "ListEmailIdentities", reference=_API + "API_ListEmailIdentities.html")
def list_email_identities(call):
    """The identities of the region."""
    entries = []
    for identity in region(call).identities.values():
        refresh(call, identity)
        entries.append(
            {
                "IdentityType": _type(identity),
                "IdentityName": identity.name,
                "SendingEnabled": identity.verification.status == "SUCCESS",
                "VerificationStatus": identity.verification.status,
            }
        )
    return {"EmailIdentities": entries}


@handles("sesv2", "DeleteEmailIdentity", reference=_API + "API_DeleteEmailIdentity.html")
def delete_email_identity(call):
    """The identity goes with everything that was set for it."""
    identity = region(call).identity(call.parameters["EmailIdentity"])
    forget(call, identity)
    return {}


def forget(call, identity):
    """Remove an identity, from moto too."""
    region(call).identities.pop(identity.name)
    call.backend("ses").email_identities.pop(identity.name, None)


@handles("sesv2", "PutEmailIdentityDkimAttributes", reference=_API + "API_PutEmailIdentityDkimAttributes.html")
def put_email_identity_dkim_attributes(call):
    """Whether mail is signed."""
    _current(call).signing = call.parameters.get("SigningEnabled", False)
    return {}


@handles(
    "sesv2",
    "PutEmailIdentityDkimSigningAttributes",
    reference=_API + "API_PutEmailIdentityDkimSigningAttributes.html",
)
def put_email_identity_dkim_signing_attributes(call):
    """New keys, Easy DKIM's or the customer's own: their records must be published."""
    identity = _current(call)
    if identity.is_address:
        raise _bad_request("DKIM signing attributes can be set for domains only.")
    signing = call.parameters.get("SigningAttributes", {})
    _set_signing(call, identity, signing, call.parameters["SigningAttributesOrigin"])
    refresh(call, identity)
    answer = {"DkimStatus": identity.dkim.status, "DkimTokens": identity.tokens}
    return answer | ({"SigningHostedZone": identity.zone} if identity.origin == "AWS_SES" else {})


@handles("sesv2", "PutEmailIdentityMailFromAttributes", reference=_API + "API_PutEmailIdentityMailFromAttributes.html")
def put_email_identity_mail_from_attributes(call):
    """A subdomain of the identity's, whose MX record SES waits for; without one, MAIL FROM is SES's own again."""
    identity = _current(call)
    domain = (call.parameters.get("MailFromDomain") or "").lower()
    if domain and not domain.endswith(f".{identity.domain}"):
        raise _bad_request(
            f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{identity.name}>."
        )
    identity.behavior_on_mx_failure = call.parameters.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
    if domain != (identity.mail_from_domain or "") or identity.mail_from.status == "FAILED":
        identity.mail_from_domain = domain or None
        identity.mail_from = type(identity.mail_from)()
        if domain:
            identity.mail_from.begin(call.now)
    return {}


@handles("sesv2", "PutEmailIdentityFeedbackAttributes", reference=_API + "API_PutEmailIdentityFeedbackAttributes.html")
def put_email_identity_feedback_attributes(call):
    """Whether bounces and complaints come by mail too."""
    set_forwarding(_current(call), call.parameters.get("EmailForwardingEnabled", False), _bad_request)
    return {}


def set_forwarding(identity, enabled, refusal):
    """
    Forwarding can be turned off only while both topics are set, so that feedback always goes somewhere.

    https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications-email.html
    """
    if not enabled and not {"Bounce", "Complaint"} <= set(identity.topics):
        raise refusal(
            f"Identity <{identity.name}> must have both bounce and complaint topics before email feedback forwarding "
            "can be disabled."
        )
    identity.forwarding = enabled


@handles(
    "sesv2",
    "PutEmailIdentityConfigurationSetAttributes",
    reference=_API + "API_PutEmailIdentityConfigurationSetAttributes.html",
)
def put_email_identity_configuration_set_attributes(call):
    """The configuration set that mail of the identity uses unless it names another."""
    identity = _current(call)
    name = call.parameters.get("ConfigurationSetName")
    if name:
        region(call).configuration_set(name)
    identity.configuration_set = name
    return {}
