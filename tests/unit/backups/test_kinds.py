"""A kind of backup is a row and its pillar keys: buckets, rules, policies and the plan follow from these."""

import pytest

from aws_runbook.backups import lifecycle_dangers
from aws_runbook.backups import plan as backups
from aws_runbook.backups.targets import Target
from aws_runbook.errors import PillarError
from aws_runbook.iam import backup_policy
from aws_runbook.pillar import backup_kinds, server_backups_schema
from aws_runbook.pillar.backup_kinds import BackupKind
from aws_runbook.pillar.schema import SCHEMA

PILLAR = {
    "dump": {"backup": {"location": "ocp-dump-backup/dumps"}},
    "backup": {"location": "ocp-dump-backup/site"},
    "aws": {"region": "eu-west-2", "backup": {"append_only": True}},
}
KEEPING = BackupKind("dump:backup", "never (dumped)", "the dumps", "dumps")


@pytest.fixture
def add(monkeypatch):
    """A function that adds the kind ``dump`` as its row and its pillar keys do."""

    def added(kind):
        monkeypatch.setitem(backup_kinds.KINDS, "dump", kind)
        monkeypatch.setitem(SCHEMA["properties"], "dump", server_backups_schema.KEYS["mysql"])

    assert server_backups_schema.KEYS.items() <= SCHEMA["properties"].items()
    return added


def deletable(plan):
    """Where the policies allow objects to be deleted."""
    targets = [Target.from_data(target) for policy in plan.policies.values() for target in policy["targets"]]
    statements = backup_policy.document(targets)["Statement"]
    return [resource for entry in statements for resource in entry["Resource"] if "s3:DeleteObject" in entry["Action"]]


def test_a_kind_whose_objects_expire(add):
    add(BackupKind("dump:backup"))
    plan = backups.plan({"a": PILLAR})
    wanted = plan.lifecycle["ocp-dump-backup"]
    assert {row["kind"]: row["expires"] for row in plan.rows} == {"dump": "after 30 days", "files": "after 30 days"}
    assert wanted["protected"] == []
    assert deletable(plan) == []


def test_a_kind_that_deletes_its_objects_itself(add):
    add(KEEPING)
    plan = backups.plan({"a": PILLAR})
    wanted = plan.lifecycle["ocp-dump-backup"]
    assert {row["kind"]: row["expires"] for row in plan.rows} == {"dump": "never (dumped)", "files": "after 30 days"}
    assert wanted["protected"] == [{"prefix": "dumps", "kind": "dumps", "source": "dump:backup of a"}]
    assert [rule["Filter"]["Prefix"] for rule in wanted["rules"]] == ["site/"]
    protected = [lifecycle_dangers.Protected(**place) for place in wanted["protected"]]
    rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    assert "the dumps dumps/" in lifecycle_dangers.dangers("ocp-dump-backup", [], [rule], protected)[0][0]
    assert deletable(plan) == ["arn:aws:s3:::ocp-dump-backup/dumps/*"]


def test_what_expires_over_what_must_not_is_refused(add):
    add(KEEPING)
    with pytest.raises(PillarError, match="is inside the dumps of dump:backup"):
        backups.plan({"a": {**PILLAR, "backup": {"location": "ocp-dump-backup/dumps/old"}}})


def test_a_kind_says_all_of_what_protects_it_or_nothing():
    with pytest.raises(ValueError, match="all of never, noun and protected"):
        BackupKind("dump:backup", "never (dumped)")
