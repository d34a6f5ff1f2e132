"""Addresses verified by receiving their mail."""

import json
import re
import sys

import pytest

from aws_runbook.aws.session import Session
from aws_runbook.mail import receiving as receipt
from aws_runbook.mail import verification_link
from sandbox.zone import Zone

RULES = receipt.rules

DOMAIN = "noreply.example.org"
ADDRESS = f"noreply@{DOMAIN}"
BUCKET = "ocp-aws-verification"
STATE = "ses_receiving.verified"


@pytest.fixture
def zone(sandbox):
    with Zone() as server:
        server.add("noreply.example.org", "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        sandbox.dns(server.address)
        sandbox.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)
        sandbox.verify(DOMAIN)
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


def rules(ses, rule_set="theirs"):
    return ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]


@pytest.fixture
def theirs(ses):
    """A rule set that is active, and takes the mail of the domain."""
    ses.create_receipt_rule_set(RuleSetName="theirs")
    rule = {"Name": "all", "Enabled": True, "Recipients": [DOMAIN], "Actions": [{"StopAction": {"Scope": "RuleSet"}}]}
    ses.create_receipt_rule(RuleSetName="theirs", Rule=rule)
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    return rules(ses)


@pytest.fixture
def while_it_waits(monkeypatch):
    """Calls a function each time that the bucket is looked into."""
    listed = receipt.keys

    def arrange(look):
        def looking(session, bucket):
            look()
            return listed(session, bucket)

        monkeypatch.setattr(receipt, "keys", looking)

    return arrange


def test_the_mail_of_others_is_taken_all_the_time(converge, wanted, theirs, sandbox, ses, while_it_waits):
    seen = []
    while_it_waits(lambda: seen.append((sandbox.accepts(f"jane@{DOMAIN}"), active(ses), rules(ses))))
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert status(sandbox) == "SUCCESS"
    assert seen, "nobody looked"
    for taken, rule_set, during in seen:
        assert taken is True
        assert rule_set == "theirs"
        assert [rule["Name"] for rule in during] == ["deliver-to-s3-bucket", "all"]
        assert during[1:] == theirs
    assert rules(ses) == theirs
    assert sandbox.calls(operation="SetActiveReceiptRuleSet")[1:] == []
    assert [entry["Name"] for entry in ses.list_receipt_rule_sets()["RuleSets"]] == ["theirs"]


def test_a_rule_of_the_same_name_stays(converge, wanted, theirs, sandbox, ses, while_it_waits):
    other = {"Name": "deliver-to-s3-bucket", "Enabled": True, "Recipients": [f"jane@{DOMAIN}"], "Actions": []}
    ses.create_receipt_rule(RuleSetName="theirs", Rule=other)
    before, seen = rules(ses), []
    while_it_waits(lambda: seen.append(rules(ses)))
    assert converge(STATE, **wanted).result is True
    assert status(sandbox) == "SUCCESS"
    assert all(during[1:] == before and len(during) == 3 for during in seen)
    assert rules(ses) == before


@pytest.mark.runs_command("ses_receiving._hindrance", "ses_identity.verified")
def test_a_domain_that_is_not_verified_is_waited_for(converge, wanted, sandbox, ses, s3, obey):
    sandbox.client("sesv2").delete_email_identity(EmailIdentity=DOMAIN)
    for verified in (False, True):
        ret = converge(STATE, **wanted)
        assert (ret.result, ret.changes) == (True, {})
        assert ret.warnings[0].startswith(f"Waiting: SES receives mail for verified domains only, and {DOMAIN} is not")
        assert buckets(s3) == []
        assert obey(ret.warnings[0], "ses_identity.verified")["verified"] is False
        if not verified:
            sandbox.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)
    sandbox.verify(DOMAIN)
    assert converge(STATE, **wanted).changes == {"verified": {"old": False, "new": True}}


def test_a_domain_above_that_is_verified_is_enough(states, wanted, sandbox):
    sandbox.client("sesv2").delete_email_identity(EmailIdentity=DOMAIN)
    sandbox.client("sesv2").create_email_identity(EmailIdentity="example.org")
    sandbox.verify("example.org")
    assert states[STATE](**wanted).result is True
    assert status(sandbox) == "SUCCESS"


