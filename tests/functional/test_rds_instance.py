"""Database instances: what is wanted, what AWS is still at, and a password that nobody sees."""

import re
import time

import pytest
import yaml
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session

NAME = "analysis"


@pytest.fixture
def rds(sandbox):
    sandbox.stop_clock()
    return sandbox.client("rds")


@pytest.fixture
def private(tmp_path):
    path = tmp_path / "analysis.sls"
    path.write_text("# The private half.\nother: kept\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def store(private):
    return {"pillar_file": str(private), "keys": {"password": "analysis:password"}}


@pytest.fixture
def anywhere(states, sandbox):
    states["ec2_security_group.present"](
        "postgresql-anywhere",
        description="PostgreSQL from anywhere",
        ingress=[{"service": "postgresql", "source": "anywhere"}],
    )


@pytest.fixture
def wanted(rds, anywhere, store):
    return {"name": NAME, "preset": "data-analysis", "store": store}


@pytest.fixture
def instance(wanted, converge, sandbox):
    """One that is available."""
    converge("rds_instance.present", **wanted)
    sandbox.advance_clock(300)
    return wanted


def entry(rds):
    return rds.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]


def stored(private):
    return (yaml.safe_load(private.read_text()).get("analysis") or {}).get("password")


def test_the_runbooks_instance(converge, rds, wanted, modules):
    ret = converge("rds_instance.present", **wanted)
    assert ret.changes["engine_version"] == {"old": None, "new": "17.7"}
    assert ret.changes["master_password"] == {"old": None, "new": "stored"}
    assert ret.warnings == ["Waiting: the DB instance analysis is creating."]
    made = entry(rds)
    group = modules["ec2_security_group.describe"]("postgresql-anywhere")["group_id"]
    expected = {
        "Engine": "postgres",
        "EngineVersion": "17.7",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "PubliclyAccessible": True,
        "BackupRetentionPeriod": 0,
        "StorageEncrypted": False,
        "PerformanceInsightsEnabled": False,
        "MultiAZ": False,
        "MasterUsername": "postgres",
    }
    assert {name: made[name] for name in expected} == expected
    assert "MaxAllocatedStorage" not in made
    assert [entry["VpcSecurityGroupId"] for entry in made["VpcSecurityGroups"]] == [group]


def test_every_part_of_a_preset_can_be_overridden(converge, rds, wanted):
    converge("rds_instance.present", **wanted, backup_retention_period=3, engine_version="16", storage_encrypted=True)
    made = entry(rds)
    assert (made["BackupRetentionPeriod"], made["EngineVersion"], made["StorageEncrypted"]) == (3, "16.10", True)


def test_security_groups_by_id_or_name_tag_are_the_same(converge, sandbox, instance, modules):
    group = modules["ec2_security_group.describe"]("postgresql-anywhere")["group_id"]
    sandbox.client("ec2").create_tags(Resources=[group], Tags=[{"Key": "Name", "Value": "The databases"}])
    for reference in (group, "The databases"):
        assert converge("rds_instance.present", **instance, vpc_security_groups=[reference]).changes == {}


@pytest.fixture
def lab(states, sandbox):
    """A VPC of one's own, and a DB subnet group in it."""
    states["ec2_vpc.present"]("lab", cidr_block="10.0.0.0/16")
    for number in (1, 2):
        states["ec2_subnet.present"](f"lab-{number}", vpc="lab", cidr_block=f"10.0.{number}.0/24")
    states["rds_subnet_group.present"]("lab", vpc="lab", description="The lab's", subnets=["lab-1", "lab-2"])


def test_a_public_one_in_a_vpc_that_the_internet_does_not_reach(converge, states, sandbox, rds, wanted, lab, modules):
    wanted = {**wanted, "db_subnet_group_name": "lab", "vpc_security_groups": ["default"]}
    vpc_id = modules["ec2_vpc.describe"]("lab")["vpc_id"]
    assert converge("rds_instance.present", **wanted).comment == (
        f"DB instance analysis: publicly_accessible is True, which its VPC {vpc_id} does not allow; give that VPC internet_gateway: True and "
        "enable_dns_hostnames: True in aws:ec2:vpcs, or set publicly_accessible: False."
    )
    converge("rds_instance.present", **{**wanted, "publicly_accessible": False})
    sandbox.advance_clock(300)
    assert "publicly_accessible is True" in converge("rds_instance.present", **wanted).comment
    with pytest.raises(rds.exceptions.ClientError, match="has no internet gateway attached"):
        rds.modify_db_instance(DBInstanceIdentifier=NAME, PubliclyAccessible=True)
    states["ec2_vpc.present"]("lab", enable_dns_hostnames=True, internet_gateway=True, public_route=True)
    assert set(converge("rds_instance.present", **wanted).changes) == {"publicly_accessible"}


