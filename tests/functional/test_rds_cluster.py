"""Clusters of Aurora Serverless v2."""

import pytest
import yaml

NAME = "common"
SETTINGS = {
    "name": NAME,
    "engine": "aurora-postgresql",
    "engine_version": "latest",
    "min_capacity": 0,
    "max_capacity": 2,
    "seconds_until_auto_pause": 3600,
    "data_api": True,
    "database": "common",
    "backup_retention_period": 1,
}


@pytest.fixture
def rds(sandbox):
    sandbox.stop_clock()
    return sandbox.client("rds")


@pytest.fixture
def private(tmp_path):
    return tmp_path / "common.sls"


@pytest.fixture
def wanted(rds, states, private):
    """The runbook's cluster, and the network that it is in."""
    states["ec2_vpc.present"]("lab", cidr_block="10.0.0.0/16")
    for number in (1, 2):
        states["ec2_subnet.present"](f"lab-{number}", vpc="lab", cidr_block=f"10.0.{number}.0/24")
    states["ec2_security_group.present"](
        "postgresql-anywhere",
        vpc="lab",
        description="PostgreSQL from anywhere",
        ingress=[{"service": "postgresql", "source": "anywhere"}],
    )
    states["rds_subnet_group.present"]("lab", vpc="lab", description="The lab's", subnets=["lab-1", "lab-2"])
    return {
        **SETTINGS,
        "db_subnet_group_name": "lab",
        "vpc_security_groups": ["postgresql-anywhere"],
        "store": {"pillar_file": str(private), "keys": {"password": "common:password"}},
    }


@pytest.fixture
def cluster(wanted, converge, sandbox):
    """One that is available."""
    assert converge("rds_cluster.present", **wanted).result is True
    sandbox.advance_clock(300)
    return wanted


def entry(rds):
    return rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]


def stored(private):
    return yaml.safe_load(private.read_text())["common"]["password"]


def test_the_runbooks_cluster(converge, rds, wanted, private, modules):
    ret = converge("rds_cluster.present", **wanted)
    assert ret.result is True, ret.comment
    assert ret.warnings[0].startswith("Waiting: the DB cluster common is creating")
    assert ret.changes["instance"] == {"old": None, "new": "common-1"}
    assert stored(private) not in str(ret.full_return)
    made = entry(rds)
    group = modules["ec2_security_group.describe"]("postgresql-anywhere", vpc="lab")["group_id"]
    assert made["Engine"] == "aurora-postgresql"
    assert made["EngineVersion"] == "17.6"
    assert made["EngineMode"] == "provisioned"
    assert made["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 2.0,
        "SecondsUntilAutoPause": 3600,
    }
    assert made["HttpEndpointEnabled"] is True
    assert made["DatabaseName"] == "common"
    assert made["BackupRetentionPeriod"] == 1
    assert made["DBSubnetGroup"] == "lab"
    assert [entry["VpcSecurityGroupId"] for entry in made["VpcSecurityGroups"]] == [group]
    (instance,) = rds.describe_db_instances()["DBInstances"]
    assert (instance["DBInstanceClass"], instance["PubliclyAccessible"]) == ("db.serverless", False)


def test_it_waits_for_the_instance_too(states, sandbox, wanted):
    sandbox.ask("clock", stop=False)
    sandbox.database_times(creating=2)
    ret = states["rds_cluster.present"](**wanted, wait="1m")
    assert ret.result is True, ret.comment
    assert "warnings" not in ret.full_return


def test_what_aws_does_not_show_yet_is_waited_for(states, sandbox, wanted):
    sandbox.lag("rds", looks=3)
    sandbox.stand_aside()
    ret = states["rds_cluster.present"](**wanted)
    assert ret.result is True, ret.comment
    assert len(sandbox.client("rds").describe_db_instances()["DBInstances"]) == 1


def test_drift_is_mended(converge, sandbox, rds, cluster):
    rds.modify_db_cluster(
        DBClusterIdentifier=NAME,
        ServerlessV2ScalingConfiguration={"MinCapacity": 1, "MaxCapacity": 8},
        BackupRetentionPeriod=5,
        ApplyImmediately=True,
    )
    sandbox.advance_clock(300)
    rds.disable_http_endpoint(ResourceArn=entry(rds)["DBClusterArn"])
    sandbox.clear_calls()
    ret = converge("rds_cluster.present", **cluster, tags={"team": "data"}, apply="now")
    expected = {
        "min_capacity",
        "max_capacity",
        "seconds_until_auto_pause",
        "backup_retention_period",
        "data_api",
        "tags",
    }
    assert set(ret.changes) == expected, ret.comment
    sandbox.advance_clock(300)
    assert converge("rds_cluster.present", **cluster, tags={"team": "data"}).changes == {}