@pytest.mark.parametrize("other", [ADDRESS, f"hello@{DOMAIN}"])
@pytest.mark.parametrize("living", [True, False])
def test_two_runs_at_once(modules, wanted, theirs, sandbox, ses, s3, while_it_waits, other, living):
    """The second begins while the first waits for its mail, and ends before it; or the first has none of its own yet."""
    if not living:
        ses.set_active_receipt_rule_set()
        ses.delete_receipt_rule_set(RuleSetName="theirs")
    begun = []

    def second():
        if not begun:
            begun.append(other)
            assert modules["ses_receiving.apply"](**{**wanted, "name": other}) is True
            if other != ADDRESS:
                assert next(rule["Recipients"] for rule in rules(ses, active(ses))) == [ADDRESS]

    while_it_waits(second)
    assert modules["ses_receiving.apply"](**wanted) is True
    for name in {ADDRESS, other}:
        assert sandbox.client("sesv2").get_email_identity(EmailIdentity=name)["VerificationStatus"] == "SUCCESS"
    assert buckets(s3) == []
    assert active(ses) == ("theirs" if living else None)
    if living:
        assert rules(ses) == theirs
    else:
        assert ses.list_receipt_rule_sets()["RuleSets"] == []


@pytest.mark.parametrize("pattern", ["-+", "+--"])
def test_what_aws_does_not_show_yet_is_waited_for(modules, wanted, sandbox, pattern):
    """By S3, and by SES, which tries whether the bucket's new policy lets it write."""
    for service in ("s3", "sesv2"):
        sandbox.lag(service, looks=3, pattern=pattern)
    assert modules["ses_receiving.apply"](**wanted) is True
    sandbox.stand_aside()
    assert status(sandbox) == "SUCCESS"
    assert buckets(sandbox.client("s3")) == []


@pytest.mark.parametrize(
    "after", ["CreateBucket", "PutObject", "PutBucketPolicy", "CreateReceiptRule", "CreateEmailIdentity"]
)
def test_whenever_a_run_is_killed_the_next_heals_it(
    converge, modules, wanted, theirs, sandbox, ses, s3, monkeypatch, after
):
    """Killed: nothing is put back."""
    killed = []

    def no_cleaning(*_):
        raise KeyboardInterrupt

    def dies(session, service, method, *args, **kwargs):
        answer = write(session, service, method, *args, **kwargs)
        if method == "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in after)[1:]:
            killed.append(method)
            raise KeyboardInterrupt
        return answer

    write = Session.write
    with monkeypatch.context() as patch:
        patch.setattr(Session, "write", dies)
        patch.setattr(receipt, "notes", lambda *_: no_cleaning() if killed else {})
        patch.setattr(receipt, "rules", lambda *given: no_cleaning() if killed else known(*given))
        known = RULES
        with pytest.raises(KeyboardInterrupt):
            modules["ses_receiving.apply"](**wanted)
    assert killed
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert status(sandbox) == "SUCCESS"
    assert rules(ses) == theirs
    assert active(ses) == "theirs"
    assert BUCKET not in buckets(s3) or keys(s3) == []


def test_what_a_killed_run_for_another_address_left_goes_when_its_time_is_over(
    states, modules, wanted, theirs, sandbox, ses, s3
):
    sandbox.fault("CreateEmailIdentity", "access_denied", times=1)
    sandbox.fault("DeleteReceiptRule", "access_denied", times=1)
    with pytest.raises(Exception, match="AccessDenied"):
        modules["ses_receiving.apply"](**{**wanted, "name": f"gone@{DOMAIN}"})
    assert len(rules(ses)) == 2
    sandbox.clear_faults()
    note = json.loads(s3.get_object(Bucket=BUCKET, Key=receipt.note_place(f"gone@{DOMAIN}"))["Body"].read())
    assert states[STATE](**wanted).changes == {"verified": {"old": False, "new": True}}, "it may be under way"
    assert len(rules(ses)) == 2
    note["since"] = "2020-01-01T00:00:00+00:00"
    s3.put_object(Bucket=BUCKET, Key=receipt.note_place(f"gone@{DOMAIN}"), Body=json.dumps(note).encode())
    ret = states[STATE](**wanted)
    assert set(ret.changes) == {"clean_up"}
    assert rules(ses) == theirs
    assert buckets(s3) == []


def test_it_happens_by_itself_and_leaves_nothing_behind(converge, wanted, sandbox, ses, s3):
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert ret.changes == {"verified": {"old": False, "new": True}}
    assert status(sandbox) == "SUCCESS"
    assert active(ses) is None
    assert ses.list_receipt_rule_sets()["RuleSets"] == []
    assert buckets(s3) == []


