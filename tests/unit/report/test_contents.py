"""What stands on the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.errors import RunbookError
from aws_runbook.report import contents
from tests.unit.report import audits
from tests.unit.report.audits import NOW

FAILED = RunbookError("AWS refused to list the account (AccessDenied).")


def finding(level, about="registry script", check="age"):
    return {"level": level, "about": about, "check": check, "message": "there is no backup."}


def page(audited, **parts):
    return contents.contents(audits.read(audited, **parts), NOW)


def only(audited):
    return page(audited)["servers"][0]["targets"][0]


def test_a_good_target():
    shown = only(audits.audit([audits.daily(10)]))
    assert shown["level"] == "good"
    assert (shown["count"], shown["newest"], shown["reach"]) == (10, "3 hours ago", "9 days")
    assert (shown["schedule"], shown["kept"], shown["location"]) == (
        "at most 26 hours",
        "for 30 days",
        "ocp-registry-backup/database",
    )
    assert shown["strip"]


def test_where_there_is_no_backup_one_cannot_go_back():
    assert only(audits.audit([audits.target(worst="critical")]))["reach"] == "not at all"


def test_what_could_not_be_read_is_unknown_and_never_good():
    shown = only(audits.audit([audits.unread()]))
    assert shown["level"] == "unknown"
    assert {shown[part] for part in ("count", "newest", "size", "reach")} == {"unknown"}
    assert shown["strip"] is None


def test_who_may_delete_is_unknown_where_the_account_could_not_be_listed():
    shown = only(audits.audit([audits.daily(2)], findings=[finding("critical", "account", "read")]))
    assert shown["who"] == ["unknown"]


def test_who_may_delete_is_whoever_may_delete_or_write_rules():
    place = {"bucket": "ocp-registry-backup", "prefix": "database"}
    access = [
        {**place, "who": "role", "name": "Admin", "may": ["delete", "read"]},
        {**place, "who": "user", "name": "rules", "may": ["expire"]},
        {**place, "who": "user", "name": "reader", "may": ["read"]},
    ]
    assert only(audits.audit([audits.daily(2)], access=access))["who"] == ["role Admin", "user rules"]
    assert only(audits.audit([audits.daily(2)]))["who"] == ["nobody else"]


def test_the_age_of_keys():
    keys = [
        {"user": "registry-backup", "status": "Active", "create_date": "2030-01-30T09:00:00+00:00"},
        {"user": "registry-backup", "status": "Inactive", "create_date": "2029-03-01T09:00:00+00:00"},
    ]
    target = audits.daily(2)
    assert only(audits.audit([target], keys=keys))["key"] == "30 days old and 365 days old (inactive)"
    assert only(audits.audit([target]))["key"] == "none"
    unread = [finding("critical", "registry-backup", "read")]
    assert only(audits.audit([target], findings=unread))["key"] == "unknown"


def test_pgbackrest_and_mirrors_say_how_long_they_are_kept():
    forever = {"expire_days": None}
    assert only(audits.audit([audits.daily(2, **forever, retention_full=4)]))["kept"] == "4 full backups, by pgBackRest"
    mirror = only(audits.audit([audits.daily(2, **forever, kind="sync")]))
    assert (mirror["kept"], mirror["schedule"]) == ("until somebody deletes it", None)


@pytest.mark.parametrize(
    ("check", "kept"),
    [
        (None, "for 30 days; overwritten and deleted objects, for 14 more days"),
        ("recovery", "for 30 days; recovery is not in force"),
        ("read", "for 30 days; recovery is unknown"),
    ],
)
def test_how_far_recovery_reaches(check, kept):
    found = [finding("critical", "ocp-registry-backup", check)] if check else []
    assert only(audits.audit([audits.daily(2, recovery_days=14)], findings=found))["kept"] == kept


def test_the_worst_servers_come_first():
    targets = [
        audits.daily(2, server="a"),
        audits.daily(2, server="b", worst="critical"),
        audits.unread(server="c"),
        audits.daily(2, server="d", worst="warning"),
    ]
    assert [server["name"] for server in page(audits.audit(targets))["servers"]] == ["b", "c", "d", "a"]


def test_the_summary_counts():
    findings = [finding("critical"), finding("warning"), finding("warning"), finding("note")]
    parts = {"pending": [{"what": "x"}], "changes": ["x", "y"]}
    shown = page(audits.audit([audits.daily(2)], findings), **parts)
    assert shown["summary"] == "Backups: 1 critical, 2 warnings; 1 waits for somebody; 2 differ from pillar."
    assert shown["level_of_page"] == "critical"
    assert [entry["level"] for entry in shown["findings"]] == ["critical", "warning", "warning", "note"]


def test_nothing_wrong_is_one_sentence():
    shown = page(audits.audit([audits.daily(2)]))
    assert shown["summary"] == "Backups: nothing is wrong; nothing waits for somebody; nothing differs from pillar."
    assert shown["level_of_page"] == "good"


@pytest.mark.parametrize("part", ["pending", "changes"])
def test_a_part_that_could_not_be_read_makes_the_page_unknown(part):
    shown = page(audits.audit([audits.daily(2)]), **{part: FAILED})
    assert shown[part]["unknown"] == str(FAILED)
    assert shown["level_of_page"] == "unknown"
    assert "is unknown" in shown["summary"]


@pytest.mark.parametrize(
    ("found", "state", "level"),
    [
        ({"status": "available"}, "available", "good"),
        ({"status": "creating"}, "creating", "warning"),
        (None, "not there", "warning"),
        (FAILED, str(FAILED), "unknown"),
    ],
)
def test_databases(found, state, level):
    entry = {"name": "analysis", "region": "us-east-1", "kind": "rds_instance", "found": found}
    (shown,) = page(audits.audit(), databases=[entry])["databases"]["entries"]
    assert (shown["state"], shown["level"]) == (state, level)


@pytest.mark.parametrize(
    ("found", "state", "level"),
    [
        ({"status": "SUCCESS", "dkim_status": "SUCCESS"}, "SUCCESS", "good"),
        ({"status": "PENDING", "mail_from_status": "FAILED"}, "PENDING", "warning"),
        (None, "not there", "warning"),
        (FAILED, str(FAILED), "unknown"),
    ],
)
def test_identities(found, state, level):
    entry = {"name": "example.org", "region": "us-east-1", "kind": "ses_identity", "found": found}
    (shown,) = page(audits.audit(), identities=[entry])["identities"]["entries"]
    assert (shown["state"], shown["level"]) == (state, level)


def test_a_database_that_could_not_be_read_makes_the_page_unknown():
    entry = {"name": "analysis", "region": "us-east-1", "kind": "rds_instance", "found": FAILED}
    assert page(audits.audit([audits.daily(2)]), databases=[entry])["level_of_page"] == "unknown"


@given(audits.targets(), st.lists(st.sampled_from(audits.LEVELS), max_size=3))
def test_no_target_is_better_than_the_audit_says(targets, levels):
    shown = page(audits.audit(targets, [finding(level) for level in levels]))
    by_place = {server["name"]: server["targets"] for server in shown["servers"]}
    assert sum(map(len, by_place.values())) == len(targets)
    for target in targets:
        good = [row["level"] == "good" for row in by_place[target["server"]]]
        assert not (target["worst"] and all(good))
    assert (shown["level_of_page"] == "good") == (not levels)
