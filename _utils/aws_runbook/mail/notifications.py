"""
Explain a notification of SES: what happened to which address, whether it is permanent, and what to do.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import email
import json
import re
from collections.abc import Mapping

from aws_runbook import salt_commands
from aws_runbook.errors import RunbookError

# https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#mail-object
_SOURCE_ARN = re.compile(r"arn:aws[a-z-]*:ses:([a-z]+(?:-[a-z]+)+-[0-9]+):.*", re.DOTALL)

# Placeholders for commands, into which the address is inserted with quotes.
_UNSUPPRESS = "if the owner asks for mail again: UNSUPPRESS"

# (bounceType, bounceSubType): what happened, and what to do.
# https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
_BOUNCES = {
    ("Undetermined", "Undetermined"): (
        "the mail bounced, and the answer of the recipient's server does not tell why",
        "read the diagnostic code; if it happens again, contact the recipient in another way",
    ),
    ("Permanent", "General"): (
        "the recipient's server refused the mail permanently",
        "stop sending to the address, unless the diagnostic code names a cause that you can fix",
    ),
    # AWS's pages differ: it is said to mean that the address does not exist, too.
    ("Permanent", "NoEmail"): (
        "the address does not exist, or SES could not find it in the bounce",
        "stop sending to the address; if it is correct, read the diagnostic code and the bounce itself",
    ),
    ("Permanent", "Suppressed"): (
        "SES did not send the mail: the address is on the global suppression list, since it bounced for other senders",
        "check the address; if it is correct, try again after two weeks, when the entry has expired",
    ),
    ("Permanent", "OnAccountSuppressionList"): (
        "SES did not send the mail: the address is on this account's suppression list, since it bounced or complained",
        f"see why with SUPPRESSED; {_UNSUPPRESS}",
    ),
    ("Permanent", "OnTenantSuppressionList"): (
        "SES did not send the mail: the address is on the suppression list of the tenant that sent it",
        "see why with the AWS CLI: aws sesv2 list-suppressed-destinations, for that tenant",
    ),
    ("Permanent", "EmailValidationSuppressed"): (
        "SES did not send the mail: its address validation, which is turned on for the account, considers the address invalid",
        "check the address; if it is correct, lower the threshold of the validation, or turn it off",
    ),
    # On none of AWS's two pages, but sent for contact lists: https://docs.aws.amazon.com/ses/latest/dg/sending-email-list-management.html
    ("Permanent", "UnsubscribedRecipient"): (
        "SES did not send the mail: the recipient has unsubscribed from the contact list or topic",
        "respect it; only the recipient can subscribe again",
    ),
    ("Transient", "General"): (
        "the recipient's server did not accept the mail, although SES retried for a while",
        "send again later; an automatic reply can look like this too",
    ),
    ("Transient", "MailboxFull"): (
        "the recipient's mailbox is full",
        "send again later, or contact the recipient in another way",
    ),
    ("Transient", "MessageTooLarge"): (
        "the mail is larger than the recipient's server accepts",
        "make it smaller, for instance with a link instead of an attachment",
    ),
    ("Transient", "ContentRejected"): (
        "the recipient's server refused what the mail contains",
        "change the contents; links and words that look like spam are the usual cause",
    ),
    ("Transient", "AttachmentRejected"): (
        "the recipient's server refused an attachment",
        "send it as another type of file, or as a link",
    ),
    ("Transient", "CustomTimeoutExceeded"): (
        "SES gave up after the time that the configuration set allows for delivery",
        "send again later, or allow more time (MaxDeliverySeconds of the configuration set)",
    ),
}
_BOUNCE_TYPES = {"Undetermined": None, "Permanent": True, "Transient": False}

_COMPLAINTS = {
    None: (
        "the recipient marked the mail as spam, or complained about it",
        "stop sending to the address; SES has put it on the suppression list if the account has one",
    ),
    "OnAccountSuppressionList": (
        "SES took the mail but did not send it: the address is on this account's suppression list after a complaint",
        f"see since when with SUPPRESSED; {_UNSUPPRESS}",
    ),
    "OnTenantSuppressionList": (
        "SES took the mail but did not send it: the address is on the suppression list of the tenant that sent it",
        "stop sending to the address",
    ),
}
# https://www.iana.org/assignments/marf-parameters
_FEEDBACK_TYPES = {
    "abuse": "unwanted mail",
    "auth-failure": "mail that failed authentication",
    "fraud": "fraud or phishing",
    "not-spam": "that it is not spam: somebody moved it out of a spam folder",
    "other": "something that has no category",
    "virus": "a virus",
}

# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-delivery-delay-object
_DELAYS = {
    "InternalFailure": "an error within SES",
    "General": "a failure in the exchange with the recipient's server",
    "MailboxFull": "the recipient's mailbox is full",
    "SpamDetected": "the recipient's server has received much unwanted mail from this account",
    "RecipientServerError": "an error within the recipient's server",
    "IPFailure": "the address that SES sends from is blocked or throttled by the recipient's server",
    "TransientCommunicationFailure": "the connection to the recipient's server failed",
    "BYOIPHostNameLookupUnavailable": "the host name of your own IP address could not be looked up",
    "SendingDeferral": "SES has delayed it",
    "Undetermined": "a cause that could not be determined",
}

_SIMPLE = {
    "Delivery": ("the mail was handed to the recipient's server", False, "nothing"),
    "Send": ("SES took the mail and will try to deliver it", False, "nothing"),
    "Open": ("the recipient opened the mail", False, "nothing"),
    "Click": ("the recipient followed a link in the mail", False, "nothing"),
    "Subscription": ("the recipient changed what they are subscribed to", False, "respect it"),
}


def explain(notification):
    """
    What happened, one mapping for each address: ``address``, ``what``, ``permanent`` (``None``: cannot be told), ``do``,
    ``diagnostic`` and ``event``.

    ``notification`` is the JSON as text or as a mapping, in SNS's envelope or without, or a mail that has it in its body
    or attached.
    """
    event = parse(notification)
    kind = event.get("notificationType") or event.get("eventType")
    kind = kind if isinstance(kind, str) else ""
    if kind in _EXPLAINERS:
        entries = _EXPLAINERS[kind](event)
    elif kind in _SIMPLE:
        what, permanent, do = _SIMPLE[kind]
        entries = [_entry(kind, address, what, permanent, do) for address in _destination(event)]
    else:
        raise RunbookError(
            f"There is no SES notification of the type {shown(repr(kind))}; known are {', '.join(KINDS)}."
        )
    return [_in_words(entry, _region(event)) for entry in entries]


def parse(notification):
    """The event within a notification, without its envelopes."""
    found = _unwrapped(notification)
    if not isinstance(found, Mapping):
        raise RunbookError(
            "This is not a notification of SES: give its JSON, with or without SNS's envelope, a file with either, or the mail with it."
        )
    return found


def _unwrapped(given):
    if isinstance(given, Mapping):
        if "notificationType" in given or "eventType" in given:
            return given
        return _unwrapped(given["Message"]) if isinstance(given.get("Message"), str) else None
    if not isinstance(given, str):
        return None
    text = given.strip()
    if text.startswith("{"):
        try:
            # What follows the JSON is SNS's note on how to unsubscribe, in an email subscription.
            return _unwrapped(json.JSONDecoder().raw_decode(text)[0])
        except (ValueError, RecursionError):
            return None
    return _within_mail(text)


def _within_mail(text):
    try:
        return _found_in(text)
    except RecursionError as error:
        raise RunbookError(
            "The mail is nested too deeply to be read: give the notification within it, its JSON, instead."
        ) from error


def _found_in(text):
    # The plain policy reads any header. The newer one stops at some that are broken.
    message = email.message_from_bytes(text.encode("utf-8", "replace"))
    if not message.keys():
        return None
    for part in message.walk():
        if part.get_content_maintype() == "text" or part.get_content_type() == "application/json":
            content = _content(part).strip()
            found = _unwrapped(content) if content.startswith("{") else None
            if found is not None:
                return found
    return None


def _content(part):
    """The text of a part of a mail; undecodable parts, also those in an unknown charset, are replaced."""
    content = part.get_payload(decode=True) or b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def shown(value):
    """
    A value as one line without invisible characters: line breaks, control and formatting characters (those that turn the
    direction of writing, too) are escaped, so that nothing that a server or a sender wrote can pass for a line of ours.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in str(value)
    )