def test_a_public_one_is_planned_before_its_network_is_there(states, sandbox, wanted):
    sandbox.refuse_writes(True)
    ret = states["rds_instance.present"](**wanted, db_subnet_group_name="lab", test=True)
    assert ret.result is None, ret.comment


def test_the_password_is_stored_and_seen_nowhere(converge, rds, wanted, private, caplog):
    caplog.set_level(0)
    ret = converge("rds_instance.present", **wanted)
    password = stored(private)
    assert re.fullmatch(r"[A-Za-z0-9][\w-]{39}", password)
    assert private.stat().st_mode & 0o777 == 0o600
    assert "other: kept" in private.read_text()
    assert password not in str(ret.full_return)
    assert password not in caplog.text


def test_creating_is_pending_and_then_over(converge, sandbox, wanted, states):
    assert converge("rds_instance.present", **wanted).warnings == ["Waiting: the DB instance analysis is creating."]
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **wanted)
    assert ret.changes == {}
    assert "warnings" not in ret.full_return


def test_waiting_until_it_is_there(states, sandbox, wanted, caplog):
    caplog.set_level("INFO")
    sandbox.ask("clock", stop=False)
    sandbox.database_times(creating=2)
    ret = states["rds_instance.present"](**wanted, wait="1m")
    assert ret.result is True
    assert "warnings" not in ret.full_return
    assert "The DB instance analysis is creating" in caplog.text
    assert "The DB instance analysis is available" in caplog.text


def test_a_wait_that_is_over_says_what_it_was_last_and_the_next_run_goes_on(states, sandbox, wanted):
    ret = states["rds_instance.present"](**wanted, wait=1)
    assert ret.result is False
    assert ret.comment == (
        "The DB instance analysis is still creating, and the timeout has expired. AWS continues: run this again to check."
    )
    sandbox.advance_clock(300)
    assert states["rds_instance.present"](**wanted, wait=1).result is True


def test_one_that_aws_no_longer_shows_is_waited_for(states, wanted, monkeypatch):
    states["rds_instance.present"](**wanted)
    read, shown = Session.read, []

    def vanishing(self, service, method, *args, **named):
        if method == "describe_db_instances":
            shown.append(read(self, service, method, *args, **named))
            return shown[0] if len(shown) == 1 else None
        return read(self, service, method, *args, **named)

    monkeypatch.setattr(Session, "read", vanishing)
    ret = states["rds_instance.present"](**wanted, wait=1)
    assert ret.result is False
    assert ret.comment == (
        "The DB instance analysis is still not shown by AWS, and the timeout has expired. AWS continues: run this again to check."
    )


def test_a_wait_is_counted_once(states, sandbox, wanted):
    started = time.monotonic()
    ret = states["rds_instance.present"](**wanted, wait=6)
    assert "is still creating" in ret.comment
    assert ret.changes, "what was made is said"
    assert 6 <= time.monotonic() - started < 11


@pytest.mark.parametrize("apply", ["now", "window"])
def test_drift_is_mended_now_or_in_the_window(converge, sandbox, rds, instance, apply):
    rds.modify_db_instance(
        DBInstanceIdentifier=NAME, DBInstanceClass="db.t3.small", BackupRetentionPeriod=5, ApplyImmediately=True
    )
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **instance, apply=apply)
    assert set(ret.changes) == {"db_instance_class", "backup_retention_period"}
    if apply == "now":
        assert ret.warnings[0].startswith("Waiting: the DB instance analysis is modifying")
        sandbox.advance_clock(300)
    else:
        change = "backup_retention_period (0), db_instance_class (db.t3.micro)"
        window = entry(rds)["PreferredMaintenanceWindow"]
        sentence = f"AWS will change {change} in its maintenance window, {window}."
        assert ret.warnings == [f"Waiting: the DB instance analysis: {sentence}"]
        sandbox.maintain_databases()
    assert "warnings" not in converge("rds_instance.present", **instance, apply=apply).full_return
    assert entry(rds)["DBInstanceClass"] == "db.t3.micro"


def now(rds, *names):
    return tuple(entry(rds).get(name) for name in names)