def test_an_inactive_rule_set_of_the_name_is_not_activated(converge, wanted, sandbox, ses, while_it_waits):
    """Its rules would take mail that is rejected today."""
    rule = {
        "Name": "old",
        "Enabled": True,
        "Recipients": [f"jane@{DOMAIN}"],
        "Actions": [{"StopAction": {"Scope": "RuleSet"}}],
    }
    ses.create_receipt_rule_set(RuleSetName="email-address-verification")
    ses.create_receipt_rule(RuleSetName="email-address-verification", Rule=rule)
    before, seen = rules(ses, "email-address-verification"), []
    while_it_waits(lambda: seen.append((sandbox.accepts(f"jane@{DOMAIN}"), active(ses))))
    assert converge(STATE, **wanted).result is True
    assert status(sandbox) == "SUCCESS"
    assert seen, "nobody looked"
    for taken, rule_set in seen:
        assert taken is False
        assert re.fullmatch("email-address-verification-[0-9a-f]{8}", rule_set)
    assert rules(ses, "email-address-verification") == before
    assert active(ses) is None
    assert [entry["Name"] for entry in ses.list_receipt_rule_sets()["RuleSets"]] == ["email-address-verification"]


def test_a_rule_that_does_more_with_the_mail_is_not_ours(converge, wanted, theirs, sandbox, ses, s3):
    s3.create_bucket(Bucket=BUCKET)
    sandbox.client("sns").create_topic(Name="mail")
    rule = receipt.rule("deliver-to-s3-bucket", ADDRESS, BUCKET)
    rule["Actions"][0]["S3Action"]["TopicArn"] = "arn:aws:sns:us-east-1:123456789012:mail"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}},
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    ses.create_receipt_rule(RuleSetName="theirs", Rule=rule)
    before = rules(ses)
    assert converge(STATE, **wanted).result is True
    assert rules(ses) == before


@pytest.mark.parametrize(
    "operation",
    [
        "CreateBucket",
        "PutObject",
        "PutBucketPolicy",
        "CreateReceiptRuleSet",
        "CreateReceiptRule",
        "SetActiveReceiptRuleSet",
    ],
)
def test_what_fails_on_the_way_is_put_back_by_the_same_run(states, wanted, sandbox, ses, s3, operation):
    sandbox.fault(operation, "access_denied", times=1)
    ret = states[STATE](**wanted)
    assert ret.result is False
    assert operation in ret.comment
    assert ses.list_receipt_rule_sets()["RuleSets"] == []
    assert active(ses) is None
    assert buckets(s3) == []


def test_what_could_not_be_put_back_is_reported_beside_what_failed(states, wanted, sandbox, ses):
    sandbox.fault("CreateEmailIdentity", "access_denied", times=1)
    sandbox.fault("DeleteReceiptRule", "access_denied", times=1)
    ret = states[STATE](**wanted)
    assert ret.result is False
    first, _, second = ret.comment.partition(
        " Some of the resources created for it remain, and the next run deletes them: "
    )
    assert "ses:CreateEmailIdentity" in first
    assert "ses:DeleteReceiptRule" in second


PRESS = {
    "Name": "press",
    "Enabled": True,
    "Recipients": [f"jane@{DOMAIN}"],
    "Actions": [{"StopAction": {"Scope": "RuleSet"}}],
}


def test_a_rule_set_that_another_client_uses_meanwhile_stays_active(
    modules, wanted, sandbox, ses, s3, while_it_waits, caplog
):
    added = []

    def add():
        if not added:
            added.append(ses.create_receipt_rule(RuleSetName="email-address-verification", Rule=PRESS))

    while_it_waits(add)
    modules["ses_receiving.apply"](**wanted)
    assert active(ses) == "email-address-verification"
    assert [rule["Name"] for rule in rules(ses, "email-address-verification")] == ["press"]
    assert sandbox.accepts(f"jane@{DOMAIN}") is True
    assert "stays active: another client has added the rule press to it" in caplog.text
    assert buckets(s3) == []


@pytest.fixture
def killed(modules, wanted, sandbox):
    """A run that left everything it made."""
    sandbox.fault("DeleteReceiptRule", "access_denied", times=9)
    with pytest.raises(Exception, match="AccessDenied"):
        modules["ses_receiving.apply"](**wanted)
    sandbox.clear_faults()


def test_a_bucket_that_another_client_uses_meanwhile_stays(killed, modules, wanted, sandbox, ses, s3):
    ses.create_receipt_rule_set(RuleSetName="mine")
    rule = {**PRESS, "Actions": [{"S3Action": {"BucketName": BUCKET, "ObjectKeyPrefix": "inbox/"}}]}
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    own = {
        **policy["Statement"][0],
        "Sid": "Mine",
        "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}},
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({**policy, "Statement": [*policy["Statement"], own]}))
    ses.create_receipt_rule(RuleSetName="mine", Rule=rule)
    ses.set_active_receipt_rule_set(RuleSetName="mine")
    for key in keys(s3):
        if key.startswith("inbox/"):
            s3.delete_object(Bucket=BUCKET, Key=key)
    modules["ses_receiving.apply"](**wanted)
    assert [entry["Sid"] for entry in json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]] == [
        "Mine"
    ]
    assert active(ses) == "mine"