def _mapping(value):
    return value if isinstance(value, Mapping) else {}


def _text(value, default=None):
    """A value where text is expected: another type of JSON's is not there."""
    return value if isinstance(value, str) and value else default


def _recipients(value):
    return [_mapping(entry) for entry in value] if isinstance(value, list) and value else [{}]


def _bounce(event):
    bounce = _mapping(event.get("bounce"))
    kind, subtype = (_text(bounce.get(member), "Undetermined") for member in ("bounceType", "bounceSubType"))
    fallback = _BOUNCES.get((kind, "General"), _BOUNCES["Undetermined", "Undetermined"])
    what, do = _BOUNCES.get((kind, subtype), fallback)
    return [
        _entry(
            f"Bounce, {kind}, {subtype}",
            recipient.get("emailAddress"),
            what,
            _BOUNCE_TYPES.get(kind),
            do,
            recipient.get("diagnosticCode") or recipient.get("status"),
        )
        for recipient in _recipients(bounce.get("bouncedRecipients"))
    ]


def _complaint(event):
    complaint = _mapping(event.get("complaint"))
    subtype, feedback = (_text(complaint.get(member)) for member in ("complaintSubType", "complaintFeedbackType"))
    what, do = _COMPLAINTS.get(subtype, _COMPLAINTS[None])
    if feedback:
        what += f"; the report is of {_FEEDBACK_TYPES.get(feedback, feedback)}"
    permanent = feedback != "not-spam"
    recipients = _recipients(complaint.get("complainedRecipients"))
    if len(recipients) > 1:
        do = f"one of these recipients complained, and SES cannot tell which; {do}"
    return [
        _entry("Complaint" + (f", {subtype}" if subtype else ""), entry.get("emailAddress"), what, permanent, do)
        for entry in recipients
    ]


