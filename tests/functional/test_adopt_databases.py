"""Databases and their network, adopted: from pillar and back, and from an account that was made by hand."""

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
def test_what_was_made_by_pillar_is_told_as_that_pillar(
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


@st.composite
def clicked(draw):
    """What people choose in the console."""
    flags = st.booleans()
    return {
        "vpcs": draw(st.sampled_from([[], [None], ["lab"], ["lab", "lab"], ["lab", None]])),
        "way in": draw(flags),
        "groups": draw(st.sets(st.sampled_from(["same name", "mutual", "self", "udp", "no egress", "other words"]))),
        "instance": draw(st.sampled_from([None, "runbook", "mysql", "managed", "own network", "later", "encrypted"])),
        "cluster": draw(st.sampled_from([None, "serverless", "provisioned"])),
    }


class Clicked:
    """An account with that in it."""

    def __init__(self, sandbox, choices):
        self.ec2, self.rds, self.choices = sandbox.client("ec2"), sandbox.client("rds"), choices
        sandbox.database_times(creating=0, modifying=0)
        (self.default,) = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        self.vpcs = [self._vpc(place, name) for place, name in enumerate(choices["vpcs"])]
        self._groups()
        self._subnet_groups()
        if choices["instance"]:
            self._instance(choices["instance"])
        if choices["cluster"]:
            self._cluster(choices["cluster"])

    def _vpc(self, place, name):
        vpc = self.ec2.create_vpc(CidrBlock=f"10.{place}.0.0/16")["Vpc"]["VpcId"]
        if name:
            self.ec2.create_tags(
                Resources=[vpc], Tags=[{"Key": "Name", "Value": name}, {"Key": "Team", "Value": "web"}]
            )
        for number, zone in enumerate(("us-east-1a", "us-east-1b")):
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{place}.{number}.0/24", AvailabilityZone=zone)
        if self.choices["way in"]:
            gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return vpc

    def _group(self, name, vpc=None, text="by hand"):
        return self.ec2.create_security_group(GroupName=name, Description=text, VpcId=vpc or self.default["VpcId"])[
            "GroupId"
        ]

    def _let(self, group, protocol="tcp", port=5432, **peer):
        permission = {"IpProtocol": protocol, "FromPort": port, "ToPort": port, **peer}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def _groups(self):
        chosen = self.choices["groups"]
        first, second = self._group("first"), self._group("second")
        if "same name" in chosen:
            for vpc in self.vpcs:
                self._group("first", vpc)
        if "mutual" in chosen:
            self._let(first, UserIdGroupPairs=[{"GroupId": second}])
            self._let(second, UserIdGroupPairs=[{"GroupId": first}])
        if "self" in chosen:
            self._let(first, port=22, UserIdGroupPairs=[{"GroupId": first}])
        if "udp" in chosen:
            self._let(second, "udp", 53, IpRanges=[{"CidrIp": "192.0.2.0/24"}])
        if "no egress" in chosen:
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            self.ec2.revoke_security_group_egress(GroupId=second, IpPermissions=[everything])
        text = "Allows PostgreSQL" if "other words" in chosen else "PostgreSQL from anywhere"
        self.anywhere = self._group("postgresql-anywhere", text=text)
        self._let(self.anywhere, IpRanges=[{"CidrIp": "0.0.0.0/0"}])

    def _subnet_groups(self):
        for vpc in self.vpcs[:1]:
            listed = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
            self.rds.create_db_subnet_group(
                DBSubnetGroupName="by-hand",
                DBSubnetGroupDescription="x",
                SubnetIds=[entry["SubnetId"] for entry in listed],
            )

    def _instance(self, choice):
        made = {
            "DBInstanceIdentifier": "analysis",
            "Engine": "mysql" if choice == "mysql" else "postgres",
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "StorageType": "gp2",
            "MasterUsername": "postgres",
            "PubliclyAccessible": choice == "runbook",
            "BackupRetentionPeriod": 0 if choice in ("runbook", "later") else 7,
            "StorageEncrypted": choice == "encrypted",
        }
        made |= {"ManageMasterUserPassword": True} if choice == "managed" else {"MasterUserPassword": PASSWORD}
        if choice == "own network" and self.vpcs:
            made["DBSubnetGroupName"] = "by-hand"
        else:
            made["VpcSecurityGroupIds"] = [self.anywhere]
        self.rds.create_db_instance(**made)
        self.rds.describe_db_instances()
        if choice == "later":
            self.rds.modify_db_instance(
                DBInstanceIdentifier="analysis", DBInstanceClass="db.t3.small", ApplyImmediately=False
            )

    def _cluster(self, choice):
        made = {
            "DBClusterIdentifier": "common",
            "Engine": "aurora-postgresql",
            "MasterUsername": "root",
            "MasterUserPassword": PASSWORD,
        }
        if choice == "serverless":
            made["ServerlessV2ScalingConfiguration"] = {"MinCapacity": 0.5, "MaxCapacity": 4}
        self.rds.create_db_cluster(**made)
        if choice == "serverless":
            self.rds.create_db_instance(
                DBInstanceIdentifier="common-1",
                DBClusterIdentifier="common",
                Engine="aurora-postgresql",
                DBInstanceClass="db.serverless",
            )


@FEWER
@given(clicked())
def test_what_people_have_made_is_told_or_noted(sandbox, modules, runner, minion_opts, choices):
    sandbox.reset()
    Clicked(sandbox, choices)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert sandbox.calls(write=True) == []
    assert PASSWORD not in str(result.as_data())
    adopted = pasted({MINION: {}}, result)[MINION]
    assert unnoted(changing(runner, states_of(adopted)), result.notes) == {}
    said = adopted["aws"]
    assert len(said["ec2"].get("vpcs", {})) == len(choices["vpcs"])
    assert set(said.get("rds", {}).get("instances", {})) == ({"analysis"} if choices["instance"] else set())
    assert set(said.get("rds", {}).get("clusters", {})) == ({"common"} if choices["cluster"] == "serverless" else set())