def test_a_rule_that_another_client_has_changed_stays_with_what_it_needs(killed, modules, wanted, ses, s3):
    (rule,) = rules(ses, "email-address-verification")
    rule["Recipients"] = [DOMAIN]
    ses.update_receipt_rule(RuleSetName="email-address-verification", Rule=rule)
    policy = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    modules["ses_receiving.apply"](**wanted)
    assert rules(ses, "email-address-verification") == [rule]
    assert active(ses) == "email-address-verification"
    assert s3.get_bucket_policy(Bucket=BUCKET)["Policy"] == policy


def test_a_rule_that_ses_does_not_show_yet_is_taken_out_too(modules, wanted, theirs, sandbox, ses, s3, monkeypatch):
    """As AWS may do at one look after the rule was made."""
    made, write, read = [], Session.write, Session.read

    def writing(self, service, method, *args, **kwargs):
        made.extend([method] if method == "create_receipt_rule" else [])
        return write(self, service, method, *args, **kwargs)

    def reading(self, service, method, *args, **kwargs):
        answer = read(self, service, method, *args, **kwargs)
        if method == "describe_receipt_rule_set" and made:
            made.clear()
            return {**answer, "Rules": theirs}
        return answer

    monkeypatch.setattr(Session, "write", writing)
    monkeypatch.setattr(Session, "read", reading)
    sandbox.fault("CreateEmailIdentity", "access_denied", times=1)
    with pytest.raises(Exception, match="CreateEmailIdentity"):
        modules["ses_receiving.apply"](**wanted)
    assert rules(ses) == theirs
    assert buckets(s3) == []


@pytest.mark.parametrize("content", [b"", b"5", b"{", b"[" * 5000, b'{"address": "x"}', b"\xff"])
def test_an_object_that_is_not_a_note_of_ours_is_reported(states, wanted, sandbox, s3, content):
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=receipt.note_place(ADDRESS), Body=content)
    ret = states[STATE](**wanted)
    if content:
        assert ret.result is False
        assert f"{receipt.note_place(ADDRESS)} in the bucket {BUCKET} is not a note of a run" in ret.comment
    else:
        assert ret.result is True, ret.comment


def test_what_was_there_before_is_there_again(converge, wanted, sandbox, ses, s3):
    ses.create_receipt_rule_set(RuleSetName="email-address-verification")
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
    assert active(ses) is None
    assert rules(ses, "email-address-verification") == before
    assert keys(s3) == ["theirs"]
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == policy


def test_an_identity_that_waits_is_asked_for_once_more(states, wanted, sandbox):
    sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    sandbox.clear_calls()
    ret = states[STATE](**wanted)
    assert ret.changes == {"verified": {"old": False, "new": True}}
    assert len(sandbox.calls(operation="VerifyEmailIdentity")) == 1


def test_the_mail_is_requested_once(states, wanted, sandbox):
    sandbox.clear_calls()
    assert states[STATE](**wanted).result is True
    operations = [call["operation"] for call in sandbox.calls(write=True)]
    assert operations.count("CreateEmailIdentity") + operations.count("VerifyEmailIdentity") == 1
    assert operations.index("PutBucketPolicy") < operations.index("CreateReceiptRule")
    assert operations.index("PutObject") < operations.index("SetActiveReceiptRuleSet")


@pytest.mark.parametrize(
    "kind", ["other_sender", "older", "look_alike", "other_address", "unauthenticated", "dmarc", "other_account"]
)
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


def test_a_mail_that_pythons_parser_fails_on_stops_nobody(states, wanted, sandbox, s3):
    s3.create_bucket(Bucket=BUCKET)
    spam = f"X-SES-Spam-Verdict: FAIL\r\nX-SES-RECEIPT: x\r\nFrom: spam@example.net\r\nTo: {ADDRESS}\r\nMessage-ID: <\r\n\r\nx"
    s3.put_object(Bucket=BUCKET, Key="ses-verification/spam", Body=spam.encode())
    ret = states[STATE](**wanted)
    assert ret.result is True, ret.comment
    assert status(sandbox) == "SUCCESS"
    assert keys(s3) == ["ses-verification/spam"], "a mail that was not used stays"


