"""Notifications in plain words, the suppression list, DMARC."""

import json

import pytest
from salt.exceptions import CommandExecutionError

from sandbox.zone import Zone

DOMAIN = "noreply.example.org"
BOUNCE = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "OnAccountSuppressionList",
        "bouncedRecipients": [{"emailAddress": "jane@example.com"}],
    },
}


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        yield server


@pytest.mark.runs_command("notifications._in_words", "ses_delivery.unsuppress")
@pytest.mark.runs_command("notifications._in_words", "ses_delivery.suppressed")
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_what_the_explanation_says_works_where_the_mail_was_sent(modules, sandbox, obey, region):
    sandbox.client("sesv2", region).put_suppressed_destination(EmailAddress="jane@example.com", Reason="BOUNCE")
    arn = f"arn:aws:ses:{region}:123456789012:identity/example.org"
    text = modules["ses_delivery.explain"]({**BOUNCE, "mail": {"sourceArn": arn}})
    assert [entry["address"] for entry in obey(text, "ses_delivery.suppressed")] == ["jane@example.com"]
    assert obey(text, "ses_delivery.unsuppress") is True
    assert obey(text, "ses_delivery.suppressed") == []


def test_a_notification_in_a_file_or_not(modules, tmp_path):
    path = tmp_path / "bounce.json"
    path.write_text(json.dumps(BOUNCE))
    for given in (str(path), path.read_text(), BOUNCE):
        text = modules["ses_delivery.explain"](given)
        assert text.startswith("jane@example.com (Bounce, Permanent, OnAccountSuppressionList): SES did not send")
        assert "salt-call --local ses_delivery.unsuppress jane@example.com" in text
    assert modules["ses_delivery.explain"](BOUNCE, format="data")[0]["permanent"] is True
    with pytest.raises(Exception, match=r"'/tmp/.*x00', which cannot be read: it is not a path"):
        modules["ses_delivery.explain"]("/tmp/\0")
    with pytest.raises(Exception, match="which cannot be read: it is not a path"):
        modules["ses_delivery.explain"]("/tmp/\udc80\ud800")
    with pytest.raises(Exception, match="which cannot be read: No such file"):
        modules["ses_delivery.explain"](str(tmp_path / "nothing"))


@pytest.mark.parametrize("size", [None, 1])
def test_the_suppression_list(modules, sandbox, size):
    sandbox.page_size(size)
    sandbox.suppress("jane@example.com", message_id="0100", feedback_id="f")
    sandbox.suppress("bob@example.com", "COMPLAINT")
    assert [entry["address"] for entry in modules["ses_delivery.suppressed"]()] == [
        "bob@example.com",
        "jane@example.com",
    ]
    assert [entry["address"] for entry in modules["ses_delivery.suppressed"](reason="BOUNCE")] == ["jane@example.com"]
    found = modules["ses_delivery.suppressed"]("jane@example.com")
    assert (found["reason"], found["message_id"]) == ("BOUNCE", "0100")
    assert modules["ses_delivery.unsuppress"]("jane@example.com") is True
    assert modules["ses_delivery.unsuppress"]("jane@example.com") is False
    assert modules["ses_delivery.suppressed"]("jane@example.com") is None
    with pytest.raises(Exception, match="reason is 'SPAM'; allowed are BOUNCE, COMPLAINT"):
        modules["ses_delivery.suppressed"](reason="SPAM")
    with pytest.raises(Exception, match="address is 'jane': give an email address"):
        modules["ses_delivery.unsuppress"]("jane")


def test_dmarc_of_a_domain(modules, states, sandbox, zone):
    def check():
        return modules["ses_delivery.check_dmarc"](DOMAIN, nameserver=zone.address, format="data")

    with pytest.raises(Exception, match="does not exist in SES"):
        check()
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    found = check()
    assert (found["passes"], found["policy"]) == (False, None)
    assert "There is no DMARC record" in found["reasons"][-1]
    sandbox.verify(DOMAIN)
    zone.add("_dmarc.example.org", "TXT", '"v=DMARC1; p=reject; sp=quarantine; aspf=s"')
    found = check()
    assert (found["passes"], found["policy"]) == (True, "reject")
    assert (
        "The DMARC record of example.org requests this of receivers for mail that does not pass: quarantine."
        in found["reasons"]
    )
    assert any("which is normal" in reason for reason in found["reasons"])
    sandbox.verify(DOMAIN, "mail_from")
    text = modules["ses_delivery.check_dmarc"](DOMAIN, nameserver=zone.address)
    assert text.startswith(f"Mail from {DOMAIN} passes DMARC.\n")
    assert f"SPF passes but is not aligned (strictly): the envelope sender's domain is mail.{DOMAIN}" in text


def test_a_dmarc_record_that_is_none(modules, sandbox, zone):
    zone.add("_dmarc.example.org", "TXT", '"v=DMARC1; p=all"')
    text = modules["ses_delivery.check_dmarc"](message="From: a@example.org\n\nx", nameserver=zone.address)
    assert text.startswith("Mail from example.org does not pass DMARC.\n")
    assert text.splitlines()[-1].startswith("The DMARC record of example.org is invalid, so no policy applies: ")


def test_dmarc_of_a_message(modules, sandbox, zone, tmp_path):
    path = tmp_path / "received.eml"
    path.write_text(
        "Authentication-Results: mx.example.net; dkim=pass header.d=example.org; dkim=pass header.d=amazonses.com;\n"
        " spf=pass smtp.mailfrom=0100@mail.example.org\n"
        "From: <noreply@example.org>\n\nHello"
    )
    found = modules["ses_delivery.check_dmarc"](message=str(path), nameserver=zone.address, format="data")
    assert found["passes"] is True
    bare = modules["ses_delivery.check_dmarc"](
        message="DKIM-Signature: v=1; d=example.org\nFrom: a@example.org\n\nx", nameserver=zone.address, format="data"
    )
    assert bare["passes"] is False
    assert "It is signed by example.org." in bare["reasons"][0]
    with pytest.raises(Exception, match="no From header"):
        modules["ses_delivery.check_dmarc"](message="hello", nameserver=zone.address)
    for sent in ("From: a:;<", "From: <\n\n", "From: '@\n\n"):
        with pytest.raises(CommandExecutionError, match="no From header"):
            modules["ses_delivery.check_dmarc"](message=sent, nameserver=zone.address)
    for given in (5, b"From: a@example.org", {"a": 1}, "From: \ud800"):
        with pytest.raises(CommandExecutionError, match="check_dmarc: message is not a text"):
            modules["ses_delivery.check_dmarc"](message=given, nameserver=zone.address)
    nested = "From: a@example.org\n" + "Content-Type: message/rfc822\n\n" * 3000
    assert "example.org" in modules["ses_delivery.check_dmarc"](message=nested, nameserver=zone.address)
    with pytest.raises(Exception, match="and not both"):
        modules["ses_delivery.check_dmarc"]()
