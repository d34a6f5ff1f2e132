"""The audit of buckets that keep versions."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from aws_runbook import clock
from tests.functional.conftest import TREE

BUCKET, REGION = "ocp-db-backup", "eu-west-2"
START = datetime(2030, 3, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
RECOVERY = {"days": 30, "lock": "COMPLIANCE", "lock_days": 65, "retention_days": 34}
REPOSITORY = {"type": "pgbackrest", "repo_path": "/kingfisher", "s3_bucket": BUCKET}
PAGE = (TREE / "docs" / "audit.md").read_text()


class Account:
    """A server whose bucket keeps versions, in which time passes."""

    def __init__(self, account, sandbox, monkeypatch):
        aws = {"region": REGION, "backup": {"recovery": RECOVERY}}
        self.minion = account({"postgres": {"backup": REPOSITORY}, "aws": aws})
        self.sandbox, self.monkeypatch = sandbox, monkeypatch
        self.s3, self.iam = sandbox.client("s3", region=REGION), sandbox.client("iam")
        sandbox.stop_clock()
        self.at(START)
        self.minion.apply("aws.buckets")

    def at(self, moment):
        self.sandbox.set_clock(moment)
        self.monkeypatch.setattr(clock, "now", lambda: moment)

    def back_up(self, day):
        self.at(START + day * DAY)
        label = f"{START + day * DAY:%Y%m%d-%H%M%S}F"
        for name in ("backup.manifest", "pg_data/1.gz"):
            self.s3.put_object(Bucket=BUCKET, Key=f"kingfisher/backup/main/{label}/{name}", Body=b"x")

    def told(self, check, **connection):
        report = self.minion.call("aws_backup.audit", format="data", **connection)
        return [(found["level"], found["message"]) for found in report["findings"] if found["check"] == check]


@pytest.fixture
def kept(account, sandbox, monkeypatch):
    return Account(account, sandbox, monkeypatch)


def test_nothing_is_reported_about_a_bucket_as_it_should_be(kept):
    kept.back_up(1)
    assert [kept.told(check) for check in ("recovery", "expiry", "uploads", "read")] == [[], [], [], []]


@pytest.mark.runs_command("whole_audit.keeping", "state.apply")
@pytest.mark.runs_command("read.expiry", "state.apply")
def test_versions_that_are_not_kept_are_critical_and_the_command_mends_it(kept, obey, sandbox):
    kept.s3.delete_bucket(Bucket=BUCKET)
    kept.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    (level, versions), (_, lock) = kept.told("recovery")
    assert level == "critical"
    assert "versioning is not enabled: objects that are deleted or overwritten now are lost" in versions
    assert "Object Lock's default retention is not set, not COMPLIANCE for 65 days" in lock
    kept.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    (_, versions), _ = kept.told("recovery")
    assert "versioning is suspended" in versions
    obey(versions, "state.apply", call=kept.minion.call)
    assert kept.told("recovery") == []


def test_a_weaker_lock_and_a_rule_that_deletes_versions_sooner_are_critical(kept):
    weaker = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": weaker}
    kept.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=lock)
    rules = kept.s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    rules[-1]["NoncurrentVersionExpiration"]["NoncurrentDays"] = 3
    kept.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})
    [(level, message)] = kept.told("recovery")
    assert level == "critical"
    assert "is GOVERNANCE for 1 days, not COMPLIANCE for 65 days" in message
    messages = [message for level, message in kept.told("expiry") if level == "critical"]
    assert any("keep-versions-for-30-days is not in force" in message for message in messages)
    assert any("deletes noncurrent versions after 3 days, and recovery keeps them for 30" in text for text in messages)


def test_a_repository_that_reaches_back_further_than_pillar_says(kept):
    kept.back_up(0)
    kept.at(START + 34 * DAY)
    assert kept.told("recovery") == []
    kept.at(START + 39 * DAY + timedelta(hours=1))
    [(level, message)] = kept.told("recovery")
    assert level == "warning"
    assert "the oldest backup is 39 days old" in message
    assert message.endswith("and recovery:retention_days is 34: set it to 40 or more, and lock_days 70 or more.")


def test_an_upload_that_the_rule_should_have_removed(kept):
    kept.s3.create_multipart_upload(Bucket=BUCKET, Key="kingfisher/backup/main/x")
    kept.at(START + 3 * DAY)
    assert kept.told("uploads") == []
    kept.at(START + 3 * DAY + timedelta(hours=1))
    [(level, message)] = kept.told("uploads")
    assert level == "warning"
    assert "open longer than the rule of recovery allows: 1 unfinished upload" in message


@pytest.mark.runs_command("whole_audit._destruction", "aws_backup.history")
def test_a_theft_is_critical_for_days_and_then_a_note(kept, obey):
    for day in range(5):
        kept.back_up(day)
    kept.at(START + 5 * DAY)
    assert kept.told("destruction") == []
    listed = kept.s3.list_objects_v2(Bucket=BUCKET, Prefix="kingfisher/backup/main/")["Contents"]
    kept.s3.put_object(Bucket=BUCKET, Key=listed[-1]["Key"], Body=b"ransom")
    [(level, message)] = kept.told("destruction")
    assert level == "critical"
    assert "it looks like damage: on 2030-03-06, 1 overwritten that pgBackRest never writes anew" in message
    assert "looks like damage" in obey(message, "aws_backup.history", call=kept.minion.call)
    kept.at(START + 12 * DAY)
    [(level, _)] = kept.told("destruction")
    assert level == "note"


def test_much_that_goes_in_one_day_is_a_warning(kept):
    for day in range(5):
        kept.back_up(day)
    kept.at(START + 5 * DAY)
    listed = kept.s3.list_objects_v2(Bucket=BUCKET, Prefix="kingfisher/backup/main/")["Contents"]
    objects = [{"Key": entry["Key"]} for entry in listed[:8]]
    kept.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    [(level, message)] = kept.told("destruction")
    assert level == "warning"
    assert "8 of 10 objects overwritten or deleted" in message


def test_the_actions_that_the_page_names_are_needed_and_enough(kept):
    policy = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    more = re.findall(r"`(s3:\w+)`", re.search(r"with \[recovery\]\(recovery\.md\) it also needs (.*)", PAGE)[1])
    assert len(more) >= 2
    kept.iam.create_user(UserName="auditor")
    key = kept.iam.create_access_key(UserName="auditor")["AccessKey"]
    kept.sandbox.enforce_iam()

    def refused(actions):
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = {**policy, "Statement": [*policy["Statement"], statement]}
        kept.iam.put_user_policy(UserName="auditor", PolicyName="a", PolicyDocument=json.dumps(document))
        return kept.told("read", keyid=key["AccessKeyId"], key=key["SecretAccessKey"])

    assert refused(more) == []
    for action in more:
        told = refused([other for other in more if other != action])
        assert told
        assert all(f"need {action}" in message for _, message in told), told
