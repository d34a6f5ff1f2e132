"""From pillar to what the states of databases are given."""

import pytest

from aws_runbook.databases import lookup, presets
from aws_runbook.databases import plan as database_plan
from aws_runbook.databases.attributes import INSTANCE
from aws_runbook.errors import PillarError
from aws_runbook.pillar import check as pillar

STORE = {"pillar_file": "/srv/pillar/private/x.sls", "keys": {"password": "x:password"}}
OTHER = {"pillar_file": "/srv/pillar/private/y.sls", "keys": {"password": "y:password"}}
ANALYSIS = {"preset": "data-analysis", "store": STORE}
COMMON = {"engine": "aurora-postgresql", "min_capacity": 0, "max_capacity": 2, "store": OTHER}
OPEN = {"enable_dns_hostnames": True, "internet_gateway": True, "public_route": True}
LAB = {"cidr_block": "10.0.0.0/16", "subnets": {"a": {"cidr_block": "10.0.1.0/24"}, "b": {"cidr_block": "10.0.2.0/24"}}}


def tree(*, vpcs=None, groups=None, instances=None, clusters=None, **aws):
    return {
        "aws": {
            "ec2": {"vpcs": vpcs or {}, "security_groups": groups or {}},
            "rds": {"instances": instances or {}, "clusters": clusters or {}},
            **aws,
        }
    }


def plan(**parts):
    given = tree(**parts)
    pillar.check(given)
    return database_plan.plan(given)


def problems(**parts):
    try:
        plan(**parts)
    except PillarError as error:
        return error.problems
    return []


def test_nothing_follows_from_nothing():
    assert not any(database_plan.plan({}).values())


def test_the_presets_group_is_made_in_the_instances_vpc():
    planned = plan(instances={"analysis": ANALYSIS})
    (group,) = planned["security_groups"].values()
    assert (group["name"], group.get("vpc"), group["region"]) == ("postgresql-anywhere", None, "us-east-1")
    assert planned["instances"]["analysis"]["require"] == [
        ["ec2_security_group", "aws-security-group-postgresql-anywhere"]
    ]


def test_a_declared_group_is_not_made_twice():
    declared = {"postgresql-anywhere": {"description": "Ours", "ingress": []}}
    (group,) = plan(instances={"analysis": ANALYSIS}, groups=declared)["security_groups"].values()
    assert group["description"] == "Ours"
    elsewhere = {"postgresql-anywhere": {"description": "Ours", "vpc": "lab"}}
    planned = plan(instances={"analysis": ANALYSIS}, groups=elsewhere, vpcs={"lab": LAB})["security_groups"]
    assert {(group["name"], group.get("vpc")) for group in planned.values()} == {
        ("postgresql-anywhere", "lab"),
        ("postgresql-anywhere", None),
    }


def test_a_group_that_aws_is_taking_away_is_not_an_instances_any_more():
    assert lookup.group_names(None, {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "removing"}]}) == []


def rules(*groups):
    return {"description": "G", "ingress": [{"service": "postgresql", "source": [*groups]}]}


def test_a_group_comes_after_those_that_its_rules_name():
    groups = {"data": rules("app", "data", "sg-12345678", "elsewhere"), "app": {"description": "App"}}
    planned = plan(groups=groups, instances={"x": {"preset": "production", "store": STORE}})["security_groups"]
    assert {name: group["require"] for name, group in planned.items()} == {
        "data": [["ec2_security_group", "aws-security-group-app"]],
        "app": [],
        "postgresql-members": [],
    }
    assert (
        plan(groups={**groups, "app": {"description": "App", "vpc": "other"}})["security_groups"]["data"]["require"]
        == []
    )


def test_groups_that_wait_for_each_other():
    (problem,) = problems(groups={"a": rules("b"), "b": rules("c"), "c": rules("a")})
    assert problem.endswith(
        "refer to each other in their rules; use a CIDR block as the source in the rules of one of them."
    )


def test_groups_of_other_names_are_not_made_up():
    planned = plan(instances={"analysis": {**ANALYSIS, "vpc_security_groups": ["default"]}})
    assert planned["security_groups"] == {}


def test_a_vpc_becomes_a_subnet_group_and_comes_first():
    planned = plan(vpcs={"lab": LAB}, clusters={"common": {**COMMON, "vpc": "lab"}})
    assert planned["subnet_groups"]["lab"]["subnets"] == ["a", "b"]
    assert planned["clusters"]["common"]["db_subnet_group_name"] == "lab"
    assert planned["clusters"]["common"]["require"] == [["rds_subnet_group", "aws-subnet-group-lab"]]
    assert planned["subnet_groups"]["lab"]["require"] == [
        ["ec2_subnet", "aws-subnet-lab-a"],
        ["ec2_subnet", "aws-subnet-lab-b"],
    ]
    assert planned["subnets"]["lab-a"]["require"] == [["ec2_vpc", "aws-vpc-lab"]]


