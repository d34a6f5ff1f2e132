"""
What an identity of SES waits for: DNS records, or the owner of an address.
"""

from aws_runbook.dns.names import is_address
from aws_runbook.mail import identities

# The results of SES's check of the records.
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_VerificationInfo.html
_REASONS = {
    "HOST_NOT_FOUND": "the name does not exist in DNS",
    "TYPE_NOT_FOUND": "the name exists in DNS, but has no record of that type",
    "INVALID_VALUE": "the record has another value",
    "DNS_SERVER_ERROR": "the DNS server did not answer",
    "SERVICE_ERROR": "SES itself had an error",
}


def entries(session, name, current):
    """Entries of ``aws_account.pending`` for an identity with the description ``current``; each has a sentence, ``do``."""
    found = []
    if current.get("status") != "SUCCESS":
        found.append((_address if is_address(name) else _domain)(session, name, current))
    if current.get("mail_from") and current.get("mail_from_status") != "SUCCESS":
        found.append(_mail_from(session, name, current))
    return found


def _address(session, name, current):
    do = f"the owner of {name} must follow the link in the mail from SES"
    if current.get("status") == "FAILED":
        do = f"the link that SES sent to {name} has expired. To send another: {_retry(session, name)}"
    since = current.get("asked")
    return _entry(f"verification of {name}", name, since, _until(current.get("status"), since, identities.LINK), do)


def _domain(session, name, current):
    status, error = current.get("status"), current.get("verification_error")
    reason = f" ({_REASONS.get(error, error)})" if error else ""
    records, key = _records(session, name), identities.foreign_key(current)
    do = f"SES does not see the DKIM records of {name}{reason}. To see them: {records}"
    if key:
        do = f"SES does not see the DKIM record of {name}{reason}, which signs with {key}: the person who configured it has the record"
    elif status == "FAILED":
        do = f"SES has given up looking for the DKIM records of {name}{reason}. Add them ({records}), then: {_retry(session, name)}"
    since = current.get("asked") or current.get("dkim_since")
    return _entry(f"verification of {name}", "DNS", since, _until(status, since, identities.SEARCH), do)


def _mail_from(session, name, current):
    domain, status, records = current["mail_from"], current["mail_from_status"], _records(session, name)
    do = f"SES does not see the MX record of {domain}. To see it: {records}"
    if status == "FAILED":
        do = (
            f"SES has given up looking for the MX record of {domain}. Add it ({records}), then: {_retry(session, name)}"
        )
    since = current.get("mail_from_asked")
    return _entry(f"MAIL FROM {domain} of {name}", "DNS", since, _until(status, since, identities.SEARCH), do)


def _entry(what, on, since, until, do):
    return {"what": what, "on": on, "since": since, "until": until, "do": do}


def _records(session, name):
    return session.command("ses_identity.dns_records", name=name)


def _retry(session, name):
    return session.command("ses_identity.retry", name=name)


def _until(status, since, length):
    """Until when SES waits; ``None`` if it no longer waits, or if the beginning is not known."""
    return None if status == "FAILED" else identities.lapses(since, length)
