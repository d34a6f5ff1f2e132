"""Who makes a backup by what the account has, and what is noted of them."""

import json
from types import SimpleNamespace

import pytest

from aws_runbook.adopt import writers
from aws_runbook.adopt.result import Result
from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy
from aws_runbook.iam.people import People

KEY = "AKIAIOSFODNN7EXAMPLE"
ACCOUNT = "123456789012"
TARGET = Target("cms", "files", "ocp-cms-backup", "site", "eu-west-2", 30)
PHOTOS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-photos/*"}


class Session:
    """What AWS answers about the owner of a key."""

    partition, account_id = "aws", ACCOUNT

    def __init__(self, user=None, account=None):
        self._answers = {
            "get_access_key_last_used": {"UserName": user},
            "get_access_key_info": account and {"Account": account},
        }

    def read(self, _service, method, *_args, **_named):
        return self._answers[method]


def notes(session, people, pillar):
    result = Result()
    writers.assign(SimpleNamespace(session=session, pillars={"cms": pillar}), result, people, [TARGET])
    return [f"{note.about}: {note.note}" for note in result.notes]


@pytest.mark.parametrize(
    ("session", "whose"),
    [
        (Session(user="ops"), "belongs to ops, which is not an IAM user of the account"),
        (Session(account="999988887777"), "belongs to the AWS account 999988887777"),
        (
            Session(account=ACCOUNT),
            "belongs to no user that AWS reports: it was deleted, or iam:GetAccessKeyLastUsed is missing",
        ),
        (Session(), "belongs to no user that AWS reports: it was deleted, or iam:GetAccessKeyLastUsed is missing"),
    ],
)
def test_a_key_of_no_user_of_the_account(session, whose):
    said = notes(session, People({}), {"aws": {"access_key": KEY}})
    assert said == [f"cms: The access key {KEY} in its pillar {whose}."]


def people(*statements, managed=()):
    """The user of the server, in a group that has a policy for its backups with further statements, and policies of AWS's own."""
    document = backup_policy.document([TARGET])
    document = {**document, "Statement": [*document["Statement"], *statements]}
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Copies"
    return People(
        {
            "Policies": [
                {"Arn": arn, "PolicyVersionList": [{"IsDefaultVersion": True, "Document": json.dumps(document)}]}
            ],
            "GroupDetailList": [{"GroupName": "web", "AttachedManagedPolicies": [{"PolicyArn": arn}]}],
            "UserDetailList": [
                {
                    "UserName": "cms-backup",
                    "GroupList": ["web"],
                    "AttachedManagedPolicies": [{"PolicyArn": f"arn:aws:iam::aws:policy/{name}"} for name in managed],
                }
            ],
        }
    )


def test_a_policy_of_a_group_that_allows_more_is_noted_as_the_groups():
    refused, more = notes(Session(user="cms-backup"), people(PHOTOS), {})
    assert refused.startswith("policy Copies: The user cms-backup has it of the group web for its backups, and it also")
    assert more == (
        "user cms-backup: It may do more than its backups need, by the policy Copies of the group web: s3:getobject on "
        "arn:aws:s3:::team-photos/*."
    )


def test_a_policy_of_aws_that_allows_more_is_noted():
    (said,) = notes(Session(user="cms-backup"), people(managed=["AmazonS3FullAccess"]), {})
    assert said == (
        "user cms-backup: It has the policy arn:aws:iam::aws:policy/AmazonS3FullAccess, an AWS managed policy, which allows more than its backups need."
    )
