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
    """Entries of ``aws_account.pending`` for an identity that is as ``current`` says; each has a sentence, ``do``."""
    status, error = current.get("status"), current.get("verification_error")
    reason = f" ({_REASONS.get(error, error)})" if error else ""
    records = session.command("ses_identity.dns_records", name=name)
    retry = session.command("ses_identity.retry", name=name)
    found = []
    if status != "SUCCESS" and is_address(name):
        do = f"the owner of {name} must follow the link in the mail from SES"
        if status == "FAILED":
            do = f"the link that SES sent to {name} has expired. To send another: {retry}"
        since = current.get("asked")
        until = _until(status, since, identities.LINK)
        found.append({"what": f"verification of {name}", "on": name, "since": since, "until": until, "do": do})
    elif status != "SUCCESS":
        do = f"SES does not see the DKIM records of {name}{reason}. To see them: {records}"
        key = identities.foreign_key(current)
        if key:
            do = f"SES does not see the DKIM record of {name}{reason}, which signs with {key}: the person who configured it has the record"
        elif status == "FAILED":
            do = f"SES has given up looking for the DKIM records of {name}{reason}. Add them ({records}), then: {retry}"
        since = current.get("asked") or current.get("dkim_since")
        until = _until(status, since, identities.SEARCH)
        found.append({"what": f"verification of {name}", "on": "DNS", "since": since, "until": until, "do": do})
    mail_from = current.get("mail_from")
    if mail_from and current.get("mail_from_status") != "SUCCESS":
        do = f"SES does not see the MX record of {mail_from}. To see it: {records}"
        if current["mail_from_status"] == "FAILED":
            do = f"SES has given up looking for the MX record of {mail_from}. Add it ({records}), then: {retry}"
        since = current.get("mail_from_asked")
        until = _until(current["mail_from_status"], since, identities.SEARCH)
        what = f"MAIL FROM {mail_from} of {name}"
        found.append({"what": what, "on": "DNS", "since": since, "until": until, "do": do})
    return found


def _until(status, since, length):
    """Until when SES waits; ``None`` if it no longer waits, or if the beginning is not known."""
    return None if status == "FAILED" else identities.lapses(since, length)