@pytest.mark.parametrize("step", ["_verify", "_clean_up"])
def test_the_next_run_finishes_what_an_interrupted_one_left(
    converge, modules, wanted, sandbox, ses, s3, monkeypatch, step
):
    """As when the process is killed: not even the cleaning up is done."""
    sandbox.fault("DeleteReceiptRule" if step == "_clean_up" else "VerifyEmailIdentity", "access_denied", times=2)
    sandbox.fault("DeleteReceiptRule", "access_denied", times=1)
    if step == "_verify":
        sandbox.client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
    with pytest.raises(Exception, match="AccessDenied"):
        modules["ses_receiving.apply"](**wanted)
    assert active(ses) == "email-address-verification"
    assert receipt.note_place(ADDRESS) in keys(s3)
    sandbox.clear_faults()
    ret = converge(STATE, **wanted)
    assert ret.result is True, ret.comment
    assert "clean_up" in ret.changes
    assert status(sandbox) == "SUCCESS"
    assert active(ses) is None
    assert buckets(s3) == []


def test_a_mail_that_does_not_come_is_an_error_and_all_is_put_back(states, wanted, sandbox, ses, s3):
    sandbox.dns(None)  # then SES of the sandbox delivers nothing
    ret = states[STATE](**wanted, timeout=1)
    assert ret.result is False
    assert "did not arrive in the bucket ocp-aws-verification" in ret.comment
    assert "refuses" not in ret.comment
    assert active(ses) is None
    assert buckets(s3) == []


def test_a_link_that_ses_refuses_is_distinguished_from_a_mail_that_does_not_come(
    states, wanted, sandbox, ses, s3, monkeypatch
):
    monkeypatch.setattr(verification_link, "open_link", lambda *_: False)
    ret = states[STATE](**wanted, timeout=1)
    assert ret.result is False
    assert ret.comment.startswith(
        f"SES refuses the link of the verification mail of {ADDRESS} that arrived in the bucket"
    )
    assert ret.comment.endswith("no other mail arrived within 1 seconds. Run this again to request another.")
    assert active(ses) is None


def test_a_link_that_was_opened_and_changes_nothing_is_one_sentence(states, modules, wanted, sandbox, ses, monkeypatch):
    monkeypatch.setattr(verification_link, "open_link", lambda *_: True)
    monkeypatch.setattr(sys.modules[modules["ses_receiving.apply"].__module__], "SETTLE_TIMEOUT", 0)
    ret = states[STATE](**wanted)
    assert ret.result is False
    assert (
        ret.comment == f"The link for {ADDRESS} was opened, but SES does not show it as verified yet; run this again."
    )
    assert active(ses) is None


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "noreply.example.org has no MX record"),
        (["10 mx.example.net."], "its MX record is 10 mx.example.net"),
        (["10 inbound-smtp.eu-west-1.amazonaws.com."], "its MX record is 10 inbound-smtp.eu-west-1.amazonaws.com"),
    ],
)
@pytest.mark.runs_command("ses_receiving._hindrance", "ses_identity.dns_records")
def test_mail_that_goes_elsewhere_is_waited_for(converge, wanted, zone, s3, obey, records, words):
    zone.add("noreply.example.org", "MX", *records) if records else zone.remove("noreply.example.org", "MX")
    ret = converge(STATE, **wanted)
    assert ret.result is True
    assert ret.changes == {}
    assert ret.warnings[0].startswith(f"Waiting: mail for {ADDRESS} does not go to SES ({words})")
    assert "10 inbound-smtp.us-east-1.amazonaws.com" in obey(ret.warnings[0], "ses_identity.dns_records")
    assert buckets(s3) == []


def test_a_bucket_of_another_account_is_refused(states, wanted, sandbox, ses):
    sandbox.foreign_bucket(BUCKET)
    ret = states[STATE](**wanted)
    assert ret.result is False
    assert "403" in ret.comment
    assert ses.list_receipt_rule_sets()["RuleSets"] == []


def test_bad_input(states, sandbox):
    ret = states[STATE](name="noreply", bucket=BUCKET)
    assert "name is 'noreply': give an email address" in ret.comment
    assert sandbox.calls() == []


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"receiving": {ADDRESS: {"bucket": BUCKET}}}}}])
def test_pending_says_since_when_the_link_is_waited_for(pillar, states, modules, zone):
    pillar["aws"]["ses"]["dns"] = {"nameserver": zone.address}
    zone.remove("noreply.example.org", "MX")
    states["ses_identity.present"](name=ADDRESS)
    (entry,) = modules["ses_receiving.pending"]()
    assert (entry["on"], entry["what"]) == ("DNS", f"mail for {ADDRESS}")
    assert entry["since"] == modules["ses_identity.describe"](ADDRESS, ["tags"])["asked"]
    assert entry["since"]
