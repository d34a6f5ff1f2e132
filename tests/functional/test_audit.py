"""The audit of a server's backups, as they are after 40 days."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
import yaml
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session
from tests.fixtures import naming
from tests.functional.conftest import TREE

BEGIN = datetime(2030, 1, 1, 3, tzinfo=timezone.utc)
DAY = timedelta(days=1)
DAYS = 40
BUCKET = "ocp-registry-backup"
POLICY = json.loads(re.search(r"```json\n(.*?)```", (TREE / "docs" / "audit.md").read_text(), re.DOTALL)[1])
ACTIONS = [action for statement in POLICY["Statement"] for action in statement["Action"]]

pytestmark = pytest.mark.parametrize("fleet", ["registry"], indirect=True)


class Account:
    """The registry server's account, in which time passes."""

    def __init__(self, fleet, sandbox, monkeypatch):
        self.fleet, self.sandbox = fleet, sandbox
        self.now = BEGIN
        monkeypatch.setattr("aws_runbook.clock.now", lambda: self.now)
        sandbox.stop_clock()
        self.pass_time(timedelta())
        fleet.apply("aws")
        key = yaml.safe_load((fleet.pillar / "private" / "registry.sls").read_text())["aws"]
        self.server = sandbox.client("s3", region="eu-west-2", key=(key["access_key"], key["secret_key"]))
        self.s3, self.iam = sandbox.client("s3", region="eu-west-2"), sandbox.client("iam")
        mirrored = f"file-sync/{naming.mirrored('/data/storage/exporter', 'a')}"
        self.server.put_object(Bucket=BUCKET, Key=mirrored, Body=b"mirrored")

    def pass_time(self, span):
        self.now += span
        self.sandbox.set_clock(self.now)

    def back_up(self, size=1000, databases=("registry", "spoonbill")):
        for name in databases:
            key = f"database/{naming.postgresql(name, self.now)}"
            self.server.put_object(Bucket=BUCKET, Key=key, Body=b"x" * size)

    def pass_days(self, count=DAYS):
        for _ in range(count):
            self.pass_time(DAY)
            self.back_up()
            self.sandbox.expire_objects()

    def audit(self, **arguments):
        return self.fleet.call("aws_backup.audit", **{"format": "data", **arguments})

    def checks(self):
        """What is critical or a warning, by what it is about."""
        return {
            (finding["about"], finding["check"], finding["level"])
            for finding in self.audit()["findings"]
            if finding["level"] != "note"
        }


@pytest.fixture
def account(fleet, sandbox, monkeypatch):
    return Account(fleet, sandbox, monkeypatch)


def test_all_is_well(account, tmp_path):
    account.pass_days()
    account.pass_time(timedelta(hours=2))
    account.sandbox.refuse_writes()
    written = account.sandbox.calls(write=True)
    textfile = tmp_path / "aws_backup.prom"
    report = account.audit(prometheus_file=str(textfile))
    assert report["findings"] == []
    assert report["status"] == 0
    dumps, mirror = report["targets"]
    assert (dumps["kind"], dumps["size"], dumps["unfinished_uploads"], dumps["worst"]) == ("script", 1000, 0, None)
    assert 60 <= dumps["count"] <= 64
    assert dumps["newest"] == (account.now - timedelta(hours=2)).isoformat()
    assert (mirror["kind"], mirror["count"]) == ("sync", 1)
    assert [(key["user"], key["status"]) for key in report["keys"]] == [("registry-backup", "Active")]
    assert report["access"] == []

    metrics = textfile.read_text()
    labels = f'server="registry",kind="script",bucket="{BUCKET}",prefix="database"'
    made = (account.now - timedelta(hours=2)).timestamp()
    assert f"aws_backup_newest_timestamp_seconds{{{labels}}} {made:.0f}\n" in metrics
    assert "\naws_backup_audit_status 0\n" in metrics
    sample = re.compile(r'[a-z_]+(\{([a-z_]+="[^"\n]*",?)+\})? \d+')
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in metrics.splitlines())
    assert textfile.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.glob(".aws_backup*")) == []

    table = account.audit(format="table")
    assert "Nothing is wrong." in table
    assert table.endswith("Who else may read or delete:\nNobody.")
    assert re.search(r"registry +script +ocp-registry-backup/database +2 hours ago +6\d +3\d days +1000 bytes", table)
    assert account.sandbox.calls(write=True) == written


