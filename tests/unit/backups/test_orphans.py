"""What is told to be a policy for backups."""

import pytest
from hypothesis import assume, given

from aws_runbook.backups import orphan_buckets, policy_recognition
from aws_runbook.backups import plan as backups
from aws_runbook.backups.targets import Target
from aws_runbook.errors import PillarError
from aws_runbook.iam import backup_policy
from tests.unit.strategies import fleets


@given(fleets)
def test_every_policy_made_here_is_described(fleet):
    try:
        plan = backups.plan(fleet)
    except PillarError:
        assume(False)
    for policy in plan.policies.values():
        document = backup_policy.document([Target.from_data(target) for target in policy["targets"]])
        assert policy_recognition.is_the_runbooks(document)
    rules = [rule for wanted in plan.lifecycle.values() for rule in wanted["rules"] if "Expiration" in rule]
    assert all(orphan_buckets.is_the_runbooks(rule) for rule in rules)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"ID": "delete-after-30-days", "Expiration": {"Days": 30}, "Filter": {"Prefix": ""}}, True),
        ({"ID": "delete-after-30-days", "Expiration": {"Days": 30}, "Prefix": ""}, True),
        ({"ID": "delete-after-30-days", "Expiration": {"Days": 31}, "Filter": {"Prefix": ""}}, False),
        ({"ID": "delete-after-30-days", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}, False),
        ({"ID": "delete-after-30-days", "Expiration": {"Days": 30}, "Filter": {"Prefix": "logs/"}}, False),
        ({"ID": "tidy", "Expiration": {"Days": 30}, "Filter": {"Prefix": ""}}, False),
        ({"Expiration": {"Days": 30}, "Filter": {"Prefix": ""}}, False),
    ],
)
def test_the_rules_of_the_runbook(rule, told):
    assert orphan_buckets.is_the_runbooks(rule) is told


def statement(**changed):
    return {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::ocp-backup/*", **changed}


@pytest.mark.parametrize(
    "other",
    [
        statement(Action="s3:*"),
        statement(Action="s3:GetObject"),
        statement(Action=["s3:PutObject", "iam:CreateUser"]),
        statement(Resource="*"),
        statement(Resource="arn:aws:s3:::*/*"),
        statement(Resource=["arn:aws:s3:::ocp-backup/*", "arn:aws:sns:us-east-1:123456789012:topic"]),
        statement(Effect="Deny"),
        {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "arn:aws:s3:::ocp-backup/*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::ocp-backup/*"},
    ],
    ids=str,
)
def test_what_grants_anything_else_is_not(other):
    assert not policy_recognition.is_the_runbooks({"Version": "2012-10-17", "Statement": [other]})
    assert policy_recognition.is_the_runbooks({"Version": "2012-10-17", "Statement": [statement()]})


def test_a_document_without_statements_grants_nothing():
    assert not policy_recognition.is_the_runbooks({"Version": "2012-10-17", "Statement": []})


READING = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "buckets"),
    [
        ([statement(Action="s3:*")], ["ocp-backup"]),
        ([statement(Action=["s3:Put*", "s3:GetBucketLocation"])], ["ocp-backup"]),
        ([statement(), READING], ["ocp-backup"]),
        ([statement(), statement(Resource="arn:aws:s3:::ocp-other/*", Action="s3:GetObject")], ["ocp-backup"]),
        ([statement(Resource=["arn:aws:s3:::b-two/*", "arn:aws:s3:::a-one"])], ["a-one", "b-two"]),
        ([READING], None),
        ([statement(Action="*")], None),
        ([statement(), statement(Action="s3:DeleteObject", Resource="*")], None),
        ([statement(), statement(Effect="Deny", Action="s3:DeleteObject")], None),
        ([statement(Resource="arn:aws:s3:::ocp-*/*")], None),
        ([statement(Resource="arn:aws:s3:::${aws:username}/*")], None),
    ],
    ids=str,
)
def test_policies_made_by_hand_for_backups_are_recognised(statements, buckets):
    document = {"Version": "2012-10-17", "Statement": statements}
    assert policy_recognition.is_for_backups(document) is (buckets is not None)
    if buckets:
        assert policy_recognition.buckets(document) == buckets
