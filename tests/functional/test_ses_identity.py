"""Identities and configuration sets."""

from datetime import datetime, timedelta, timezone

import pytest
import salt.loader
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session
from sandbox.zone import Zone

DOMAIN = "noreply.example.org"
ADDRESS = f"data@{DOMAIN}"
TOPIC = "noreply-example-org"
ARN = f"arn:aws:sns:us-east-1:123456789012:{TOPIC}"


@pytest.fixture
def sesv2(sandbox):
    return sandbox.client("sesv2")


@pytest.fixture
def ses(sandbox):
    return sandbox.client("ses")


@pytest.fixture
def topic(sandbox):
    return sandbox.client("sns").create_topic(Name=TOPIC)["TopicArn"]


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        server.add("example.org", "SOA", "ns.example.org. ops.example.org. 1 3600 600 86400 60")
        server.add("example.org", "NS", "ns.example.org.")
        server.add("ns.example.org", "A", "127.0.0.1")
        sandbox.dns(server.address)
        yield server
        sandbox.dns(None)


def publish(zone, records):
    for record in records:
        dot = "" if record["type"] == "TXT" else "."
        value = f'"{record["value"]}"' if record["type"] == "TXT" else record["value"] + dot
        zone.add(record["name"], record["type"], value)


def test_a_domain_present_and_drift(converge, sesv2, ses, topic):
    sesv2.create_configuration_set(ConfigurationSetName="credere")
    wanted = {
        "name": DOMAIN,
        "signing_key_length": "RSA_2048_BIT",
        "mail_from": f"mail.{DOMAIN}",
        "behavior_on_mx_failure": "REJECT_MESSAGE",
        "bounce_topic": TOPIC,
        "complaint_topic": TOPIC,
        "include_headers": True,
        "email_forwarding": False,
        "configuration_set": "credere",
        "tags": {"team": "data"},
    }
    created = converge("ses_identity.present", **wanted)
    assert created.result is True, created.comment
    assert set(created.changes) == set(wanted)
    assert created.warnings[0].startswith(f"Waiting: SES does not see the DKIM records of {DOMAIN}")
    assert created.warnings[1].startswith(f"Waiting: SES does not see the MX record of mail.{DOMAIN}")
    found = sesv2.get_email_identity(EmailIdentity=DOMAIN)
    assert found["DkimAttributes"]["NextSigningKeyLength"] == "RSA_2048_BIT"
    assert found["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    ses.set_identity_headers_in_notifications_enabled(Identity=DOMAIN, NotificationType="Complaint", Enabled=False)
    ses.set_identity_feedback_forwarding_enabled(Identity=DOMAIN, ForwardingEnabled=True)
    ses.set_identity_notification_topic(Identity=DOMAIN, NotificationType="Bounce")
    sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=DOMAIN,
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
    )
    mended = converge("ses_identity.present", **wanted)
    assert set(mended.changes) == {"include_headers", "email_forwarding", "bounce_topic", "signing_key_length"}
    assert mended.changes["include_headers"] == {"old": "partly", "new": True}


def test_attributes_can_be_taken_away(converge, topic):
    both = {"bounce_topic": TOPIC, "complaint_topic": TOPIC}
    converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}", email_forwarding=False, **both)
    gone = converge(
        "ses_identity.present", name=DOMAIN, mail_from="", bounce_topic="", complaint_topic="", email_forwarding=True
    )
    assert gone.result is True, gone.comment
    assert gone.changes["bounce_topic"] == {"old": ARN, "new": ""}


def test_an_address(converge, sandbox, topic):
    ret = converge("ses_identity.present", name=ADDRESS, bounce_topic=TOPIC)
    assert ret.warnings == [f"Waiting: the owner of {ADDRESS} must follow the link in the mail from SES."]
    sandbox.verify(ADDRESS)
    ret = converge("ses_identity.present", name=ADDRESS, bounce_topic=TOPIC)
    assert not getattr(ret, "warnings", None)


