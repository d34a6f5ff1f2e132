"""Mail that arrives: the verification mail, its link, receipt rules, and decoys."""

import email
import email.policy
import json
import re
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from sandbox.zone import Zone

ADDRESS = "noreply@noreply.example.org"
RULE_ARN = "arn:aws:ses:us-east-1:123456789012:receipt-rule-set/verification:receipt-rule/deliver"
RULE = {
    "Name": "deliver",
    "Enabled": True,
    "Recipients": [ADDRESS],
    "Actions": [{"S3Action": {"BucketName": "verification", "ObjectKeyPrefix": "in/"}}],
}


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == expected


def policy(source_arn=RULE_ARN, account="123456789012"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ses.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": "arn:aws:s3:::verification/*",
                    "Condition": {"StringEquals": {"AWS:SourceAccount": account, "AWS:SourceArn": source_arn}},
                }
            ],
        }
    )


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        sandbox.dns(server.address)
        server.add("noreply.example.org", "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        for domain in ("noreply.example.org", "example.org"):
            sandbox.client("sesv2").create_email_identity(EmailIdentity=domain)
            sandbox.verify(domain)
        yield server
        sandbox.dns(None)


@pytest.fixture
def s3(sandbox):
    client = sandbox.client("s3")
    client.create_bucket(Bucket="verification")
    return client


@pytest.fixture
def ses1(sandbox):
    return sandbox.client("ses")


@pytest.fixture
def receiving(s3, ses1, zone):
    s3.put_bucket_policy(Bucket="verification", Policy=policy())
    ses1.create_receipt_rule_set(RuleSetName="verification")
    ses1.create_receipt_rule(RuleSetName="verification", Rule=RULE)
    ses1.set_active_receipt_rule_set(RuleSetName="verification")
    return s3


def arrived(s3):
    listed = s3.list_objects_v2(Bucket="verification", Prefix="in/").get("Contents", [])
    keys = [entry["Key"] for entry in listed if not entry["Key"].endswith("AMAZON_SES_SETUP_NOTIFICATION")]
    bodies = [s3.get_object(Bucket="verification", Key=key)["Body"].read() for key in keys]
    return [email.message_from_bytes(body, policy=email.policy.default) for body in bodies]


def link(message):
    return re.search(r"https://\S+", message.get_content())[0]


def status(sandbox):
    return sandbox.client("sesv2").get_email_identity(EmailIdentity=ADDRESS)["VerificationStatus"]


def test_a_rule_is_taken_when_ses_can_write_and_leaves_word_of_it(s3, ses1, zone):
    ses1.create_receipt_rule_set(RuleSetName="verification")
    create = ses1.create_receipt_rule
    refused("InvalidS3Configuration", create, RuleSetName="verification", Rule=RULE)
    s3.put_bucket_policy(Bucket="verification", Policy=policy(account="999999999999"))
    refused("InvalidS3Configuration", create, RuleSetName="verification", Rule=RULE)
    s3.put_bucket_policy(Bucket="verification", Policy=policy())
    create(RuleSetName="verification", Rule=RULE)
    assert s3.get_object(Bucket="verification", Key="in/AMAZON_SES_SETUP_NOTIFICATION")["Body"].read()
    refused("AlreadyExists", create, RuleSetName="verification", Rule=RULE)
    ses1.update_receipt_rule(RuleSetName="verification", Rule={**RULE, "Enabled": False})
    rules = ses1.describe_receipt_rule_set(RuleSetName="verification")["Rules"]
    assert [(rule["Name"], rule["Enabled"]) for rule in rules] == [("deliver", False)]


def test_a_rule_is_deleted(s3, ses1, zone):
    s3.put_bucket_policy(Bucket="verification", Policy=policy())
    ses1.create_receipt_rule_set(RuleSetName="verification")
    ses1.create_receipt_rule(RuleSetName="verification", Rule=RULE)
    ses1.delete_receipt_rule(RuleSetName="verification", RuleName="deliver")
    ses1.delete_receipt_rule(RuleSetName="verification", RuleName="deliver")
    assert ses1.describe_receipt_rule_set(RuleSetName="verification")["Rules"] == []
    refused("RuleSetDoesNotExist", ses1.delete_receipt_rule, RuleSetName="other", RuleName="deliver")


def test_the_verification_mail_arrives_and_its_link_verifies(sandbox, receiving):
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    (message,) = arrived(receiving)
    assert message["From"] == "Amazon Web Services <no-reply-aws@amazon.com>"
    assert message["To"] == ADDRESS
    assert message["Subject"].endswith("Address Verification Request in region US East (N. Virginia)")
    assert "dmarc=pass" in message["Authentication-Results"]
    url = urlsplit(link(message))
    assert (url.scheme, url.hostname) == ("https", "email-verification.us-east-1.amazonaws.com")
    assert status(sandbox) == "PENDING"
    for outcome in ("verifysuccess", "verifyfailure"):
        answer = urllib3.request("GET", f"{sandbox.url}{url.path}?{url.query}", redirect=False)
        assert (answer.status, answer.headers["Location"]) == (302, f"https://aws.amazon.com/ses/{outcome}/")
        assert status(sandbox) == "SUCCESS"


def test_a_lapsed_link_verifies_nothing_and_a_new_mail_can_be_asked_for(sandbox, receiving, ses1):
    sandbox.stop_clock()
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    (first,) = arrived(receiving)
    sandbox.advance_clock(24 * 3600)
    assert sandbox.follow(link(first)) is False
    ses1.verify_email_identity(EmailAddress=ADDRESS)
    assert sandbox.follow(link(first)) is False
    newest = next(message for message in arrived(receiving) if link(message) != link(first))
    assert sandbox.follow(link(newest)) is True
    assert status(sandbox) == "SUCCESS"


def not_mx(zone, ses1, s3):
    zone.add("noreply.example.org", "MX", "10 mail.example.net.")


def not_first_mx(zone, ses1, s3):
    zone.add("noreply.example.org", "MX", "20 inbound-smtp.us-east-1.amazonaws.com.", "10 mail.example.net.")


def other_region(zone, ses1, s3):
    zone.add("noreply.example.org", "MX", "10 inbound-smtp.eu-west-1.amazonaws.com.")


def inactive(zone, ses1, s3):
    ses1.set_active_receipt_rule_set()


def disabled(zone, ses1, s3):
    ses1.update_receipt_rule(RuleSetName="verification", Rule={**RULE, "Enabled": False})


def other_recipient(zone, ses1, s3):
    ses1.update_receipt_rule(RuleSetName="verification", Rule={**RULE, "Recipients": ["example.org"]})


def not_allowed(zone, ses1, s3):
    s3.put_bucket_policy(Bucket="verification", Policy=policy(source_arn=RULE_ARN + "-other"))


def no_policy(zone, ses1, s3):
    s3.delete_bucket_policy(Bucket="verification")


@pytest.mark.parametrize(
    "spoil", [not_mx, not_first_mx, other_region, inactive, disabled, other_recipient, not_allowed, no_policy]
)
def test_without_any_one_of_its_conditions_no_mail_arrives(sandbox, receiving, zone, ses1, spoil):
    spoil(zone, ses1, receiving)
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    assert arrived(receiving) == []


@pytest.mark.parametrize("recipients", [[], ["noreply.example.org"], [".example.org"], [ADDRESS.upper()]])
def test_rules_match_addresses_domains_and_subdomains(sandbox, receiving, ses1, recipients):
    ses1.update_receipt_rule(RuleSetName="verification", Rule={**RULE, "Recipients": recipients})
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    assert len(arrived(receiving)) == 1


def test_decoys_differ_from_the_genuine_mail_and_verify_nothing(sandbox, receiving):
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    (genuine,) = arrived(receiving)
    seen = {}
    for kind in ("other_sender", "older", "look_alike", "other_address", "unauthenticated", "dmarc", "other_account"):
        ((bucket, key),) = sandbox.decoy(ADDRESS, kind)
        body = receiving.get_object(Bucket=bucket, Key=key)["Body"].read()
        seen[kind] = email.message_from_bytes(body, policy=email.policy.default)
        assert sandbox.follow(link(seen[kind])) is False
    assert seen["other_sender"]["From"] != genuine["From"]
    assert seen["older"]["Date"].datetime < genuine["Date"].datetime
    assert urlsplit(link(seen["look_alike"])).hostname.endswith(".example.net")
    assert "somebody%40example.net" in link(seen["other_address"])
    assert "dmarc=fail" in seen["unauthenticated"]["Authentication-Results"]
    assert "dkim=pass" in seen["dmarc"]["Authentication-Results"]
    assert "dmarc=fail" in seen["dmarc"]["Authentication-Results"]
    assert "Context=123456789012" in link(genuine)
    assert "Context=123456789012" not in link(seen["other_account"])
    assert status(sandbox) == "PENDING"


def test_what_no_rule_takes_is_rejected(sandbox, receiving, ses1):
    assert sandbox.accepts(ADDRESS)
    assert not sandbox.accepts("jane@noreply.example.org"), "no rule is for it"
    ses1.set_active_receipt_rule_set()
    assert not sandbox.accepts(ADDRESS), "no rule set is active"


def test_a_domain_that_is_not_verified_receives_nothing(sandbox, receiving, ses1):
    ses1.update_receipt_rule(RuleSetName="verification", Rule={**RULE, "Recipients": []})
    assert sandbox.accepts(ADDRESS)
    assert not sandbox.accepts("jane@example.net")
    sandbox.client("sesv2").delete_email_identity(EmailIdentity="noreply.example.org")
    assert sandbox.accepts(ADDRESS), "the domain above is verified"
    sandbox.client("sesv2").delete_email_identity(EmailIdentity="example.org")
    assert not sandbox.accepts(ADDRESS)
    refused("InvalidParameterValue", ses1.update_receipt_rule, RuleSetName="verification", Rule=RULE)


def test_any_mail_can_arrive(sandbox, receiving):
    ((bucket, key),) = sandbox.deliver(ADDRESS, "From: a@example.net\nSubject: hello\n\ntext\n")
    assert b"hello" in receiving.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert sandbox.deliver("nobody@example.net", "x") == []