def _delay(event):
    delay = _mapping(event.get("deliveryDelay"))
    kind = _text(delay.get("delayType"), "Undetermined")
    until = f", until {delay['expirationTime']}" if delay.get("expirationTime") else ""
    what = f"the mail is late: {_DELAYS.get(kind, _DELAYS['Undetermined'])}"
    return [
        _entry(
            f"DeliveryDelay, {kind}",
            recipient.get("emailAddress"),
            what,
            False,
            f"nothing yet: SES continues to try{until}",
            recipient.get("diagnosticCode") or recipient.get("status"),
        )
        for recipient in _recipients(delay.get("delayedRecipients"))
    ]


def _reject(event):
    reason = _mapping(event.get("reject")).get("reason")
    what = "SES did not send the mail: it found a virus in it"
    do = "check the attachment, and who can send with these credentials"
    return [_entry("Reject", address, what, True, do, reason) for address in _destination(event)]


def _rendering_failure(event):
    failure = _mapping(event.get("failure"))
    what = f"SES did not send the mail: the template {failure.get('templateName', '')} could not be filled in"
    do = "send the data that the template needs, or correct the template"
    return [
        _entry("Rendering Failure", address, what, True, do, failure.get("errorMessage"))
        for address in _destination(event)
    ]


_EXPLAINERS = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "DeliveryDelay": _delay,
    "Reject": _reject,
    "Rendering Failure": _rendering_failure,
}
KINDS = (*_EXPLAINERS, *_SIMPLE)


def _destination(event):
    found = _mapping(event.get("mail")).get("destination")
    return found if isinstance(found, list) and found else [None]


def _entry(event, address, what, permanent, do, diagnostic=None):
    return {
        "address": _text(address),
        "what": shown(what),
        "permanent": permanent,
        "do": shown(do),
        "diagnostic": None if diagnostic is None else shown(diagnostic),
        "event": shown(event),
    }


def _in_words(entry, region):
    """An entry as a person reads it. Each region has a suppression list of its own."""
    address = entry["address"]
    commands = {
        "UNSUPPRESS": salt_commands.command("ses_delivery.unsuppress", address=address or "ADDRESS", region=region),
        "SUPPRESSED": salt_commands.command("ses_delivery.suppressed", region=region),
    }
    return {
        **entry,
        "address": shown(address) if address else "an address that the notification does not name",
        # All at once: an address can hold these words itself.
        "do": re.sub(r"UNSUPPRESS|SUPPRESSED", lambda word: commands[word[0]], entry["do"]),
    }


def _region(event):
    """The region that sent the mail; ``None`` where the notification does not say."""
    arn = _SOURCE_ARN.fullmatch(_text(_mapping(event.get("mail")).get("sourceArn"), ""))
    return arn and arn[1]


def in_words(entries):
    """The explanation as sentences for a person."""
    duration = {
        True: "This is permanent.",
        False: "This is not permanent.",
        None: "Whether it is permanent is unknown.",
    }
    lines = []
    for entry in entries:
        lines.append(f"{entry['address']} ({entry['event']}): {entry['what']}. {duration[entry['permanent']]}")
        if entry["diagnostic"]:
            lines.append(f"  The server said: {entry['diagnostic']}")
        lines.append(f"  What to do: {entry['do']}.")
    return "\n".join(lines)