def test_gp3_grows_below_and_above_the_size_from_which_iops_are_given(converge, sandbox, rds, instance):
    steps = (
        (
            {"allocated_storage": 40},
            {"allocated_storage", "storage_type", "iops", "storage_throughput"},
            (40, 3000, 125),
        ),
        ({"allocated_storage": 100}, {"allocated_storage"}, (100, 3000, 125)),
        ({"allocated_storage": 400}, {"allocated_storage", "iops", "storage_throughput"}, (400, 12000, 500)),
        ({"allocated_storage": 500, "iops": 14000}, {"allocated_storage", "iops"}, (500, 14000, 500)),
        ({"allocated_storage": 600}, {"allocated_storage"}, (600, 14000, 500)),
        ({"allocated_storage": 600, "storage_throughput": 600}, {"storage_throughput"}, (600, 14000, 600)),
    )
    for wanted, changes, after in steps:
        ret = converge("rds_instance.present", **{**instance, "storage_type": "gp3", **wanted}, apply="now")
        assert set(ret.changes) == changes, ret.comment
        sandbox.advance_clock(300)
        assert now(rds, "AllocatedStorage", "Iops", "StorageThroughput") == after
        told = {name: change["new"] for name, change in ret.changes.items()}
        assert told == {name: value for name, value in _described(rds).items() if name in told}


def _described(rds):
    names = {
        "allocated_storage": "AllocatedStorage",
        "storage_type": "StorageType",
        "iops": "Iops",
        "storage_throughput": "StorageThroughput",
    }
    return {ours: entry(rds).get(theirs) for ours, theirs in names.items()}


@pytest.mark.parametrize(("size", "after"), [(100, ("gp3", 100, 3000, 125)), (400, ("gp3", 400, 12000, 500))])
def test_from_io1_to_gp3(converge, sandbox, rds, wanted, size, after):
    wanted = {**wanted, "allocated_storage": size}
    converge("rds_instance.present", **wanted, storage_type="io1", iops=1000)
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **wanted, storage_type="gp3", apply="now")
    assert set(ret.changes) == {"storage_type", "iops", "storage_throughput"}, ret.comment
    sandbox.advance_clock(300)
    assert now(rds, "StorageType", "AllocatedStorage", "Iops", "StorageThroughput") == after
    ret = converge("rds_instance.present", **wanted, storage_type="io2", iops=20000, apply="now")
    assert set(ret.changes) == {"storage_type", "iops"}, ret.comment


def test_storage_that_aws_would_round_is_refused(converge, rds, instance):
    ret = converge("rds_instance.present", **{**instance, "allocated_storage": 21})
    assert ret.comment == (
        "DB instance analysis: allocated_storage is 21, and RDS raises it from 20 by at least a tenth; give 22 or more, or 20."
    )


def test_every_attribute_that_can_be_modified_is(converge, sandbox, rds, instance):
    rds.create_db_parameter_group(
        DBParameterGroupName="ours", DBParameterGroupFamily="postgres17", Description="Parameters of ours"
    )
    changes = {
        "db_instance_class": "db.t3.small",
        "allocated_storage": 400,
        "storage_type": "gp3",
        "iops": 12000,
        "storage_throughput": 500,
        "ca_certificate_identifier": "rds-ca-rsa4096-g1",
        "db_parameter_group_name": "ours",
        "max_allocated_storage": 1000,
        "multi_az": True,
        "publicly_accessible": False,
        "vpc_security_groups": ["default"],
        "port": 5433,
        "backup_retention_period": 7,
        "preferred_backup_window": "03:00-03:30",
        "preferred_maintenance_window": "Sun:05:00-Sun:05:30",
        "auto_minor_version_upgrade": False,
        "copy_tags_to_snapshot": True,
        "deletion_protection": True,
        "enable_performance_insights": True,
        "enable_iam_database_authentication": True,
        "tags": {"team": "data"},
    }
    assert set(converge("rds_instance.present", **instance, **changes, apply="now").changes) == set(changes)
    sandbox.advance_clock(300)
    assert converge("rds_instance.present", **instance, **changes, apply="now").changes == {}
    ret = converge("rds_instance.present", **{**instance, **changes, "max_allocated_storage": 0}, apply="now")
    assert ret.changes == {"max_allocated_storage": {"old": 1000, "new": 0}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"storage_encrypted": True},
            "has storage_encrypted False, not True, and AWS does not change that in place. Take a",
        ),
        ({"engine": "mysql", "engine_version": None}, "has engine postgres, not mysql"),
        ({"db_subnet_group_name": "lab"}, "has db_subnet_group_name None, not lab"),
        ({"master_username": "root"}, "has master_username postgres, not root"),
        ({"db_name": "data"}, "Create the database with SQL (CREATE DATABASE)."),
        ({"allocated_storage": 20, "_grown": 40}, "has allocated_storage 40, not 20, and storage cannot shrink"),
    ],
)
def test_what_cannot_change_in_place_names_the_way(converge, sandbox, rds, instance, changes, sentence):
    changes = dict(changes)
    grown = changes.pop("_grown", None)
    if grown:
        rds.modify_db_instance(DBInstanceIdentifier=NAME, AllocatedStorage=grown, ApplyImmediately=True)
        sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **{**instance, **changes})
    assert ret.result is False
    assert sentence in ret.comment


