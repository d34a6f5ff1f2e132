"""
The account's suppression list.

https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.mail.region import Suppressed, region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"


def _entry(call):
    address = call.parameters["EmailAddress"]
    found = region(call).suppressed.get(address.lower())
    if found is None:
        raise AwsError("NotFoundException", f"Email address {address} does not exist on your suppression list.")
    return found


@handles("sesv2", "PutSuppressedDestination", reference=_API + "API_PutSuppressedDestination.html")
def put_suppressed_destination(call):
    """Suppress an address."""
    address = call.parameters["EmailAddress"]
    region(call).suppressed[address.lower()] = Suppressed(address, call.parameters["Reason"], call.now)
    return {}


@handles("sesv2", "GetSuppressedDestination", reference=_API + "API_GetSuppressedDestination.html")
def get_suppressed_destination(call):
    """Why and since when an address is suppressed."""
    entry = _entry(call)
    answer = {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.since}
    if entry.message_id:
        answer["Attributes"] = {"MessageId": entry.message_id, "FeedbackId": entry.feedback_id}
    return {"SuppressedDestination": answer}


@handles("sesv2", "ListSuppressedDestinations", reference=_API + "API_ListSuppressedDestinations.html")
def list_suppressed_destinations(call):
    """The addresses, by reason and time."""
    reasons = call.parameters.get("Reasons")
    start, end = call.parameters.get("StartDate"), call.parameters.get("EndDate")
    return {
        "SuppressedDestinationSummaries": [
            {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.since}
            for entry in region(call).suppressed.values()
            if (not reasons or entry.reason in reasons)
            and (start is None or entry.since.replace(tzinfo=None) >= start)
            and (end is None or entry.since.replace(tzinfo=None) <= end)
        ]
    }


@handles("sesv2", "DeleteSuppressedDestination", reference=_API + "API_DeleteSuppressedDestination.html")
def delete_suppressed_destination(call):
    """Send to an address again."""
    del region(call).suppressed[_entry(call).address.lower()]
    return {}
