"""
The mail by which SES verifies an address: told from what looks like it, and the link in it.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html#verify-email-addresses-procedure
"""

import email
import email.policy
import re
from datetime import timedelta, timezone
from email.utils import parseaddr, parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

SENDER = "no-reply-aws@amazon.com"
# What SES found out about the sender of the mail that it received.
# https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
_VERDICTS = ("X-SES-Spam-Verdict", "X-SES-Virus-Verdict", "X-SES-SPF-Verdict", "X-SES-DKIM-Verdict")
_LINK = re.compile(r"https?://[^\s<>\"']+")
# How far the clocks of SES and of this machine may differ.
_TOLERANCE = timedelta(minutes=5)


def host(region):
    """The one host that verifies addresses in a region."""
    return f"email-verification.{region}.{'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'}"


def link(content, address, region, since):
    """
    The link in the mail that SES sent for ``address`` after ``since``; ``None`` when this is not that mail.

    ``content`` is the mail as SES put it into the bucket.
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    if not _is_from_ses(message) or not _is_for(message, address) or not _is_after(message, since):
        return None
    body = message.get_body(preferencelist=("plain", "html"))
    found = _LINK.findall(body.get_content()) if body else []
    return next((url for url in found if is_genuine(url, address, region)), None)


def is_genuine(url, address, region):
    """Whether a link is https, at the region's verification host and nowhere else, and verifies ``address``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    query = parse_qs(parts.query)
    return (
        parts.scheme == "https"
        and parts.netloc == parts.hostname == host(region)  # no user, no port, no capital letters to hide behind
        and port is None
        and query.get("Operation") == ["ConfirmVerification"]
        and [name.lower() for name in query.get("Identity.IdentityName", [])] == [address.lower()]
    )


def _is_from_ses(message):
    senders = message.get_all("From", [])
    return (
        len(senders) == 1
        and parseaddr(str(senders[0]))[1].lower() == SENDER
        # SES writes its verdicts above whatever the sender put there, so the first of each counts.
        and all(str(message.get(verdict, "")).strip().upper() == "PASS" for verdict in _VERDICTS)
    )


def _is_for(message, address):
    return parseaddr(str(message.get("To", "")))[1].lower() == address.lower()


def _is_after(message, since):
    try:
        sent = parsedate_to_datetime(str(message.get("Date", "")))
    except (TypeError, ValueError):
        return False
    sent = sent if sent.tzinfo else sent.replace(tzinfo=timezone.utc)
    return sent >= since - _TOLERANCE