@pytest.mark.parametrize(
    ("instance", "vpc"),
    [
        ({"publicly_accessible": False}, {}),
        ({}, OPEN),
        ({}, {**OPEN, "public_route": False, "enable_dns_support": True}),
    ],
)
def test_a_vpc_that_an_instance_can_be_in(instance, vpc):
    assert plan(vpcs={"lab": {**LAB, **vpc}}, instances={"x": {**ANALYSIS, "vpc": "lab", **instance}})


def test_regions_go_down():
    planned = plan(
        region="eu-west-2",
        vpcs={"lab": {**LAB, **OPEN, "region": "eu-west-1"}},
        instances={"analysis": {**ANALYSIS, "vpc": "lab", "region": "eu-west-1"}},
        clusters={"common": COMMON},
    )
    assert {entry["region"] for entry in planned["subnets"].values()} == {"eu-west-1"}
    assert planned["security_groups"]["postgresql-anywhere"]["region"] == "eu-west-1"
    assert planned["clusters"]["common"]["region"] == "eu-west-2"


ONE_ZONE = {name: {**entry, "availability_zone": "us-east-1a"} for name, entry in LAB["subnets"].items()}


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"vpcs": {"lab": {"cidr_block": "10.0.0.0/8"}}},
            "aws:ec2:vpcs:lab:cidr_block is '10.0.0.0/8': the block of a VPC",
        ),
        ({"vpcs": {"lab": {}}}, "aws:ec2:vpcs:lab:cidr_block is missing; give a block such as 10.0.0.0/16."),
        (
            {"vpcs": {"lab": {**LAB, "subnet": {}}}},
            "aws:ec2:vpcs:lab:subnet is not a known key; did you mean",
        ),
        (
            {"vpcs": {"lab": {**LAB, "subnets": {"a": {"cidr_block": "10.1.0.0/24"}}}}},
            "aws:ec2:vpcs:lab:subnets:a:cidr_block is '10.1.0.0/24'; give a block within 10.0.0.0/16, the VPC's.",
        ),
        (
            {"vpcs": {"lab": {**LAB, "subnets": {**LAB["subnets"], "c": {"cidr_block": "10.0.1.128/25"}}}}},
            "aws:ec2:vpcs:lab:subnets:c:cidr_block is '10.0.1.128/25', which overlaps with a's 10.0.1.0/24",
        ),
        ({"vpcs": {"lab": {**LAB, "public_route": True, "internet_gateway": False}}}, "a route needs one"),
        ({"groups": {"g": {"ingress": []}}}, "aws:ec2:security_groups:g:description is missing"),
        (
            {"groups": {"g": {"description": "G", "ingress": [{"service": "ftp", "source": "anywhere"}]}}},
            "aws:ec2:security_groups:g: ingress:service is 'ftp'; allowed are",
        ),
        (
            {"instances": {"x": {**ANALYSIS, "vpc": "lab"}}},
            "aws:rds:instances:x:vpc is 'lab', which aws:ec2:vpcs does not",
        ),
        (
            {"vpcs": {"lab": {**LAB, "subnets": ONE_ZONE}}, "instances": {"x": {**ANALYSIS, "vpc": "lab"}}},
            "aws:ec2:vpcs:lab:subnets are in one zone; give subnets in two or more, as aws:rds:instances:x needs them.",
        ),
        *(
            (
                {"vpcs": {"lab": {**LAB, **OPEN, key: value}}, "instances": {"x": {**ANALYSIS, "vpc": "lab"}}},
                f"aws:ec2:vpcs:lab:{key} is {sentence}, as aws:rds:instances:x is public.",
            )
            for key, value, sentence in (
                ("internet_gateway", None, "missing; give True"),
                ("enable_dns_hostnames", None, "missing; give True"),
                ("enable_dns_hostnames", False, "False; give True"),
                ("enable_dns_support", False, "False; give True"),
                ("public_route", None, "missing; give True, or False if its subnets have routes of their own"),
            )
        ),
        (
            {"vpcs": {"lab": LAB}, "instances": {"x": {**ANALYSIS, "vpc": "lab", "region": "eu-west-2"}}},
            "give the database the same region",
        ),
        (
            {"vpcs": {"lab": LAB}, "instances": {"x": {**ANALYSIS, "vpc": "lab", "db_subnet_group_name": "g"}}},
            "give one of them",
        ),
        ({"instances": {"x": {"preset": "data-analysis"}}}, "aws:rds:instances:x:store is missing"),
        ({"instances": {"x": {**ANALYSIS, "size": 3}}}, "aws:rds:instances:x:size is not a known key"),
        ({"instances": {"x": {**ANALYSIS, "port": 22}}}, "aws:rds:instances:x: port is 22; give a whole number"),
        ({"instances": {"x": {**ANALYSIS, "wait": "soon"}}}, "aws:rds:instances:x: wait is 'soon'"),
        (
            {"vpcs": {"lab": LAB}, "instances": {"x": {**ANALYSIS, "vpc": "lab", "preset": "cheap"}}},
            "aws:rds:instances:x: preset is 'cheap'; allowed are",
        ),
        ({"instances": {"X": ANALYSIS}}, "DB instance X: its name has 1 to 63 characters"),
        (
            {"instances": {"x": ANALYSIS}, "clusters": {"y": {**COMMON, "store": STORE}}},
            "aws:rds:instances:x:store and aws:rds:clusters:y:store are both",
        ),
        (
            {"clusters": {"y": {**COMMON, "engine_mode": "serverless"}}},
            "aws:rds:clusters:y: engine_mode is 'serverless', an option of Serverless v1",
        ),
        (
            {"clusters": {"y": {**COMMON, "engine_version": 10.7}}},
            "engine_version is '10.7', which AWS no longer offers",
        ),
        ({"clusters": {"y": {**COMMON, "min_capacity": 3}}}, "min_capacity is 3, and max_capacity 2"),
        ({"clusters": {"y": {**COMMON, "seconds_until_auto_pause": 60}}}, "give a whole number from 300 to 86400"),
        ({"clusters": {"y": {**COMMON, "store": {"pillar_file": "/x", "keys": {"secret_key": "a"}}}}}, "store:keys"),
        ({"clusters": {"y": {**COMMON, "store": 7}}}, "aws:rds:clusters:y:store is"),
        (
            {"clusters": {"y": {**COMMON, "store": {"pillar_file": "/x", "keys": {"password": ["a", "a:b"]}}}}},
            "aws:rds:clusters:y:store has password at a in /x and at a:b, of which one is above the other",
        ),
    ],
)
def test_pillar_that_cannot_be_meant(parts, sentence):
    found = problems(**parts)
    assert any(sentence in problem for problem in found), found


