"""Policies beside those for backups: an SMTP user's, and the one that docs/audit.md gives to whoever audits."""

import json
import re
import warnings

import pytest

from tests.functional.conftest import TREE
from tests.unit.evaluators import Need, allowed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import parliament

IDENTITY = "arn:aws:ses:us-east-1:123456789012:identity/example.org"
USER = "arn:aws:iam::123456789012:user/smtp"
SENDER = "noreply@example.org"
AUDITOR = json.loads(re.search(r"```json\n(.*?)```", (TREE / "docs" / "audit.md").read_text(), re.DOTALL)[1])


def sending(sender, action="ses:SendRawEmail"):
    return Need(action, IDENTITY, (("ses:FromAddress", sender),))


@pytest.fixture
def smtp(modules):
    return modules["ses_smtp_user.document"]


def test_an_smtp_user_sends_and_does_nothing_else(smtp):
    document = smtp()
    assert allowed(document, sending(SENDER))
    thief = [
        sending(SENDER, "ses:SendEmail"),
        Need("ses:DeleteEmailIdentity", IDENTITY),
        Need("ses:PutAccountDetails", "*"),
        Need("iam:CreateAccessKey", USER),
        Need("s3:ListAllMyBuckets", "*"),
    ]
    assert [need for need in thief if allowed(document, need)] == []


def test_an_smtp_user_sends_from_its_own_addresses_only(smtp):
    document = smtp([SENDER])
    assert allowed(document, sending(SENDER))
    assert not allowed(document, sending("director@example.org"))
    assert not allowed(document, Need("ses:SendRawEmail", IDENTITY))


def test_an_auditor_reads_no_object_and_changes_nothing():
    bucket, key = "arn:aws:s3:::ocp-registry-backup", "arn:aws:s3:::ocp-registry-backup/database/x"
    assert allowed(AUDITOR, Need("s3:ListBucket", bucket, (("s3:prefix", "database/"),)))
    others = [
        *(Need(f"s3:{action}", key) for action in ("GetObject", "PutObject", "DeleteObject", "GetObjectVersion")),
        *(Need(f"s3:{action}", bucket) for action in ("PutLifecycleConfiguration", "PutBucketPolicy", "DeleteBucket")),
        *(Need(f"iam:{action}", USER) for action in ("CreateAccessKey", "PutUserPolicy", "DeleteAccessKey")),
    ]
    assert [need for need in others if allowed(AUDITOR, need)] == []


def test_parliament_finds_nothing(smtp):
    for document in (AUDITOR, smtp([SENDER])):
        analysed = parliament.analyze_policy_string(json.dumps(document))
        # An audit is of every user of the account.
        assert {finding.issue for finding in analysed.findings} <= {"RESOURCE_STAR"}