def test_an_identity_that_exists_in_the_first_versions_form_is_adopted(converge, ses, sesv2):
    ses.verify_domain_identity(Domain=DOMAIN)
    ret = converge("ses_identity.present", name=DOMAIN, signing_key_length="RSA_2048_BIT", mail_from=f"mail.{DOMAIN}")
    assert ret.result is True, ret.comment
    assert set(ret.changes) == {"mail_from"}


def test_a_domain_in_capitals_is_the_same(converge):
    converge("ses_identity.present", name=DOMAIN.upper())
    assert converge("ses_identity.present", name=DOMAIN).changes == {}


def test_verified_says_what_is_missing_then_waits(converge, modules, states, zone, sandbox):
    converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    found = modules["ses_identity.verified"](DOMAIN, nameserver=zone.address)
    assert found["verified"] is False
    text = "\n".join(found["missing"])
    assert "SES does not see the DKIM records" in text
    assert "(the name does not exist in DNS)" in text
    assert f"MX mail.{DOMAIN} is missing" in text
    publish(zone, modules["ses_identity.dns_records"](DOMAIN, format="data"))
    assert states["ses_identity.verified"](name=DOMAIN, timeout=5).result is True
    assert modules["ses_identity.verified"](DOMAIN) == {"verified": True, "missing": []}


NOBODY = {"provider": "rfc2136", "server": "127.0.0.1:9", "nameserver": "127.0.0.1:9"}


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"dns": NOBODY}}}])
def test_waiting_ends_with_what_is_missing(pillar, states, sandbox, monkeypatch):
    monkeypatch.setattr("aws_runbook.dns.check._LIFETIME", 0.3)
    states["ses_identity.present"](name=DOMAIN)
    ret = states["ses_identity.verified"](name=DOMAIN, timeout=0)
    assert ret.result is False
    assert f"{DOMAIN} is not verified after 0 seconds:\nSES does not see the DKIM records" in ret.comment
    assert "is unknown: The resolver does not answer" in ret.comment
    assert states["ses_identity.verified"](name=DOMAIN, timeout=3600, test=True).warnings


@pytest.mark.runs_command("identity_pending._retry", "ses_identity.retry")
@pytest.mark.runs_command("identity_pending._records", "ses_identity.dns_records")
def test_after_72_hours_it_can_be_tried_again(converge, modules, sandbox, obey):
    sandbox.stop_clock()
    converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    sandbox.advance_clock(73 * 3600)
    ret = converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    assert ret.result is True
    assert "_domainkey" in obey(ret.warnings[0], "ses_identity.dns_records")
    obey(ret.warnings[0], "ses_identity.retry")
    assert modules["ses_identity.describe"](DOMAIN, ["mail_from"])["mail_from_status"] == "PENDING"


def test_the_records(converge, modules, zone):
    converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    rows = modules["ses_identity.dns_records"](DOMAIN, zone="example.org", receives=True, format="data")
    assert [row["purpose"] for row in rows] == [
        *["dkim"] * 3,
        "mail_from_mx",
        "mail_from_spf",
        "inbound_mx",
        "spf",
        "dmarc",
    ]
    assert rows[0]["relative"] == rows[0]["name"].removesuffix(".example.org")
    assert "$ORIGIN example.org." in modules["ses_identity.dns_records"](DOMAIN, zone="example.org", format="zone")
    assert "mail.noreply" in modules["ses_identity.dns_records"](DOMAIN, zone="example.org")