def test_a_password_in_pillar_is_refused_and_not_shown():
    found = problems(instances={"x": {**ANALYSIS, "master_password": "hunter22"}})
    assert "hunter22" not in str(found)
    assert any("master_password" in problem for problem in found)


def test_all_problems_at_once():
    found = problems(
        vpcs={"lab": {"cidr_block": "10.0.0.0/16", "subnets": {"a": {"cidr_block": "10.1.0.0/24"}}}},
        instances={"x": {**ANALYSIS, "port": 22}},
        clusters={"y": {**COMMON, "min_capacity": 3}},
    )
    assert len(found) == 3


@pytest.mark.parametrize("name", [*presets.PRESETS])
def test_presets_are_what_rds_takes(name):
    INSTANCE.check("DB instance x", presets.expand({"preset": name}))


def test_the_runbooks_instance():
    """Row D1, less what is no attribute of the instance: that the password is made, and where it goes."""
    assert presets.PRESETS["data-analysis"] == {
        "engine": "postgres",
        "engine_version": "latest",
        "db_instance_class": "db.t3.micro",
        "allocated_storage": 20,
        "storage_type": "gp2",
        "max_allocated_storage": 0,
        "multi_az": False,
        "publicly_accessible": True,
        "vpc_security_groups": ["postgresql-anywhere"],
        "backup_retention_period": 0,
        "storage_encrypted": False,
        "enable_performance_insights": False,
        "deletion_protection": False,
        "master_username": "postgres",
    }


def test_production_is_the_opposite_of_each_risk():
    risky, safe = presets.PRESETS["data-analysis"], presets.PRESETS["production"]
    for attribute in (
        "publicly_accessible",
        "storage_encrypted",
        "multi_az",
        "deletion_protection",
        "enable_performance_insights",
    ):
        assert safe[attribute] is not risky[attribute]
    assert safe["backup_retention_period"] > risky["backup_retention_period"] == 0
    assert safe["max_allocated_storage"] > safe["allocated_storage"]
    assert [presets.SECURITY_GROUPS[name]["ingress"] for name in safe["vpc_security_groups"]] == [
        [{"service": "postgresql", "source": "postgresql-members"}]
    ]
