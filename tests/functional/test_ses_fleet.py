"""Email of the sample fleet, whole: from pillar through the SLS file to SES and SNS, until nothing is left to wait for."""

import re

import pytest
import yaml

from sandbox.zone import Zone
from tests.fixtures.dns_hosts import TOKEN, Cloudflare, standing_in

NAMES = [f"d{number}.example.org" for number in range(10)] + [f"a{number}@example.org" for number in range(10)]


def changes(states):
    return {name: state["changes"] for name, state in states.items() if state["changes"]}


def results(states):
    return {name: state["comment"] for name, state in states.items() if state["result"] is not True}


def ses_calls(sandbox):
    return [call for call in sandbox.calls() if call["service"] in ("ses", "sesv2")]


def answered(calls):
    """Those that were not refused as too many."""
    return [call for call in calls if call["status"] == 200 or call["error"] == "NotFoundException"]


def edit(fleet, old, new):
    path = fleet.pillar / "public" / "email.sls"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def only_email(fleet, aws):
    (fleet.pillar / "top.sls").write_text("base: {control: [only]}\n")
    (fleet.pillar / "only.sls").write_text(yaml.safe_dump({"aws": aws}))


def test_plan_apply_and_apply_again(fleet, sandbox):
    sandbox.refuse_writes(True)
    planned = fleet.apply("aws.email", test=True)
    assert sandbox.calls(write=True) == []
    sandbox.refuse_writes(False)
    applied = fleet.apply("aws.email")
    assert results(applied) == {}
    assert changes(applied) == changes(planned)
    receiving = "aws-receiving-noreply@noreply.example.org"
    assert set(applied) - set(changes(applied)) == {"aws-pillar", receiving}
    assert "does not go to SES (noreply.example.org has no MX record)" in applied[receiving]["warnings"][0]
    sandbox.clear_calls()
    again = fleet.apply("aws.email")
    assert results(again) == changes(again) == {}
    assert sandbox.calls(write=True) == []


def test_the_pending_list_grows_empty(fleet, sandbox):
    fleet.apply("aws.email")

    def pending():
        found = fleet.call("aws_account.pending", format="data")
        return {entry["what"]: entry for entry in found if not entry["what"].startswith(("access key", "instance"))}

    waiting = pending()
    email = [what for what in waiting if re.search(r"verification|MAIL FROM|subscription|production", what)]
    assert len(email) == 2 + 1 + 3 + 2 + 1, "domains, MAIL FROM, addresses, subscriptions, the account"
    assert "CNAME" in waiting["verification of noreply.example.org"]["records"]
    assert "inbound-smtp" in waiting["verification of noreply.example.org"]["records"]
    assert waiting["MAIL FROM mail.noreply.example.org of noreply.example.org"]["records"]
    table, records = fleet.call("aws_account.pending").split("Records to add, as lines of a zone file:\n")
    assert len(set(records.splitlines())) == len(records.splitlines()) == 13, "of two domains and a MAIL FROM"
    firsts = [re.split(" {2,}", line)[1] for line in table.splitlines()[2:6]]
    assert sorted(firsts) == sorted(what for what in waiting if re.search("(verification of|mail for) .*@", what)), (
        "links lapse first"
    )
    for name in ("noreply.example.org", "data.example.org"):
        sandbox.verify(name)
    sandbox.verify("noreply.example.org", "mail_from")
    for name in ("noreply@noreply.example.org", "hello@noreply.example.org", "data@data.example.org"):
        sandbox.verify(name)
    for topic, who in (("noreply-example-org", "ops@example.org"), ("data-example-org", "data@example.org")):
        sandbox.confirm_subscription(f"arn:aws:sns:us-east-1:123456789012:{topic}", who)
    sandbox.review_account("GRANTED")
    assert not set(email) & set(pending())
    again = fleet.apply("aws.email")
    assert changes(again) == {}
    assert not [state for state in again.values() if state.get("warnings")]