def test_check_dns_tells_each_case(converge, modules, zone):
    converge("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    rows = modules["ses_identity.dns_records"](DOMAIN, receives=True, format="data")
    first, second, third = rows[:3]

    def statuses():
        found = modules["ses_identity.check_dns"](DOMAIN, format="data", nameserver=zone.address, receives=True)
        return {(row["purpose"], row["name"]): (row["status"], row["detail"]) for row in found}

    def status(row):
        return statuses()[row["purpose"], row["name"]]

    assert {entry[0] for entry in statuses().values()} == {"missing", "suggested"}
    zone.add(first["name"], "CNAME", "other.example.net.")
    zone.add(second["name"] + ".example.org", "CNAME", second["value"] + ".")
    zone.add(third["name"], "TXT", '"x"')
    zone.add(f"mail.{DOMAIN}", "MX", "10 mx.example.net.")
    zone.add(DOMAIN, "MX", "5 mx.example.net.")
    zone.add(DOMAIN, "TXT", '"v=spf1 mx -all"', '"other"')
    zone.add("_dmarc.example.org", "TXT", '"v=DMARC1; p=reject"')
    assert status(first) == ("wrong", "there is other.example.net")
    assert status(second)[0] == "duplicated suffix"
    assert status(third)[0] == "conflicting"
    by_purpose = {purpose: entry for (purpose, _), entry in statuses().items()}
    assert by_purpose["mail_from_mx"][0] == "conflicting"
    assert by_purpose["inbound_mx"] == ("conflicting", "mail goes to 5 mx.example.net, and that is not changed")
    assert by_purpose["spf"] == (
        "wrong",
        "there is v=spf1 mx -all; make it v=spf1 mx include:amazonses.com -all",
    )
    assert by_purpose["dmarc"] == ("present", "p=reject, from example.org")
    zone.add(DOMAIN, "TXT", '"v=spf1 -all"', '"v=spf1 mx -all"')
    assert statuses()["spf", DOMAIN][0] == "conflicting"
    for row in rows:
        zone.remove(row["name"], row["type"])
    zone.remove(third["name"], "TXT")
    zone.remove(first["name"], "CNAME")
    publish(zone, rows)
    assert {entry[0] for entry in statuses().values()} == {"present"}
    table = modules["ses_identity.check_dns"](DOMAIN, nameserver=zone.address)
    assert table.splitlines()[0].split() == ["status", "type", "name", "relative", "value", "detail"]
    zone.broken = True
    assert {entry[0] for entry in statuses().values()} == {"unknown"}


SETTINGS = {"identities": {DOMAIN: {"mail_from": f"mail.{DOMAIN}"}, ADDRESS: None}}


@pytest.mark.parametrize("pillar", [{"aws": {"ses": SETTINGS}}])
def test_pending(pillar, states, modules, sandbox):
    assert [entry["what"] for entry in modules["ses_identity.pending"]()] == [
        f"identity {DOMAIN}",
        f"identity {ADDRESS}",
    ]
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    states["ses_identity.present"](name=ADDRESS)
    dkim, mail_from, address = modules["ses_identity.pending"]()
    assert dkim["on"] == mail_from["on"] == "DNS"
    for entry in (dkim, mail_from, address):
        asked = datetime.fromisoformat(entry["since"])
        assert timedelta(0) <= datetime.now(timezone.utc) - asked < timedelta(minutes=5)
    assert "\tIN\tCNAME\t" in dkim["records"]
    (line,) = [line for line in dkim["console"].splitlines() if "feedback-smtp" in line]
    assert line.split() == ["MX", f"mail.{DOMAIN}", "feedback-smtp.us-east-1.amazonses.com", "10"]
    assert address == {
        "what": f"verification of {ADDRESS}",
        "on": ADDRESS,
        "since": address["since"],
        "until": (datetime.fromisoformat(address["since"]) + timedelta(hours=24)).isoformat(),
        "do": f"the owner of {ADDRESS} must follow the link in the mail from SES",
    }
    sandbox.verify(DOMAIN)
    sandbox.verify(DOMAIN, "mail_from")
    sandbox.verify(ADDRESS)
    assert modules["ses_identity.pending"]() == []


def test_a_console_has_names_without_the_zone(modules, states, sandbox):
    states["ses_identity.present"](name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    lines = modules["ses_identity.dns_records"](DOMAIN, zone=DOMAIN, receives=True, format="console").splitlines()
    (inbound,) = [line.split() for line in lines if "inbound-smtp" in line]
    assert inbound == ["MX", "@", "inbound-smtp.us-east-1.amazonaws.com", "10"]
    assert not [line for line in lines if f"{DOMAIN} " in line]


@pytest.mark.parametrize(
    "pillar", [{"aws": {"ses": SETTINGS, "sns": {"topics": {"bounces": {"subscriptions": ["ops@example.org"]}}}}}]
)
def test_what_may_not_be_read_is_one_line_of_what_is_pending(pillar, states, minion_opts, sandbox):
    states["sns_topic.present"](name="bounces", subscriptions=["ops@example.org"])
    for service in ("ses", "sesv2"):
        sandbox.fault(f"{service}:*", "access_denied", times=100)
    # A loader of its own: what one module calls of another has the pillar that the loader began with.
    found = salt.loader.minion_mods({**minion_opts, "pillar": pillar})["aws_account.pending"](format="data")
    refused = [
        entry for entry in found if entry["what"].startswith("identity") and "does not exist yet" not in entry["do"]
    ]
    assert [entry["what"] for entry in refused] == [f"identity {DOMAIN}", f"identity {ADDRESS}"], found
    assert "subscription of ops@example.org to bounces" in [entry["what"] for entry in found]


def test_what_somebody_else_asked_for_has_no_date(modules, pillar, sesv2):
    pillar["aws"] = {"ses": {"identities": {ADDRESS: None}}}
    sesv2.create_email_identity(EmailIdentity=ADDRESS)
    (entry,) = modules["ses_identity.pending"]()
    assert entry["since"] is None
    modules["ses_identity.retry"](ADDRESS)
    (entry,) = modules["ses_identity.pending"]()
    assert entry["since"]


def test_notes_of_ours_are_no_tags_to_purge(converge, sesv2):
    wanted = {"name": DOMAIN, "mail_from": f"mail.{DOMAIN}", "tags": {"team": "data"}, "purge": True}
    created = converge("ses_identity.present", **wanted)
    assert created.changes["tags"] == {"old": None, "new": {"team": "data"}}
    kept = {tag["Key"] for tag in sesv2.get_email_identity(EmailIdentity=DOMAIN)["Tags"]}
    assert kept == {"team", "aws-runbook:asked", "aws-runbook:mail-from-asked"}


def test_absent(converge, sandbox):
    assert converge("ses_identity.absent", name=DOMAIN).changes == {}
    converge("ses_identity.present", name=DOMAIN)
    sandbox.verify(DOMAIN)
    assert "is verified and is not deleted" in converge("ses_identity.absent", name=DOMAIN).comment
    assert converge("ses_identity.absent", name=DOMAIN, delete_verified=True).changes


def test_a_configuration_set_present_and_drift(converge, sesv2, topic):
    wanted = {
        "name": "credere",
        "event_destinations": {
            "credere-noreply": {"topic": TOPIC, "events": ["RENDERING_FAILURE", "REJECT", "DELIVERY_DELAY"]}
        },
        "reputation_metrics_enabled": True,
        "sending_enabled": True,
        "tls_policy": "REQUIRE",
        "custom_redirect_domain": "links.example.org",
        "https_policy": "REQUIRE",
        "suppressed_reasons": ["BOUNCE"],
        "tags": {"team": "data"},
    }
    created = converge("ses_configuration_set.present", **wanted)
    assert created.result is True, created.comment
    destination = {
        "ConfigurationSetName": "credere",
        "EventDestinationName": "credere-noreply",
    }
    found = sesv2.get_configuration_set_event_destinations(ConfigurationSetName="credere")["EventDestinations"]
    assert found == [
        {
            "Name": "credere-noreply",
            "Enabled": True,
            "MatchingEventTypes": ["DELIVERY_DELAY", "REJECT", "RENDERING_FAILURE"],
            "SnsDestination": {"TopicArn": ARN},
        }
    ]
    sesv2.update_configuration_set_event_destination(
        **destination,
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND", "REJECT"],
            "SnsDestination": {"TopicArn": ARN},
        },
    )
    sesv2.put_configuration_set_delivery_options(ConfigurationSetName="credere", TlsPolicy="OPTIONAL")
    mended = converge("ses_configuration_set.present", **wanted)
    assert set(mended.changes) == {"event_destinations", "tls_policy"}


def test_other_destinations_stay_unless_purged(converge, sesv2, topic):
    sesv2.create_configuration_set(ConfigurationSetName="credere")
    sesv2.create_configuration_set_event_destination(
        ConfigurationSetName="credere",
        EventDestinationName="theirs",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND"],
            "EventBridgeDestination": {"EventBusArn": "arn:aws:events:us-east-1:123456789012:event-bus/default"},
        },
    )
    wanted = {"name": "credere", "event_destinations": {"ours": {"topic": TOPIC, "events": ["REJECT"]}}}
    converge("ses_configuration_set.present", **wanted)

    def destinations():
        found = sesv2.get_configuration_set_event_destinations(ConfigurationSetName="credere")
        return [entry["Name"] for entry in found["EventDestinations"]]

    assert sorted(destinations()) == ["ours", "theirs"]
    converge("ses_configuration_set.present", **wanted, purge=True)
    assert destinations() == ["ours"]
    assert converge("ses_configuration_set.absent", name="credere").changes
    assert converge("ses_configuration_set.absent", name="credere").changes == {}


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("ses_identity.present", {"name": "a@b@c"}, "name is 'a@b@c': give an email address"),
        ("ses_identity.present", {"name": "a_b.org"}, "has no underscore"),
        ("ses_identity.present", {"name": "example.org."}, "leave out the dot at the end"),
        ("ses_identity.present", {"name": "münchen.de"}, "write xn--mnchen-3ya.de"),
        ("ses_identity.present", {"mail_from": "mail.example.net"}, "give a subdomain of noreply.example.org"),
        ("ses_identity.present", {"mail_from": DOMAIN}, "give a subdomain of noreply.example.org"),
        ("ses_identity.present", {"signing_key_length": 2048}, "allowed are RSA_1024_BIT, RSA_2048_BIT"),
        ("ses_identity.present", {"name": ADDRESS, "signing_key_length": "RSA_2048_BIT"}, "set it for its domain"),
        (
            "ses_identity.present",
            {"bounce_topic": "arn:aws:sns:eu-west-1:123456789012:t"},
            "a topic in eu-west-1; SES in us-east-1 takes topics of us-east-1 only",
        ),
        (
            "ses_configuration_set.present",
            {"event_destinations": {"d": {"topic": "t", "events": ["BOUNCED"]}}},
            "event_destinations:d:events is 'BOUNCED'; allowed are SEND",
        ),
        ("ses_configuration_set.present", {"event_destinations": {"d": {"topic": "t"}}}, "give a mapping of topic"),
        (
            "ses_configuration_set.present",
            {"event_destinations": ["d"]},
            "event_destinations is ['d']; give a mapping of names to topic and events.",
        ),
        (
            "ses_configuration_set.present",
            {"event_destinations": {"d": {"topic": "t", "events": []}}},
            "event_destinations:d:events is empty; give at least one of SEND",
        ),
        (
            "ses_configuration_set.present",
            {"event_destinations": {"d": {"topic": "", "events": ["REJECT"]}}},
            "event_destinations:d:topic is empty; give the name of an SNS topic.",
        ),
        (
            "ses_identity.present",
            {"bounce_topic": "arn:aws:sqs:us-east-1:123456789012:q"},
            "bounce_topic is 'arn:aws:sqs:us-east-1:123456789012:q'; give the name or the ARN of an SNS topic.",
        ),
        ("ses_configuration_set.present", {"tls_policy": "YES"}, "allowed are REQUIRE, OPTIONAL"),
        ("ses_configuration_set.present", {"suppressed_reasons": ["SPAM"]}, "allowed are BOUNCE, COMPLAINT"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(function, arguments, sentence, states, sandbox):
    ret = states[function](**{"name": DOMAIN, **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []


@pytest.mark.usefixtures("sandbox")
def test_a_destination_that_is_no_topic_is_kept_and_never_written(states):
    elsewhere = {"kind": "CloudWatchDestination", "events": ["REJECT"], "enabled": True}
    ret = states["ses_configuration_set.present"](name="credere", event_destinations={"metrics": elsewhere})
    assert ret.result is False
    assert (
        ret.comment == "configuration set credere: event_destinations:metrics has no topic; only topics can be written."
    )


TWO = {"aws": {"ses": {"identities": {DOMAIN: {}, "example.com": {}}}}}


@pytest.mark.parametrize("pillar", [TWO])
def test_an_identity_that_is_deleted_meanwhile_is_one_sentence(pillar, modules, ses, monkeypatch):
    """Its verification is asked first, with that of others; then it is gone."""
    for name in pillar["aws"]["ses"]["identities"]:
        ses.verify_domain_identity(Domain=name)
    read = Session.read

    def gone(self, service, method, *args, **named):
        return None if method == "get_email_identity" else read(self, service, method, *args, **named)

    monkeypatch.setattr(Session, "read", gone)
    with pytest.raises(CommandExecutionError) as refused:
        modules["ses_identity.describe"](DOMAIN)
    assert str(refused.value) == f"The identity {DOMAIN} is being deleted by another client; run this again."


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        (
            "ses_identity.present",
            {"bounce_topic": "nowhere"},
            "bounce_topic is 'nowhere', but there is no such SNS topic in us-east-1",
        ),
        (
            "ses_identity.present",
            {"email_forwarding": False},
            "email_forwarding is False, but there is no bounce_topic and no complaint_topic",
        ),
        (
            "ses_configuration_set.present",
            {"event_destinations": {"d": {"topic": "nowhere", "events": ["REJECT"]}}},
            "event_destinations:d:topic is 'nowhere', but there is no such SNS topic",
        ),
        ("ses_configuration_set.present", {"https_policy": "REQUIRE"}, "give custom_redirect_domain too"),
    ],
)
def test_what_aws_would_refuse_is_reported_before_anything_is_written(function, arguments, sentence, converge, sandbox):
    name = DOMAIN if function.startswith("ses_identity") else "credere"
    ret = converge(function, **{"name": name, **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize("function", ["ses_identity.present", "ses_configuration_set.present"])
def test_a_failed_read_is_an_error(function, states, sandbox):
    sandbox.fault("*", "access_denied", times=100)
    ret = states[function](name=DOMAIN if function.startswith("ses_identity") else "credere")
    assert ret.result is False
    assert "The credentials in use need ses:" in ret.comment
    assert sandbox.calls(write=True) == []


def own_key(sesv2, name):
    signing = {"DomainSigningSelector": "mine", "DomainSigningPrivateKey": "c2VjcmV0"}
    sesv2.create_email_identity(EmailIdentity=name, DkimSigningAttributes=signing)


def key_of_another_region(sesv2, name):
    signing = {"DomainSigningAttributesOrigin": "AWS_SES_EU_WEST_1"}
    sesv2.create_email_identity(EmailIdentity=name, DkimSigningAttributes=signing)


@pytest.mark.parametrize("make", [own_key, key_of_another_region])
def test_a_key_that_is_not_easy_dkims_stays_and_has_no_such_records(states, modules, sandbox, make):
    sesv2 = sandbox.client("sesv2")
    make(sesv2, "own.example.org")
    before = sesv2.get_email_identity(EmailIdentity="own.example.org")["DkimAttributes"]
    assert before["SigningAttributesOrigin"] != "AWS_SES"
    sandbox.clear_calls()
    assert [
        record
        for record in modules["ses_identity.dns_records"]("own.example.org", format="data")
        if record["purpose"] == "dkim"
    ] == []
    for test in (True, False):
        ret = states["ses_identity.present"](name="own.example.org", signing_key_length="RSA_2048_BIT", test=test)
        assert ret.result is False
        assert "signing_key_length is for Easy DKIM, but the domain signs with" in ret.comment
    with pytest.raises(Exception, match="is for Easy DKIM"):
        modules["ses_identity.update"]("own.example.org", signing_key_length="RSA_1024_BIT")
    assert sandbox.calls(write=True) == []
    assert sesv2.get_email_identity(EmailIdentity="own.example.org")["DkimAttributes"] == before
    (sentence,) = modules["ses_identity.waiting"](
        "own.example.org", modules["ses_identity.describe"]("own.example.org")
    )
    assert "dns_records" not in sentence


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"identities": {DOMAIN: {}, "own.example.org": {}}}}}])
def test_a_domain_with_its_owners_key_is_not_reported_as_waiting_for_records_of_ours(states, sandbox, pillar):
    """What is asked of many identities at once does not tell whose key it is."""
    own_key(sandbox.client("sesv2"), "own.example.org")
    sandbox.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)
    for test in (True, False):
        (warning,) = states["ses_identity.present"](name="own.example.org", test=test).warnings
        assert (
            "which signs with a key that its owner provides (EXTERNAL): the person who configured it has the record"
            in warning
        )


