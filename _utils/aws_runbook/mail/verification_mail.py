"""
Recognise SES's verification mail, and find the link in it.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html#verify-email-addresses-procedure
"""

import email
import email.policy
import re
from contextlib import suppress
from datetime import timedelta, timezone
from email.utils import parseaddr, parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

SENDER = "no-reply-aws@amazon.com"
# SES writes its findings above all that the sender wrote, and closes them with a receipt. Those of authentication are one header
# (RFC 8601). https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
_RECEIPT = "x-ses-receipt"
_SCANS = ("x-ses-spam-verdict", "x-ses-virus-verdict")
_RESULTS = "authentication-results"
_SERVER = "amazonses.com"
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LINK = re.compile(r"https?://[^\s<>\"']+")
# How far the clocks of SES and of this machine may differ.
_TOLERANCE = timedelta(minutes=5)


def host(region):
    """The host that verifies addresses in a region."""
    return f"email-verification.{region}.{'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'}"


def link(content, address, region, account, since):
    """
    The link in the mail that SES sent for ``address`` after ``since``, because ``account`` asked; ``None`` when this is not that
    mail.

    ``content`` is the mail as SES put it into the bucket. Anybody can send one: its headers are read unparsed, because
    the parsers of Python's newer policy fail on some. https://docs.python.org/3/library/email.policy.html#email.policy.compat32
    """
    found = []
    with suppress(RecursionError):  # nested thousands of times: not a mail of SES
        message = email.message_from_bytes(content, policy=email.policy.compat32)
        if _is_from_ses(message) and _is_for(message, address) and _is_after(message, since):
            found = _LINK.findall(_body(message))
    return next((url for url in found if is_genuine(url, address, region, account)), None)


def _body(message):
    """The plain text of a mail followed by its HTML; links are ASCII in every charset."""
    parts = [part for part in message.walk() if part.get_content_disposition() != "attachment"]
    found = [part for kind in ("text/plain", "text/html") for part in parts if part.get_content_type() == kind]
    return "\n".join(part.get_payload(decode=True).decode("ascii", errors="replace") for part in found)


def is_genuine(url, address, region, account):
    """
    Whether a link is https, at the region's verification host and nowhere else, and verifies ``address`` for ``account``.

    SES sends a genuine mail for any account, so that another account's link would verify the address for that account. AWS
    documents nothing of the link. In those that people have published, ``Context`` is the number of the account that asked:
    one without it, or with another, is left to a person.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    query = parse_qs(parts.query)
    return (
        parts.scheme == "https"
        and parts.netloc == parts.hostname == host(region)  # no user, no port, no capital letters
        and port is None
        and query.get("Operation") == ["ConfirmVerification"]
        and query.get("Context") == [account]
        and [name.lower() for name in query.get("Identity.IdentityName", [])] == [address.lower()]
    )


def _is_from_ses(message):
    senders = message.get_all("From", [])
    findings = _findings(message)
    return (
        len(senders) == 1
        and parseaddr(str(senders[0]))[1].lower() == SENDER
        and all(findings.get(scan, "").upper() == "PASS" for scan in _SCANS)
        and _passed_dmarc(findings.get(_RESULTS, ""))
    )


def _findings(message):
    """The headers that SES has added to a mail, the first of each name; none without SES's receipt header."""
    found = {}
    for name, value in message.items():
        if name.lower() == _RECEIPT:
            return found
        found.setdefault(name.lower(), str(value).strip())
    return {}


def _passed_dmarc(results):
    """Whether SES's verdict is that SPF or DKIM passed for the domain in the mail's ``From``."""
    results = _QUOTED.sub("", results)
    while _COMMENT.search(results):
        results = _COMMENT.sub(" ", results)
    server, *methods = (part.split() for part in results.split(";"))
    dmarc = [method for method in methods if method and method[0].lower().startswith("dmarc=")]
    domain = SENDER.partition("@")[2]
    return server == [_SERVER] and [[word.lower() for word in method] for method in dmarc] == [
        ["dmarc=pass", f"header.from={domain}"]
    ]


def _is_for(message, address):
    return parseaddr(str(message.get("To", "")))[1].lower() == address.lower()


def _is_after(message, since):
    try:
        sent = parsedate_to_datetime(str(message.get("Date", "")))
    except (OverflowError, TypeError, ValueError):
        return False
    sent = sent if sent.tzinfo else sent.replace(tzinfo=timezone.utc)
    return sent >= since - _TOLERANCE
