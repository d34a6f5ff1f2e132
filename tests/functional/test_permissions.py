"""The policies of docs/permissions.md are enough for what they are for, and hold nothing that is not used."""

import json
import re
import warnings
from datetime import timedelta
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook import clock
from sandbox.actions import iam_action
from sandbox.zone import Zone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import parliament

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
            policy = iam.create_policy(PolicyName=part, PolicyDocument=json.dumps(POLICIES[part]))["Policy"]
            iam.attach_user_policy(UserName="operator", PolicyArn=policy["Arn"])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        sandbox.enforce_iam()
        return key["AccessKeyId"]

    return become


def used(sandbox, key):
    """The actions that were needed by calls made with ``key``; who one is may be asked by anybody."""
    calls = [
        call for call in sandbox.calls() if call["access_key_id"] == key and call["operation"] != "GetCallerIdentity"
    ]
    return {iam_action(call["service"], call["operation"], version="VersionId" in call["parameters"]) for call in calls}


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
    for entry in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=USER, AccessKeyId=entry["AccessKeyId"])


def _join(fleet, server):
    """The server's user gets its permissions from a group from now on."""
    path = fleet.pillar / "public" / f"{server}.sls"
    path.write_text(path.read_text().replace("  backup:\n    store", "  backup:\n    group: backup\n    store"))
    assert "group: backup" in path.read_text()


def test_backups(fleet, sandbox, operator, monkeypatch):
    """Made; found unchanged; mended, a deleted key too; moved to a group; a key rotated, from its successor to its end."""
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
    # The listings of the account are tried once in a run, and done without.
    assert used(sandbox, key) - actions(POLICIES["Fleet"]) == actions(POLICIES["Backups"])


def test_recovery(account, sandbox, operator):
    """Versions, Object Lock and the rule for them: made, found unchanged, and mended."""
    recovery = {"days": 30, "lock": "GOVERNANCE", "lock_days": 61, "retention_days": 30}
    fleet = account({"backup": {"location": BUCKET}, "aws": {"region": "eu-west-2", "backup": {"recovery": recovery}}})
    key = operator("Backups", "Recovery")
    applied(fleet, "aws.buckets")
    applied(fleet, "aws.buckets", changed=False)
    lock = {"ObjectLockEnabled": "Enabled"}
    sandbox.client("s3", region="eu-west-2").put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=lock)
    applied(fleet, "aws.buckets")
    assert used(sandbox, key) - actions(POLICIES["Backups"]) - actions(POLICIES["Fleet"]) == actions(
        POLICIES["Recovery"]
    )


def test_a_fleet_that_may_list_the_account(fleet, sandbox, operator):
    key = operator("Backups", "Fleet")
    for sls in ("aws.buckets", "aws.iam"):
        applied(fleet, sls)
        applied(fleet, sls, changed=False)
    assert actions(POLICIES["Fleet"]) < used(sandbox, key) < actions(POLICIES["Backups"]) | actions(POLICIES["Fleet"])
    assert "iam:GetPolicy" not in used(sandbox, key)


def test_databases(fleet, sandbox, operator):
    key = operator("Databases")
    for sls in ("aws.network", "aws.databases"):
        applied(fleet, sls)
        applied(fleet, sls, changed=False)
    assert used(sandbox, key) < actions(POLICIES["Databases"])


