"""Notifications, verification mails, DMARC."""

import email
import json
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook import delivery, dmarc, verification_mail
from aws_runbook.errors import RunbookError

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
ADDRESS = "noreply@noreply.example.org"
REGION = "eu-west-1"


def bounce(kind="Permanent", subtype="General", *addresses):
    recipients = [
        {"emailAddress": address, "status": "5.1.1", "diagnosticCode": "smtp; 550 user unknown"}
        for address in addresses or ("jane@example.com",)
    ]
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": recipients},
        "mail": {"destination": ["jane@example.com"]},
    }


def wrappings(event):
    text = json.dumps(event)
    envelope = json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": text})
    mail = EmailMessage()
    mail["From"] = "AWS Notifications <no-reply@sns.amazonaws.com>"
    mail.set_content(text + "\n\n--\nIf you wish to stop receiving notifications, visit https://sns.example/")
    attached = EmailMessage()
    attached["Subject"] = "Fwd: what is this?"
    attached.set_content("See what came.")
    attached.add_attachment(envelope.encode(), maintype="application", subtype="json", filename="n.json")
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd"
    forwarded.set_content("Look")
    forwarded.add_attachment(mail)
    return [event, text, envelope, json.loads(envelope), mail.as_string(), attached.as_string(), forwarded.as_string()]


@pytest.mark.parametrize("form", range(7))
def test_a_notification_in_every_form(form):
    (entry,) = delivery.explain(wrappings(bounce())[form])
    assert entry["address"] == "jane@example.com"
    assert entry["permanent"] is True
    assert entry["diagnostic"] == "smtp; 550 user unknown"


SUBTYPES = [
    ("Undetermined", "Undetermined", None, "does not tell why"),
    ("Permanent", "General", True, "refused the mail for good"),
    ("Permanent", "NoEmail", True, "does not exist, or SES could not find it"),
    ("Permanent", "OnTenantSuppressionList", True, "suppression list of the tenant"),
    ("Permanent", "EmailValidationSuppressed", True, "takes this one for invalid"),
    ("Permanent", "Suppressed", True, "global suppression list"),
    ("Permanent", "OnAccountSuppressionList", True, "this account's suppression list"),
    ("Permanent", "UnsubscribedRecipient", True, "has unsubscribed"),
    ("Transient", "General", False, "did not take the mail this time"),
    ("Transient", "MailboxFull", False, "mailbox is full"),
    ("Transient", "MessageTooLarge", False, "larger than"),
    ("Transient", "ContentRejected", False, "refused what the mail contains"),
    ("Transient", "AttachmentRejected", False, "refused an attachment"),
    ("Transient", "CustomTimeoutExceeded", False, "gave up when the time was over"),
    ("Transient", "SomethingNew", False, "did not take the mail this time"),
]


@pytest.mark.parametrize(("kind", "subtype", "permanent", "words"), SUBTYPES)
def test_every_bounce(kind, subtype, permanent, words):
    (entry,) = delivery.explain(bounce(kind, subtype))
    assert words in entry["what"]
    assert entry["permanent"] is permanent
    assert entry["do"]
    assert "ADDRESS" not in delivery.in_words([entry])