@pytest.mark.parametrize("apply", ["now", "window"])
def test_what_waits_for_the_window_and_what_does_not(converge, sandbox, rds, wanted, apply):
    converge("rds_cluster.present", **{**wanted, "engine_version": "16.9"})
    sandbox.advance_clock(300)
    slow = {"engine_version": "16.10", "enable_iam_database_authentication": True}
    drifted = {**wanted, **slow, "backup_retention_period": 7, "max_capacity": 4, "deletion_protection": True}
    ret = converge("rds_cluster.present", **drifted, allow_upgrade="minor", apply=apply)
    assert set(ret.changes) == {*slow, "backup_retention_period", "max_capacity", "deletion_protection"}, ret.comment
    assert entry(rds)["BackupRetentionPeriod"] == 7
    sandbox.advance_clock(300)
    ret = converge("rds_cluster.present", **drifted, allow_upgrade="minor", apply=apply)
    if apply == "window":
        window = entry(rds)["PreferredMaintenanceWindow"]
        sentence = f"AWS will change enable_iam_database_authentication (True), engine_version (16.10) in its maintenance window, {window}."
        assert ret.warnings == [f"Waiting: the DB cluster common: {sentence}"]
        assert entry(rds)["EngineVersion"] == "16.9"
        sandbox.maintain_databases()
        ret = converge("rds_cluster.present", **drifted, allow_upgrade="minor", apply=apply)
    assert "warnings" not in ret.full_return
    assert (entry(rds)["EngineVersion"], entry(rds)["IAMDatabaseAuthenticationEnabled"]) == ("16.10", True)


def test_every_attribute_that_can_be_modified_is(converge, sandbox, rds, cluster):
    changes = {
        "min_capacity": 0.5,
        "max_capacity": 8,
        "data_api": False,
        "vpc_security_groups": ["default"],
        "port": 5433,
        "backup_retention_period": 7,
        "preferred_backup_window": "03:00-03:30",
        "preferred_maintenance_window": "sun:05:00-sun:05:30",
        "copy_tags_to_snapshot": True,
        "deletion_protection": True,
        "enable_performance_insights": True,
        "enable_iam_database_authentication": True,
        "tags": {"team": "data"},
    }
    wanted = {name: value for name, value in cluster.items() if name != "seconds_until_auto_pause"}
    assert set(converge("rds_cluster.present", **{**wanted, **changes}, apply="now").changes) == set(changes)
    sandbox.advance_clock(300)
    ret = converge("rds_cluster.present", **{**wanted, **changes})
    assert (ret.changes, ret.full_return.get("warnings")) == ({}, None)


@pytest.fixture
def waiting(rds, wanted, converge, sandbox):
    """One of which an upgrade waits for the maintenance window."""
    converge("rds_cluster.present", **{**wanted, "engine_version": "16.9"})
    sandbox.advance_clock(300)
    rds.modify_db_cluster(DBClusterIdentifier=NAME, EngineVersion="16.10")
    return {**wanted, "engine_version": "16.10"}


def test_a_new_password_is_set_at_once_where_nothing_waits(sandbox, rds, cluster, private, modules):
    """Without ApplyImmediately AWS may keep a cluster's password for the window, and the store would have another one."""
    old = stored(private)
    modules["rds_cluster.reset_password"](NAME, store=cluster["store"])
    assert stored(private) != old
    assert entry(rds)["Status"] == "resetting-master-credentials"
    sandbox.advance_clock(300)
    assert "PendingModifiedValues" not in entry(rds)


def test_a_new_password_is_refused_while_something_waits(sandbox, rds, waiting, private, modules):
    old = stored(private)
    with pytest.raises(
        Exception, match="changes that wait for the maintenance window would be made with it: EngineVersion"
    ) as excinfo:
        modules["rds_cluster.reset_password"](NAME, store=waiting["store"])
    assert old not in str(excinfo.value)
    assert stored(private) == old
    assert entry(rds)["PendingModifiedValues"] == {"EngineVersion": "16.10"}
    assert entry(rds)["Status"] == "available"
    sandbox.maintain_databases()
    modules["rds_cluster.reset_password"](NAME, store=waiting["store"])
    assert stored(private) != old