def test_the_smtp_password_is_in_its_store_and_nowhere_else(fleet, caplog):
    caplog.set_level(1)
    states = fleet.apply("aws.email")
    secret = yaml.safe_load((fleet.pillar / "private" / "credere.sls").read_text())["smtp"]["password"]
    assert secret not in str(states)
    assert secret not in caplog.text


def test_a_topic_that_nobody_declares_is_one_sentence_under_test_too(fleet, sandbox):
    edit(fleet, "bounce_topic: data-example-org", "bounce_topic: nowhere")
    sentence = "bounce_topic is 'nowhere', but there is no such SNS topic in us-east-1: declare it under aws:sns:topics"
    for test in (True, False):
        state = fleet.apply("aws.email", test=test)["aws-identity-data@data.example.org"]
        assert state["result"] is False
        assert sentence in state["comment"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("data.example.org:\n", "data_x.example.org:\n", "has no underscore"),
        ("mail_from: mail.noreply", "mail_from: mail.other", "give a subdomain of noreply.example.org"),
        (
            "- DELIVERY_DELAY",
            "- DELAYED",
            "aws:ses:configuration_sets:credere:event_destinations:credere-noreply:events:2",
        ),
    ],
)
def test_a_wrong_pillar_is_one_failed_state_and_nothing_else_is_done(fleet, sandbox, old, new, sentence):
    edit(fleet, old, new)
    states = fleet.apply("aws")
    assert list(states) == ["aws-pillar"]
    assert sentence in states["aws-pillar"]["comment"]
    assert sandbox.calls() == []


def test_nothing_of_email_costs_nothing(fleet, sandbox):
    only_email(fleet, {"region": "us-east-1"})
    assert list(fleet.apply("aws.email")) == ["aws-pillar"]
    assert fleet.call("aws_email.plan") == "Pillar declares nothing for email."
    assert sandbox.calls() == []


def test_an_address_is_verified_by_receiving(fleet, sandbox):
    with Zone() as zone:
        sandbox.dns(zone.address)
        zone.add("noreply.example.org", "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        (fleet.pillar / "private" / "dns.sls").write_text(
            yaml.safe_dump({"aws": {"ses": {"dns": {"nameserver": zone.address}}}})
        )
        planned = fleet.apply("aws.email", test=True)
        applied = fleet.apply("aws.email")
        assert results(applied) == {}
        assert changes(applied) == changes(planned)
        receiving = "aws-receiving-noreply@noreply.example.org"
        assert set(applied) - set(changes(applied)) == {"aws-pillar", receiving}
        assert "verified domains only" in applied[receiving]["warnings"][0]
        sandbox.verify("noreply.example.org")
        planned = fleet.apply("aws.email", test=True)
        applied = fleet.apply("aws.email")
        assert results(applied) == {}
        assert changes(applied) == changes(planned) == {receiving: {"verified": {"old": False, "new": True}}}
        assert not [entry for entry in fleet.call("aws_account.pending", format="data") if "noreply@" in entry["what"]]
        assert changes(fleet.apply("aws.email")) == {}
        sandbox.dns(None)


def test_records_are_published_and_verified_without_anybody(fleet, sandbox, monkeypatch):
    ses = {
        "identities": {"example.org": {"mail_from": "mail.example.org"}, "a@example.org": None},
        "dns": {"provider": "cloudflare", "zone": "example.org", "auth_token": TOKEN},
    }
    only_email(fleet, {"ses": ses})
    assert TOKEN not in str(fleet.call("aws_email.plan", format="data"))
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch) as host:
        planned = fleet.apply("aws.email", test=True)
        applied = fleet.apply("aws.email")
        assert results(applied) == {}
        assert changes(applied) == changes(planned)
        assert len([entry for entry in host.records if entry["type"] == "CNAME"]) == 3
        assert changes(fleet.apply("aws.email")) == {}


def test_the_plan_for_a_person(fleet, sandbox):
    text = fleet.call("aws_email.plan")
    assert re.search(r"identity +noreply.example.org +us-east-1 +signing_key_length=RSA_2048_BIT, mail_from=mail", text)
    assert "SMTP user" in text
    assert "credere.sls" not in text
    assert sandbox.calls() == []


