"""What is told to be a policy for backups."""

import pytest
from hypothesis import assume, given

from aws_runbook import backups, orphans, policies
from aws_runbook.backups import Target
from aws_runbook.errors import PillarError
from tests.unit.strategies import fleets


@given(fleets)
def test_every_policy_made_here_is_told(fleet):
    try:
        plan = backups.plan(fleet)
    except PillarError:
        assume(False)
    for policy in plan.policies.values():
        document = policies.document([Target.from_data(target) for target in policy["targets"]])
        assert orphans.grants_backups(document)


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
    assert not orphans.grants_backups({"Version": "2012-10-17", "Statement": [other]})
    assert orphans.grants_backups({"Version": "2012-10-17", "Statement": [statement()]})


def test_a_document_without_statements_grants_nothing():
    assert not orphans.grants_backups({"Version": "2012-10-17", "Statement": []})