def test_a_password_that_another_client_left_pending_is_reported(converge, sandbox, rds, cluster):
    rds.modify_db_cluster(DBClusterIdentifier=NAME, MasterUserPassword="correct-horse-battery")
    ret = converge("rds_cluster.present", **cluster)
    assert ret.changes == {}
    assert ret.warnings[0].startswith(
        "Waiting: the DB cluster common: AWS will change MasterUserPassword in its maintenance window"
    )
    assert "correct-horse" not in str(ret.full_return)


def test_secrets_manager_is_not_turned_to_while_something_waits(converge, sandbox, rds, waiting):
    ret = converge("rds_cluster.present", **waiting, master_password="managed")
    assert "changes that wait for the maintenance window would be made with it: EngineVersion" in ret.comment
    sandbox.advance_clock(300)
    assert entry(rds)["EngineVersion"] == "16.9"
    sandbox.maintain_databases()
    assert set(converge("rds_cluster.present", **waiting, master_password="managed").changes) == {"master_password"}


def test_from_one_kind_of_password_to_the_other(converge, sandbox, rds, cluster, private):
    first = stored(private)
    assert set(converge("rds_cluster.present", **cluster, master_password="managed").changes) == {"master_password"}
    sandbox.advance_clock(300)
    assert set(converge("rds_cluster.present", **cluster).changes) == {"master_password"}
    sandbox.advance_clock(300)
    assert stored(private) == first, "what stands in the store is the password again"
    assert "MasterUserSecret" not in entry(rds)
    assert "PendingModifiedValues" not in entry(rds)


def test_a_port_needs_the_word(converge, sandbox, rds, cluster):
    ret = converge("rds_cluster.present", **cluster, port=5433)
    assert ret.comment == (
        "The DB cluster common: a change of port restarts it at once, outside of its maintenance window. To allow that, set apply: now."
    )
    assert (entry(rds)["Status"], entry(rds)["Port"]) == ("available", 5432)
    assert set(converge("rds_cluster.present", **cluster, port=5433, apply="now").changes) == {"port"}
    assert entry(rds)["Port"] == 5433


@pytest.mark.parametrize(("enabled", "operation"), [(False, "DisableHttpEndpoint"), (True, "EnableHttpEndpoint")])
def test_the_data_api_is_switched_by_its_own_calls(states, sandbox, rds, cluster, enabled, operation):
    switch = rds.disable_http_endpoint if enabled else rds.enable_http_endpoint
    switch(ResourceArn=entry(rds)["DBClusterArn"])
    sandbox.clear_calls()
    ret = states["rds_cluster.present"](**{**cluster, "data_api": enabled})
    assert ret.changes == {"data_api": {"old": not enabled, "new": enabled}}
    assert {call["operation"] for call in sandbox.calls(write=True)} == {operation}
    assert entry(rds)["HttpEndpointEnabled"] is enabled


def test_a_cluster_that_no_longer_pauses(converge, sandbox, rds, cluster):
    cluster = {name: value for name, value in cluster.items() if name != "seconds_until_auto_pause"}
    ret = converge("rds_cluster.present", **{**cluster, "min_capacity": 0.5})
    assert ret.changes == {"min_capacity": {"old": 0.0, "new": 0.5}}, ret.comment
    assert "SecondsUntilAutoPause" not in entry(rds)["ServerlessV2ScalingConfiguration"]


def test_after_a_lost_answer_the_next_runs_go_on(states, sandbox, rds, wanted, private):
    sandbox.fault("CreateDBCluster", "reset_after")
    assert states["rds_cluster.present"](**wanted).result is False
    first = stored(private)
    ret = states["rds_cluster.present"](**wanted)
    assert ret.warnings == ["Waiting: the DB cluster common is creating; instance can be changed when it is available."]
    sandbox.advance_clock(300)
    assert set(states["rds_cluster.present"](**wanted).changes) == {"instance"}
    assert stored(private) == first


def test_a_missing_instance_is_made_again(converge, sandbox, rds, cluster):
    rds.delete_db_instance(DBInstanceIdentifier="common-1", SkipFinalSnapshot=True)
    sandbox.advance_clock(300)
    ret = converge("rds_cluster.present", **cluster)
    assert ret.changes == {"instance": {"old": None, "new": "common-1"}}
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


