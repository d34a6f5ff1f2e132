"""
Find out why mail did or did not arrive: explain notifications, check the suppression list and DMARC.

https://docs.aws.amazon.com/ses/latest/dg/troubleshoot.html

Every function that calls AWS takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of SES, and how to reach
the account. IAM actions: ``ses:ListSuppressedDestinations`` and ``ses:GetSuppressedDestination`` to read,
``ses:DeleteSuppressedDestination`` to write; ``check_dmarc`` of a domain reads its identity as ``ses_identity`` does.
"""

from pathlib import Path

from aws_runbook import salt_commands
from aws_runbook.dns import check as dns_check
from aws_runbook.dns import dmarc
from aws_runbook.dns import names as email_names
from aws_runbook.dns.names import is_below
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.arguments import in_quotes, is_text
from aws_runbook.kinds.connected import connected
from aws_runbook.mail import notifications as delivery
from aws_runbook.mail import plan as email_plan
from aws_runbook.pillar.mail_schema import REASONS

# Arguments that take texts.
TEXTS = ("address", "domain", "nameserver")

# The page size limit of SES.
_PAGE = 1000


def explain(notification, format="words"):
    """
    Explain a notification from SES: what happened to which address, whether it is permanent, and what to do.

    notification
        The path of a file, or the text itself: JSON as SES writes it, with or without SNS's envelope, or an email with it
        in the body or as an attachment.
    format
        ``words`` for a person (the default) or ``data``.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ses_delivery.explain /tmp/bounce.json
    """
    arguments.one_of("explain", "format", format, ("words", "data"))
    salt_commands.remember(__opts__)
    entries = delivery.explain(_content("notification", notification))
    return entries if format == "data" else delivery.in_words(entries)


def _content(argument, given):
    """Return the content of the file if a path is given, and otherwise the value itself."""
    if not isinstance(given, str) or not given.startswith("/") or "\n" in given:
        return given
    try:
        return Path(given).read_text(errors="replace")
    except (OSError, ValueError) as error:  # a ValueError if no path can contain these characters
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise RunbookError(f"{argument} is {given!r}, which cannot be read: {reason}.") from error


@connected
def suppressed(session, address=None, reason=None):
    """
    List the addresses that SES does not send to.

    Returns a list of ``address``, ``reason`` and ``since``: the addresses that the account does not send to, because of a
    bounce or a complaint.

    address
        Return only this address. Its entry also has ``message_id``, if SES knows the message that caused it; ``None`` if
        it is not suppressed.
    reason
        Return only ``BOUNCE`` or only ``COMPLAINT``. Default: both.

    IAM actions: ``ses:ListSuppressedDestinations``, or ``ses:GetSuppressedDestination`` for one address.
    https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_delivery.suppressed
        salt-call ses_delivery.suppressed jane@example.com
    """
    arguments.one_of("suppressed", "reason", reason, REASONS)
    if address is not None:
        return _suppressed_one(session, email_names.check("suppressed", "address", address, email_names.address))
    found, token = [], None
    while True:
        answer = session.read(
            "sesv2",
            "list_suppressed_destinations",
            f"list the addresses that SES suppresses in {session.region}",
            region=session.region,
            PageSize=_PAGE,
            **({"Reasons": [reason]} if reason else {}),
            **({"NextToken": token} if token else {}),
        )
        found += answer.get("SuppressedDestinationSummaries", [])
        token = answer.get("NextToken")
        if not token:
            return [_entry(summary) for summary in sorted(found, key=lambda summary: summary["EmailAddress"])]


def _suppressed_one(session, address):
    answer = session.read(
        "sesv2",
        "get_suppressed_destination",
        f"check whether {address} is suppressed",
        absent=("NotFoundException",),
        region=session.region,
        EmailAddress=address,
    )
    if answer is None:
        return None
    found = answer["SuppressedDestination"]
    message = found.get("Attributes", {}).get("MessageId")
    return {**_entry(found), **({"message_id": message} if message else {})}


def _entry(found):
    since = found["LastUpdateTime"].isoformat()
    return {"address": found["EmailAddress"], "reason": found["Reason"], "since": since}