def test_latest_never_upgrades_by_itself(converge, sandbox, rds, wanted):
    converge("rds_instance.present", **{**wanted, "engine_version": "16.9"})
    sandbox.advance_clock(300)
    assert converge("rds_instance.present", **wanted).changes == {}
    ret = converge("rds_instance.present", **wanted, allow_upgrade="minor", apply="now")
    assert ret.changes == {"engine_version": {"old": "16.9", "new": "16.10"}}
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **wanted, allow_upgrade="major", apply="now")
    assert ret.changes == {"engine_version": {"old": "16.10", "new": "17.7"}}
    sandbox.advance_clock(300)
    assert entry(rds)["EngineVersion"] == "17.7"


def test_latest_stays_where_only_extended_support_is_left(converge, sandbox, rds, wanted):
    converge("rds_instance.present", **{**wanted, "engine_version": "13.9"})
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **wanted, allow_upgrade="minor", apply="now")
    assert ret.changes == {}
    (warning,) = ret.warnings
    assert warning == (
        "The DB instance analysis has engine_version 13.9 and is not upgraded, because the latest possible version (13.23-rds.20260305) is in "
        "Extended Support, which costs extra. To upgrade it anyway, name the version; or set allow_upgrade: major."
    )
    named = {**wanted, "engine_version": "13.23-rds.20260305"}
    assert set(converge("rds_instance.present", **named, allow_upgrade="minor", apply="now").changes) == {
        "engine_version"
    }
    sandbox.advance_clock(300)
    assert converge("rds_instance.present", **wanted, allow_upgrade="minor").changes == {}
    ret = converge("rds_instance.present", **wanted, allow_upgrade="major", apply="now")
    assert ret.changes == {"engine_version": {"old": "13.23-rds.20260305", "new": "17.7"}}


def test_without_the_permission_support_is_inferred_from_names_and_that_is_reported(states, sandbox, rds, wanted):
    states["rds_instance.present"](**{**wanted, "engine_version": "13.9"})
    sandbox.advance_clock(300)
    for test in (True, False):
        sandbox.fault("DescribeDBMajorEngineVersions", "access_denied", times=10)
        ret = states["rds_instance.present"](**wanted, allow_upgrade="minor", apply="now", test=test)
        assert ret.changes == {"engine_version": {"old": "13.9", "new": "13.23"}}
        sandbox.ask("clear-faults")
    sandbox.fault("DescribeDBMajorEngineVersions", "access_denied", times=10)
    sandbox.advance_clock(300)
    ret = states["rds_instance.present"](**{**wanted, "engine_version": "latest"}, allow_upgrade="minor", test=True)
    assert ret.warnings[-1] == (
        "The end of standard support of the versions of postgres could not be read, because the credentials in use lack "
        "rds:DescribeDBMajorEngineVersions: which versions are in Extended Support, which costs extra, is inferred from their names."
    )


def test_a_later_version_must_be_allowed(converge, sandbox, wanted):
    converge("rds_instance.present", **{**wanted, "engine_version": "16.9"})
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **{**wanted, "engine_version": "17"}, allow_upgrade="minor")
    assert ret.comment == (
        "The DB instance analysis has engine_version 16.9, not 17, and is not upgraded without permission. To upgrade it, set allow_upgrade: "
        "major."
    )


def test_one_without_a_place_for_its_password_is_not_made(converge, wanted):
    ret = converge("rds_instance.present", **{**wanted, "store": None})
    assert "give a store for its password, or set master_password: managed" in ret.comment


def test_the_store_is_tried_before(converge, rds, wanted, tmp_path):
    bad = {"pillar_file": str(tmp_path / "nowhere" / "x.sls"), "keys": {"password": "a"}}
    ret = converge("rds_instance.present", **{**wanted, "store": bad})
    assert "does not exist" in ret.comment
    assert rds.describe_db_instances()["DBInstances"] == []


