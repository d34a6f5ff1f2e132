"""The sample pillar's databases, whole: from pillar through the SLS files to AWS, and back."""

import pytest
import yaml

from tests.functional.test_fleet import changes

STATES = {
    "aws-vpc-lab",
    "aws-subnet-lab-lab-a",
    "aws-subnet-lab-lab-b",
    "aws-security-group-postgresql-anywhere",
    "aws-security-group-postgresql-anywhere-default-us-east-1",
    "aws-subnet-group-lab",
    "aws-instance-analysis",
    "aws-cluster-common",
}


def passwords(fleet):
    return yaml.safe_load((fleet.pillar / "private" / "databases.sls").read_text())["databases"]


def pending(fleet):
    """What AWS is still at, of databases."""
    return [entry["what"] for entry in fleet.call("aws_account.pending", format="data") if "DB" in entry["what"]]


def test_plan_apply_and_apply_again(fleet, sandbox):
    sandbox.refuse_writes(True)
    planned = fleet.apply("aws.databases", test=True)
    assert sandbox.calls(write=True) == []
    assert set(planned) == {"aws-pillar", *STATES}
    assert {state["result"] for state in planned.values()} == {None, True}, planned
    sandbox.refuse_writes(False)

    applied = fleet.apply("aws.databases")
    assert {state["result"] for state in applied.values()} == {True}, [state["comment"] for state in applied.values()]
    assert changes(applied) == changes(planned)
    assert set(changes(applied)) == STATES
    assert passwords(fleet)["analysis"] != passwords(fleet)["common"]

    sandbox.clear_calls()
    again = fleet.apply("aws.databases")
    assert {state["result"] for state in again.values()} == {True}
    assert changes(again) == {}
    assert sandbox.calls(write=True) == []
    assert again["aws-instance-analysis"]["warnings"] == ["Waiting: the DB instance analysis is creating."]
    assert pending(fleet) == ["DB cluster common", "DB instance analysis"]

    sandbox.advance_clock(300)
    assert pending(fleet) == []
    last = fleet.apply("aws.databases")
    assert not any(state.get("warnings") for state in last.values())
    for kind, name in (("instance", "analysis"), ("cluster", "common")):
        details = fleet.call(f"rds_{kind}.connection_details", name)
        assert details["psql"].startswith("psql '")
        assert passwords(fleet)[name]["password"] not in str(details)


def test_two_subnets_are_in_two_zones_and_the_database_is_in_its_groups(fleet, sandbox):
    fleet.apply("aws.databases")
    ec2, rds = sandbox.client("ec2"), sandbox.client("rds")
    default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    groups = {
        entry["GroupId"]: entry["VpcId"]
        for entry in ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["postgresql-anywhere"]}])[
            "SecurityGroups"
        ]
    }
    assert len(groups) == 2
    (group,) = rds.describe_db_instances(DBInstanceIdentifier="analysis")["DBInstances"][0]["VpcSecurityGroups"]
    assert groups[group["VpcSecurityGroupId"]] == default
    (group,) = rds.describe_db_clusters()["DBClusters"][0]["VpcSecurityGroups"]
    assert groups[group["VpcSecurityGroupId"]] != default


def test_the_plan_for_a_person(fleet, sandbox):
    shown = fleet.call("aws_database.plan")
    for text in ("lab-a", "10.0.0.0/16", "db.t3.micro", "aurora-postgresql", "0 to 2 units", "latest"):
        assert text in shown
    assert sandbox.calls() == []


def test_a_database_is_found_in_the_region_that_pillar_names(fleet, sandbox):
    path = fleet.pillar / "public" / "databases.sls"
    path.write_text(
        path.read_text().replace(
            "        preset: data-analysis\n", "        preset: data-analysis\n        region: eu-west-2\n"
        )
    )
    fleet.apply("aws.databases")
    sandbox.advance_clock(300)
    assert ".eu-west-2." in fleet.call("rds_instance.connection_details", "analysis")["host"]
    fleet.call("rds_instance.reset_password", "analysis")


@pytest.mark.parametrize("function", ["rds_instance.reset_password", "rds_cluster.reset_password"])
def test_a_password_is_reset_into_the_store_of_pillar(fleet, sandbox, function):
    fleet.apply("aws.databases")
    sandbox.advance_clock(300)
    name = "analysis" if "instance" in function else "common"
    old = passwords(fleet)
    fleet.call(function, name)
    new = passwords(fleet)
    assert {known for known in new if new[known] != old[known]} == {name}


def test_a_wrong_pillar_is_one_failed_state_and_nothing_else_is_done(fleet, sandbox):
    path = fleet.pillar / "public" / "databases.sls"
    path.write_text(
        path.read_text().replace("10.0.2.0/24", "10.0.1.0/25").replace("min_capacity: 0", "min_capacity: 4")
    )
    states = fleet.apply("aws.databases")
    assert list(states) == ["aws-pillar"]
    assert states["aws-pillar"]["comment"] == (
        "aws:ec2:vpcs:lab:subnets:lab-b:cidr_block is '10.0.1.0/25', which overlaps with lab-a's 10.0.1.0/24; give a block that is "
        "free.\naws:rds:clusters:common: min_capacity is 4, and max_capacity 2; give a max_capacity of at least min_capacity."
    )
    assert sandbox.calls() == []