@pytest.mark.parametrize("there", [False, True])
def test_a_sets_own_empty_list_of_reasons_counts_in_place_of_the_accounts(converge, sandbox, there):
    sesv2 = sandbox.client("sesv2")
    if there:
        sesv2.create_configuration_set(ConfigurationSetName="credere")
    done = converge("ses_configuration_set.present", name="credere", suppressed_reasons=[])
    assert done.changes["suppressed_reasons"] == {"old": None, "new": []}
    assert sesv2.get_configuration_set(ConfigurationSetName="credere")["SuppressionOptions"] == {
        "SuppressedReasons": []
    }


@pytest.mark.parametrize("removed", ["bounce_topic", "complaint_topic"])
def test_a_topic_is_not_removed_while_forwarding_is_off(converge, topic, removed):
    both = {"bounce_topic": TOPIC, "complaint_topic": TOPIC}
    converge("ses_identity.present", name=DOMAIN, **both, email_forwarding=False)
    ret = converge("ses_identity.present", name=DOMAIN, **{removed: ""})
    assert ret.result is False
    assert f"{removed} would be removed, but email_forwarding is off" in ret.comment
    ret = converge("ses_identity.present", name=DOMAIN, **{removed: ""}, email_forwarding=True)
    assert set(ret.changes) == {removed, "email_forwarding"}


