"""What an identity waits for, and why SES has not found it."""

from types import SimpleNamespace

import pytest

from aws_runbook.mail import identity_pending

SESSION = SimpleNamespace(command=lambda function, **named: f"`{function} {named['name']}`")


def waits(name, **current):
    return [entry["do"] for entry in identity_pending.entries(SESSION, name, current)]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (None, ""),
        ("HOST_NOT_FOUND", " (the name does not exist in DNS)"),
        ("TYPE_NOT_FOUND", " (the name exists in DNS, but has no record of that type)"),
        ("INVALID_VALUE", " (the record has another value)"),
        ("DNS_SERVER_ERROR", " (the DNS server did not answer)"),
        ("SERVICE_ERROR", " (SES itself had an error)"),
        ("ANOTHER", " (ANOTHER)"),
    ],
)
def test_why_ses_does_not_see_the_records_of_a_domain(error, why):
    assert waits("example.org", status="PENDING", verification_error=error) == [
        f"SES does not see the DKIM records of example.org{why}. To see them: `ses_identity.dns_records example.org`"
    ]
    assert waits("example.org", status="FAILED", verification_error=error) == [
        (
            f"SES has given up looking for the DKIM records of example.org{why}. Add them (`ses_identity.dns_records example.org`), then: "
            "`ses_identity.retry example.org`"
        )
    ]


def test_an_address_whose_link_has_expired():
    assert waits("ops@example.org", status="PENDING") == [
        "the owner of ops@example.org must follow the link in the mail from SES"
    ]
    assert waits("ops@example.org", status="FAILED") == [
        "the link that SES sent to ops@example.org has expired. To send another: `ses_identity.retry ops@example.org`"
    ]


def test_a_mail_from_domain_that_ses_has_given_up_on():
    found = {"status": "SUCCESS", "mail_from": "mail.example.org"}
    assert waits("example.org", **found, mail_from_status="PENDING") == [
        "SES does not see the MX record of mail.example.org. To see it: `ses_identity.dns_records example.org`"
    ]
    assert waits("example.org", **found, mail_from_status="FAILED") == [
        (
            "SES has given up looking for the MX record of mail.example.org. Add it (`ses_identity.dns_records example.org`), then: "
            "`ses_identity.retry example.org`"
        )
    ]