def test_aws_may_keep_the_password(converge, sandbox, rds, wanted, modules):
    managed = {**wanted, "store": None, "master_password": "managed"}
    converge("rds_instance.present", **managed)
    assert entry(rds)["MasterUserSecret"]["SecretArn"].startswith("arn:aws:secretsmanager:")
    sandbox.advance_clock(300)
    assert modules["rds_instance.connection_details"](NAME)["secret_arn"] == entry(rds)["MasterUserSecret"]["SecretArn"]


def test_a_password_that_aws_keeps_is_not_reset_here(converge, sandbox, rds, wanted, modules, store):
    converge("rds_instance.present", **{**wanted, "store": None, "master_password": "managed"})
    sandbox.advance_clock(300)
    arn = entry(rds)["MasterUserSecret"]["SecretArn"]
    with pytest.raises(CommandExecutionError) as refused:
        modules["rds_instance.reset_password"](NAME, store=store)
    assert (
        str(refused.value) == f"The DB instance analysis has its password in Secrets Manager ({arn}): rotate it there."
    )


def test_a_password_in_one_of_two_places_is_said_to_be_there(converge, instance, private, store):
    keys = {"password": ["analysis:password", "copy:password"]}
    ret = converge("rds_instance.present", **{**instance, "store": {**store, "keys": keys}})
    assert ret.result is False
    assert ret.comment.startswith(
        f"The DB instance analysis exists, but its password is not in pillar file {private}, copy:password; it is in pillar file {private}, "
        "analysis:password. If you know it, store it there."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"db_subnet_group_name": "nowhere", "vpc_security_groups": ["web"]},
            "There is no DB subnet group nowhere: create it first, or name another.",
        ),
        (
            {"preset": None},
            "There is no DB instance analysis yet; to create one, give engine, db_instance_class, allocated_storage and master_username.",
        ),
    ],
)
def test_what_a_new_one_lacks(states, wanted, arguments, sentence):
    ret = states["rds_instance.present"](**{**wanted, **arguments})
    assert ret.result is False
    assert ret.comment == sentence


def test_from_one_kind_of_password_to_the_other(converge, sandbox, rds, instance, private):
    first = stored(private)
    ret = converge("rds_instance.present", **instance, master_password="managed", apply="now")
    assert ret.changes == {"master_password": {"old": "stored", "new": "managed"}}
    sandbox.advance_clock(300)
    ret = converge("rds_instance.present", **instance, apply="now")
    assert ret.changes == {"master_password": {"old": "managed", "new": "stored"}}
    assert stored(private) == first, "what stands in the store is the password again"
    assert "MasterUserSecret" not in entry(rds)


def test_what_can_interrupt_does_not_come_with_a_password_that_changes_at_once(converge, rds, instance):
    wanted = {**instance, "master_password": "managed", "db_instance_class": "db.t3.small"}
    ret = converge("rds_instance.present", **wanted)
    assert ret.comment == (
        "The DB instance analysis: master_password changes at once, and db_instance_class would change with it. Set apply: now, or change them "
        "one after the other."
    )
    assert "MasterUserSecret" not in entry(rds)
    ret = converge("rds_instance.present", **wanted, apply="now")
    assert set(ret.changes) == {"master_password", "db_instance_class"}, ret.comment


@pytest.fixture
def waiting(rds, instance):
    """One of which a change waits for the maintenance window."""
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DBInstanceClass="db.t3.large")
    return {**instance, "db_instance_class": "db.t3.large"}


def test_a_new_password_does_not_bring_forward_what_waits(sandbox, rds, waiting, modules):
    modules["rds_instance.reset_password"](NAME, store=waiting["store"])
    sandbox.advance_clock(300)
    assert entry(rds)["DBInstanceClass"] == "db.t3.micro"
    assert entry(rds)["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.large"}


def test_secrets_manager_is_not_turned_to_while_something_waits(converge, sandbox, rds, waiting):
    ret = converge("rds_instance.present", **waiting, master_password="managed")
    assert ret.comment == (
        "The DB instance analysis: master_password changes at once, and changes that wait for the maintenance window would be made with it: "
        "DBInstanceClass. To allow that, set apply: now, or run this again after the window."
    )
    sandbox.advance_clock(300)
    assert entry(rds)["DBInstanceClass"] == "db.t3.micro"
    sandbox.maintain_databases()
    assert set(converge("rds_instance.present", **waiting, master_password="managed").changes) == {"master_password"}


