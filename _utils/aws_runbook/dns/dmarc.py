"""
DMARC: whether a message, or a domain's mail through SES, passes, and why.

https://www.rfc-editor.org/rfc/rfc7489; https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dmarc.html
"""

import email.parser
import email.policy
import re
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cache

try:
    from publicsuffixlist import PublicSuffixList
except ImportError as error:
    raise ImportError(
        f"saltext.aws-runbook needs publicsuffixlist ({error}): install it with 'salt-pip install publicsuffixlist'"
    ) from error

# SES signs everything a second time with a key of its own.
AMAZON = "amazonses.com"
_POLICIES = ("none", "quarantine", "reject")
# https://www.rfc-editor.org/rfc/rfc8601#section-2.2
_METHOD = re.compile(r"\b(?P<method>spf|dkim|dmarc)\s*=\s*(?P<result>[a-z]+)(?P<rest>[^;]*)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?:header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?(?P<value>[^\s;\"]+)", re.IGNORECASE)
_SIGNATURE_TAG = re.compile(r"(?:^|;)\s*d\s*=\s*(?P<domain>[^\s;]+)")
_COMMENT = re.compile(r"\([^()]*\)")


@dataclass(frozen=True)
class Policy:
    """A DMARC record: the policy for receivers, and how strictly domains must match (``r`` or ``s``)."""

    p: str = "none"
    adkim: str = "r"
    aspf: str = "r"
    sp: str | None = None


@cache
def _suffixes():
    return PublicSuffixList()


def organizational_domain(domain):
    """The domain that was registered: one label below the public suffix."""
    return _suffixes().privatesuffix(domain.lower()) or domain.lower()


def parse(text):
    """The :class:`Policy` in a TXT record; ``None`` when it is no DMARC record, ``ValueError`` when it is a broken one."""
    pairs = [entry.partition("=") for entry in text.split(";") if entry.strip()]
    tags = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if not text.replace(" ", "").startswith("v=DMARC1"):
        return None
    for name in ("p", "sp"):
        if name in tags and tags[name].lower() not in _POLICIES:
            raise ValueError(f"{name}={tags[name]} is none of {', '.join(_POLICIES)}")
    if "p" not in tags:
        raise ValueError("it has no p=")
    modes = {name: tags[name].lower() for name in ("adkim", "aspf") if tags.get(name, "").lower() in ("r", "s")}
    return Policy(p=tags["p"].lower(), sp=tags.get("sp", "").lower() or None, **modes)


def aligned(domain, author, mode="r"):
    """Whether a domain that passed counts for the author's: the same (strict), or of the same organization (relaxed)."""
    domain, author = domain.lower().rstrip("."), author.lower().rstrip(".")
    if mode == "s":
        return domain == author
    return organizational_domain(domain) == organizational_domain(author)


def evaluate(author, policy, spf=None, dkim=()):
    """
    Whether mail from ``author`` (the domain in From) passes, and sentences that say why.

    ``spf`` is ``(result, domain)`` of the envelope sender, or ``None``; ``dkim`` a list of ``(result, domain)``, one for
    each signature. Either, passed and aligned, is enough.
    """
    reasons, passes = [], False
    for method, entries, mode in (("SPF", [spf] if spf else [], policy.aspf), ("DKIM", list(dkim), policy.adkim)):
        if not entries:
            reasons.append(f"{method}: there is no result.")
        for result, domain in entries:
            good = result == "pass" and aligned(domain, author, mode)
            passes = passes or good
            reasons.append(_reason(method, result, domain, author, mode, good=good))
    return passes, reasons


def _reason(method, result, domain, author, mode, *, good):
    how = "strictly" if mode == "s" else "relaxed"
    what = "the envelope sender's domain" if method == "SPF" else "the signature's d="
    if good:
        return f"{method} passes and is aligned ({how}): {what} {domain} goes with {author}."
    if result != "pass":
        return f"{method} does not count: its result for {domain} is {result}."
    if domain.lower() == AMAZON or domain.lower().endswith(f".{AMAZON}"):
        if method == "DKIM":
            return (
                f"DKIM for {domain} passes but is not aligned, which is normal: SES signs every message a second time with "
                "its own key, beside the domain's."
            )
        return (
            f"SPF passes for {domain} but is not aligned: the MAIL FROM domain is SES's own. A MAIL FROM domain of your own "
            "(mail_from) would align it; with DKIM aligned it is not needed."
        )
    return f"{method} passes but is not aligned ({how}): {what} is {domain}, the author's domain is {author}."


def read(text):
    """
    The headers of a message. What follows them is not looked at, however deep it is nested.

    They are read unparsed: the parsers of Python's newer policy fail on some that a sender can write.
    https://docs.python.org/3/library/email.policy.html#email.policy.compat32
    """
    return email.parser.HeaderParser(policy=email.policy.compat32).parsestr(text)


def results(message):
    """
    What a receiver found out about a message (an ``email.message.Message``): the author's domain, SPF's ``(result,
    domain)`` or ``None``, and DKIM's list of them.

    They are in the first ``Authentication-Results``, which the last receiver wrote; others may be a sender's invention.
    https://www.rfc-editor.org/rfc/rfc8601#section-5
    """
    author = parseaddr(str(message.get("From", "")))[1].rpartition("@")[2].lower()
    envelope = parseaddr(str(message.get("Return-Path", "")))[1].rpartition("@")[2].lower()
    spf, dkim = None, []
    for found in _METHOD.finditer(_COMMENT.sub("", " ".join(str(message.get("Authentication-Results", "")).split()))):
        named = _PROPERTY.search(found["rest"])
        domain = named["value"].rpartition("@")[2].lower() if named else ""
        result = found["result"].lower()
        if found["method"].lower() == "spf":
            spf = (result, domain or envelope)
        elif found["method"].lower() == "dkim":
            dkim.append((result, domain or "an unnamed domain"))
    return author, spf, dkim


def signatures(message):
    """The domains (``d=``) that signed a message, whether or not anybody checked."""
    found = (_SIGNATURE_TAG.search(" ".join(str(value).split())) for value in message.get_all("DKIM-Signature", []))
    return [match["domain"].lower() for match in found if match]
