"""RDS: databases that take their time, changes that wait, and combinations that cannot be."""

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
        MasterUserPassword="another-password",
        DeletionProtection=True,
    )["DBInstance"]
    assert changed["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small", "MasterUserPassword": "****"}
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
    refused("InvalidSubnet", create, **names, SubnetIds=["subnet-0", subnets[1]])
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
    assert rds.describe_db_instances()["DBInstances"] == []
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


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