def test_what_somebody_else_lets_wait_stays_until_told(converge, sandbox, rds, waiting):
    """The database is as pillar says, and another class waits for the window."""
    wanted = {**waiting, "db_instance_class": "db.t3.micro"}
    ret = converge("rds_instance.present", **wanted)
    assert (ret.result, ret.changes) == (True, {})
    (warning,) = ret.warnings
    assert "AWS will change db_instance_class (db.t3.large) in its maintenance window" in warning
    assert "although pillar has db_instance_class: db.t3.micro, as it is now; to cancel that, set apply: now" in warning
    assert entry(rds)["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.large"}
    ret = converge("rds_instance.present", **wanted, apply="now")
    assert ret.changes == {"db_instance_class": {"old": "db.t3.large", "new": "db.t3.micro"}}
    sandbox.advance_clock(300)
    assert (entry(rds)["DBInstanceClass"], entry(rds)["PendingModifiedValues"]) == ("db.t3.micro", {})


def test_an_upgrade_that_waits_against_pillar_is_not_called_done(converge, sandbox, rds, wanted):
    wanted = {**wanted, "engine_version": "16.9"}
    converge("rds_instance.present", **wanted)
    sandbox.advance_clock(300)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, EngineVersion="16.10")
    (warning,) = converge("rds_instance.present", **wanted).warnings
    assert "AWS will change engine_version (16.10) in its maintenance window" in warning
    assert "pillar has engine_version: 16.9, as it is now" in warning


def test_a_port_needs_the_word(converge, rds, instance):
    ret = converge("rds_instance.present", **instance, port=5433)
    assert ret.comment == (
        "The DB instance analysis: a change of port restarts it at once, outside of its maintenance window. To allow that, set apply: now."
    )
    assert entry(rds)["DBInstanceStatus"] == "available"
    assert set(converge("rds_instance.present", **instance, port=5433, apply="now").changes) == {"port"}


@pytest.mark.runs_command("database._reset", "rds_instance.reset_password")
def test_a_lost_password_is_reported_and_can_be_reset(converge, sandbox, instance, private, obey):
    private.write_text("other: kept\n")
    ret = converge("rds_instance.present", **instance)
    assert ret.result is False
    assert "To set a new one and store it".lower() in ret.comment.lower()
    said = obey(ret.comment, "rds_instance.reset_password")
    assert stored(private)
    assert stored(private) not in said
    sandbox.advance_clock(300)
    assert converge("rds_instance.present", **instance).changes == {}


def test_a_reset_that_aws_refuses_leaves_the_old_password_in_the_store(sandbox, instance, private, modules):
    old = stored(private)
    sandbox.fault("ModifyDBInstance", "access_denied")
    with pytest.raises(Exception, match="rds:ModifyDBInstance"):
        modules["rds_instance.reset_password"](NAME, store=instance["store"])
    assert stored(private) == old


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "internal_error"])
def test_a_reset_that_aws_may_have_done_keeps_the_new_password(sandbox, instance, private, modules, kind):
    old = stored(private)
    sandbox.clear_calls()
    sandbox.fault("ModifyDBInstance", kind)
    with pytest.raises(Exception, match="It is not known whether AWS accepted the new password") as excinfo:
        modules["rds_instance.reset_password"](NAME, store=instance["store"])
    assert stored(private) != old
    assert stored(private) not in str(excinfo.value)
    assert len(sandbox.calls(operation="ModifyDBInstance")) == 1


def test_after_a_lost_answer_the_stored_password_is_the_instances(states, sandbox, rds, wanted, private):
    sandbox.clear_calls()
    sandbox.fault("CreateDBInstance", "reset_after")
    assert states["rds_instance.present"](**wanted).result is False
    asked = [call["error"] for call in sandbox.calls(operation="CreateDBInstance")]
    assert "DBInstanceAlreadyExists" not in asked, "asked again"
    first = stored(private)
    assert states["rds_instance.present"](**wanted).result is True
    assert stored(private) == first
    assert all(call["error"] for call in sandbox.calls(operation="CreateDBInstance")), "made twice"


