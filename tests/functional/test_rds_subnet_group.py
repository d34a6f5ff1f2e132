"""DB subnet groups."""

import pytest

GROUP = {"name": "lab", "vpc": "lab", "description": "Databases of the lab", "subnets": ["lab-a", "lab-b"]}


@pytest.fixture
def network(sandbox, states):
    """A VPC with three subnets, the third in the first one's zone."""
    states["ec2_vpc.present"](name="lab", cidr_block="10.0.0.0/16")
    for number, (name, zone) in enumerate((("lab-a", "us-east-1a"), ("lab-b", "us-east-1b"), ("lab-c", "us-east-1a"))):
        states["ec2_subnet.present"](name, vpc="lab", cidr_block=f"10.0.{number}.0/24", availability_zone=zone)


def test_a_group_is_made_and_mended(converge, network, sandbox, modules):
    wanted = {**GROUP, "tags": {"team": "data"}}
    assert set(converge("rds_subnet_group.present", **wanted).changes) == {"name", "description", "subnets", "tags"}
    arn = modules["rds_subnet_group.describe"]("lab")["arn"]
    rds = sandbox.client("rds")
    rds.modify_db_subnet_group(
        DBSubnetGroupName="lab",
        DBSubnetGroupDescription="Other",
        SubnetIds=[modules["ec2_subnet.describe"](name)["subnet_id"] for name in ("lab-b", "lab-c")],
    )
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "theirs", "Value": "x"}])
    mended = converge("rds_subnet_group.present", **wanted)
    assert set(mended.changes) == {"description", "subnets", "tags"}
    assert mended.changes["tags"]["new"] == {"team": "data", "theirs": "x"}
    converge("rds_subnet_group.present", **wanted, purge=True)
    assert modules["rds_subnet_group.describe"]("lab")["tags"] == {"team": "data"}


def test_ids_do_as_well(converge, network, modules):
    converge("rds_subnet_group.present", **GROUP)
    ids = [modules["ec2_subnet.describe"](name)["subnet_id"] for name in ("lab-b", "lab-a")]
    assert converge("rds_subnet_group.present", **{**GROUP, "subnets": ids}).changes == {}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subnets": ["lab-a"]}, "give subnets in at least two zones"),
        ({"subnets": ["lab-a", "lab-c"]}, "all in us-east-1a; RDS requires at least two zones."),
        ({"name": "Lab"}, "its name has 1 to 255 lower-case letters"),
        ({"name": "default"}, "is not default"),
        ({"description": None}, "give description and subnets"),
    ],
)
def test_what_rds_would_refuse_is_refused_before_writing(converge, network, changes, sentence):
    ret = converge("rds_subnet_group.present", **{**GROUP, **changes})
    assert ret.result is False
    assert sentence in ret.comment


def test_a_subnet_that_is_not_there(states, network):
    ret = states["rds_subnet_group.present"](**{**GROUP, "subnets": ["lab-a", "lab-x"]})
    assert "there is no subnet lab-x" in ret.comment


def test_it_is_planned_before_its_vpc_is_there(states, sandbox):
    sandbox.refuse_writes(True)
    planned = states["rds_subnet_group.present"](**GROUP, test=True)
    assert planned.result is None
    assert planned.changes["subnets"]["new"] == ["lab-a", "lab-b"]


def test_one_that_is_used_is_not_deleted(converge, network, sandbox):
    converge("rds_subnet_group.present", **GROUP)
    rds = sandbox.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="analysis",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="postgres",
        MasterUserPassword="correct-horse",
        AllocatedStorage=20,
        DBSubnetGroupName="lab",
    )
    ret = converge("rds_subnet_group.absent", name="lab")
    assert ret.comment == "The DB subnet group lab contains analysis and is not deleted: delete it first."
    sandbox.advance_clock(300)
    rds.delete_db_instance(DBInstanceIdentifier="analysis", SkipFinalSnapshot=True)
    sandbox.advance_clock(300)
    assert converge("rds_subnet_group.absent", name="lab").changes == {"name": {"old": "lab", "new": None}}