def test_reading_twenty_identities_takes_a_handful_of_calls(fleet, sandbox):
    settings = {"bounce_topic": "feedback", "complaint_topic": "feedback", "include_headers": True}
    only_email(
        fleet,
        {
            "sns": {"topics": {"feedback": None}},
            "ses": {"identities": {name: {**settings, "mail_from": "mail.example.org"} for name in NAMES[10:]}},
        },
    )
    fleet.apply("aws.email")
    sandbox.clear_calls()
    assert changes(fleet.apply("aws.email")) == {}
    assert len(answered(ses_calls(sandbox))) == 3, "verification, MAIL FROM, notifications"


def test_reading_a_hundred_identities_takes_ten_calls_at_most(fleet, sandbox):
    names = [f"a{number}@example.org" for number in range(100)]
    ses, sesv2 = sandbox.client("ses"), sandbox.client("sesv2")
    topic = sandbox.client("sns").create_topic(Name="feedback")["TopicArn"]
    for name in names:
        sesv2.create_email_identity(EmailIdentity=name)
        for kind in ("Bounce", "Complaint"):
            ses.set_identity_notification_topic(Identity=name, NotificationType=kind, SnsTopic=topic)
            ses.set_identity_headers_in_notifications_enabled(Identity=name, NotificationType=kind, Enabled=True)
    settings = {"bounce_topic": "feedback", "complaint_topic": "feedback", "include_headers": True}
    only_email(fleet, {"sns": {"topics": {"feedback": None}}, "ses": {"identities": dict.fromkeys(names, settings)}})
    sandbox.clear_calls()
    assert list(changes(fleet.apply("aws.email"))) == ["aws-topic-feedback"]  # SES may publish to it from now on
    assert len(answered(ses_calls(sandbox))) <= 10


def test_making_twenty_identities_takes_no_more_calls_than_there_are_things_to_write_and_to_confirm(fleet, sandbox):
    """Each is made, looked for, given two topics and two kinds of headers, and looked at; two reads tell of all before."""
    settings = {"bounce_topic": "feedback", "complaint_topic": "feedback", "include_headers": True}
    only_email(
        fleet,
        {"sns": {"topics": {"feedback": None}}, "ses": {"identities": dict.fromkeys(NAMES, settings)}},
    )
    assert results(fleet.apply("aws.email")) == {}
    assert len(answered(ses_calls(sandbox))) == 20 * (1 + 1 + 4 + 1) + 2


def test_a_domain_with_all_that_is_set_for_it_is_read_once_after_each_write(fleet, sandbox):
    settings = {"signing_key_length": "RSA_2048_BIT", "mail_from": "mail.example.org", "tags": {"team": "data"}}
    only_email(fleet, {"ses": {"identities": {"example.org": settings}}})
    assert results(fleet.apply("aws.email")) == {}
    assert [call["operation"] for call in answered(ses_calls(sandbox))] == [
        "GetEmailIdentity",
        "CreateEmailIdentity",
        "GetEmailIdentity",
        "TagResource",  # since when SES looks for the MX record
        "PutEmailIdentityMailFromAttributes",
        "GetEmailIdentity",
    ]


def test_ses_own_pace_is_kept(fleet, sandbox, monkeypatch):
    """At a pace that lets one call through in so long, few are refused, and none fails; the pace is scaled for the test."""
    monkeypatch.setattr("aws_runbook.aws.pace._INTERVAL", 0.1)
    monkeypatch.setattr("aws_runbook.aws.pace._paces", {})
    only_email(fleet, {"ses": {"identities": dict.fromkeys(NAMES)}})
    sandbox.clear_faults()  # those by chance: only the pace is tried
    for service in ("ses", "sesv2"):
        sandbox.rate(service, 10)
    assert results(fleet.apply("aws.email")) == {}
    calls = ses_calls(sandbox)
    refused = [call for call in calls if call["status"] in (400, 429)]
    assert len(calls) > 40
    assert len(refused) <= 3, "after the first refusal the pace is kept"