def test_an_instance_of_another_name_will_do(converge, sandbox, rds, cluster):
    rds.delete_db_instance(DBInstanceIdentifier="common-1", SkipFinalSnapshot=True)
    sandbox.advance_clock(300)
    rds.create_db_instance(
        DBInstanceIdentifier="by-hand",
        DBClusterIdentifier=NAME,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )
    sandbox.advance_clock(300)
    assert converge("rds_cluster.present", **cluster).changes == {}


def test_latest_never_upgrades_by_itself(converge, sandbox, rds, wanted):
    converge("rds_cluster.present", **{**wanted, "engine_version": "16.9"})
    sandbox.advance_clock(300)
    assert converge("rds_cluster.present", **wanted).changes == {}
    ret = converge("rds_cluster.present", **wanted, allow_upgrade="minor", apply="now")
    assert ret.changes == {"engine_version": {"old": "16.9", "new": "16.10"}}


def test_latest_stays_where_only_extended_support_is_left(converge, sandbox, rds, wanted):
    converge("rds_cluster.present", **{**wanted, "engine_version": "13.9"})
    sandbox.advance_clock(300)
    ret = converge("rds_cluster.present", **wanted, allow_upgrade="minor", apply="now")
    assert ret.changes == {}
    assert "is not upgraded, because the latest possible version (13.22) is in Extended Support" in ret.warnings[0]
    assert entry(rds)["EngineVersion"] == "13.9"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"database": "other"}, "has database common, not other, and AWS does not change that in place. Create"),
        ({"engine": "aurora-mysql", "engine_version": None}, "has engine aurora-postgresql, not aurora-mysql"),
        ({"storage_encrypted": True}, "copy it with a KMS key"),
    ],
)
def test_what_cannot_change_in_place_names_the_way(converge, cluster, changes, sentence):
    ret = converge("rds_cluster.present", **{**cluster, **changes})
    assert ret.result is False
    assert sentence in ret.comment


def test_aws_may_keep_the_password(converge, sandbox, rds, wanted):
    managed = {**wanted, "store": None, "master_password": "managed"}
    assert converge("rds_cluster.present", **managed).result is True
    assert entry(rds)["MasterUserSecret"]["SecretArn"].startswith("arn:aws:secretsmanager:")


@pytest.mark.runs_command("database._reset", "rds_cluster.reset_password")
def test_a_lost_password_is_reported_and_can_be_reset(converge, sandbox, cluster, private, obey):
    private.write_text("common: {}\n")
    ret = converge("rds_cluster.present", **cluster)
    said = obey(ret.comment, "rds_cluster.reset_password")
    assert stored(private) not in said
    sandbox.advance_clock(300)
    assert converge("rds_cluster.present", **cluster).changes == {}


def test_connection_details_say_that_a_bastion_is_needed(cluster, modules):
    details = modules["rds_cluster.connection_details"](NAME)
    assert details["tunnel"] == f"ssh -N -L 15432:{details['host']}:5432 BASTION"
    assert details["psql"] == "psql 'host=localhost port=15432 user=postgres dbname=common sslmode=require'"
    assert any("a bastion is needed" in note for note in details["notes"])


def test_data_are_kept_by_default(converge, sandbox, rds, cluster):
    assert "because its data would be lost" in converge("rds_cluster.absent", name=NAME).comment
    assert len(rds.describe_db_instances()["DBInstances"]) == 1
    ret = converge("rds_cluster.absent", name=NAME, final_db_snapshot_identifier="common-final")
    assert ret.changes == {"name": {"old": NAME, "new": None}}, ret.comment
    snapshots = [
        entry["DBClusterSnapshotIdentifier"] for entry in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    ]
    assert "common-final" in snapshots
    sandbox.advance_clock(300)
    assert rds.describe_db_instances()["DBInstances"] == []
    assert converge("rds_cluster.absent", name=NAME).comment == "DB cluster common is absent."


def test_an_instance_that_has_failed_does_not_cost_the_clusters_last_snapshot(converge, sandbox, rds, cluster):
    sandbox.database_status("common-1", "failed")
    assert "is failed, and AWS does not change that by itself" in converge("rds_cluster.present", **cluster).comment
    ret = converge("rds_cluster.absent", name=NAME, final_db_snapshot_identifier="last")
    assert ret.changes == {"name": {"old": NAME, "new": None}}, ret.comment
    assert rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="last")["DBClusterSnapshots"]


def test_a_stopped_cluster_loses_nothing(converge, sandbox, rds, cluster):
    sandbox.database_status(NAME, "stopped")
    ret = converge("rds_cluster.absent", name=NAME, skip_final_snapshot=True)
    assert ret.comment == (
        "The DB cluster common is stopped, and AWS deletes only a started one; start it, and run this again."
    )
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


