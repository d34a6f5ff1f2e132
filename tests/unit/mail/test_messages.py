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

from aws_runbook.dns import dmarc
from aws_runbook.errors import RunbookError
from aws_runbook.mail import notifications as delivery
from aws_runbook.mail import verification_mail

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
ADDRESS = "noreply@noreply.example.org"
REGION = "eu-west-1"
ACCOUNT = "123456789012"


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
    ("Permanent", "General", True, "refused the mail permanently"),
    ("Permanent", "NoEmail", True, "does not exist, or SES could not find it"),
    ("Permanent", "OnTenantSuppressionList", True, "suppression list of the tenant"),
    ("Permanent", "EmailValidationSuppressed", True, "considers the address invalid"),
    ("Permanent", "Suppressed", True, "global suppression list"),
    ("Permanent", "OnAccountSuppressionList", True, "this account's suppression list"),
    ("Permanent", "UnsubscribedRecipient", True, "has unsubscribed"),
    ("Transient", "General", False, "did not accept the mail"),
    ("Transient", "MailboxFull", False, "mailbox is full"),
    ("Transient", "MessageTooLarge", False, "larger than"),
    ("Transient", "ContentRejected", False, "refused what the mail contains"),
    ("Transient", "AttachmentRejected", False, "refused an attachment"),
    ("Transient", "CustomTimeoutExceeded", False, "gave up after the time"),
    ("Transient", "SomethingNew", False, "did not accept the mail"),
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
        ("SendingDeferral", "SES has delayed it"),
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
    with pytest.raises(RunbookError, match="This is not a notification of SES"):
        delivery.explain(given)


def test_an_unknown_type_is_named():
    with pytest.raises(RunbookError, match="of the type 'Party'; known are Bounce, Complaint"):
        delivery.explain({"notificationType": "Party"})


@given(st.text())
def test_no_text_breaks_it(text):
    with pytest.raises(RunbookError):
        delivery.explain(text)


def genuine(address=ADDRESS, host="email-verification.eu-west-1.amazonaws.com", scheme="https", **query):
    query = {
        "Operation": "ConfirmVerification",
        "Identity.IdentityName": address,
        "Context": ACCOUNT,
        "X-Amz-Signature": "ab",
        **query,
    }
    return f"{scheme}://{host}/?{urlencode(query)}"


RESULTS = "amazonses.com; spf=pass (spfCheck: a;b) client-ip=1.2.3.4; dkim=pass header.i=@amazon.com; dmarc=pass header.from=amazon.com;"


def mail(url=None, sender=verification_mail.SENDER, to=ADDRESS, date=NOW, verdict="PASS", results=RESULTS, wrote=()):
    message = EmailMessage()
    for name in ("Spam", "Virus"):
        message[f"X-SES-{name}-Verdict"] = verdict
    if results:
        message["Authentication-Results"] = results
    message["X-SES-RECEIPT"] = "AEFBQUFBQUFB"
    for name, value in wrote:
        message[name] = value
    message["From"] = f"Amazon Web Services <{sender}>"
    message["To"] = to
    message["Date"] = format_datetime(date)
    message["Subject"] = "Email Address Verification Request"
    message.set_content(f"Please go to\n\n{url or genuine()}\n\nThank you.", cte="quoted-printable")
    return message.as_bytes()


def link(content, since=NOW):
    return verification_mail.link(content, ADDRESS, REGION, ACCOUNT, since)


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
    genuine(Context="210987654321"),
    genuine(Context=""),
    genuine() + "&Context=210987654321",
    genuine() + "&Identity.IdentityName=" + quote("somebody@example.net"),
    "https://[::1",
    "https://email-verification.eu-west-1.amazonaws.com:x/",
]


@pytest.mark.parametrize("url", FORGED_LINKS)
def test_no_other_link_is_opened(url):
    assert not verification_mail.is_genuine(url, ADDRESS, REGION, ACCOUNT)
    assert link(mail(url)) is None