@pytest.mark.parametrize(
    ("subtype", "feedback", "words"),
    [
        (None, "abuse", "unwanted mail"),
        (None, "auth-failure", "failed authentication"),
        (None, "fraud", "phishing"),
        (None, "not-spam", "that it is not spam"),
        (None, "other", "no category"),
        (None, "virus", "a virus"),
        (None, "something-new", "something-new"),
        (None, None, "marked the mail as spam"),
        ("OnAccountSuppressionList", None, "this account's suppression list"),
        ("OnTenantSuppressionList", None, "suppression list of the tenant"),
    ],
)
def test_every_complaint(subtype, feedback, words):
    event = {
        "eventType": "Complaint",
        "complaint": {
            "complaintSubType": subtype,
            "complaintFeedbackType": feedback,
            "complainedRecipients": [{"emailAddress": "a@example.com"}, {"emailAddress": "b@example.com"}],
        },
    }
    entries = delivery.explain(event)
    assert [entry["address"] for entry in entries] == ["a@example.com", "b@example.com"]
    assert words in entries[0]["what"]
    assert "cannot tell which" in entries[0]["do"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("InternalFailure", "within SES"),
        ("General", "exchange with the recipient's server"),
        ("MailboxFull", "mailbox is full"),
        ("SpamDetected", "unwanted mail from this account"),
        ("RecipientServerError", "within the recipient's server"),
        ("IPFailure", "blocked or throttled"),
        ("TransientCommunicationFailure", "connection to the recipient's server"),
        ("BYOIPHostNameLookupUnavailable", "host name of your own IP address"),
        ("SendingDeferral", "SES has put it off"),
        ("Undetermined", "could not be determined"),
        ("SomethingNew", "could not be determined"),
    ],
)
def test_every_delay(kind, words):
    delay = {"delayType": kind, "delayedRecipients": [{"emailAddress": "jane@example.com"}]}
    (entry,) = delivery.explain({"eventType": "DeliveryDelay", "deliveryDelay": delay})
    assert words in entry["what"]
    assert entry["permanent"] is False


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}}, "virus"),
        ({"eventType": "Rendering Failure", "failure": {"templateName": "hello", "errorMessage": "x"}}, "hello"),
        (
            {
                "eventType": "DeliveryDelay",
                "deliveryDelay": {
                    "delayType": "MailboxFull",
                    "delayedRecipients": [{"emailAddress": "jane@example.com"}],
                    "expirationTime": "2026-06-01T13:00:00Z",
                },
            },
            "until 2026-06-01T13:00:00Z",
        ),
        ({"notificationType": "Delivery"}, "handed to the recipient's server"),
        ({"eventType": "Subscription"}, "subscribed"),
    ],
)
def test_other_events(event, words):
    text = delivery.in_words(delivery.explain({**event, "mail": {"destination": ["jane@example.com"]}}))
    assert words in text
    assert text.startswith("jane@example.com (")


@pytest.mark.parametrize("given", ["", "hello", "{", "[]", "{}", '{"Message": 1}', None, 5, "From: a@b.c\n\nhello"])
def test_what_is_no_notification_is_one_sentence(given):
    with pytest.raises(RunbookError, match="This is no notification of SES"):
        delivery.explain(given)


def test_an_unknown_type_is_named():
    with pytest.raises(RunbookError, match="of the type 'Party'; known are Bounce, Complaint"):
        delivery.explain({"notificationType": "Party"})


@given(st.text())
def test_no_text_breaks_it(text):
    with pytest.raises(RunbookError):
        delivery.explain(text)


def genuine(address=ADDRESS, host="email-verification.eu-west-1.amazonaws.com", scheme="https", **query):
    query = {"Operation": "ConfirmVerification", "Identity.IdentityName": address, "X-Amz-Signature": "ab", **query}
    return f"{scheme}://{host}/?{urlencode(query)}"


def mail(url=None, sender=verification_mail.SENDER, to=ADDRESS, date=NOW, verdict="PASS"):
    message = EmailMessage()
    for name in ("Spam", "Virus", "SPF", "DKIM"):
        message[f"X-SES-{name}-Verdict"] = verdict
    message["From"] = f"Amazon Web Services <{sender}>"
    message["To"] = to
    message["Date"] = format_datetime(date)
    message["Subject"] = "Email Address Verification Request"
    message.set_content(f"Please go to\n\n{url or genuine()}\n\nThank you.", cte="quoted-printable")
    return message.as_bytes()


def link(content, since=NOW):
    return verification_mail.link(content, ADDRESS, REGION, since)


def test_the_link_in_the_genuine_mail():
    assert link(mail()) == genuine()
    assert link(mail(date=NOW + timedelta(minutes=2))) == genuine()


FORGED_LINKS = [
    genuine(scheme="http"),
    genuine(host="email-verification.eu-west-1.amazonaws.com.example.net"),
    genuine(host="example.net/email-verification.eu-west-1.amazonaws.com"),
    genuine(host="email-verification.eu-west-1.amazonaws.com@example.net"),
    genuine(host="somebody@email-verification.eu-west-1.amazonaws.com"),
    genuine(host="email-verification.eu-west-1.amazonaws.com:8443"),
    genuine(host="email-verification.us-east-1.amazonaws.com"),
    genuine(host="email-verification.eu-west-1.amazonaws.com.cn"),
    genuine(host="email-verification.eu-west-1.аmazonaws.com"),  # noqa: RUF001 - the look-alike letter is the point
    genuine(address="somebody@example.net"),
    genuine(Operation="DeleteIdentity"),
    genuine() + "&Identity.IdentityName=" + quote("somebody@example.net"),
    "https://[::1",
    "https://email-verification.eu-west-1.amazonaws.com:x/",
]


