"""
The account: quota, suppression, sending, and the request to leave the (other) sandbox.
"""

import uuid

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.mail.region import region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"
# https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
_SANDBOX = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
_PRODUCTION = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}


@handles("sesv2", "GetAccount", reference=_API + "API_GetAccount.html")
def get_account(call):
    """How the account stands."""
    ses = region(call)
    granted = bool(ses.details) and ses.details["ReviewDetails"]["Status"] == "GRANTED"
    answer = {
        "DedicatedIpAutoWarmupEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": granted,
        "SendQuota": _PRODUCTION if granted else _SANDBOX,
        "SendingEnabled": ses.sending_enabled,
        "SuppressionAttributes": {"SuppressedReasons": ses.suppressed_reasons},
    }
    return answer | ({"Details": ses.details} if ses.details else {})


@handles("sesv2", "PutAccountDetails", reference=_API + "API_PutAccountDetails.html")
def put_account_details(call):
    """The request for production access: reviewed by people, once."""
    ses = region(call)
    if ses.details is not None:
        raise AwsError(
            "ConflictException",
            "The account details are under review, or have been reviewed, and cannot be changed by this operation.",
        )
    details = {name: value for name, value in call.parameters.items() if name != "ProductionAccessEnabled"}
    ses.details = {
        "ContactLanguage": "EN",
        **details,
        "ReviewDetails": {"Status": "PENDING", "CaseId": str(uuid.uuid4().int)[:15]},
    }
    return {}


@handles("sesv2", "PutAccountSuppressionAttributes", reference=_API + "API_PutAccountSuppressionAttributes.html")
def put_account_suppression_attributes(call):
    """For which reasons addresses are suppressed; none turns the list off."""
    region(call).suppressed_reasons = call.parameters.get("SuppressedReasons", [])
    return {}


@handles("sesv2", "PutAccountSendingAttributes", reference=_API + "API_PutAccountSendingAttributes.html")
def put_account_sending_attributes(call):
    """Whether the account sends at all."""
    region(call).sending_enabled = call.parameters.get("SendingEnabled", False)
    return {}
