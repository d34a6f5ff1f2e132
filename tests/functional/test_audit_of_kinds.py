"""The audit of a server whose kinds of backup have users of their own, and of what cannot be read."""

import json

import pytest
import yaml
from salt.exceptions import CommandExecutionError

BUCKET = "ocp-db-backup"
USERS = {"pgbackrest": "pgbackrest-main", "files": "files-main"}
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def access(fleet):
    """What is wrong with who may read or delete: (place, sentence)."""
    report = fleet.call("aws_backup.audit", format="data")
    return [(entry["about"], entry["message"]) for entry in report["findings"] if entry["check"] == "access"]


@pytest.mark.parametrize("fleet", ["kingfisher-main"], indirect=True)
def test_each_kinds_user_is_expected_at_its_own_place_only(fleet, sandbox):
    path = fleet.pillar / "private" / "kingfisher-main.sls"
    pillar = yaml.safe_load(path.read_text())
    pillar["aws"].setdefault("backup", {})["user"] = USERS
    path.write_text(yaml.safe_dump(pillar))
    assert {state["result"] for state in fleet.apply("aws").values()} == {True}
    assert access(fleet) == []

    iam = sandbox.client("iam")
    arn = iam.list_attached_user_policies(UserName="pgbackrest-main")["AttachedPolicies"][0]["PolicyArn"]
    iam.attach_user_policy(UserName="files-main", PolicyArn=arn)
    told = "files-main, the user of kingfisher-main for files, may delete and read here; only pgbackrest-main should."
    assert access(fleet) == [(f"{BUCKET}/kingfisher", told)]
    iam.detach_user_policy(UserName="files-main", PolicyArn=arn)

    user = iam.get_user(UserName="pgbackrest-main")["User"]["Arn"]
    reading = {
        "Effect": "Allow",
        "Principal": {"AWS": user},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3 = sandbox.client("s3", region="eu-central-1")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]}))
    told = "pgbackrest-main, the user of kingfisher-main for pgbackrest, may read here; only files-main should."
    assert access(fleet) == [(f"{BUCKET}/incremental", told)]


@pytest.fixture
def auditor(sandbox):
    """Credentials that may do all but what a test denies: ``auditor(action, resource)``."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="auditor")
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    sandbox.enforce_iam()

    def deny(action, resource="*"):
        statements = [ALLOW, {"Effect": "Deny", "Action": action, "Resource": resource}]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="auditor", PolicyName="audit", PolicyDocument=document)
        return {"keyid": key["AccessKeyId"], "key": key["SecretAccessKey"]}

    return deny


def test_what_cannot_be_read_of_one_server_is_one_line(fleet, sandbox, auditor):
    report = fleet.call("aws_backup.audit", format="data", **auditor("s3:ListBucket", "arn:aws:s3:::ocp-docs-backup"))
    assert report["status"] == 2
    [refused] = [entry for entry in report["findings"] if entry["check"] == "read"]
    assert (refused["about"], refused["level"]) == ("docs files", "critical")
    assert "Cannot list the backups in ocp-docs-backup: AWS says AccessDenied" in refused["message"]
    rows = {(row["server"], row["kind"]): row["count"] for row in report["targets"]}
    assert rows.pop(("docs", "files")) is None, "it is not known that there are none"
    assert set(rows.values()) == {0}
    checks = {(entry["about"], entry["check"]) for entry in report["findings"]}
    assert {("registry script", "bucket"), ("registry-backup", "key")} <= checks


def test_credentials_that_are_none_are_reported_once(fleet, sandbox, auditor):
    credentials = auditor("s3:ListBucket")
    sandbox.client("iam").delete_access_key(UserName="auditor", AccessKeyId=credentials["keyid"])
    with pytest.raises(
        CommandExecutionError,
        match="Cannot identify the account and user of the credentials: AWS says InvalidClientTokenId",
    ):
        fleet.call("aws_backup.audit", **credentials)
