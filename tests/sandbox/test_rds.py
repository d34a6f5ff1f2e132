"""RDS: databases that take their time, changes that wait, and combinations that cannot be."""

from datetime import datetime

import pytest
from botocore.exceptions import ClientError

INSTANCE = {
    "DBInstanceIdentifier": "analysis",
    "DBInstanceClass": "db.t3.micro",
    "Engine": "postgres",
    "MasterUsername": "master",
    "MasterUserPassword": "correct-horse",
    "AllocatedStorage": 20,
    "BackupRetentionPeriod": 0,
}
CLUSTER = {
    "DBClusterIdentifier": "common",
    "Engine": "aurora-postgresql",
    "MasterUsername": "master",
    "MasterUserPassword": "correct-horse",
    "DatabaseName": "common",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 2, "SecondsUntilAutoPause": 3600},
    "EnableHttpEndpoint": True,
    "BackupRetentionPeriod": 1,
}


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == expected, excinfo.value
    return str(excinfo.value)


@pytest.fixture
def rds(sandbox):
    sandbox.stop_clock()
    return sandbox.client("rds")


def describe(rds, identifier="analysis"):
    return rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]


def available(sandbox, rds, **changes):
    rds.create_db_instance(**{**INSTANCE, **changes})
    sandbox.advance_clock(300)


