"""A notification that is no notification is told in one sentence, however it is built."""

import json

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.mail import notifications


def _multiparts(depth):
    return "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth))


@pytest.mark.parametrize(
    "mail", ["Content-Type: message/rfc822\n\n" * 3000, _multiparts(1500)], ids=["messages", "multiparts"]
)
def test_a_mail_that_is_nested_too_deeply_is_refused(mail):
    with pytest.raises(RunbookError, match=r"^The mail is nested too deeply to be read: give the notification"):
        notifications.explain(mail)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("Delivery", "the mail was handed to the recipient's server"),
        ("Send", "SES took the mail and will try to deliver it"),
        ("Open", "the recipient opened the mail"),
        ("Click", "the recipient followed a link in the mail"),
        ("Subscription", "the recipient changed what they are subscribed to"),
    ],
)
def test_what_is_no_trouble_is_said_as_it_is(kind, what):
    (entry,) = notifications.explain(json.dumps({"eventType": kind, "mail": {"destination": ["jane@example.com"]}}))
    assert (entry["address"], entry["what"]) == ("jane@example.com", what)


def test_a_notification_without_an_address_says_so():
    (entry,) = notifications.explain(json.dumps({"eventType": "Delivery", "mail": {}}))
    assert entry["address"] == "an address that the notification does not name"
