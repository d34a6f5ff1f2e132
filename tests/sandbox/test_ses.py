"""SES: what waits, what proves it, and when it lapses; settings of identities, configuration sets, the account."""

import pytest
from botocore.exceptions import ClientError

from sandbox.zone import Zone

HOURS = 3600


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == expected
    return str(excinfo.value)


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        sandbox.dns(server.address)
        yield server
        sandbox.dns(None)


@pytest.fixture
def ses(sandbox):
    sandbox.stop_clock()
    return sandbox.client("sesv2")


@pytest.fixture
def ses1(sandbox):
    return sandbox.client("ses")


@pytest.fixture
def topic(sandbox):
    return sandbox.client("sns").create_topic(Name="feedback")["TopicArn"]


def get(ses, name="example.org"):
    answer = ses.get_email_identity(EmailIdentity=name)
    answer.pop("ResponseMetadata")
    return answer


def publish(zone, tokens, domain="example.org", hosted="dkim.amazonses.com"):
    for token in tokens:
        zone.add(f"{token}._domainkey.{domain}", "CNAME", f"{token}.{hosted}.")


def test_a_new_domain_waits_for_three_records(ses):
    made = ses.create_email_identity(
        EmailIdentity="Example.org",
        DkimSigningAttributes={"NextSigningKeyLength": "RSA_2048_BIT"},
        Tags=[{"Key": "team", "Value": "data"}],
    )
    assert (made["IdentityType"], made["VerifiedForSendingStatus"]) == ("DOMAIN", False)
    dkim = made["DkimAttributes"]
    assert (dkim["Status"], dkim["SigningEnabled"], len(set(dkim["Tokens"]))) == ("PENDING", True, 3)
    assert dkim["SigningHostedZone"] == "dkim.amazonses.com"
    read = get(ses)
    assert read["DkimAttributes"]["Tokens"] == dkim["Tokens"]
    assert read["DkimAttributes"]["CurrentSigningKeyLength"] == "RSA_2048_BIT"
    assert read["VerificationStatus"] == "PENDING"
    assert read["FeedbackForwardingStatus"] is True
    assert read["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    assert read["Tags"] == [{"Key": "team", "Value": "data"}]
    assert "ConfigurationSetName" not in read


def test_an_identity_is_made_once(ses):
    ses.create_email_identity(EmailIdentity="example.org", Tags=[{"Key": "a", "Value": "b"}])
    refused("AlreadyExistsException", ses.create_email_identity, EmailIdentity="EXAMPLE.org")
    assert get(ses)["Tags"] == [{"Key": "a", "Value": "b"}]
    ses.delete_email_identity(EmailIdentity="example.org")
    refused("NotFoundException", ses.get_email_identity, EmailIdentity="example.org")
    refused("NotFoundException", ses.delete_email_identity, EmailIdentity="example.org")


@pytest.mark.parametrize("name", ["nothing", "a b@example.org", "@example.org", "-x.org", "a@b@c"])
def test_what_is_no_identity_is_refused(ses, name):
    refused("BadRequestException", ses.create_email_identity, EmailIdentity=name)


def test_each_region_has_its_own_identities_and_newer_ones_their_own_zone(sandbox, ses):
    ses.create_email_identity(EmailIdentity="example.org")
    other = sandbox.client("sesv2", region="eu-south-1")
    refused("NotFoundException", other.get_email_identity, EmailIdentity="example.org")
    made = other.create_email_identity(EmailIdentity="example.org")["DkimAttributes"]
    assert made["SigningHostedZone"] == "dkim.eu-south-1.amazonses.com"
    assert made["Tokens"] != get(ses)["DkimAttributes"]["Tokens"]


def test_dkim_succeeds_when_all_records_are_there(ses, zone):
    tokens = ses.create_email_identity(EmailIdentity="example.org")["DkimAttributes"]["Tokens"]
    assert get(ses)["VerificationInfo"]["ErrorType"] == "HOST_NOT_FOUND"
    publish(zone, tokens[:2])
    assert get(ses)["DkimAttributes"]["Status"] == "PENDING"
    zone.add(f"{tokens[2]}._domainkey.example.org", "CNAME", "elsewhere.example.net.")
    assert get(ses)["VerificationInfo"]["ErrorType"] == "INVALID_VALUE"
    publish(zone, tokens)
    read = get(ses)
    assert read["DkimAttributes"]["Status"] == read["VerificationStatus"] == "SUCCESS"
    assert read["VerifiedForSendingStatus"] is True
    assert "ErrorType" not in read["VerificationInfo"]
    assert read["VerificationInfo"]["LastSuccessTimestamp"]
    zone.questions.clear()
    get(ses)
    assert zone.questions == []


def test_a_broken_dns_server_is_distinguished_from_a_missing_record(ses, zone):
    ses.create_email_identity(EmailIdentity="example.org")
    zone.broken = True
    assert get(ses)["VerificationInfo"]["ErrorType"] == "DNS_SERVER_ERROR"


def test_without_records_it_fails_after_72_hours_and_can_be_started_again(sandbox, ses):
    tokens = ses.create_email_identity(EmailIdentity="example.org")["DkimAttributes"]["Tokens"]
    sandbox.advance_clock(71 * HOURS)
    assert get(ses)["VerificationStatus"] == "PENDING"
    sandbox.advance_clock(1 * HOURS)
    read = get(ses)
    assert read["VerificationStatus"] == read["DkimAttributes"]["Status"] == "FAILED"
    assert read["VerificationInfo"]["ErrorType"] == "HOST_NOT_FOUND"
    again = ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity="example.org",
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
    )
    assert again["DkimStatus"] == "PENDING"
    assert again["DkimTokens"] != tokens
    assert get(ses)["DkimAttributes"]["NextSigningKeyLength"] == "RSA_1024_BIT"