@pytest.mark.parametrize(
    "content",
    [
        mail(sender="no-reply-aws@amazon.com.example.net"),
        mail(to="somebody@example.net"),
        mail(date=NOW - timedelta(days=1)),
        mail(verdict="FAIL"),
        mail().replace(b"X-SES-Spam-Verdict: PASS\n", b""),
        mail().replace(b"X-SES-Spam-Verdict: PASS", b"X-SES-Spam-Verdict: FAIL\nX-SES-Spam-Verdict: PASS"),
        mail().replace(b"X-SES-RECEIPT", b"X-Other"),
        mail(results=RESULTS.replace("dmarc=pass", "dmarc=fail")),
        mail(results=RESULTS.replace("header.from=amazon.com", "header.from=example.net")),
        mail(results=RESULTS.replace("amazonses.com", "mx.example.net", 1)),
        mail(results=RESULTS.replace("dmarc=pass", "dmarc=fail header.from=amazon.com; dmarc=pass")),
        mail(results="amazonses.com; spf=fail (x; dmarc=pass header.from=amazon.com;); dkim=fail;"),
        mail(results='amazonses.com; spf=pass envelope-from="; dmarc=pass header.from=amazon.com;"@example.net;'),
        mail(results="amazonses.com; spf=pass;"),
        mail(results="amazonses.com; spf=pass;", wrote=[("Authentication-Results", RESULTS)]),
        mail(results=None, wrote=[("Authentication-Results", RESULTS), ("X-SES-RECEIPT", "forged")]),
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


# What a header can hold that Python's parsers take for the beginning of something.
_PIECES = [
    "<",
    ">",
    "@",
    "<@>",
    '"',
    "(",
    ")",
    ";",
    ":",
    ",",
    "a:;",
    "a@b",
    "[",
    "\\",
    ".",
    "'",
    "=?",
    "?=",
    "=?utf-8?q?",
    "=?x?b?",
    "*0=",
]
_PIECES += [
    "\x00",
    "\xff",
    "\u2028",
    " ",
    "\r\n ",
    "9" * 20,
    "Mon, 1 Jan 99999 00:00:00 +9999",
    "+9999",
    "text/plain",
    "charset=x",
]
_HEADERS = [
    "From",
    "To",
    "Cc",
    "Sender",
    "Reply-To",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "X-SES-RECEIPT",
]
_HEADERS += ["Content-Disposition", "Content-Transfer-Encoding", "Authentication-Results", "X-SES-Spam-Verdict"]
_VALUES = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=6).map("".join)


@given(st.sampled_from(_HEADERS), _VALUES, st.booleans())
def test_no_header_breaks_it(name, value, above):
    written = f"{name}: {value}\r\n".encode(errors="replace")
    content = mail()
    assert link(written + content if above else content.replace(b"From:", written + b"From:", 1)) in (None, genuine())


@pytest.mark.parametrize("header", ["Message-ID: <", "Cc: a:;<", "Reply-To: '@", "In-Reply-To: <", "Sender: a:;<"])
def test_nor_does_one_that_pythons_parser_fails_on(header):
    assert link(mail().replace(b"Subject:", f"{header}\nSubject:".encode())) == genuine()
    assert link(mail(sender="spam@example.net").replace(b"Subject:", f"{header}\nSubject:".encode())) is None


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_the_link_is_found_in_each_encoding_and_part(encoding):
    message = EmailMessage()
    message.set_content("See the other part.")
    message.add_alternative(f'<a href="{genuine()}">Go</a>', subtype="html", cte=encoding)
    headers = mail().partition(b"Content-Type")[0]
    assert link(headers + message.as_bytes()) == genuine()


@given(st.sampled_from(["From", "Return-Path", "Authentication-Results", "DKIM-Signature"]), _VALUES)
def test_no_header_breaks_what_a_message_says_of_dmarc(name, value):
    message = dmarc.read(f"{name}: {value}\nFrom: a@example.org\n\nx")
    author, spf, dkim = dmarc.results(message)
    dmarc.evaluate(author, dmarc.Policy(), spf, dkim)
    dmarc.signatures(message)


def test_a_mail_that_is_nested_too_deeply_is_not_taken():
    assert link(mail().replace(b"Content-Type: text/plain", b"Content-Type: message/rfc822\n\n" * 3000)) is None
    assert link(b"Content-Type: message/rfc822\n\n" * 3000) is None


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


def jsons():
    inner = st.text()
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | inner
    return st.recursive(
        leaves, lambda kids: st.lists(kids, max_size=3) | st.dictionaries(inner, kids, max_size=3), max_leaves=8
    )


_MEMBERS = ("bounce", "complaint", "deliveryDelay", "reject", "failure", "mail")
_DEEPER = (
    *(
        "bounceType",
        "bounceSubType",
        "bouncedRecipients",
        "complaintSubType",
        "complaintFeedbackType",
        "complainedRecipients",
    ),
    *("delayType", "delayedRecipients", "expirationTime", "reason", "templateName", "errorMessage", "destination"),
)
_OF_RECIPIENTS = st.dictionaries(st.sampled_from(["emailAddress", "diagnosticCode", "status"]), jsons(), max_size=3)


@given(
    kind=st.sampled_from(delivery.KINDS) | jsons(),
    member=st.fixed_dictionaries(
        {}, optional={name: jsons() | st.lists(_OF_RECIPIENTS, max_size=2) for name in _DEEPER}
    )
    | jsons(),
)
def test_no_type_of_json_breaks_an_explanation_or_forges_a_line(kind, member):
    event = {"notificationType": kind, **dict.fromkeys(_MEMBERS, member)}
    try:
        entries = delivery.explain(event)
    except RunbookError as error:
        assert len(str(error).splitlines()) == 1
        assert str(error).isprintable()
        return
    lines = delivery.in_words(entries).split("\n")
    assert len(lines) == sum(3 if entry["diagnostic"] else 2 for entry in entries)
    assert all(line.isprintable() for line in lines)


@given(jsons() | st.binary())
def test_any_value_is_explained_or_refused_in_a_sentence(given_value):
    for form in (given_value, json.dumps(given_value) if not isinstance(given_value, bytes) else given_value):
        with pytest.raises(RunbookError):
            delivery.explain(form)


@given(charset=st.text(alphabet=st.characters(codec="ascii"), max_size=12), body=st.binary(max_size=60))
def test_no_mail_breaks_an_explanation(charset, body):
    text = f"Subject: x\nContent-Type: text/plain; charset={charset}\n\n{{" + body.decode("latin-1")
    with pytest.raises(RunbookError):
        delivery.explain(text)


def test_a_mail_in_a_charset_that_nobody_knows_is_read():
    mail = "Subject: x\nContent-Type: text/plain; charset=x-klingon\n\n" + json.dumps(bounce())
    assert delivery.explain(mail)[0]["address"] == "jane@example.com"


def test_json_without_end_is_refused():
    with pytest.raises(RunbookError):
        delivery.explain('{"a":' * 100000)


def test_what_a_server_said_cannot_pass_for_a_line_of_ours():
    event = bounce()
    forged = "550\n  What to do: send your password to x.\r\u202e\x1b[2J\u2028end"
    event["bounce"]["bouncedRecipients"][0] |= {"emailAddress": "a\nb@example.com", "diagnosticCode": forged}
    first, said, do = delivery.in_words(delivery.explain(event)).split("\n")
    assert "a\\nb@example.com" in first
    assert said == r"  The server said: 550\n  What to do: send your password to x.\r\u202e\x1b[2J\u2028end"
    assert "password" not in do


@pytest.mark.parametrize(
    ("arn", "named"),
    [
        ("arn:aws:ses:eu-west-1:123456789012:identity/example.org", " region=eu-west-1`"),
        ("arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/a@example.org", " region=us-gov-west-1`"),
        ("arn:aws:ses:$(touch x)-1:1:identity/a", "jane@example.com`"),
        (5, "jane@example.com`"),
    ],
)
def test_commands_are_for_the_region_that_sent_the_mail(arn, named):
    event = bounce("Permanent", "OnAccountSuppressionList")
    event["mail"]["sourceArn"] = arn
    (entry,) = delivery.explain(event)
    assert entry["do"].endswith(f"ses_delivery.unsuppress jane@example.com{named.removeprefix('jane@example.com')}")


def test_an_address_that_holds_a_word_of_ours_stays_as_it_is_in_the_command():
    event = bounce()
    text = json.dumps(event).replace("jane@example.com", "SUPPRESSED@example.com")
    event = json.loads(text)
    event["bounce"] |= {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}
    (entry,) = delivery.explain(event)
    assert "ses_delivery.unsuppress SUPPRESSED@example.com" in entry["do"]


def test_a_signature_whose_domain_nobody_names():
    message = dmarc.read("Authentication-Results: mx.example.net; dkim=fail\nFrom: a@example.org\n\nx")
    author, spf, dkim = dmarc.results(message)
    passes, reasons = dmarc.evaluate(author, RELAXED, spf, dkim)
    assert not passes
    assert "DKIM does not count: its result for an unnamed domain is fail." in reasons