@pytest.mark.parametrize("url", FORGED_LINKS)
def test_no_other_link_is_opened(url):
    assert not verification_mail.is_genuine(url, ADDRESS, REGION)
    assert link(mail(url)) is None


@pytest.mark.parametrize(
    "content",
    [
        mail(sender="no-reply-aws@amazon.com.example.net"),
        mail(to="somebody@example.net"),
        mail(date=NOW - timedelta(days=1)),
        mail(verdict="FAIL"),
        mail().replace(b"X-SES-DKIM-Verdict: PASS\n", b""),
        mail().replace(b"X-SES-DKIM-Verdict: PASS", b"X-SES-DKIM-Verdict: FAIL\nX-SES-DKIM-Verdict: PASS"),
        mail().replace(b"Date:", b"Dated:"),
        b"",
        b"You have successfully set up Amazon SES",
    ],
)
def test_no_other_mail_is_taken(content):
    assert link(content) is None


def test_the_genuine_link_is_found_among_others():
    assert link(mail(f"{FORGED_LINKS[1]}\n\n{genuine()}")) == genuine()


@given(st.binary(max_size=300))
def test_no_mail_breaks_it(content):
    assert link(content) is None


RELAXED = dmarc.Policy()


@pytest.mark.parametrize(
    ("domain", "author", "mode", "result"),
    [
        ("example.org", "example.org", "s", True),
        ("mail.example.org", "example.org", "s", False),
        ("mail.example.org", "example.org", "r", True),
        ("a.example.co.uk", "b.example.co.uk", "r", True),
        ("a.co.uk", "b.co.uk", "r", False),
        ("amazonses.com", "example.org", "r", False),
        ("EXAMPLE.org.", "example.ORG", "s", True),
    ],
)
def test_alignment(domain, author, mode, result):
    assert dmarc.aligned(domain, author, mode) is result


def test_policies():
    assert dmarc.parse("v=DMARC1; p=Reject; adkim=s; sp=none") == dmarc.Policy("reject", "s", "r", "none")
    assert dmarc.parse("v=spf1 -all") is None
    with pytest.raises(ValueError, match="p=all is none of"):
        dmarc.parse("v=DMARC1; p=all")
    with pytest.raises(ValueError, match="it has no p="):
        dmarc.parse("v=DMARC1; rua=mailto:a@example.org")


def test_the_usual_message_through_ses():
    message = email.message_from_string(
        "Return-Path: <0100@amazonses.com>\n"
        "Authentication-Results: mx.example.net;\n"
        " dkim=pass header.i=@example.org header.s=abc header.b=x;\n"
        " dkim=pass header.i=@amazonses.com header.s=def;\n"
        " spf=pass (mx.example.net: domain of 0100@amazonses.com designates 192.0.2.1) smtp.mailfrom=0100@amazonses.com;\n"
        " dmarc=pass (p=NONE) header.from=example.org\n"
        "Authentication-Results: forged; dkim=pass header.d=bank.example\n"
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=abc;\n"
        " h=From\n"
        "DKIM-Signature: v=1; d=amazonses.com; s=def\n"
        "From: Example <noreply@example.org>\n\nHello"
    )
    author, spf, dkim = dmarc.results(message)
    assert author == "example.org"
    assert spf == ("pass", "amazonses.com")
    assert dkim == [("pass", "example.org"), ("pass", "amazonses.com")]
    assert dmarc.signatures(message) == ["example.org", "amazonses.com"]
    passes, reasons = dmarc.evaluate(author, RELAXED, spf, dkim)
    assert passes
    text = " ".join(reasons)
    assert "which is normal: SES signs every message a second time" in text
    assert "the MAIL FROM domain is SES's own" in text


def test_without_alignment_it_fails_and_says_why():
    passes, reasons = dmarc.evaluate("example.org", RELAXED, ("pass", "amazonses.com"), [("fail", "example.org")])
    assert not passes
    assert any("its result for example.org is fail" in reason for reason in reasons)
    assert dmarc.evaluate("example.org", RELAXED) == (False, ["SPF: there is no result.", "DKIM: there is no result."])
    strict = dmarc.Policy(aspf="s", adkim="s")
    assert not dmarc.evaluate("example.org", strict, ("pass", "mail.example.org"), [])[0]
    assert dmarc.evaluate("example.org", strict, ("pass", "mail.example.org"), [("pass", "example.org")])[0]
