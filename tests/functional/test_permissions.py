"""The policies of docs/permissions.md are enough for what they are for, and hold nothing that is not used."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from aws_runbook import clock
from sandbox.actions import iam_action

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "permissions.md").read_text()
POLICIES = {
    title: json.loads(text)
    for title, text in re.findall(r"^## (\w+)\n+```json\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
}
BUCKET, USER = "ocp-registry-backup", "registry-backup"


def actions(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.fixture
def operator(sandbox, monkeypatch):
    """``operator(part, …)``: from now on AWS is reached as a user who has those policies, and nothing else."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]

    def become(*parts):
        for part in parts:
            iam.put_user_policy(UserName="operator", PolicyName=part, PolicyDocument=json.dumps(POLICIES[part]))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        sandbox.enforce_iam()
        return key["AccessKeyId"]

    return become


def used(sandbox, key):
    """The actions that were needed by calls made with ``key``; who one is may be asked by anybody."""
    calls = [call for call in sandbox.calls() if call["access_key_id"] == key and call["service"] != "sts"]
    return {iam_action(call["service"], call["operation"]) for call in calls}


def applied(fleet, sls, *, changed=True):
    states = fleet.apply(sls)
    assert [state["comment"] for state in states.values() if state["result"] is False] == []
    assert any(state["changes"] for state in states.values()) is changed


def _drift(s3, iam):
    """What a person may have changed in the console, of every kind that is mended."""
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": False})
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encryption)
    s3.delete_bucket_tagging(Bucket=BUCKET)
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    arn = iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"][0]["PolicyArn"]
    reading = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    for _ in range(4):  # with the first one these are five, as many as AWS keeps
        document = json.dumps({"Version": "2012-10-17", "Statement": reading})
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    iam.detach_user_policy(UserName=USER, PolicyArn=arn)


def _join(fleet, server):
    """The server's user gets its permissions from a group from now on."""
    path = fleet.pillar / "public" / f"{server}.sls"
    path.write_text(path.read_text().replace("  backup:\n    store", "  backup:\n    group: backup\n    store"))
    assert "group: backup" in path.read_text()


def test_backups(fleet, sandbox, operator, monkeypatch):
    """Made; found unchanged; mended; moved to a group; a key rotated, from its successor to its end."""
    s3, iam = sandbox.client("s3", region="eu-west-2"), sandbox.client("iam")
    key = operator("Backups")
    for sls in ("aws.buckets", "aws.iam"):
        applied(fleet, sls)
        applied(fleet, sls, changed=False)
    _drift(s3, iam)
    for sls in ("aws.buckets", "aws.iam"):
        applied(fleet, sls)
    _join(fleet, "registry")
    applied(fleet, "aws.iam")
    start = clock.now()
    fleet.call("iam_access_key.rotate", USER)
    for days in (8, 16):
        moment = start + timedelta(days=days)
        sandbox.set_clock(moment)
        monkeypatch.setattr(clock, "now", lambda: moment)  # noqa: B023 - of this round
        applied(fleet, "aws.iam")
    assert len(iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 1
    assert used(sandbox, key) == actions(POLICIES["Backups"])


def test_nothing_of_value_can_be_destroyed():
    harmless = {"iam:DeletePolicyVersion", "iam:DeleteAccessKey"}
    for policy in POLICIES.values():
        assert not any("*" in action for action in actions(policy))
        assert {action for action in actions(policy) if "Delete" in action} <= harmless
        assert not actions(policy) & {"s3:GetObject", "s3:PutObject", "s3:GetObjectVersion", "s3:PutBucketPolicy"}