def test_a_configuration_set_that_nobody_declares_is_told_by_the_plan(converge, sesv2):
    ret = converge("ses_identity.present", name=DOMAIN, configuration_set="credere")
    assert ret.result is False
    assert ret.comment == (
        f"identity {DOMAIN}: configuration_set is 'credere', but there is no such configuration set: declare it under "
        "aws:ses:configuration_sets, or name an existing one."
    )
    sesv2.create_configuration_set(ConfigurationSetName="credere")
    assert converge("ses_identity.present", name=DOMAIN, configuration_set="credere").result is True


def test_one_that_a_state_of_the_run_declares_is_planned(account):
    fleet = account(
        {
            "aws": {
                "ses": {"configuration_sets": {"credere": {}}, "identities": {DOMAIN: {"configuration_set": "credere"}}}
            }
        }
    )
    assert {state["result"] for state in fleet.apply("aws.email", test=True).values()} <= {None, True}
    assert {state["result"] for state in fleet.apply("aws.email").values()} == {True}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("test", [True, False])
def test_a_timeout_that_is_no_number_is_one_sentence(states, test):
    ret = states["ses_identity.verified"](name=DOMAIN, timeout="soon", test=test)
    assert ret.comment == f"verification of {DOMAIN}: timeout is 'soon'; give a number of seconds, 0 or more."