def test_one_that_another_run_makes_at_the_same_moment(modules, rds, wanted, private):
    """Between what was planned and what is done, somebody else makes it, with a password that nobody here knows."""
    changes = modules["rds_instance.plan"](NAME, {"preset": "data-analysis"}, store=wanted["store"])["changes"]
    rds.create_db_instance(
        DBInstanceIdentifier=NAME,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="postgres",
        MasterUserPassword="correct-horse-battery",
        AllocatedStorage=20,
    )
    attributes = {attribute: change["new"] for attribute, change in changes.items()}
    with pytest.raises(Exception, match="was created by another client at the same time") as excinfo:
        modules["rds_instance.apply"](NAME, attributes, store=wanted["store"])
    assert "salt-call --local rds_instance.reset_password analysis" in str(excinfo.value)


def test_a_creation_that_failed_goes_on_with_the_password_it_stored(states, sandbox, wanted, private):
    sandbox.fault("CreateDBInstance", "access_denied")
    assert states["rds_instance.present"](**wanted).result is False
    first = stored(private)
    assert states["rds_instance.present"](**wanted).result is True
    assert stored(private) == first


def test_connection_details(sandbox, instance, modules):
    details = modules["rds_instance.connection_details"](NAME)
    assert (details["port"], details["user"], details["database"]) == (5432, "postgres", "postgres")
    assert details["psql"] == (f"psql 'host={details['host']} port=5432 user=postgres dbname=postgres sslmode=require'")
    assert "password" not in str(details).lower()


def test_there_are_no_details_before_it_can_be_reached(converge, wanted, modules):
    converge("rds_instance.present", **wanted)
    with pytest.raises(Exception, match="is creating, and cannot be reached yet"):
        modules["rds_instance.connection_details"](NAME)


def test_data_are_kept_by_default(converge, rds, instance):
    ret = converge("rds_instance.absent", name=NAME)
    assert ret.result is False
    assert "because its data would be lost" in ret.comment
    ret = converge("rds_instance.absent", name=NAME, final_db_snapshot_identifier="analysis-final")
    assert ret.changes == {"name": {"old": NAME, "new": None}}
    assert ret.warnings == ["Waiting: AWS is deleting the DB instance analysis."]
    snapshots = rds.describe_db_snapshots()["DBSnapshots"]
    assert "analysis-final" in [snapshot["DBSnapshotIdentifier"] for snapshot in snapshots]


def test_data_are_deleted_when_allowed(converge, sandbox, rds, instance):
    converge("rds_instance.absent", name=NAME, skip_final_snapshot=True)
    sandbox.advance_clock(300)
    assert converge("rds_instance.absent", name=NAME).comment == "DB instance analysis is absent."


@pytest.mark.parametrize(("options", "kept"), [({}, True), ({"delete_automated_backups": True}, False)])
def test_automated_backups_are_kept_by_default(converge, rds, instance, options, kept):
    converge("rds_instance.absent", name=NAME, skip_final_snapshot=True, **options)
    automated = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert [entry["DBInstanceIdentifier"] for entry in automated] == ([NAME] if kept else [])


def test_one_that_is_being_deleted_is_not_made_again_yet(converge, sandbox, instance):
    converge("rds_instance.absent", name=NAME, skip_final_snapshot=True)
    assert "is being deleted; when it is gone, run this again" in converge("rds_instance.present", **instance).comment
    sandbox.advance_clock(300)
    assert "name" in converge("rds_instance.present", **instance).changes


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("failed", "restore it to a point in time under another name, or delete it."),
        ("incompatible-parameters", "reset the parameters that its events in the RDS console name, and reboot it."),
        ("storage-full", "give it a larger allocated_storage, with apply: now."),
    ],
)
def test_what_needs_a_person_is_reported_at_once_and_not_waited_for(converge, sandbox, instance, status, remedy):
    sandbox.database_status(NAME, status)
    ret = converge("rds_instance.present", **instance, wait="10m")
    assert ret.result is False
    assert ret.comment.startswith(f"The DB instance analysis is {status}, and AWS does not change that by itself: ")
    assert ret.comment.endswith(remedy)


def test_full_storage_is_enlarged(converge, sandbox, rds, instance):
    sandbox.database_status(NAME, "storage-full")
    larger = {**instance, "allocated_storage": 40}
    ret = converge("rds_instance.present", **larger, multi_az=True, apply="now")
    assert set(ret.changes) == {"allocated_storage"}
    assert ret.warnings == [
        "Waiting: the DB instance analysis is modifying; multi_az can be changed when it is available."
    ]
    sandbox.advance_clock(300)
    assert entry(rds)["AllocatedStorage"] == 40
    assert set(converge("rds_instance.present", **larger, multi_az=True, apply="now").changes) == {"multi_az"}