def test_the_test_can_settle_it_itself(sandbox, ses):
    ses.create_email_identity(EmailIdentity="example.org")
    sandbox.verify("example.org")
    assert get(ses)["VerifiedForSendingStatus"] is True
    sandbox.verify("example.org", "dkim", "TEMPORARY_FAILURE")
    assert get(ses)["DkimAttributes"]["Status"] == "TEMPORARY_FAILURE"


def test_own_keys_have_a_selector_and_no_zone(ses, zone):
    ses.create_email_identity(
        EmailIdentity="example.org",
        DkimSigningAttributes={"DomainSigningSelector": "mine", "DomainSigningPrivateKey": "a2V5"},
    )
    dkim = get(ses)["DkimAttributes"]
    assert (dkim["Tokens"], dkim["SigningAttributesOrigin"]) == (["mine"], "EXTERNAL")
    assert "SigningHostedZone" not in dkim
    zone.add("mine._domainkey.example.org", "TXT", '"p=abc"')
    assert get(ses)["VerificationStatus"] == "SUCCESS"


def test_mail_from_waits_for_its_mx_record(sandbox, ses, ses1, zone):
    ses.create_email_identity(EmailIdentity="example.org")
    refused(
        "BadRequestException",
        ses.put_email_identity_mail_from_attributes,
        EmailIdentity="example.org",
        MailFromDomain="mail.example.net",
    )
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity="example.org", MailFromDomain="mail.example.org", BehaviorOnMxFailure="REJECT_MESSAGE"
    )
    expected = {"MailFromDomain": "mail.example.org", "BehaviorOnMxFailure": "REJECT_MESSAGE"}
    assert get(ses)["MailFromAttributes"] == {**expected, "MailFromDomainStatus": "PENDING"}
    zone.add("mail.example.org", "MX", "10 mail.example.org.")
    assert get(ses)["MailFromAttributes"]["MailFromDomainStatus"] == "PENDING"
    zone.add("mail.example.org", "MX", "10 feedback-smtp.us-east-1.amazonses.com.")
    assert get(ses)["MailFromAttributes"] == {**expected, "MailFromDomainStatus": "SUCCESS"}
    old = ses1.get_identity_mail_from_domain_attributes(Identities=["example.org"])["MailFromDomainAttributes"]
    assert old["example.org"] == {
        "MailFromDomain": "mail.example.org",
        "MailFromDomainStatus": "Success",
        "BehaviorOnMXFailure": "RejectMessage",
    }
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.org")
    assert get(ses)["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}


def test_mail_from_fails_after_72_hours_and_asking_again_starts_again(sandbox, ses):
    ses.create_email_identity(EmailIdentity="example.org")
    wanted = {"EmailIdentity": "example.org", "MailFromDomain": "mail.example.org"}
    ses.put_email_identity_mail_from_attributes(**wanted)
    sandbox.advance_clock(72 * HOURS)
    assert get(ses)["MailFromAttributes"]["MailFromDomainStatus"] == "FAILED"
    ses.put_email_identity_mail_from_attributes(**wanted)
    assert get(ses)["MailFromAttributes"]["MailFromDomainStatus"] == "PENDING"


def test_an_address_waits_for_its_link_for_24_hours(sandbox, ses, ses1):
    ses.create_email_identity(EmailIdentity="ops@example.org")
    assert get(ses, "ops@example.org")["VerificationStatus"] == "PENDING"
    sandbox.advance_clock(24 * HOURS)
    assert get(ses, "ops@example.org")["VerificationStatus"] == "FAILED"
    ses1.verify_email_identity(EmailAddress="ops@example.org")
    assert get(ses, "ops@example.org")["VerificationStatus"] == "PENDING"
    sandbox.verify("ops@example.org")
    assert get(ses, "ops@example.org")["VerifiedForSendingStatus"] is True


def test_both_apis_see_the_same_identities(sandbox, ses, ses1):
    ses.create_email_identity(EmailIdentity="example.org")
    ses1.verify_email_identity(EmailAddress="ops@example.org")
    assert ses1.list_identities()["Identities"] == ["example.org", "ops@example.org"]
    assert ses1.list_identities(IdentityType="Domain")["Identities"] == ["example.org"]
    entries = ses.list_email_identities()["EmailIdentities"]
    assert [(entry["IdentityName"], entry["IdentityType"]) for entry in entries] == [
        ("example.org", "DOMAIN"),
        ("ops@example.org", "EMAIL_ADDRESS"),
    ]
    names = ["example.org", "ops@example.org", "unknown.example"]
    verification = ses1.get_identity_verification_attributes(Identities=names)["VerificationAttributes"]
    assert {name: entry["VerificationStatus"] for name, entry in verification.items()} == {
        "example.org": "Pending",
        "ops@example.org": "Pending",
    }
    sandbox.verify("example.org")
    dkim = ses1.get_identity_dkim_attributes(Identities=names)["DkimAttributes"]
    assert dkim["example.org"]["DkimVerificationStatus"] == "Success"
    assert dkim["example.org"]["DkimTokens"] == get(ses)["DkimAttributes"]["Tokens"]
    assert dkim["ops@example.org"]["DkimVerificationStatus"] == "Success"
    ses1.delete_identity(Identity="example.org")
    ses1.delete_identity(Identity="example.org")
    refused("NotFoundException", ses.get_email_identity, EmailIdentity="example.org")


def test_a_call_asks_for_100_identities_at_most(ses1):
    names = [f"d{number}.example" for number in range(101)]
    refused("ValidationError", ses1.get_identity_notification_attributes, Identities=names)
    assert ses1.get_identity_notification_attributes(Identities=names[:100])["NotificationAttributes"] == {}


def test_feedback_goes_to_topics_with_headers(ses, ses1, topic):
    ses.create_email_identity(EmailIdentity="example.org")

    def read():
        answer = ses1.get_identity_notification_attributes(Identities=["example.org"])
        return answer["NotificationAttributes"]["example.org"]

    untouched = {
        "ForwardingEnabled": True,
        "HeadersInBounceNotificationsEnabled": False,
        "HeadersInComplaintNotificationsEnabled": False,
        "HeadersInDeliveryNotificationsEnabled": False,
    }
    assert read() == untouched
    ses1.set_identity_notification_topic(Identity="example.org", NotificationType="Bounce", SnsTopic=topic)
    ses1.set_identity_headers_in_notifications_enabled(Identity="example.org", NotificationType="Bounce", Enabled=True)
    assert read() == {**untouched, "BounceTopic": topic, "HeadersInBounceNotificationsEnabled": True}
    ses1.set_identity_notification_topic(Identity="example.org", NotificationType="Bounce")
    assert "BounceTopic" not in read()
    refused(
        "InvalidParameterValue",
        ses1.set_identity_notification_topic,
        Identity="example.org",
        NotificationType="Bounce",
        SnsTopic=topic + "x",
    )
    refused(
        "InvalidParameterValue",
        ses1.set_identity_headers_in_notifications_enabled,
        Identity="unknown.example",
        NotificationType="Bounce",
        Enabled=True,
    )


def test_forwarding_is_off_only_while_both_topics_are_set(ses, ses1, topic):
    ses.create_email_identity(EmailIdentity="example.org")
    off = {"EmailIdentity": "example.org", "EmailForwardingEnabled": False}
    ses1.set_identity_notification_topic(Identity="example.org", NotificationType="Bounce", SnsTopic=topic)
    refused("BadRequestException", ses.put_email_identity_feedback_attributes, **off)
    refused(
        "InvalidParameterValue",
        ses1.set_identity_feedback_forwarding_enabled,
        Identity="example.org",
        ForwardingEnabled=False,
    )
    ses1.set_identity_notification_topic(Identity="example.org", NotificationType="Complaint", SnsTopic=topic)
    ses.put_email_identity_feedback_attributes(**off)
    assert get(ses)["FeedbackForwardingStatus"] is False
    refused(
        "InvalidParameterValue",
        ses1.set_identity_notification_topic,
        Identity="example.org",
        NotificationType="Complaint",
    )


def test_signing_and_configuration_set_are_attributes_of_an_identity(ses):
    ses.create_email_identity(EmailIdentity="example.org")
    ses.put_email_identity_dkim_attributes(EmailIdentity="example.org", SigningEnabled=False)
    assert get(ses)["DkimAttributes"]["SigningEnabled"] is False
    put = ses.put_email_identity_configuration_set_attributes
    refused("NotFoundException", put, EmailIdentity="example.org", ConfigurationSetName="credere")
    ses.create_configuration_set(ConfigurationSetName="credere")
    put(EmailIdentity="example.org", ConfigurationSetName="credere")
    assert get(ses)["ConfigurationSetName"] == "credere"
    ses.delete_configuration_set(ConfigurationSetName="credere")
    assert "ConfigurationSetName" not in get(ses)


def test_a_configuration_set_has_its_options(ses):
    ses.create_configuration_set(
        ConfigurationSetName="credere",
        DeliveryOptions={"TlsPolicy": "REQUIRE"},
        Tags=[{"Key": "a", "Value": "b"}],
    )
    refused("AlreadyExistsException", ses.create_configuration_set, ConfigurationSetName="credere")
    ses.put_configuration_set_suppression_options(ConfigurationSetName="credere", SuppressedReasons=["BOUNCE"])
    ses.put_configuration_set_reputation_options(ConfigurationSetName="credere", ReputationMetricsEnabled=True)
    ses.put_configuration_set_sending_options(ConfigurationSetName="credere", SendingEnabled=False)
    ses.put_configuration_set_tracking_options(ConfigurationSetName="credere", CustomRedirectDomain="t.example.org")
    ses.put_configuration_set_delivery_options(ConfigurationSetName="credere")
    read = ses.get_configuration_set(ConfigurationSetName="credere")
    read.pop("ResponseMetadata")
    assert read == {
        "ConfigurationSetName": "credere",
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": False},
        "SuppressionOptions": {"SuppressedReasons": ["BOUNCE"]},
        "TrackingOptions": {"CustomRedirectDomain": "t.example.org"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert ses.list_configuration_sets()["ConfigurationSets"] == ["credere"]
    ses.delete_configuration_set(ConfigurationSetName="credere")
    refused("NotFoundException", ses.get_configuration_set, ConfigurationSetName="credere")


def test_events_go_to_a_destination(ses, topic):
    ses.create_configuration_set(ConfigurationSetName="credere")
    names = {"ConfigurationSetName": "credere", "EventDestinationName": "alerts"}
    wanted = {
        "Enabled": True,
        "MatchingEventTypes": ["RENDERING_FAILURE", "REJECT", "DELIVERY_DELAY"],
        "SnsDestination": {"TopicArn": topic},
    }
    create = ses.create_configuration_set_event_destination
    for broken in (
        {**wanted, "SnsDestination": {"TopicArn": topic + "x"}},
        {**wanted, "MatchingEventTypes": []},
        {"Enabled": True, "MatchingEventTypes": ["REJECT"]},
    ):
        refused("BadRequestException", create, **names, EventDestination=broken)
    create(**names, EventDestination=wanted)
    refused("AlreadyExistsException", create, **names, EventDestination=wanted)

    def read():
        return ses.get_configuration_set_event_destinations(ConfigurationSetName="credere")["EventDestinations"]

    assert read() == [{"Name": "alerts", **wanted}]
    update = ses.update_configuration_set_event_destination
    update(**names, EventDestination={**wanted, "MatchingEventTypes": ["REJECT"]})
    assert read()[0]["MatchingEventTypes"] == ["REJECT"]
    ses.delete_configuration_set_event_destination(**names)
    refused("NotFoundException", ses.delete_configuration_set_event_destination, **names)
    refused("NotFoundException", update, **names, EventDestination=wanted)
    assert read() == []


def test_the_account_starts_in_the_sandbox_and_leaves_it_on_request(sandbox, ses):
    account = ses.get_account()
    assert account["ProductionAccessEnabled"] is False
    assert account["SendQuota"] == {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    assert account["SuppressionAttributes"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert "Details" not in account
    details = {
        "MailType": "TRANSACTIONAL",
        "WebsiteURL": "https://example.org",
        "UseCaseDescription": "Notices",
        "AdditionalContactEmailAddresses": ["ops@example.org"],
    }
    ses.put_account_details(**details, ProductionAccessEnabled=True)
    read = ses.get_account()["Details"]
    assert read["ReviewDetails"].pop("CaseId")
    assert read == {**details, "ContactLanguage": "EN", "ReviewDetails": {"Status": "PENDING"}}
    refused("ConflictException", ses.put_account_details, **details)
    sandbox.review_account("DENIED")
    assert ses.get_account()["Details"]["ReviewDetails"]["Status"] == "DENIED"
    assert ses.get_account()["ProductionAccessEnabled"] is False
    sandbox.review_account("GRANTED")
    assert ses.get_account()["ProductionAccessEnabled"] is True
    refused("ConflictException", ses.put_account_details, **details)


def test_suppression(sandbox, ses):
    ses.put_account_suppression_attributes(SuppressedReasons=[])
    assert ses.get_account()["SuppressionAttributes"] == {"SuppressedReasons": []}
    ses.put_account_sending_attributes(SendingEnabled=False)
    assert ses.get_account()["SendingEnabled"] is False
    ses.put_suppressed_destination(EmailAddress="Gone@example.net", Reason="BOUNCE")
    sandbox.suppress("angry@example.net", "COMPLAINT", message_id="m", feedback_id="f")
    listed = ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert [(entry["EmailAddress"], entry["Reason"]) for entry in listed] == [
        ("Gone@example.net", "BOUNCE"),
        ("angry@example.net", "COMPLAINT"),
    ]
    only = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [entry["EmailAddress"] for entry in only] == ["angry@example.net"]
    sandbox.page_size(1)
    page = ses.list_suppressed_destinations()
    assert len(page["SuppressedDestinationSummaries"]) == 1
    rest = ses.list_suppressed_destinations(NextToken=page["NextToken"])
    assert rest["SuppressedDestinationSummaries"][0]["EmailAddress"] == "angry@example.net"
    assert "NextToken" not in rest
    entry = ses.get_suppressed_destination(EmailAddress="angry@example.net")["SuppressedDestination"]
    assert entry["Attributes"] == {"MessageId": "m", "FeedbackId": "f"}
    ses.delete_suppressed_destination(EmailAddress="angry@example.net")
    refused("NotFoundException", ses.get_suppressed_destination, EmailAddress="angry@example.net")
    refused("NotFoundException", ses.delete_suppressed_destination, EmailAddress="angry@example.net")


def test_tags(ses):
    ses.create_email_identity(EmailIdentity="example.org")
    ses.create_configuration_set(ConfigurationSetName="credere")
    for arn in (
        "arn:aws:ses:us-east-1:123456789012:identity/example.org",
        "arn:aws:ses:us-east-1:123456789012:configuration-set/credere",
    ):
        ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
        ses.untag_resource(ResourceArn=arn, TagKeys=["b"])
        assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    assert get(ses)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_mail_is_sent_from_verified_identities_only(sandbox, ses):
    ses.create_email_identity(EmailIdentity="example.org")
    mail = {
        "FromEmailAddress": "ops@example.org",
        "Destination": {"ToAddresses": ["success@simulator.amazonses.com"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    }
    refused("MessageRejected", ses.send_email, **mail)
    sandbox.verify("example.org")
    get(ses)
    assert ses.send_email(**mail)["MessageId"]


def test_an_answer_has_the_request_id_of_its_headers(sandbox):
    """Also moto's, and the answer that no rule set is active, in which nothing else is."""
    ses = sandbox.client("ses")
    for answer in (ses.describe_active_receipt_rule_set(), ses.list_identities()):
        metadata = answer["ResponseMetadata"]
        assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]
