"""What only looks, in an account as it is. Nothing is compared with a figure: the account is somebody's."""

import os

import pytest

from tests.aws import account


@pytest.fixture(autouse=True)
def _read_only(recording):
    with recording.read_only():
        yield


def test_the_credentials_are_those_of_the_account(modules):
    assert modules["aws_account.whoami"]()["account"] == os.environ[account.VARIABLE]


@pytest.mark.parametrize(
    "function",
    ["iam_access_key", "rds_cluster", "rds_instance", "s3_bucket", "ses_account", "ses_identity", "sns_topic"],
)
def test_what_waits_can_be_told(modules, function):
    assert isinstance(modules[f"{function}.pending"](), list)


def test_the_account_can_be_adopted_as_pillar(modules):
    assert set(modules["aws_account.adopt"](format="data")) == {"notes", "pillar"}


def test_the_account_is_audited(modules):
    report = modules["aws_backup.audit"](format="data")
    assert report["targets"] == []  # pillar has no server


def test_a_missing_resource_is_described_as_none(modules, prefix):
    assert modules["s3_bucket.describe"](name=f"{prefix}-none") is None
    assert modules["iam_user.describe"](name=f"{prefix}-none") is None
    assert modules["sns_topic.describe"](name=f"{prefix}-none") is None
    assert modules["ses_identity.describe"](name=f"{prefix}-none.example.org") is None
    assert modules["ec2_vpc.describe"](name=f"{prefix}-none") is None