def test_email(fleet, sandbox, operator):
    """All of it, and what then waits; an address is verified by receiving its mail."""
    key = operator("Email")
    applied(fleet, "aws.email")
    applied(fleet, "aws.email", changed=False)
    address, bucket = "noreply@noreply.example.org", "ocp-aws-verification"
    with Zone() as zone:
        zone.add("noreply.example.org", "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        sandbox.dns(zone.address)
        sandbox.verify("noreply.example.org")  # SES receives for verified domains only
        given = {"name": address, "bucket": bucket, "nameserver": zone.address}
        verified = fleet.call("state.single", "ses_receiving.verified", **given)
        sandbox.dns(None)
    assert verified.result is True, verified.comment
    assert verified.changes
    assert used(sandbox, key) < actions(POLICIES["Email"])


def test_adopting(fleet, sandbox, operator):
    """It needs the policy whole, and writes nothing with it."""
    applied(fleet, "aws")
    sandbox.clear_calls()
    key = operator("Adopting")
    adopted = fleet.call("aws_account.adopt", format="data")
    assert set(adopted["pillar"]) >= {"cms", "registry"}
    # Asked only where AWS does not say whose a key is, where no store of an SMTP user is known, of a bucket that may be public, and of
    # one that keeps versions.
    seldom = {"sts:GetAccessKeyInfo", "iam:ListAccessKeys", "s3:GetBucketPolicyStatus", "s3:GetBucketAcl"}
    seldom |= {"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"}
    assert used(sandbox, key) | seldom == actions(POLICIES["Adopting"])
    assert [call for call in sandbox.calls(write=True) if call["access_key_id"] == key] == []


def test_recovering(fleet, sandbox, operator, monkeypatch):
    """It needs the policy whole: what is deleted comes back with its tags, in parts too, and what is new goes; an upload that fails is given up."""
    s3 = sandbox.client("s3", region="eu-west-2")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    tags = [{"Key": "aws-runbook:versions-since", "Value": clock.now().isoformat()}]
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    sandbox.settle()
    sandbox.stop_clock()
    moment = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(days=3))
    sandbox.set_clock(moment)
    names = [f"database/{number}" for number in range(3)]
    for name in names[:2]:
        s3.put_object(Bucket=BUCKET, Key=name, Body=b"x", Tagging="k=v")
    upload = {"Bucket": BUCKET, "Key": names[2]}
    upload["UploadId"] = s3.create_multipart_upload(**upload, Tagging="k=v")["UploadId"]
    bodies = (b"x" * 5 * 2**20, b"y")
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, start=1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    sandbox.set_clock(moment + timedelta(days=1))
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": name} for name in names]})
    s3.put_object(Bucket=BUCKET, Key="database/ransom", Body=b"x")
    key = operator("Recovering")
    assert "looks like damage" in fleet.call("aws_backup.history", "registry")
    as_of = moment.strftime("%Y-%m-%d %H:%M:%S")
    sandbox.fault("CompleteMultipartUpload", "access_denied")
    with pytest.raises(CommandExecutionError, match="Cannot bring back ocp-registry-backup/database/2"):
        fleet.call("aws_backup.recover", "registry", as_of=as_of)
    sandbox.clear_faults()
    assert "Compared with the listing as of then: equal." in fleet.call("aws_backup.recover", "registry", as_of=as_of)
    for name in names:
        assert s3.get_object_tagging(Bucket=BUCKET, Key=name)["TagSet"] == [{"Key": "k", "Value": "v"}]
    # The tags of what is copied whole are S3's own affair.
    needed = {"s3:PutObjectTagging"}
    assert used(sandbox, key) | needed == actions(POLICIES["Recovering"])


# Later than what parliament knows. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
LATER = '"rds:DescribeDBMajorEngineVersions", '


@pytest.mark.parametrize("part", POLICIES)
def test_the_policies_are_well_formed(part):
    text = json.dumps(POLICIES[part]).replace(LATER, "")
    findings = [finding.issue for finding in parliament.analyze_policy_string(text).findings]
    # Which buckets, users and databases are meant is the reader's to say, and the page says why: whoever writes policies
    # could give himself more.
    assert set(findings) <= {"RESOURCE_STAR", "RESOURCE_POLICY_PRIVILEGE_ESCALATION"}


def test_nothing_of_value_can_be_destroyed():
    """Nor read: but for the bucket that mail is received in, which is made and emptied for the purpose."""
    harmless = {
        "ec2:DeleteVpc",  # AWS refuses one with anything in it
        "iam:DeleteAccessKey",
        "iam:DeletePolicyVersion",
        "ses:DeleteConfigurationSetEventDestination",  # of what pillar no longer names; mail is not touched
        "ses:DeleteReceiptRule",
        "ses:DeleteReceiptRuleSet",
    }
    reading = {"s3:GetObject", "s3:PutObject", "s3:GetObjectVersion", "s3:PutBucketPolicy"}
    for policy in POLICIES.values():
        for statement in policy["Statement"]:
            if statement["Sid"] == "ReceivedMail":
                assert all(arn.startswith("arn:aws:s3:::ocp-aws-verification") for arn in statement["Resource"])
                continue
            if statement["Sid"] == "Copying":  # where versions are kept nothing is lost by these
                assert "s3:DeleteObjectVersion" not in statement["Action"]
                continue
            assert not any("*" in action for action in statement["Action"])
            assert {action for action in statement["Action"] if "Delete" in action} <= harmless
            assert not reading & set(statement["Action"])