def test_backups_that_went_wrong(account):
    account.pass_days()
    account.back_up(size=10, databases=("registry",))
    account.s3.put_object(Bucket=BUCKET, Key="database/notes.txt", Body=b"x")
    account.s3.create_multipart_upload(Bucket=BUCKET, Key="database/unfinished")
    account.pass_time(DAY)
    account.back_up(size=10, databases=("registry",))
    account.pass_time(9 * DAY)
    account.back_up(size=10, databases=("registry",))
    assert account.checks() == {
        ("registry script", "age", "warning"),
        ("registry script", "size", "critical"),
        ("registry script", "count", "warning"),
        ("registry script", "names", "warning"),
        ("registry script", "retention", "warning"),
        ("registry script", "uploads", "warning"),
    }
    account.pass_time(5 * DAY)
    assert ("registry script", "age", "critical") in account.checks()
    assert ("registry-backup", "key", "warning") in account.checks()


def test_an_account_that_went_wrong(account):
    account.pass_days()
    settings = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    account.s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=settings)
    resource = f"arn:aws:s3:::{BUCKET}/*"
    opened = [
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": resource}
        for principal in ("*", {"AWS": "arn:aws:iam::999999999999:root"})
    ]
    account.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": opened}))
    account.s3.delete_bucket_lifecycle(Bucket=BUCKET)
    account.iam.create_user(UserName="administrator")
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    account.iam.put_user_policy(UserName="administrator", PolicyName="all", PolicyDocument=json.dumps(everything))
    assert account.checks() == {
        (BUCKET, "public", "critical"),
        (BUCKET, "expiry", "critical"),
        (f"{BUCKET}/database", "access", "warning"),
        (f"{BUCKET}/file-sync", "access", "warning"),
    }
    seen = {(row["who"], row["name"], tuple(row["may"])) for row in account.audit()["access"]}
    assert seen == {
        ("user", "administrator", ("delete", "expire", "read")),
        ("everybody", "*", ("read",)),
        ("other account", "arn:aws:iam::999999999999:root", ("read",)),
    }


def test_a_policy_that_the_listing_lacks_is_noted(account, monkeypatch):
    read = Session.read

    def lacking(self, service, method, *args, **named):
        answer = read(self, service, method, *args, **named)
        if method != "get_account_authorization_details":
            return answer
        users = [
            {
                **user,
                "AttachedManagedPolicies": [{"PolicyName": "Unseen", "PolicyArn": "arn:aws:iam::aws:policy/Unseen"}],
            }
            for user in answer["UserDetailList"]
        ]
        return {**answer, "UserDetailList": users}

    monkeypatch.setattr(Session, "read", lacking)
    note = "the policies arn:aws:iam::aws:policy/Unseen could not be read; principals with one of them may have more permissions."
    assert {"about": "account", "level": "note", "check": "access", "message": note} in account.audit()["findings"]


def test_a_bucket_that_is_not_there(account):
    account.s3.delete_object(Bucket=BUCKET, Key="file-sync/data/storage/exporter/a")
    account.s3.delete_bucket(Bucket=BUCKET)
    assert {("registry script", "bucket", "critical"), ("registry sync", "bucket", "critical")} <= account.checks()


def test_the_documented_permissions_are_exactly_enough(account, monkeypatch):
    account.iam.create_user(UserName="auditor")
    key = account.iam.create_access_key(UserName="auditor")["AccessKey"]
    account.sandbox.enforce_iam()
    credentials = {"keyid": key["AccessKeyId"], "key": key["SecretAccessKey"]}

    def grant(policy):
        account.iam.put_user_policy(UserName="auditor", PolicyName="audit", PolicyDocument=json.dumps(policy))

    grant(POLICY)
    assert account.audit(**credentials)["targets"]
    for action in ACTIONS:
        kept = [
            {**statement, "Action": [other for other in statement["Action"] if other != action]}
            for statement in POLICY["Statement"]
        ]
        grant({**POLICY, "Statement": kept})
        report = account.audit(**credentials)
        assert report["status"] == 2
        refused = [finding["message"] for finding in report["findings"] if finding["check"] == "read"]
        assert refused
        assert all(f"need {action}" in message for message in refused), refused


def test_arguments_are_checked(fleet, sandbox):
    with pytest.raises(CommandExecutionError, match="format is 'xml'; allowed are table, data"):
        fleet.call("aws_backup.audit", format="xml")
    with pytest.raises(CommandExecutionError, match="max_age_hours is 0; give a whole number from 1"):
        fleet.call("aws_backup.audit", max_age_hours=0)
    assert sandbox.calls() == []