@connected
def unsuppress(session, address):
    """
    Remove an address from the account's suppression list, and return whether it was on the list.

    address
        An email address.

    IAM action: ``ses:DeleteSuppressedDestination``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteSuppressedDestination.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_delivery.unsuppress jane@example.com
    """
    address = email_names.check("unsuppress", "address", address, email_names.address)
    answer = session.write(
        "sesv2",
        "delete_suppressed_destination",
        f"take {address} off the suppression list",
        absent=("NotFoundException",),
        region=session.region,
        EmailAddress=address,
    )
    return answer is not None


@connected
def check_dmarc(session, domain=None, message=None, nameserver=None, format="words"):
    """
    Check whether mail passes DMARC, and why: mail that SES sends for a domain, or one received message.

    domain
        The domain in From. Its identity in SES and its DMARC record are checked.
    message
        The path of a file with a received message, or its text; the headers are enough. The receiver's own
        ``Authentication-Results`` are used. Without ``domain``, the domain is taken from From.
    nameserver
        The resolver, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the system's.
    format
        ``words`` for a person (the default) or ``data``: ``passes``, ``policy`` and ``reasons``.

    IAM actions: for a domain, those of ``ses_identity.describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_delivery.check_dmarc example.org
        salt-call ses_delivery.check_dmarc message=/tmp/received.eml
    """
    arguments.one_of("check_dmarc", "format", format, ("words", "data"))
    if (domain is None) == (message is None):
        raise RunbookError("check_dmarc: give a domain, or a message, and not both.")
    if message is not None:
        author, spf, dkim, notes = _of_message(_content("message", message))
    else:
        author, spf, dkim, notes = _of_domain(domain, **session.given)
    resolver = nameserver or (email_plan.plan(__pillar__)["dns"] or {}).get("nameserver")
    policy, sentence = _policy(author, dns_check.Dns(resolver))
    passes, reasons = dmarc.evaluate(author, policy or dmarc.Policy(), spf, dkim)
    found = {"passes": passes, "policy": policy and policy.p, "reasons": [*notes, *reasons, sentence]}
    if format == "data":
        return found
    return "\n".join([f"Mail from {author} {'passes' if passes else 'does not pass'} DMARC.", *found["reasons"]])


def _of_message(text):
    if not is_text(text):
        raise RunbookError(
            f"check_dmarc: message is not a text{in_quotes(text)}; give a path, or a message with its headers."
        )
    message = dmarc.read(text)
    author, spf, dkim = dmarc.results(message)
    if not author:
        raise RunbookError(
            "message has no From header with an address; give a message as it was received, with its headers."
        )
    notes = []
    if not message.get("Authentication-Results"):
        signed = ", ".join(dmarc.signatures(message)) or "nobody"
        notes.append(
            f"The message has no Authentication-Results header: its receiver recorded no checks. It is signed by {signed}."
        )
    return author, spf, dkim, notes


def _of_domain(domain, **connection):
    """Return the result of a receiver's checks of mail that SES sends for a domain."""
    author = email_names.check("check_dmarc", "domain", domain, email_names.domain)
    current = __salt__["ses_identity.describe"](author, ["dkim_status", "dkim_enabled", "mail_from"], **connection)
    if current is None:
        raise RunbookError(
            f"The identity {author} does not exist in SES in that region: {salt_commands.apply()} creates it."
        )
    signed = current["dkim_enabled"] and current["dkim_status"] == "SUCCESS"
    dkim = [("pass" if signed else "none", author), ("pass", dmarc.AMAZON)]
    mail_from = current["mail_from"]
    usable = mail_from and current["mail_from_status"] == "SUCCESS" and is_below(mail_from, author)
    return author, ("pass", mail_from if usable else dmarc.AMAZON), dkim, []


def _policy(author, source):
    """Return the DMARC policy for a domain, its own or its organization's, and a sentence about it."""
    organization = dmarc.organizational_domain(author)
    for name in dict.fromkeys((author, organization)):
        for value in source.cached(f"_dmarc.{name}", "TXT")[0]:
            try:
                policy = dmarc.parse(value)
            except ValueError as error:
                return None, f"The DMARC record of {name} is invalid, so no policy applies: {error}."
            if policy:
                wanted = policy.sp if name != author and policy.sp else policy.p
                return (
                    policy,
                    f"The DMARC record of {name} requests this of receivers for mail that does not pass: {wanted}.",
                )
    return None, f"There is no DMARC record for {author}: receivers decide for themselves."