def test_an_instance_that_is_being_deleted_is_not_the_cluster(converge, sandbox, rds, cluster):
    rds.delete_db_instance(DBInstanceIdentifier="common-1", SkipFinalSnapshot=True)
    ret = converge("rds_cluster.present", **{**cluster, "max_capacity": 4})
    assert "max_capacity" in ret.changes, ret.comment


def test_a_snapshot_that_is_there_is_no_last_one(converge, rds, cluster):
    rds.create_db_cluster_snapshot(DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier="old")
    ret = converge("rds_cluster.absent", name=NAME, final_db_snapshot_identifier="old")
    assert "there is a snapshot old already; name another" in ret.comment
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


@pytest.mark.runs_command("database.obstacles", "rds_cluster.apply")
def test_deletion_protection_is_honoured_before_any_instance_goes(converge, sandbox, rds, cluster, obey):
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    sandbox.advance_clock(300)
    ret = converge("rds_cluster.absent", name=NAME, skip_final_snapshot=True)
    assert "has deletion protection and is not deleted" in ret.comment
    assert len(rds.describe_db_instances()["DBInstances"]) == 1
    obey(ret.comment, "rds_cluster.apply")
    sandbox.advance_clock(300)
    assert converge("rds_cluster.absent", name=NAME, skip_final_snapshot=True).result is True


@pytest.mark.parametrize("options", [{}, {"skip_final_snapshot": True, "final_db_snapshot_identifier": "last"}])
def test_the_function_too_refuses_before_any_instance_goes(rds, cluster, modules, options):
    with pytest.raises(Exception, match="final_db_snapshot_identifier"):
        modules["rds_cluster.delete"](NAME, **options)
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available"


def test_an_instance_of_a_cluster_is_not_deleted_by_itself(converge, cluster):
    ret = converge("rds_instance.absent", name="common-1", skip_final_snapshot=True)
    assert "belongs to the DB cluster common and is not deleted by itself: see rds_cluster.absent" in ret.comment


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"engine_mode": "serverless"},
            "an option of Serverless v1, which AWS ended on 2025-03-31; leave it out: min_capacity",
        ),
        (
            {"scaling_configuration": {"min_capacity": 2}},
            "give min_capacity, max_capacity and seconds_until_auto_pause",
        ),
        ({"auto_pause": True}, "give min_capacity: 0 and seconds_until_auto_pause"),
        ({"timeout_action": "RollbackCapacityChange"}, "v2 scales without waiting"),
        ({"seconds_before_timeout": 300}, "v2 scales without waiting"),
        ({"engine_version": "10.7"}, "engine_version is '10.7', which AWS no longer offers; give latest"),
        ({"engine_version": 10.7}, "which AWS no longer offers"),
        ({"engine": "aurora"}, "engine is 'aurora'; allowed are aurora-postgresql, aurora-mysql."),
        ({"min_capacity": 4}, "min_capacity is 4, and max_capacity 2; give a max_capacity of at least min_capacity."),
        ({"min_capacity": 0.3}, "from 0 to 256, in halves"),
        ({"max_capacity": 0.5}, "from 1 to 256, in halves"),
        ({"max_capacity": 257}, "from 1 to 256, in halves"),
        ({"seconds_until_auto_pause": 299}, "give a whole number from 300 to 86400"),
        ({"seconds_until_auto_pause": 86401}, "give a whole number from 300 to 86400"),
        ({"min_capacity": 0.5}, "only a cluster with min_capacity: 0 pauses"),
        ({"backup_retention_period": 0}, "give a whole number from 1 to 35"),
        ({"database": "the-data"}, "database is 'the-data'; give 1 to 63 letters"),
        ({"name": "common_1"}, "its name has 1 to 63 characters"),
        ({"data_api": "yes"}, "data_api is 'yes'; allowed are True, False."),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(arguments, sentence, states, sandbox):
    ret = states["rds_cluster.present"](**{**SETTINGS, **arguments})
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []


def test_a_failed_read_is_an_error_and_never_absent(states, sandbox, wanted):
    sandbox.fault("*", "access_denied", times=100)
    sandbox.clear_calls()
    ret = states["rds_cluster.present"](**wanted)
    assert "The credentials in use need rds:DescribeDBClusters" in ret.comment
    assert sandbox.calls(write=True) == []
