"""
What is done about a database in each status that AWS documents: nothing waits for what only a person can do.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html#Aurora.Status
"""

import pytest

from aws_runbook.databases import changes as database_changes
from aws_runbook.errors import RunbookError

# What a change of its own (multi_az), a change of the storage, and none leads to: it is made, can be made later, or is an error.
# Then whether waiting helps, and whether it is deleted without a last snapshot, and with one.
USABLE = ("made", "made", "nothing", False, True, True)
AT_WORK = ("later", "later", "waiting", True, False, False)
PERSON = ("error", "error", "error", False, True, True)
LOST = ("error", "error", "error", False, True, False)
GOING = ("error", "error", "error", False, None, None)

STATUSES = {
    "available": USABLE,
    "storage-config-upgrade": USABLE,
    "storage-initialization": USABLE,
    "storage-optimization": ("made", "later", "nothing", False, True, True),
    "storage-full": ("error", "made", "error", False, True, True),
    "stopped": ("error", "error", "nothing", False, True, True),
    "delete-precheck": GOING,
    "deleting": GOING,
    **dict.fromkeys(
        (
            *("backing-up", "backtracking", "configuring-enhanced-monitoring", "configuring-iam-database-auth"),
            *("configuring-log-exports", "converting-to-vpc", "creating", "failing-over", "maintenance", "migrating"),
            *("modifying", "moving-to-vpc", "promoting", "rebooting", "renaming", "resetting-master-credentials"),
            *("starting", "stopping", "update-iam-db-auth", "upgrading"),
            "of-which-nobody-knows-yet",
        ),
        AT_WORK,
    ),
    **dict.fromkeys(
        (
            "incompatible-option-group",
            "incompatible-parameters",
            "restore-error",
            "incompatible-later",
            "upgrade-failed",
        ),
        PERSON,
    ),
    **dict.fromkeys(
        (
            *(
                "cloning-failed",
                "failed",
                "inaccessible-encryption-credentials",
                "incompatible-create",
                "incompatible-network",
            ),
            *(
                "inaccessible-encryption-credentials-recoverable",
                "incompatible-restore",
                "insufficient-capacity",
                "migration-failed",
            ),
        ),
        LOST,
    ),
}
SUBJECT = "The DB instance x"


def current(status, **attributes):
    known = {"multi_az": True, "allocated_storage": 20, "window": "sun:05:00-sun:05:30", "pending": {}}
    return {"status": status, **known, **attributes}


def outcome(status, wanted):
    try:
        decision = database_changes.decide("x", SUBJECT, current(status), wanted)
    except RunbookError as error:
        assert str(error).startswith(SUBJECT)
        assert str(error).endswith(".")
        return "error"
    if decision.later:
        assert f"is {status}; " in decision.warnings[0]
        return "later"
    if decision.changes:
        return "made"
    return "waiting" if decision.pending else "nothing"


@pytest.mark.parametrize(("status", "expected"), STATUSES.items(), ids=STATUSES)
def test_what_is_done_in_each_status(status, expected):
    change, of_storage, nothing, waits, *deleted = expected
    assert outcome(status, {"multi_az": False}) == change
    assert outcome(status, {"allocated_storage": 40}) == of_storage
    assert outcome(status, {}) == nothing
    assert database_changes.is_at_work(status) is waits
    for snapshot, goes in zip((None, "last"), deleted, strict=True):
        options = {"skip": snapshot is None, "snapshot": snapshot, "taken": False, "protected": False}
        found = database_changes.obstacles(SUBJECT, status, unprotect="x", **options)
        assert goes in (None, not found), found


@pytest.mark.parametrize("status", [status for status, expected in STATUSES.items() if expected in (PERSON, LOST)])
def test_what_a_person_does_is_reported(status):
    with pytest.raises(RunbookError) as excinfo:
        database_changes.decide("x", SUBJECT, current(status), {})
    said = str(excinfo.value)
    assert said.startswith(f"{SUBJECT} is {status}, and AWS does not change that by itself: ")
    assert len(said.splitlines()) == 1


def test_full_storage_is_enlarged_and_the_rest_follows():
    decision = database_changes.decide(
        "x", SUBJECT, current("storage-full"), {"allocated_storage": 40, "multi_az": False}
    )
    assert (set(decision.changes), set(decision.later)) == ({"allocated_storage"}, {"multi_az"})
    asked = current("storage-full", pending={"allocated_storage": 40}, allocated_storage=40)
    decision = database_changes.decide("x", SUBJECT, asked, {"allocated_storage": 40})
    assert decision.changes == {}
    assert decision.warnings == (
        "Waiting: the DB instance x is storage-full.",
        "Waiting: the DB instance x: AWS will change allocated_storage (40) in its maintenance window, sun:05:00-sun:05:30.",
    )
    with pytest.raises(
        RunbookError, match=r"is storage-full, and .* give it a larger allocated_storage, with apply: now\.$"
    ):
        database_changes.decide("x", SUBJECT, current("storage-full"), {"multi_az": False})


def test_a_cluster_whose_instance_has_failed_keeps_its_last_snapshot():
    options = {"skip": False, "snapshot": "last", "taken": False, "protected": False, "unprotect": "x"}
    assert database_changes.obstacles(SUBJECT, "failed", whole="available", **options) == []
    assert len(database_changes.obstacles(SUBJECT, "failed", whole="failed", **options)) == 1


def test_a_stopped_cluster_is_started_before_it_is_deleted():
    options = {"skip": True, "snapshot": None, "taken": False, "protected": False, "unprotect": "x"}
    assert database_changes.obstacles(SUBJECT, "stopped", **options) == []
    (found,) = database_changes.obstacles(SUBJECT, "stopped", only_started=True, **options)
    assert found == "The DB instance x is stopped, and AWS deletes only a started one; start it, and run this again."
