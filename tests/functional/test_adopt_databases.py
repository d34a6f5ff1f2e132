"""Databases and their network, adopted: from pillar and back, and from an account that was made by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.databases import plan as plans
from tests.functional.adopting import EXAMPLES, PLAIN, adopt, assert_describes, changing, pasted, unnoted

# An instance takes longer to make than all else.
FEWER = settings(PLAIN, max_examples=max(4, EXAMPLES // 2))
MINION = "control"
PASSWORD = "canary-5e0c9b71"
ANYWHERE = ["tcp 5432 from 0.0.0.0/0", "tcp 5432 from ::/0"]
SUBNETS = {
    "lab-a": {"cidr_block": "10.0.1.0/24", "availability_zone": "us-east-1a"},
    "lab-b": {"cidr_block": "10.0.2.0/24", "availability_zone": "us-east-1b"},
}
WHOLE = {
    "engine": "mysql",
    "db_instance_class": "db.t3.small",
    "allocated_storage": 50,
    "storage_type": "gp3",
    "max_allocated_storage": 0,
    "multi_az": False,
    "publicly_accessible": False,
    "vpc_security_groups": ["default"],
    "backup_retention_period": 3,
    "storage_encrypted": False,
    "enable_performance_insights": False,
    "deletion_protection": True,
    "master_username": "admin",
}
CLUSTER = {"engine": "aurora-postgresql", "min_capacity": 0, "max_capacity": 2, "seconds_until_auto_pause": 3600}


def store(folder, name):
    return {"pillar_file": str(folder / "private.sls"), "keys": {"password": f"{name}:password"}}


@st.composite
def pillars(draw):
    """Pillar in which nothing is said that is so by default, but for the stores, which a test adds."""
    tags = st.just({"team": "data"})
    ways_in = {"enable_dns_hostnames": st.just(True), "internet_gateway": st.just(True), "tags": tags}
    vpcs = draw(
        st.dictionaries(
            st.just("lab"),
            st.fixed_dictionaries(
                {"cidr_block": st.just("10.0.0.0/16"), "subnets": st.just(SUBNETS)}, optional=ways_in
            ),
        )
    )
    group = {
        "description": st.just("For the web"),
        "ingress": st.sampled_from([ANYWHERE, ["tcp 443 from 192.0.2.0/24"]]),
    }
    groups = draw(
        st.dictionaries(st.sampled_from(["web", "office"]), st.fixed_dictionaries(group, optional={"tags": tags}))
    )
    preset = {
        "backup_retention_period": st.just(7),
        "allocated_storage": st.just(100),
        "tags": tags,
        "vpc_security_groups": st.just(["default"]),
    }
    analysis = st.fixed_dictionaries({"preset": st.just("data-analysis")}, optional=preset)
    database = draw(st.sampled_from([None, "preset", "whole", "whole in its VPC"]))
    instances = {}
    if database == "preset":
        instances["analysis"] = draw(analysis)
    elif database and (vpcs or "VPC" not in database):
        instances["analysis"] = dict(WHOLE)
        instances["analysis"] |= {"vpc": "lab"} if "VPC" in database else {}
    if any("vpc_security_groups" not in entry for entry in instances.values()):
        groups["postgresql-anywhere"] = {"description": "PostgreSQL from anywhere", "ingress": ANYWHERE}
    clusters = {}
    if vpcs and draw(st.booleans()):
        more = {"data_api": st.just(True), "database": st.just("common"), "backup_retention_period": st.just(2)}
        clusters["common"] = {**CLUSTER, "vpc": "lab", **draw(st.fixed_dictionaries({}, optional=more))}
    found = {
        "ec2": {"vpcs": vpcs, "security_groups": groups},
        "rds": {"instances": instances, "clusters": clusters},
    }
    parts = {name: {kind: entries for kind, entries in part.items() if entries} for name, part in found.items()}
    return {"aws": {name: part for name, part in parts.items() if part}}


def with_stores(pillar, folder):
    """The pillar with a place for each password."""
    rds = pillar["aws"].get("rds")
    if not rds:
        return pillar
    stored = {
        kind: {name: {**entry, "store": store(folder, name)} for name, entry in entries.items()}
        for kind, entries in rds.items()
    }
    return {"aws": {**pillar["aws"], "rds": stored}}


def states_of(pillar):
    """The states that aws.network and aws.databases make of it: (function, arguments)."""
    plan = plans.plan(pillar)
    for kind, module in (
        ("vpcs", "ec2_vpc"),
        ("subnets", "ec2_subnet"),
        ("security_groups", "ec2_security_group"),
        ("subnet_groups", "rds_subnet_group"),
        ("instances", "rds_instance"),
        ("clusters", "rds_cluster"),
    ):
        for arguments in plan[kind].values():
            yield f"{module}.present", {name: value for name, value in arguments.items() if name != "require"}


@FEWER
@given(pillars())
def test_resources_made_from_pillar_are_described_as_that_pillar(
    sandbox, modules, runner, minion_opts, tmp_path_factory, pillar
):
    sandbox.reset()
    sandbox.database_times(creating=0, modifying=0)
    pillar = with_stores(pillar, tmp_path_factory.mktemp("stores"))
    assert [ret["comment"] for ret in runner.run(states_of(pillar)).values() if ret["result"] is not True] == []
    sandbox.clear_calls()
    kept = {"aws": {"rds": pillar["aws"]["rds"]}} if "rds" in pillar["aws"] else {}
    result = adopt(modules, minion_opts, {MINION: kept}, MINION)
    assert sandbox.calls(write=True) == []
    assert_describes(result, MINION, pillar)


REGION, ELSEWHERE = "us-east-1", "eu-west-1"
OF_VPCS = ("way in", "names of hosts", "no DNS", "named subnets", "public subnets", "two blocks", "group of its name")
OF_GROUPS = (
    *("same name", "mutual", "circle", "self", "udp", "no egress", "other words", "range", "ping", "everything", "six"),
    *("described", "tags", "egress to one"),
)
OF_INSTANCES = (
    "managed",
    "own network",
    "later",
    "encrypted",
    "other port",
    "parameters",
    "windows",
    "insights",
    "protected",
    "tags",
    "two",
)


def _permission(protocol, first=None, last=None, **peers):
    ports = {} if first is None else {"FromPort": first, "ToPort": first if last is None else last}
    return {"IpProtocol": protocol, **ports, **peers}


SOME = {"IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
EVERYTHING = _permission("-1", IpRanges=[{"CidrIp": "0.0.0.0/0"}])
# What is chosen, as direction, group, permission, and groups that it is for.
PERMISSIONS = {
    "mutual": [
        ("ingress", "first", _permission("tcp", 5432), "second"),
        ("ingress", "second", _permission("tcp", 5432), "first"),
    ],
    "circle": [
        ("ingress", one, _permission("tcp", 8000), other)
        for one, other in (("first", "second"), ("second", "third"), ("third", "first"))
    ],
    "self": [("ingress", "first", _permission("tcp", 22), "first")],
    "udp": [("ingress", "second", _permission("udp", 53, **SOME))],
    "range": [("ingress", "second", _permission("tcp", 8000, 8100, **SOME))],
    "ping": [("ingress", "third", _permission("icmp", 8, -1, **SOME))],
    "everything": [("ingress", "third", _permission("-1", **SOME))],
    "six": [("ingress", "third", _permission("tcp", 5432, Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}]))],
    "described": [
        (
            "ingress",
            "third",
            _permission("tcp", 443, IpRanges=[{"CidrIp": "198.51.100.0/24", "Description": "the office"}]),
        )
    ],
    "egress to one": [("egress", "second", _permission("tcp", 443, **SOME))],
}
STORAGES = (
    {},
    {"StorageType": "gp3", "AllocatedStorage": 400},
    {"StorageType": "io1", "AllocatedStorage": 100, "Iops": 1000},
)
CLUSTERS = ("serverless", "pausing", "mysql", "provisioned", "in the VPC")


@st.composite
def clicked(draw):
    """What people choose in the console."""

    def all_of_it():
        return {
            "vpcs": draw(st.sampled_from([[], [None], ["lab"], ["lab", "lab"], ["lab", None]])),
            "of VPCs": draw(st.sets(st.sampled_from(OF_VPCS), max_size=3)),
            "groups": draw(st.sets(st.sampled_from(OF_GROUPS), max_size=5)),
            "engine": draw(st.sampled_from([None, "postgres", "postgres", "mysql"])),
            "instance": draw(st.sets(st.sampled_from(OF_INSTANCES), max_size=4)),
            "storage": draw(st.sampled_from(STORAGES)),
            "cluster": draw(st.sampled_from([None, None, *CLUSTERS])),
        }

    elsewhere = draw(st.integers(0, 2)) == 0
    return {REGION: all_of_it(), **({ELSEWHERE: all_of_it()} if elsewhere else {})}


class Clicked:
    """An account with that in it, in one region."""

    def __init__(self, sandbox, region, choices):
        self.ec2, self.rds = sandbox.client("ec2", region=region), sandbox.client("rds", region=region)
        self.region, self.choices = region, choices
        sandbox.database_times(creating=0, modifying=0, region=region)
        (self.default,) = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        self.vpcs = [self._vpc(place, name) for place, name in enumerate(choices["vpcs"])]
        self._groups()
        self._subnet_groups()
        if choices["engine"]:
            self._instance(choices["engine"], choices["instance"])
        if choices["cluster"]:
            self._cluster(choices["cluster"])

    def _vpc(self, place, name):
        done = self.choices["of VPCs"]
        vpc = self.ec2.create_vpc(CidrBlock=f"10.{place}.0.0/16")["Vpc"]["VpcId"]
        if name:
            self.ec2.create_tags(
                Resources=[vpc], Tags=[{"Key": "Name", "Value": name}, {"Key": "Team", "Value": "web"}]
            )
        for number, zone in enumerate("ab"):
            made = {"CidrBlock": f"10.{place}.{number}.0/24", "AvailabilityZone": f"{self.region}{zone}"}
            subnet = self.ec2.create_subnet(VpcId=vpc, **made)["Subnet"]["SubnetId"]
            if "named subnets" in done:
                self.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": f"lab-{zone}"}])
            if "public subnets" in done:
                self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        if "names of hosts" in done:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        if "no DNS" in done:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
        if "two blocks" in done:
            self.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=f"10.{place + 100}.0.0/16")
        if "way in" in done:
            gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return vpc

    def _group(self, name, vpc=None, text="by hand"):
        return self.ec2.create_security_group(GroupName=name, Description=text, VpcId=vpc or self.default["VpcId"])[
            "GroupId"
        ]

    def _groups(self):
        chosen = self.choices["groups"]
        groups = {name: self._group(name) for name in ("first", "second", "third")}
        for vpc in self.vpcs if "same name" in chosen else ():
            self._group("first", vpc)
        if {"no egress", "egress to one"} & chosen:
            self.ec2.revoke_security_group_egress(GroupId=groups["second"], IpPermissions=[EVERYTHING])
        for choice in sorted(chosen & PERMISSIONS.keys()):
            for direction, name, permission, *peers in PERMISSIONS[choice]:
                pairs = [{"GroupId": groups[peer]} for peer in peers]
                given = {**permission, **({"UserIdGroupPairs": pairs} if pairs else {})}
                allow = getattr(self.ec2, f"authorize_security_group_{direction}")
                allow(GroupId=groups[name], IpPermissions=[given])
        if "tags" in chosen:
            self.ec2.create_tags(Resources=[groups["first"]], Tags=[{"Key": "Team", "Value": "{{ web }}"}])
        text = "Allows PostgreSQL" if "other words" in chosen else "PostgreSQL from anywhere"
        self.anywhere = self._group("postgresql-anywhere", text=text)
        everybody = _permission("tcp", 5432, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
        self.ec2.authorize_security_group_ingress(GroupId=self.anywhere, IpPermissions=[everybody])

    def _subnet_groups(self):
        for vpc in self.vpcs[:1]:
            listed = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
            subnets = [entry["SubnetId"] for entry in listed]
            self.network, text = "by-hand", "x"
            if "group of its name" in self.choices["of VPCs"]:
                self.network, text = "lab", "All subnets of the VPC lab"
            self.rds.create_db_subnet_group(
                DBSubnetGroupName=self.network, DBSubnetGroupDescription=text, SubnetIds=subnets
            )

    def _instance(self, engine, done):
        made = {
            "DBInstanceIdentifier": "analysis",
            "Engine": engine,
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "StorageType": "gp2",
            "MasterUsername": "postgres",
            "PubliclyAccessible": "own network" not in done,
            "BackupRetentionPeriod": 0 if "later" in done else 7,
            "StorageEncrypted": "encrypted" in done,
            **self.choices["storage"],
        }
        made |= {"ManageMasterUserPassword": True} if "managed" in done else {"MasterUserPassword": PASSWORD}
        made |= {"Port": 5433} if "other port" in done else {}
        made |= {"PreferredBackupWindow": "02:00-03:00"} if "windows" in done else {}
        made |= {"EnablePerformanceInsights": True} if "insights" in done else {}
        made |= {"DeletionProtection": True} if "protected" in done else {}
        made |= {"Tags": [{"Key": "Cost Center", "Value": "12"}]} if "tags" in done else {}
        if "parameters" in done:
            family = {"postgres": "postgres16", "mysql": "mysql8.0"}[engine]
            self.rds.create_db_parameter_group(
                DBParameterGroupName="tuned", DBParameterGroupFamily=family, Description="x"
            )
            made["DBParameterGroupName"] = "tuned"
        if "own network" in done and self.vpcs:
            made["DBSubnetGroupName"] = self.network
        else:
            made["VpcSecurityGroupIds"] = [self.anywhere]
        for name in ("analysis", "Second-One") if "two" in done else ("analysis",):
            self.rds.create_db_instance(**{**made, "DBInstanceIdentifier": name})
        self.rds.describe_db_instances()
        if "later" in done:
            self.rds.modify_db_instance(
                DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.small", ApplyImmediately=False
            )

    def _cluster(self, choice):
        made = {
            "DBClusterIdentifier": "common",
            "Engine": "aurora-mysql" if choice == "mysql" else "aurora-postgresql",
            "MasterUsername": "root",
            "MasterUserPassword": PASSWORD,
        }
        if choice != "provisioned":
            made["ServerlessV2ScalingConfiguration"] = {"MinCapacity": 0.5, "MaxCapacity": 4}
        if choice == "pausing":
            made["ServerlessV2ScalingConfiguration"] = {
                "MinCapacity": 0,
                "MaxCapacity": 4,
                "SecondsUntilAutoPause": 600,
            }
        if choice == "in the VPC" and self.vpcs:
            made["DBSubnetGroupName"] = self.network
        self.rds.create_db_cluster(**made)
        if choice != "provisioned":
            self.rds.create_db_instance(
                DBInstanceIdentifier="common-1",
                DBClusterIdentifier="common",
                Engine=made["Engine"],
                DBInstanceClass="db.serverless",
            )


@pytest.mark.parametrize("choice", ["mutual", "circle"])
def test_groups_whose_rules_name_each_other_are_described_by_their_ids(sandbox, modules, runner, minion_opts, choice):
    nothing = {"vpcs": [], "of VPCs": set(), "engine": None, "instance": set(), "storage": {}, "cluster": None}
    Clicked(sandbox, REGION, {**nothing, "groups": {choice, "self"}})
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert result.notes == []
    groups = result.pillar[MINION]["aws"]["ec2"]["security_groups"]
    assert "tcp 22 from group first" in groups["first"]["ingress"]
    by_id = [rule for entry in groups.values() for rule in entry.get("ingress", []) if "group sg-" in rule]
    assert len(by_id) == 1
    assert changing(runner, states_of(pasted({MINION: {}}, result)[MINION])) == {}


@FEWER
@given(clicked())
def test_resources_made_by_hand_are_described_or_noted(sandbox, modules, runner, minion_opts, choices):
    sandbox.reset()
    for region, its in choices.items():
        Clicked(sandbox, region, its)
    sandbox.clear_calls()
    known = {"aws": {"ec2": {"vpcs": {"first": {"region": ELSEWHERE, "cidr_block": "10.200.0.0/16"}}}}}
    known = known if ELSEWHERE in choices else {}
    result = adopt(modules, minion_opts, {MINION: known}, MINION)
    assert sandbox.calls(write=True) == []
    assert PASSWORD not in str(result.as_data())
    adopted = pasted({MINION: known}, result)[MINION]
    assert unnoted(changing(runner, states_of(adopted)), result.notes) == {}
    said = result.pillar[MINION]["aws"]
    here = choices[REGION]
    of_here = [entry for entry in said["ec2"].get("vpcs", {}).values() if entry.get("region", REGION) == REGION]
    assert len(of_here) == len(here["vpcs"])
    instances = {name for name, entry in said.get("rds", {}).get("instances", {}).items() if "region" not in entry}
    assert instances == (
        {"analysis", *(["second-one"] if "two" in here["instance"] else [])} if here["engine"] else set()
    )
    clusters = {name for name, entry in said.get("rds", {}).get("clusters", {}).items() if "region" not in entry}
    assert clusters == ({"common"} if here["cluster"] not in (None, "provisioned") else set())
