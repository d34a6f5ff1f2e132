"""What is to be done about a database."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.databases import changes as database_changes
from aws_runbook.databases.attributes import CLUSTER, INSTANCE, scaling
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import durations
from aws_runbook.run import waiting

SUBJECT = "The DB instance x"
WANTED = {"engine": "postgres", "multi_az": True, "tags": {"a": "1"}}


def current(status="available", pending=None, **attributes):
    known = {"engine": "postgres", "multi_az": True, "tags": {"a": "1"}}
    return {"status": status, "pending": pending or {}, "window": "sun:05:00-sun:05:30", **known, **attributes}


def decide(known, wanted=WANTED, **options):
    return database_changes.decide("x", SUBJECT, known, wanted, **options)


def test_one_that_is_not_there_is_made():
    assert decide(None).changes == {
        "name": {"old": None, "new": "x"},
        "engine": {"old": None, "new": "postgres"},
        "multi_az": {"old": None, "new": True},
        "tags": {"old": None, "new": {"a": "1"}},
    }


def test_one_that_is_as_it_should_be():
    decision = decide(current())
    assert (decision.changes, decision.warnings, decision.pending) == ({}, (), ())


WINDOW = "in its maintenance window, sun:05:00-sun:05:30"


def test_a_change_that_waits_against_pillar_is_reported_and_taken_back_only_at_once():
    known = current(pending={"multi_az": False}, in_effect={"multi_az": True}, multi_az=False)
    decision = decide(known)
    assert decision.changes == {}
    (warning,) = decision.warnings
    assert warning == (
        f"Waiting: the DB instance x: AWS will change multi_az (False) {WINDOW}, although pillar has multi_az: True, as it is now; to cancel "
        "that, set apply: now, which also makes all other waiting changes at once, or change pillar."
    )
    assert decide(known, now=True).changes == {"multi_az": {"old": False, "new": True}}
    assert decide(known, now=True).warnings == ()


def test_one_of_two_changes_that_wait_is_against_pillar():
    known = current(
        pending={"db_instance_class": "b", "multi_az": False},
        in_effect={"db_instance_class": "a", "multi_az": True},
        multi_az=False,
        db_instance_class="b",
    )
    assert decide(known, {"multi_az": True, "db_instance_class": "b"}, now=True).warnings == (
        "Waiting: the DB instance x: AWS will change db_instance_class (b) at once.",
    )
    assert decide(known, {"multi_az": True, "db_instance_class": "c"}).changes == {
        "db_instance_class": {"old": "b", "new": "c"}
    }


def test_storage_that_waits_to_grow_is_not_called_grown():
    known = current(pending={"allocated_storage": 40}, in_effect={"allocated_storage": 20}, allocated_storage=40)
    assert decide(known, {"allocated_storage": 20}).changes == {}
    assert "pillar has allocated_storage: 20, as it is now" in decide(known, {"allocated_storage": 20}).warnings[0]
    assert decide(known, {"allocated_storage": 20}, now=True).changes == {"allocated_storage": {"old": 40, "new": 20}}
    with pytest.raises(RunbookError, match=r"storage cannot shrink\. Set it to 20"):
        decide(known, {"allocated_storage": 10})


def test_tags_of_others_stay_unless_purged():
    known = current(tags={"theirs": "x"})
    assert decide(known).changes["tags"]["new"] == {"a": "1", "theirs": "x"}
    assert decide(known, purge=True).changes["tags"]["new"] == {"a": "1"}


@given(st.sampled_from(["creating", "modifying", "backing-up", "upgrading", "rebooting", "starting", "renaming"]))
def test_while_aws_is_at_work_nothing_is_changed_and_it_says_what_will_be(status):
    decision = decide(current(status, multi_az=False))
    assert decision.changes == {}
    assert decision.warnings == (
        f"Waiting: the DB instance x is {status}; multi_az can be changed when it is available.",
    )
    assert decision.pending[0]["on"] == "AWS"


@pytest.mark.parametrize(
    ("statuses", "asked"),
    [
        (["creating", "backing-up", "available", "never"], 3),
        (["creating", "storage-optimization", "never"], 2),
        (["creating", "incompatible-parameters", "never"], 2),
        (["creating", "failed", "never"], 2),
        (["stopping", "stopped", "never"], 2),
        (["deleting", "never"], 1),
    ],
)
def test_it_is_waited_for_only_while_aws_is_at_work(statuses, asked, monkeypatch):
    monkeypatch.setattr(database_changes, "until", partial(waiting.until, pause=lambda _seconds: None))
    left = list(statuses)
    database_changes.wait(SUBJECT, lambda: left.pop(0), 60)
    assert len(statuses) - len(left) == asked


def test_what_aws_keeps_for_the_window_is_pending():
    decision = decide(current(pending={"multi_az": True}))
    assert decision.changes == {}
    assert decision.warnings == (
        "Waiting: the DB instance x: AWS will change multi_az (True) in its maintenance window, sun:05:00-sun:05:30.",
    )


def test_one_that_somebody_stopped():
    assert decide(current("stopped")) == database_changes.Decision()
    with pytest.raises(RunbookError, match="is stopped, and multi_az cannot be changed until somebody starts it"):
        decide(current("stopped", multi_az=False))


def test_one_that_is_being_deleted():
    with pytest.raises(RunbookError, match="is being deleted; when it is gone, run this again"):
        decide(current("deleting"))


def test_nothing_that_can_interrupt_comes_with_a_password_that_changes_at_once():
    known, wanted = current(master_password="stored"), {"master_password": "managed", "multi_az": False}
    with pytest.raises(RunbookError, match="master_password changes at once, and multi_az would change with it"):
        decide(known, wanted)
    assert set(decide(known, wanted, now=True).changes) == {"master_password", "multi_az"}
    assert set(decide(known, {**wanted, "multi_az": True, "tags": {"b": "2"}}).changes) == {"master_password", "tags"}


def test_nothing_that_waits_comes_with_a_password_that_changes_at_once():
    known = current(master_password="stored", held=["LicenseModel"])
    with pytest.raises(
        RunbookError,
        match=r"changes that wait for the maintenance window would be made with it: LicenseModel\. To allow",
    ):
        decide(known, {"master_password": "managed"})
    assert decide(known, {"master_password": "managed"}, now=True).changes
    assert decide(known, {"multi_az": False}).changes


def test_a_port_must_be_meant_to_change_now():
    with pytest.raises(
        RunbookError,
        match=r"a change of port restarts it at once, outside of its maintenance window\. To allow that, set apply: "
        r"now",
    ):
        decide(current(port=5432), {"port": 5433})
    assert decide(current(port=5432), {"port": 5433}, now=True).changes
    assert decide(None, {"port": 5433}).changes


def test_what_is_changed_now_takes_along_what_waits():
    known, wanted = current(pending={"db_instance_class": "db.t3.small"}, multi_az=False), {"multi_az": True}
    assert decide(known, wanted, now=True).warnings == (
        "Waiting: the DB instance x: AWS will change db_instance_class (db.t3.small) at once.",
    )


def test_all_that_waits_is_known_but_for_an_instances_password():
    entry = {"PendingModifiedValues": {"LicenseModel": "x", "MasterUserPassword": "****", "Port": 5433}}
    assert (INSTANCE.held(entry), INSTANCE.unnamed(entry)) == (["LicenseModel", "Port"], ["LicenseModel"])
    entry = {"PendingModifiedValues": {"MasterUserPassword": "****", "EngineVersion": "17.6"}}
    assert (CLUSTER.held(entry), CLUSTER.unnamed(entry)) == (
        ["EngineVersion", "MasterUserPassword"],
        ["MasterUserPassword"],
    )


def test_what_waits_and_is_no_attribute_is_reported():
    known = current(pending={"multi_az": True}, unnamed=["LicenseModel"])
    assert "AWS will change multi_az (True), LicenseModel in its maintenance window" in decide(known).warnings[0]
    known = current(unnamed=["LicenseModel"], multi_az=False)
    assert decide(known, now=True).warnings == ("Waiting: the DB instance x: AWS will change LicenseModel at once.",)


@pytest.mark.parametrize("attribute", [*database_changes.FIXED])
def test_what_never_changes_in_place_names_a_way(attribute):
    with pytest.raises(RunbookError, match=rf"has {attribute} a, not b, and AWS does not change that in place\. \w+"):
        decide(current(**{attribute: "a"}), {attribute: "b"})


def test_storage_does_not_shrink():
    with pytest.raises(RunbookError, match="has allocated_storage 40, not 20, and storage cannot shrink"):
        decide(current(allocated_storage=40), {"allocated_storage": 20})
    assert decide(current(allocated_storage=20), {"allocated_storage": 40}).changes


def test_storage_that_grew_by_itself_is_as_it_should_be():
    known = current(allocated_storage=40, max_allocated_storage=100)
    assert decide(known, {"allocated_storage": 20, "max_allocated_storage": 100}).changes == {}
    assert decide(known, {"allocated_storage": 20}).changes == {}
    with pytest.raises(RunbookError, match="storage cannot shrink"):
        decide(known, {"allocated_storage": 20, "max_allocated_storage": 0})


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 1),
        ({"skip": True}, 0),
        ({"snapshot": "last"}, 0),
        ({"skip": "yes"}, 1),
        ({"skip": True, "snapshot": "last"}, 1),
        ({"snapshot": "last", "taken": True}, 1),
        ({"skip": True, "protected": True}, 1),
        ({"protected": True}, 2),
        ({"skip": True, "member_of": "common"}, 1),
        ({"skip": True, "status": "modifying"}, 1),
        ({"skip": True, "status": "stopped"}, 0),
        ({"skip": True, "status": "incompatible-network"}, 0),
        ({"skip": True, "status": "incompatible-restore"}, 0),
        ({"snapshot": "last", "status": "incompatible-network"}, 1),
    ],
)
def test_what_stands_in_the_way_of_deleting(options, count):
    given_ = {"status": "available", "protected": False, "skip": False, "snapshot": None, "taken": False, **options}
    assert len(database_changes.obstacles(SUBJECT, given_.pop("status"), unprotect="x", **given_)) == count


def test_pending_values_have_come_true_in_a_description_and_a_password_is_not_among_them():
    entry = {"PendingModifiedValues": {"DBInstanceClass": "db.t3.small", "MasterUserPassword": "****", "Port": 5433}}
    assert INSTANCE.pending(entry) == {"db_instance_class": "db.t3.small", "port": 5433}


def test_no_autoscaling_has_no_parameter_at_creation_and_one_without_room_later():
    assert INSTANCE.create_parameters({"max_allocated_storage": 0}) == {}
    assert INSTANCE.modify_parameters({"max_allocated_storage": 0}, {"AllocatedStorage": 20}) == {
        "MaxAllocatedStorage": 20
    }


def test_capacity_is_given_whole():
    entry = {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.0, "MaxCapacity": 2.0, "SecondsUntilAutoPause": 300}}
    assert scaling({}, entry) == {}
    assert scaling({"max_capacity": 4}, entry)["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 4,
        "SecondsUntilAutoPause": 300,
    }
    assert scaling({"min_capacity": 0.5}, entry)["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.5,
        "MaxCapacity": 2.0,
    }


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("1h", 3600), (45, 45), ("45", 45), (None, None)]
)
def test_durations(text, seconds):
    assert durations.seconds("x", "wait", text) == seconds


@pytest.mark.parametrize("text", ["soon", "1d", "-5", 1.5, True, ""])
def test_what_is_no_duration(text):
    with pytest.raises(RunbookError, match="give a time such as 90s, 20m or 1h"):
        durations.seconds("x", "wait", text)
