"""Addresses verified by receiving their mail."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aws_runbook import receipt
from aws_runbook.verification_link import open_link
from sandbox.zone import Zone

ADDRESS = "noreply@noreply.example.org"
BUCKET = "ocp-aws-verification"
STATE = "ses_receiving.verified"


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        server.add("noreply.example.org", "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        sandbox.dns(server.address)
        yield server
        sandbox.dns(None)


@pytest.fixture
def ses(sandbox):
    return sandbox.client("ses")


@pytest.fixture
def s3(sandbox):
    return sandbox.client("s3")


@pytest.fixture
def wanted(zone):
    return {"name": ADDRESS, "bucket": BUCKET, "nameserver": zone.address}


def status(sandbox):
    return sandbox.client("sesv2").get_email_identity(EmailIdentity=ADDRESS)["VerificationStatus"]


def active(ses):
    return ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")


def buckets(s3):
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def keys(s3):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_it_happens_by_itself_and_leaves_nothing_behind(converge, wanted, sandbox, ses, s3):
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert ret.changes == {"verified": {"old": False, "new": True}}
    assert status(sandbox) == "SUCCESS"
    assert active(ses) is None
    assert ses.list_receipt_rule_sets()["RuleSets"] == []
    assert buckets(s3) == []


def test_what_was_there_before_is_there_again(converge, wanted, sandbox, ses, s3):
    ses.create_receipt_rule_set(RuleSetName="theirs")
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    rule = {"Name": "deliver-to-s3-bucket", "Enabled": False, "Actions": [], "Recipients": ["example.net"]}
    ses.create_receipt_rule_set(RuleSetName="email-address-verification")
    ses.create_receipt_rule(RuleSetName="email-address-verification", Rule=rule)
    before = ses.describe_receipt_rule_set(RuleSetName="email-address-verification")["Rules"]
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="theirs", Body=b"x")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "theirs",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteObject",
                "Resource": f"arn:aws:s3:::{BUCKET}/theirs",
            }
        ],
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    assert converge(STATE, **wanted).result is True
    assert status(sandbox) == "SUCCESS"
    assert active(ses) == "theirs"
    assert ses.describe_receipt_rule_set(RuleSetName="email-address-verification")["Rules"] == before
    assert keys(s3) == ["theirs"]
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == policy


def test_an_identity_that_waits_is_asked_for_once_more(states, wanted, sandbox):
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    sandbox.clear_calls()
    ret = states[STATE](**wanted)
    assert ret.changes == {"verified": {"old": False, "new": True}}
    assert len(sandbox.calls(operation="VerifyEmailIdentity")) == 1


def test_the_mail_is_requested_once(states, wanted, sandbox):
    assert states[STATE](**wanted).result is True
    operations = [call["operation"] for call in sandbox.calls(write=True)]
    assert operations.count("CreateEmailIdentity") + operations.count("VerifyEmailIdentity") == 1
    assert operations.index("PutBucketPolicy") < operations.index("CreateReceiptRule")
    assert operations.index("PutObject") < operations.index("SetActiveReceiptRuleSet")


@pytest.mark.parametrize("kind", ["other_sender", "older", "look_alike", "other_address", "unauthenticated"])
def test_the_right_mail_is_picked_among_others(states, wanted, sandbox, s3, monkeypatch, kind):
    """The decoy arrives after the genuine mail, so that it is looked at first."""
    s3.create_bucket(Bucket=BUCKET)
    listed = receipt.keys

    def keys_with_decoy(session, bucket):
        if not delivered:
            delivered.append(sandbox.decoy(ADDRESS, kind))
            assert delivered[0], "the decoy was not delivered"
        session.forget()
        return sorted(listed(session, bucket), key=lambda key: (key != delivered[0][0][1], key))

    delivered = []
    monkeypatch.setattr(receipt, "keys", keys_with_decoy)
    assert states[STATE](**wanted).result is True
    assert status(sandbox) == "SUCCESS"
    assert [key for key in keys(s3) if key == delivered[0][0][1]], "a mail that was not used stays"


@pytest.mark.parametrize("step", ["_verify", "_clean_up"])
def test_the_next_run_finishes_what_an_interrupted_one_left(
    converge, modules, wanted, sandbox, ses, s3, monkeypatch, step
):
    """As when the process is killed: not even the cleaning up is done."""
    ses.create_receipt_rule_set(RuleSetName="theirs")
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    sandbox.fault("DeleteReceiptRule" if step == "_clean_up" else "VerifyEmailIdentity", "access_denied", times=2)
    sandbox.fault("SetActiveReceiptRuleSet", "access_denied", times=1, skip=1)
    if step == "_verify":
        sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    with pytest.raises(Exception, match="AccessDenied"):
        modules["ses_receiving.apply"](**wanted)
    assert active(ses) == "email-address-verification"
    assert "aws-runbook/receiving-under-way.json" in keys(s3)
    sandbox.clear_faults()
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert "clean_up" in ret.changes
    assert status(sandbox) == "SUCCESS"
    assert active(ses) == "theirs"
    assert buckets(s3) == []


def test_a_mail_that_does_not_come_is_an_error_and_all_is_put_back(states, wanted, sandbox, ses, s3):
    sandbox.dns(None)  # then SES of the sandbox delivers nothing
    ret = states[STATE](**wanted, timeout=1)
    assert ret.result is False
    assert "did not arrive in the bucket ocp-aws-verification" in ret.comment
    assert active(ses) is None
    assert buckets(s3) == []


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "noreply.example.org has no MX record"),
        (["10 mx.example.net."], "its MX record is 10 mx.example.net"),
        (["10 inbound-smtp.eu-west-1.amazonaws.com."], "its MX record is 10 inbound-smtp.eu-west-1.amazonaws.com"),
    ],
)
def test_mail_that_goes_elsewhere_is_waited_for(converge, wanted, zone, s3, records, words):
    zone.add("noreply.example.org", "MX", *records) if records else zone.remove("noreply.example.org", "MX")
    ret = converge(STATE, **wanted)
    assert ret.result is True
    assert ret.changes == {}
    assert ret.warnings[0].startswith(f"Waiting: mail for {ADDRESS} does not go to SES ({words})")
    assert buckets(s3) == []


def test_a_bucket_of_somebody_else_is_refused(states, wanted, sandbox, ses):
    sandbox.foreign_bucket(BUCKET)
    ret = states[STATE](**wanted)
    assert ret.result is False
    assert "403" in ret.comment
    assert ses.list_receipt_rule_sets()["RuleSets"] == []


def test_bad_input(states, sandbox):
    ret = states[STATE](name="noreply", bucket=BUCKET)
    assert "name is 'noreply': give an email address" in ret.comment
    assert sandbox.calls() == []


def test_a_redirect_is_not_followed():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        link = "https://email-verification.us-east-1.amazonaws.com/?Operation=ConfirmVerification"
        assert open_link(link, f"http://127.0.0.1:{server.server_port}") is True
        server.shutdown()
    assert seen == ["/?Operation=ConfirmVerification"]


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"receiving": {ADDRESS: {"bucket": BUCKET}}}}}])
def test_pending_says_since_when_the_link_is_waited_for(pillar, states, modules, zone):
    pillar["aws"]["ses"]["dns"] = {"nameserver": zone.address}
    zone.remove("noreply.example.org", "MX")
    states["ses_identity.present"](name=ADDRESS)
    (entry,) = modules["ses_receiving.pending"]()
    assert (entry["on"], entry["what"]) == ("DNS", f"mail for {ADDRESS}")
    assert entry["since"] == modules["ses_identity.describe"](ADDRESS, ["tags"])["asked"]
    assert entry["since"]