def test_what_waits_is_taken_back_at_once_only(sandbox, rds):
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html"""
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.small", MultiAZ=True)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.micro")
    assert describe(rds)["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small", "MultiAZ": True}
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.micro", ApplyImmediately=True)
    sandbox.advance_clock(300)
    entry = describe(rds)
    assert (entry["DBInstanceClass"], entry["MultiAZ"], entry["PendingModifiedValues"]) == ("db.t3.micro", True, {})


def test_an_instance_takes_its_time(sandbox, rds):
    made = rds.create_db_instance(**INSTANCE, EnablePerformanceInsights=True)["DBInstance"]
    assert (made["DBInstanceStatus"], made["EngineVersion"]) == ("creating", "17.4")
    sandbox.advance_clock(299)
    entry = describe(rds)
    assert entry["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in entry
    sandbox.advance_clock(1)
    entry = describe(rds)
    assert entry["DBInstanceStatus"] == "available"
    assert entry["Endpoint"]["Port"] == 5432
    assert entry["PendingModifiedValues"] == {}
    assert entry["PerformanceInsightsEnabled"] is True
    assert entry["PubliclyAccessible"] is True
    assert "MaxAllocatedStorage" not in entry


def test_its_time_can_be_set(sandbox, rds):
    sandbox.database_times(creating=0, deleting=0)
    rds.create_db_instance(**INSTANCE)
    assert describe(rds)["DBInstanceStatus"] == "available"
    rds.delete_db_instance(DBInstanceIdentifier="analysis", SkipFinalSnapshot=True)
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="analysis")


def test_nothing_is_changed_while_it_is_not_available(sandbox, rds):
    rds.create_db_instance(**INSTANCE)
    refused("InvalidDBInstanceState", rds.modify_db_instance, DBInstanceIdentifier="analysis", MultiAZ=True)
    refused("DBInstanceAlreadyExists", rds.create_db_instance, **INSTANCE)


def test_a_larger_change_waits_for_the_maintenance_window(sandbox, rds):
    available(sandbox, rds)
    changed = rds.modify_db_instance(
        DBInstanceIdentifier="analysis",
        DBInstanceClass="db.t3.small",
        DeletionProtection=True,
    )["DBInstance"]
    assert changed["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}
    sandbox.advance_clock(10_000)
    entry = describe(rds)
    assert (entry["DBInstanceClass"], entry["DeletionProtection"]) == ("db.t3.micro", True)
    sandbox.maintain_databases()
    entry = describe(rds)
    assert (entry["DBInstanceClass"], entry["PendingModifiedValues"]) == ("db.t3.small", {})


def test_a_change_to_be_made_at_once_takes_its_time(sandbox, rds):
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", AllocatedStorage=30, ApplyImmediately=True)
    entry = describe(rds)
    assert (entry["DBInstanceStatus"], entry["AllocatedStorage"]) == ("modifying", 20)
    assert entry["PendingModifiedValues"] == {"AllocatedStorage": 30}
    sandbox.advance_clock(120)
    entry = describe(rds)
    assert (entry["DBInstanceStatus"], entry["AllocatedStorage"]) == ("available", 30)
    assert entry["PendingModifiedValues"] == {}


def test_a_change_to_be_made_at_once_takes_along_what_waits(sandbox, rds):
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.small")
    rds.modify_db_instance(DBInstanceIdentifier="analysis", AllocatedStorage=30, ApplyImmediately=True)
    sandbox.advance_clock(120)
    entry = describe(rds)
    assert (entry["DBInstanceClass"], entry["AllocatedStorage"]) == ("db.t3.small", 30)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"MasterUserPassword": "another-password"}, "resetting-master-credentials"),
        ({"DBPortNumber": 5433}, "modifying"),
    ],
)
def test_a_password_and_a_port_wait_for_no_window_and_take_nothing_along(sandbox, rds, change, status):
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.small")
    rds.modify_db_instance(DBInstanceIdentifier="analysis", ApplyImmediately=False, **change)
    assert describe(rds)["DBInstanceStatus"] == status
    sandbox.advance_clock(120)
    entry = describe(rds)
    assert (entry["DBInstanceStatus"], entry["DBInstanceClass"]) == ("available", "db.t3.micro")
    assert entry["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}
    sandbox.maintain_databases()
    assert describe(rds)["DBInstanceClass"] == "db.t3.small"


def test_a_change_to_what_is_so_already_is_none(sandbox, rds):
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", AllocatedStorage=20, ApplyImmediately=True)
    entry = describe(rds)
    assert (entry["DBInstanceStatus"], entry["PendingModifiedValues"]) == ("available", {})


def test_deleting_takes_its_time_and_must_be_meant(sandbox, rds):
    available(sandbox, rds)
    delete = rds.delete_db_instance
    refused("InvalidParameterCombination", delete, DBInstanceIdentifier="analysis")
    refused(
        "InvalidParameterCombination",
        delete,
        DBInstanceIdentifier="analysis",
        SkipFinalSnapshot=True,
        FinalDBSnapshotIdentifier="last",
    )
    refused("DBInstanceNotFound", delete, DBInstanceIdentifier="other", SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DeletionProtection=True)
    refused("InvalidParameterCombination", delete, DBInstanceIdentifier="analysis", SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DeletionProtection=False)
    delete(DBInstanceIdentifier="analysis", FinalDBSnapshotIdentifier="last")
    assert describe(rds)["DBInstanceStatus"] == "deleting"
    assert [entry["DBInstanceStatus"] for entry in rds.describe_db_instances()["DBInstances"]] == ["deleting"]
    refused("InvalidDBInstanceState", delete, DBInstanceIdentifier="analysis", SkipFinalSnapshot=True)
    refused("DBInstanceAlreadyExists", rds.create_db_instance, **INSTANCE)
    sandbox.advance_clock(120)
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="analysis")
    assert rds.describe_db_snapshots()["DBSnapshots"][0]["DBSnapshotIdentifier"] == "last"


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("InvalidParameterCombination", {"ManageMasterUserPassword": True}),
        ("InvalidParameterValue", {"MasterUserPassword": "short"}),
        ("InvalidParameterValue", {"MasterUserPassword": "x" * 129}),
        ("InvalidParameterValue", {"MasterUserPassword": "has space"}),
        ("InvalidParameterValue", {"MasterUserPassword": "has@sign-in-it"}),
        ("InvalidParameterValue", {"MasterUserPassword": 'has"quote-in-it'}),
        ("InvalidParameterValue", {"MasterUserPassword": "has/slash-in-it"}),
        ("InvalidParameterValue", {"MasterUsername": "rdsadmin"}),
        ("InvalidParameterCombination", {"EngineVersion": "99.1"}),
        ("InvalidParameterCombination", {"EngineVersion": "11.22"}),
        ("InvalidParameterCombination", {"AllocatedStorage": 5}),
        ("InvalidParameterCombination", {"MaxAllocatedStorage": 20}),
        ("InvalidParameterCombination", {"DBInstanceClass": "db.serverless"}),
        ("InvalidParameterValue", {"DBInstanceClass": "t3.micro"}),
        ("InvalidParameterValue", {"VpcSecurityGroupIds": ["sg-0"]}),
        ("DBSubnetGroupNotFoundFault", {"DBSubnetGroupName": "nothing"}),
    ],
)
def test_impossible_instances_are_refused(rds, expected, changes):
    refused(expected, rds.create_db_instance, **{**INSTANCE, **changes})
    assert rds.describe_db_instances()["DBInstances"] == []


def test_a_password_is_needed_unless_it_is_managed(rds):
    without = {name: value for name, value in INSTANCE.items() if name != "MasterUserPassword"}
    refused("InvalidParameterValue", rds.create_db_instance, **without)
    made = rds.create_db_instance(**without, ManageMasterUserPassword=True)["DBInstance"]
    assert made["MasterUserSecret"]["SecretArn"]


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("InvalidParameterCombination", {"AllocatedStorage": 19}),
        ("InvalidParameterCombination", {"EngineVersion": "13.23"}),
        ("InvalidParameterCombination", {"EngineVersion": "17.7"}),
        ("InvalidParameterCombination", {"EngineVersion": "42.0"}),
        ("InvalidParameterValue", {"MasterUserPassword": "short"}),
    ],
)
def test_impossible_changes_are_refused(sandbox, rds, expected, changes):
    available(sandbox, rds, EngineVersion="16")
    assert describe(rds)["EngineVersion"] == "16.10"
    refused(expected, rds.modify_db_instance, DBInstanceIdentifier="analysis", **changes)
    assert describe(rds)["PendingModifiedValues"] == {}
    refused("DBInstanceNotFound", rds.modify_db_instance, DBInstanceIdentifier="other", MultiAZ=True)


def test_an_upgrade_can_be_asked_for(sandbox, rds):
    available(sandbox, rds, EngineVersion="16.9")
    rds.modify_db_instance(
        DBInstanceIdentifier="analysis",
        EngineVersion="17.7",
        AllowMajorVersionUpgrade=True,
        ApplyImmediately=True,
    )
    sandbox.advance_clock(120)
    assert describe(rds)["EngineVersion"] == "17.7"


def test_engine_versions_are_paged_unsorted_and_not_all_available(sandbox, rds):
    def versions(**parameters):
        pages = rds.get_paginator("describe_db_engine_versions").paginate(Engine="postgres", **parameters)
        return [entry["EngineVersion"] for page in pages for entry in page["DBEngineVersions"]]

    found = versions()
    assert found.index("16.10") < found.index("16.9")
    assert "11.22" not in found
    assert "11.22" in versions(IncludeAll=True)
    assert versions(DefaultOnly=True) == ["17.4"]
    assert versions(EngineVersion="16") == ["16.10", "16.9"]
    sandbox.page_size(3)
    assert versions() == found
    assert len(sandbox.calls(operation="DescribeDBEngineVersions")) >= 7


def test_major_versions_tell_until_when_they_have_standard_support(sandbox, rds):
    now = datetime.fromisoformat(sandbox.ask("clock")["time"])
    sandbox.page_size(2)
    pages = rds.get_paginator("describe_db_major_engine_versions").paginate(Engine="postgres")
    ends = {
        entry["MajorEngineVersion"]: [
            (support["LifecycleSupportName"], support["LifecycleSupportEndDate"] > now)
            for support in entry["SupportedEngineLifecycles"]
        ]
        for page in pages
        for entry in page["DBMajorEngineVersions"]
    }
    assert list(ends) == ["11", "12", "13", "14", "15", "16", "17"]
    assert ends["13"] == [("open-source-rds-standard-support", False), ("open-source-rds-extended-support", True)]
    assert ends["17"] == [("open-source-rds-standard-support", True), ("open-source-rds-extended-support", True)]
    only = rds.describe_db_major_engine_versions(Engine="mysql", MajorEngineVersion="8.4")["DBMajorEngineVersions"]
    assert [entry["MajorEngineVersion"] for entry in only] == ["8.4"]


@pytest.fixture
def network(sandbox):
    """A VPC with two subnets in two zones, and a security group in it."""
    ec2 = sandbox.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in ((1, "a"), (2, "b"), (3, "a"))
    ]
    group = ec2.create_security_group(GroupName="anywhere", Description="d", VpcId=vpc)["GroupId"]
    return subnets, group


def test_a_subnet_group_covers_two_zones_and_stays_while_used(sandbox, rds, network):
    subnets, group = network
    create = rds.create_db_subnet_group
    names = {"DBSubnetGroupName": "lab", "DBSubnetGroupDescription": "d"}
    refused("DBSubnetGroupDoesNotCoverEnoughAZs", create, **names, SubnetIds=[subnets[0], subnets[2]])
    refused("InvalidParameterValue", create, **names, SubnetIds=["subnet-0", subnets[1]])
    create(**names, SubnetIds=subnets[:2])
    refused("DBSubnetGroupAlreadyExists", create, **names, SubnetIds=subnets[:2])
    modify = rds.modify_db_subnet_group
    refused("DBSubnetGroupNotFoundFault", modify, DBSubnetGroupName="other", SubnetIds=subnets)
    modify(DBSubnetGroupName="lab", SubnetIds=subnets)
    refused("InvalidParameterCombination", rds.create_db_instance, **INSTANCE, VpcSecurityGroupIds=[group])
    made = rds.create_db_instance(**INSTANCE, VpcSecurityGroupIds=[group], DBSubnetGroupName="lab")["DBInstance"]
    assert made["PubliclyAccessible"] is False
    refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, DBSubnetGroupName="lab")


def cluster(rds, identifier="common"):
    return rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]


def test_a_serverless_cluster(sandbox, rds):
    made = rds.create_db_cluster(**CLUSTER)["DBCluster"]
    assert (made["Status"], made["EngineVersion"]) == ("creating", "16.9")
    sandbox.advance_clock(300)
    entry = cluster(rds)
    assert (entry["Status"], entry["HttpEndpointEnabled"]) == ("available", True)
    assert entry["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 2.0,
        "SecondsUntilAutoPause": 3600,
    }
    refused("DBClusterAlreadyExistsFault", rds.create_db_cluster, **CLUSTER)
    member = {
        "DBInstanceIdentifier": "common-1",
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-postgresql",
        "DBClusterIdentifier": "common",
    }
    rds.create_db_instance(**member)
    assert describe(rds, "common-1")["DBInstanceStatus"] == "creating"
    delete = rds.delete_db_cluster
    refused("InvalidDBClusterStateFault", delete, DBClusterIdentifier="common", SkipFinalSnapshot=True)
    sandbox.advance_clock(300)
    rds.delete_db_instance(DBInstanceIdentifier="common-1")
    refused("InvalidParameterCombination", delete, DBClusterIdentifier="common")
    delete(DBClusterIdentifier="common", SkipFinalSnapshot=True)
    assert cluster(rds)["Status"] == "deleting"
    refused("InvalidDBClusterStateFault", delete, DBClusterIdentifier="common", SkipFinalSnapshot=True)
    sandbox.advance_clock(120)
    refused("DBClusterNotFoundFault", rds.describe_db_clusters, DBClusterIdentifier="common")


def test_the_data_api_is_switched_by_calls_of_its_own(sandbox, rds):
    arn = rds.create_db_cluster(**{**CLUSTER, "EnableHttpEndpoint": False})["DBCluster"]["DBClusterArn"]
    assert cluster(rds)["HttpEndpointEnabled"] is False
    answer = rds.enable_http_endpoint(ResourceArn=arn)
    assert (answer["ResourceArn"], answer["HttpEndpointEnabled"]) == (arn, True)
    assert cluster(rds)["HttpEndpointEnabled"] is True
    assert rds.disable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is False
    assert cluster(rds)["HttpEndpointEnabled"] is False
    refused("ResourceNotFoundFault", rds.enable_http_endpoint, ResourceArn=arn + "x")


def scaling(**changes):
    return {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 2, **changes}}


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("InvalidParameterValue", {"EngineMode": "serverless"}),
        ("InvalidParameterValue", {"ScalingConfiguration": {"MinCapacity": 2}}),
        ("InvalidParameterValue", scaling(MinCapacity=0.3)),
        ("InvalidParameterValue", scaling(MaxCapacity=300)),
        ("InvalidParameterValue", scaling(MinCapacity=4)),
        ("InvalidParameterValue", scaling(SecondsUntilAutoPause=10)),
        ("InvalidParameterCombination", scaling(MinCapacity=1, SecondsUntilAutoPause=3600)),
        ("InvalidParameterCombination", {"EngineVersion": "10.7"}),
        ("InvalidParameterCombination", {"ManageMasterUserPassword": True}),
        ("InvalidParameterValue", {"BackupRetentionPeriod": 0}),
    ],
)
def test_impossible_clusters_are_refused(rds, expected, changes):
    refused(expected, rds.create_db_cluster, **{**CLUSTER, **changes})
    assert rds.describe_db_clusters()["DBClusters"] == []


@pytest.mark.parametrize(
    ("made", "changes", "sentence"),
    [
        ({}, {"Iops": 3000}, "for engine postgres and a storage size less than 400"),
        ({}, {"AllocatedStorage": 100, "Iops": 12000}, "a storage size less than 400"),
        ({}, {"StorageThroughput": 500}, "a storage size less than 400"),
        ({"AllocatedStorage": 400}, {"AllocatedStorage": 500}, "both the storage size and iops"),
        ({"AllocatedStorage": 400}, {"Iops": 13000}, "both the storage size and iops"),
        (
            {"StorageType": "io1", "Iops": 1000, "AllocatedStorage": 400},
            {"StorageType": "gp3"},
            "both the storage size",
        ),
        (
            {"StorageType": "io1", "Iops": 1000, "AllocatedStorage": 100},
            {"AllocatedStorage": 200},
            "both the storage size",
        ),
        ({"AllocatedStorage": 400}, {"StorageThroughput": 600}, "both the storage size"),
        ({"AllocatedStorage": 400}, {"AllocatedStorage": 500, "Iops": 3000}, "Invalid iops value"),
        ({"StorageType": "gp2", "AllocatedStorage": 400}, {"StorageType": "gp3"}, "both the storage size"),
        ({}, {"StorageType": "io2", "Iops": 1000}, "both the storage size"),
    ],
)
def test_size_and_iops_go_together_where_iops_can_be_given(sandbox, rds, made, changes, sentence):
    available(sandbox, rds, **{"StorageType": "gp3", **made})
    said = refused("InvalidParameterCombination", rds.modify_db_instance, DBInstanceIdentifier="analysis", **changes)
    assert sentence in said


@pytest.mark.parametrize(
    ("made", "changes"),
    [
        ({}, {"AllocatedStorage": 100}),
        ({}, {"AllocatedStorage": 400, "Iops": 12000}),
        ({"AllocatedStorage": 400}, {"AllocatedStorage": 500, "Iops": 13000}),
        (
            {"StorageType": "io1", "Iops": 1000, "AllocatedStorage": 400},
            {"StorageType": "gp3", "AllocatedStorage": 400, "Iops": 12000},
        ),
    ],
)
def test_what_of_size_and_iops_is_taken(sandbox, rds, made, changes):
    available(sandbox, rds, **{"StorageType": "gp3", **made})
    rds.modify_db_instance(DBInstanceIdentifier="analysis", **changes, ApplyImmediately=True)
    sandbox.advance_clock(300)
    assert {name: describe(rds)[name] for name in changes} == changes


def storage(rds):
    return tuple(describe(rds).get(name) for name in ("AllocatedStorage", "Iops", "StorageThroughput"))


@pytest.mark.parametrize(
    ("made", "changes", "before", "after"),
    [
        ({}, {"AllocatedStorage": 400, "Iops": 12000}, (20, 3000, 125), (400, 12000, 500)),
        ({"AllocatedStorage": 400}, {"AllocatedStorage": 500, "Iops": 13000}, (400, 12000, 500), (500, 13000, 500)),
        ({"StorageType": "gp2"}, {"StorageType": "gp3"}, (20, None, None), (20, 3000, 125)),
        (
            {"StorageType": "io1", "Iops": 1000, "AllocatedStorage": 100},
            {"StorageType": "gp3"},
            (100, 1000, None),
            (100, 3000, 125),
        ),
        ({}, {"AllocatedStorage": 21}, (20, 3000, 125), (22, 3000, 125)),
    ],
)
def test_what_rds_sets_of_storage_by_itself(sandbox, rds, made, changes, before, after):
    available(sandbox, rds, **{"StorageType": "gp3", **made})
    assert storage(rds) == before
    rds.modify_db_instance(DBInstanceIdentifier="analysis", **changes, ApplyImmediately=True)
    sandbox.advance_clock(300)
    assert storage(rds) == after


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"StorageType": "gp3", "Iops": 3000}, "a storage size less than 400"),
        ({"StorageType": "gp3", "AllocatedStorage": 400, "Iops": 3000}, "Invalid iops value"),
        ({"StorageType": "io1"}, "The storage type io1 requires iops"),
    ],
)
def test_storage_that_a_new_instance_cannot_have(rds, changes, sentence):
    assert sentence in refused("InvalidParameterCombination", rds.create_db_instance, **{**INSTANCE, **changes})


def test_a_cluster_is_modified_when_it_is_available(sandbox, rds):
    rds.create_db_cluster(**CLUSTER)
    modify = rds.modify_db_cluster
    refused("InvalidDBClusterStateFault", modify, DBClusterIdentifier="common", **scaling(MaxCapacity=4))
    sandbox.advance_clock(300)
    refused("InvalidParameterValue", modify, DBClusterIdentifier="common", **scaling(MaxCapacity=4.2))
    changed = modify(DBClusterIdentifier="common", ApplyImmediately=True, **scaling(MaxCapacity=4))["DBCluster"]
    assert changed["Status"] == "modifying"
    sandbox.advance_clock(120)
    entry = cluster(rds)
    assert entry["Status"] == "available"
    assert entry["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert entry["HttpEndpointEnabled"] is True
    refused("DBClusterNotFoundFault", modify, DBClusterIdentifier="other")


@pytest.fixture
def common(sandbox, rds):
    """Changes of a cluster that is available."""
    rds.create_db_cluster(**CLUSTER)
    sandbox.advance_clock(300)
    return lambda **changes: rds.modify_db_cluster(DBClusterIdentifier="common", **changes)["DBCluster"]


@pytest.mark.parametrize(
    ("changes", "shown", "member"),
    [
        ({"EngineVersion": "16.10"}, {"EngineVersion": "16.10"}, "EngineVersion"),
        (
            {"EnableIAMDatabaseAuthentication": True},
            {"IAMDatabaseAuthenticationEnabled": True},
            "IAMDatabaseAuthenticationEnabled",
        ),
        ({"MasterUserPassword": "another-password"}, {"MasterUserPassword": "****"}, None),
    ],
)
def test_some_changes_of_a_cluster_wait_for_the_window(sandbox, rds, common, changes, shown, member):
    before = cluster(rds).get(member)
    made = common(**changes)
    assert (made["Status"], made["PendingModifiedValues"]) == ("available", shown)
    sandbox.advance_clock(10_000)
    assert cluster(rds).get(member) == before
    sandbox.maintain_databases()
    assert "PendingModifiedValues" not in cluster(rds)
    assert member is None or cluster(rds)[member] == next(iter(changes.values()))


def test_all_other_changes_of_a_cluster_are_made_at_once_and_leave_what_waits(sandbox, rds, common):
    common(EngineVersion="16.10")
    made = common(BackupRetentionPeriod=5, Port=5433, DeletionProtection=True, **scaling(MaxCapacity=4))
    assert (made["Status"], made["BackupRetentionPeriod"], made["Port"]) == ("modifying", 5, 5433)
    sandbox.advance_clock(120)
    entry = cluster(rds)
    assert (entry["Status"], entry["EngineVersion"]) == ("available", "16.9")
    assert entry["PendingModifiedValues"] == {"EngineVersion": "16.10"}


def test_what_is_to_be_made_at_once_of_a_cluster_takes_along_what_waits(sandbox, rds, common):
    common(EngineVersion="16.10")
    assert common(MasterUserPassword="another-password", ApplyImmediately=True)["Status"] == "modifying"
    sandbox.advance_clock(120)
    entry = cluster(rds)
    assert (entry["EngineVersion"], "PendingModifiedValues" in entry) == ("16.10", False)
    made = common(MasterUserPassword="a-third-password", ApplyImmediately=True)
    assert made["Status"] == "resetting-master-credentials"


def test_a_cluster_goes_to_another_major_version_only_with_the_word(common):
    refused("InvalidParameterCombination", common, EngineVersion="17.6")
    refused("InvalidParameterCombination", common, EngineVersion="15.14", AllowMajorVersionUpgrade=True)
    assert common(EngineVersion="17.6", AllowMajorVersionUpgrade=True)["PendingModifiedValues"]


@pytest.mark.parametrize(
    ("made", "change", "shown"),
    [
        ({}, {"BackupRetentionPeriod": 5}, {"BackupRetentionPeriod": 5}),
        ({"BackupRetentionPeriod": 5}, {"BackupRetentionPeriod": 6}, {}),
        ({}, {"EnableIAMDatabaseAuthentication": True}, {"IAMDatabaseAuthenticationEnabled": True}),
        ({}, {"CACertificateIdentifier": "rds-ca-rsa4096-g1"}, {"CACertificateIdentifier": "rds-ca-rsa4096-g1"}),
    ],
)
def test_what_else_of_an_instance_waits(sandbox, rds, made, change, shown):
    available(sandbox, rds, **made)
    changed = rds.modify_db_instance(DBInstanceIdentifier="analysis", **change)["DBInstance"]
    assert changed["PendingModifiedValues"] == shown
    sandbox.maintain_databases()
    entry = describe(rds)
    assert {name: entry[name] for name in shown} == shown


def test_a_serverless_instance_needs_a_cluster_that_scales(sandbox, rds):
    without = {name: value for name, value in CLUSTER.items() if name != "ServerlessV2ScalingConfiguration"}
    rds.create_db_cluster(**without)
    refused(
        "InvalidDBClusterStateFault",
        rds.create_db_instance,
        DBInstanceIdentifier="common-1",
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
        DBClusterIdentifier="common",
    )


def test_a_new_instance_may_have_the_name_of_one_whose_backups_were_kept(sandbox, rds):
    available(sandbox, rds)
    rds.delete_db_instance(DBInstanceIdentifier="analysis", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    sandbox.advance_clock(300)
    assert rds.create_db_instance(**INSTANCE)["DBInstance"]["DBInstanceStatus"] == "creating"


def test_a_port_that_was_pending_comes_true(sandbox, rds):
    available(sandbox, rds)
    rds.modify_db_instance(DBInstanceIdentifier="analysis", DBPortNumber=5433, ApplyImmediately=True)
    sandbox.advance_clock(300)
    assert describe(rds)["Endpoint"]["Port"] == 5433


def test_upgrades_that_can_be_had(rds):
    entry = rds.describe_db_engine_versions(Engine="postgres", EngineVersion="16.9")["DBEngineVersions"][0]
    targets = {target["EngineVersion"]: target["IsMajorVersionUpgrade"] for target in entry["ValidUpgradeTarget"]}
    assert targets == {"16.10": False, "17.4": True, "17.7": True}


def test_what_rds_makes_can_lag(sandbox, rds):
    sandbox.lag("rds", looks=2)
    rds.create_db_instance(**INSTANCE)
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="analysis")
    assert len(rds.describe_db_instances()["DBInstances"]) == 1
    assert rds.describe_db_instances()["DBInstances"] == []
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


def test_what_ec2_makes_is_not_there_for_rds_at_once(sandbox, rds):
    ec2 = sandbox.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    sandbox.lag("ec2", looks=1)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(("us-east-1a", "us-east-1b"))
    ]
    given = {"DBSubnetGroupName": "lab", "DBSubnetGroupDescription": "Lab", "SubnetIds": subnets}
    refused("InvalidParameterValue", rds.create_db_subnet_group, **given)
    rds.create_db_subnet_group(**given)
    group = ec2.create_security_group(GroupName="g", Description="G", VpcId=vpc)["GroupId"]
    wanted = {**INSTANCE, "DBSubnetGroupName": "lab", "VpcSecurityGroupIds": [group]}
    refused("InvalidParameterValue", rds.create_db_instance, **wanted)
    rds.create_db_instance(**wanted)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda ec2: ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"], "InvalidVpcID.NotFound"),
        (
            lambda ec2: ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
            "InvalidInternetGatewayID.NotFound",
        ),
        (lambda ec2: ec2.create_security_group(GroupName="g", Description="G")["GroupId"], "InvalidGroup.NotFound"),
    ],
)
def test_what_ec2_makes_can_lag(sandbox, make, expected):
    ec2 = sandbox.client("ec2")
    sandbox.lag("ec2", looks=1)
    tags = {"Resources": [make(ec2)], "Tags": [{"Key": "a", "Value": "1"}]}
    refused(expected, ec2.create_tags, **tags)
    ec2.create_tags(**tags)


def test_that_a_security_group_was_deleted_is_reported(sandbox):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    ec2 = sandbox.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="anywhere", Description="d", VpcId=vpc)["GroupId"]
    assert ec2.delete_security_group(GroupId=group)["Return"] is True