def test_storage_that_aws_is_still_at_work_on_is_changed_later(converge, sandbox, rds, instance):
    sandbox.database_status(NAME, "storage-optimization")
    wanted = {**instance, "allocated_storage": 40, "deletion_protection": True}
    ret = converge("rds_instance.present", **wanted, apply="now")
    assert set(ret.changes) == {"deletion_protection"}, ret.comment
    assert "allocated_storage can be changed when it is available" in ret.warnings[0]
    sandbox.database_status(NAME, "available")
    assert set(converge("rds_instance.present", **wanted, apply="now").changes) == {"allocated_storage"}


@pytest.mark.parametrize("status", ["failed", "incompatible-network", "incompatible-restore"])
def test_what_aws_takes_no_last_snapshot_of_is_deleted_without_one(converge, sandbox, rds, instance, status):
    sandbox.database_status(NAME, status)
    ret = converge("rds_instance.absent", name=NAME, final_db_snapshot_identifier="last")
    assert ret.comment == (
        f"The DB instance analysis is {status}, and AWS cannot take a final snapshot of it; to delete it with its data, set skip_final_snapshot: "
        "True."
    )
    assert converge("rds_instance.absent", name=NAME, skip_final_snapshot=True).changes
    assert entry(rds)["DBInstanceStatus"] == "deleting"


@pytest.mark.runs_command("database.obstacles", "rds_instance.apply")
def test_deletion_protection_is_honoured(converge, sandbox, rds, instance, obey):
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    ret = converge("rds_instance.absent", name=NAME, skip_final_snapshot=True)
    assert "has deletion protection and is not deleted" in ret.comment
    obey(ret.comment, "rds_instance.apply")
    assert converge("rds_instance.absent", name=NAME, skip_final_snapshot=True).result is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "Analysis"}, "lower-case letters, digits and single hyphens"),
        ({"name": "a--b"}, "lower-case letters, digits and single hyphens"),
        ({"preset": "cheap"}, "preset is 'cheap'; allowed are data-analysis, production."),
        ({"apply": "later"}, "apply is 'later'; allowed are now, window."),
        ({"allow_upgrade": True}, "allow_upgrade is True; allowed are minor, major."),
        ({"wait": "soon"}, "wait is 'soon'; give a time such as 90s, 20m or 1h."),
        ({"master_password": "hunter22"}, "master_password"),
        ({"master_username": "admin"}, "other than admin and rdsadmin"),
        ({"engine_version": 16.1}, "a number, for which 16.10 equals 16.1; write it in quotes"),
        ({"engine_version": "newest"}, "give latest, or a version"),
        ({"db_instance_class": "t3.micro"}, "give a class such as db.t3.micro"),
        ({"db_instance_class": "db.serverless"}, "which only a cluster has"),
        ({"allocated_storage": 10}, "allocated_storage is 10; give a whole number from 20 to 65536."),
        ({"max_allocated_storage": 21}, "give at least a tenth more, or 0 for no autoscaling"),
        ({"backup_retention_period": 36}, "give a whole number from 0 to 35"),
        ({"port": 22}, "give a whole number from 1150 to 65535"),
        ({"multi_az": "yes"}, "multi_az is 'yes'; allowed are True, False."),
        ({"preferred_backup_window": "3:00-4:00"}, "give a window in UTC such as 03:00-03:30"),
        ({"preferred_maintenance_window": "sunday"}, "give a window in UTC such as sun:05:00-sun:05:30"),
        ({"db_name": "1st"}, "beginning with a letter"),
        ({"db_name": True}, "db_name is True; give a text; YAML reads it as true or false, so write it in quotes."),
        ({"storage_type": 3}, "storage_type is 3; give a text; YAML reads it as a number, so write it in quotes."),
        ({"kms_key_id": "alias/x"}, "leave one out"),
        ({"vpc_security_groups": "default"}, "give a list of names"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(arguments, sentence, states, sandbox):
    ret = states["rds_instance.present"](**{"name": NAME, "preset": "data-analysis", **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert "hunter22" not in ret.comment
    assert sandbox.calls() == []


def test_a_failed_read_is_an_error_and_never_absent(states, sandbox, wanted):
    sandbox.fault("*", "access_denied", times=100)
    sandbox.clear_calls()
    for function, arguments in (("present", wanted), ("absent", {"name": NAME, "skip_final_snapshot": True})):
        ret = states[f"rds_instance.{function}"](**arguments)
        assert ret.result is False
        assert "The credentials in use need rds:DescribeDBInstances" in ret.comment
    assert sandbox.calls(write=True) == []
