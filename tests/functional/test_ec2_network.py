"""VPCs, subnets and security groups."""

import sys
import threading

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session
from aws_runbook.databases import presets
from aws_runbook.network import new_vpc

VPC = {"name": "lab", "cidr_block": "10.0.0.0/16"}
SUBNET = {"name": "lab-a", "vpc": "lab", "cidr_block": "10.0.1.0/24"}
GROUP = {
    "name": "postgresql-anywhere",
    "description": "PostgreSQL from anywhere",
    "ingress": [{"service": "postgresql", "source": "anywhere"}],
}


@pytest.fixture
def ec2(sandbox):
    return sandbox.client("ec2")


def named(name, kind):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def vpcs(ec2, name="lab"):
    return ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [name]}])["Vpcs"]


def test_a_vpc_is_made_kept_and_mended(converge, ec2):
    wanted = {**VPC, "enable_dns_hostnames": True, "internet_gateway": True, "public_route": True, "tags": {"a": "1"}}
    assert set(converge("ec2_vpc.present", **wanted).changes) == set(wanted)
    vpc_id = vpcs(ec2)[0]["VpcId"]
    table = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]
    assert [route["GatewayId"][:4] for route in table["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0"] == [
        "igw-"
    ]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "theirs", "Value": "x"}, {"Key": "a", "Value": "2"}])
    mended = converge("ec2_vpc.present", **wanted)
    assert set(mended.changes) == {"enable_dns_hostnames", "public_route", "tags"}
    assert mended.changes["tags"]["new"] == {"a": "1", "theirs": "x"}
    assert len(vpcs(ec2)) == 1


@pytest.mark.parametrize("vpc", [None, "lab"])
def test_a_security_group_whose_name_differs_only_by_case_is_reported_at_once(converge, ec2, modules, vpc):
    converge("ec2_vpc.present", **VPC)
    where = {"vpc": vpc} if vpc else {}
    converge("ec2_security_group.present", name="Web", description="Web", **where)
    ret = converge("ec2_security_group.present", name="web", description="Web", **where)
    assert ret.result is False
    assert ret.comment == (
        f"The {'VPC lab' if vpc else 'default VPC'} has the security group Web, whose name differs from web only by case, and EC2 treats them as "
        "the same: write the name in pillar exactly so, or choose another."
    )
    with pytest.raises(CommandExecutionError, match="differs from web only by case"):
        modules["ec2_security_group.create"]("web", "Web", **where)


def test_another_tag_is_a_change_of_tags_and_no_second_vpc(converge, ec2):
    converge("ec2_vpc.present", **VPC)
    assert set(converge("ec2_vpc.present", **VPC, tags={"team": "data"}).changes) == {"tags"}
    assert len(vpcs(ec2)) == 1


@pytest.mark.parametrize("pattern", ["-", "-+", "+-", "+--"])
def test_what_aws_does_not_show_yet_is_waited_for(states, sandbox, pattern):
    sandbox.lag("ec2", looks=3, pattern=pattern)
    for function, arguments in (
        ("ec2_vpc", {**VPC, "internet_gateway": True, "public_route": True}),
        ("ec2_subnet", {**SUBNET, "map_public_ip_on_launch": True}),
        ("ec2_security_group", {**GROUP, "vpc": "lab"}),
    ):
        ret = states[f"{function}.present"](**arguments)
        assert ret.result is True, ret.comment
    done = [call["operation"] for call in sandbox.calls(write=True) if not call["error"]]
    made = [operation for operation in done if operation.startswith("Create")]
    assert len(made) == len(set(made)), "made twice"


def test_two_of_one_name_are_an_error_that_lists_them(converge, ec2):
    ids = [
        ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("lab", "vpc"))["Vpc"]["VpcId"] for _ in range(2)
    ]
    ret = converge("ec2_vpc.present", **VPC)
    assert ret.result is False
    assert all(vpc_id in ret.comment for vpc_id in ids)
    assert converge("ec2_vpc.present", name=ids[0], cidr_block="10.0.0.0/16").result is True
    assert len(vpcs(ec2)) == 2


@pytest.mark.parametrize(
    ("function", "name", "arguments"),
    [
        ("ec2_vpc", "vpc-0123456789abcdef0", {"cidr_block": "10.0.0.0/16"}),
        ("ec2_subnet", "subnet-0123456789abcdef0", {"vpc": "lab", "cidr_block": "10.0.1.0/24"}),
        ("ec2_security_group", "sg-0123456789abcdef0", {"description": "G"}),
    ],
)
def test_nothing_is_made_under_an_id(converge, function, name, arguments):
    ret = converge(f"{function}.present", name=name, **arguments)
    assert ret.comment.endswith(f" {name}; to create one, give a name in place of an id.")


def test_a_block_cannot_be_changed(converge, ec2):
    converge("ec2_vpc.present", **VPC)
    ret = converge("ec2_vpc.present", name="lab", cidr_block="10.1.0.0/16")
    assert ret.comment == (
        "The VPC lab has cidr_block 10.0.0.0/16, not 10.1.0.0/16, and AWS cannot change that. Create a VPC with another name, or give the block "
        "it has."
    )


def test_the_internet_gateway_goes_again(converge, ec2):
    converge("ec2_vpc.present", **VPC, internet_gateway=True, public_route=True)
    ret = converge("ec2_vpc.present", **VPC, internet_gateway=False, public_route=False)
    assert set(ret.changes) == {"internet_gateway", "public_route"}
    assert ec2.describe_internet_gateways()["InternetGateways"] == []


def test_a_gateway_that_an_interrupted_run_left_is_used(converge, ec2):
    ec2.create_internet_gateway(TagSpecifications=named("lab", "internet-gateway"))
    converge("ec2_vpc.present", **VPC, internet_gateway=True)
    assert len(ec2.describe_internet_gateways()["InternetGateways"]) == 1


def test_a_lost_answer_makes_no_second_vpc(states, ec2, sandbox, impatient):
    sandbox.fault("CreateVpc", "reset_after")
    assert states["ec2_vpc.present"](**VPC).result is False
    assert states["ec2_vpc.present"](**VPC).result is True
    assert len(vpcs(ec2)) == 1


@pytest.fixture
def another_run(monkeypatch):
    """``another_run(before=…, after=…, does=…)``: what it does around this run's first call of that method."""

    def arrange(*, does, before=None, after=None):
        write, done = Session.write, []

        def act(answer_or_parameters):
            if not done:
                done.append(True)
                does(answer_or_parameters)

        def writing(self, service, method, doing, **parameters):
            if method == before:
                act(parameters)
            answer = write(self, service, method, doing, **parameters)
            if method == after:
                act(answer)
            return answer

        monkeypatch.setattr(Session, "write", writing)

    return arrange


@pytest.fixture
def rival(ec2, another_run):
    """``rival(name, lesser=…)`` lets another run make a VPC called ``name`` whose id is less than ours, or greater."""

    def arrange(name, *, lesser):
        made = []

        def make(answer):
            ours = answer["Vpc"]["VpcId"]
            while not made:
                theirs = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named(name, "vpc"))["Vpc"]["VpcId"]
                if (theirs < ours) is lesser:
                    made.append(theirs)
                else:
                    ec2.delete_vpc(VpcId=theirs)

        another_run(after="create_vpc", does=make)
        return made

    return arrange


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("aws_runbook.network.new_vpc._PATIENCE", 1)


def everything(ec2):
    """The ids of all VPCs but the default one."""
    return [entry["VpcId"] for entry in ec2.describe_vpcs()["Vpcs"] if not entry["IsDefault"]]


@pytest.mark.parametrize("lesser", [True, False])
def test_a_vpc_that_has_the_name_by_now_is_taken(states, ec2, rival, lesser):
    made = rival("lab", lesser=lesser)
    assert states["ec2_vpc.present"](**VPC, enable_dns_hostnames=True).result is True
    assert everything(ec2) == made
    assert ec2.describe_vpc_attribute(VpcId=made[0], Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]


def test_of_two_that_are_being_made_the_one_with_the_lesser_id_stays(states, ec2, rival, another_run):
    made = rival("lab (being made)", lesser=True)
    another_run(
        after="delete_vpc", does=lambda _: ec2.create_tags(Resources=made, Tags=[{"Key": "Name", "Value": "lab"}])
    )
    assert states["ec2_vpc.present"](**VPC).result is True
    assert everything(ec2) == made


def test_the_other_run_deletes_its_own(states, ec2, rival, another_run):
    made = rival("lab (being made)", lesser=False)
    gone = threading.Timer(1, lambda: ec2.delete_vpc(VpcId=made[0]))
    another_run(after="create_vpc", does=lambda _answer: gone.start())
    assert states["ec2_vpc.present"](**VPC).result is True
    assert [entry["VpcId"] for entry in vpcs(ec2)] == everything(ec2)
    assert everything(ec2) != made


def test_one_that_an_interrupted_run_has_left_is_used(converge, ec2, impatient):
    left = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("lab (being made)", "vpc"))["Vpc"]["VpcId"]
    assert converge("ec2_vpc.present", **VPC).result is True
    assert everything(ec2) == [left]
    assert len(vpcs(ec2)) == 1


def test_a_second_internet_gateway_goes_again(states, ec2, another_run):
    def attach(_answer):
        theirs = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=theirs, VpcId=vpcs(ec2)[0]["VpcId"])

    another_run(after="create_internet_gateway", does=attach)
    assert states["ec2_vpc.present"](**VPC, internet_gateway=True).result is True
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    assert len(gateway["Attachments"]) == 1


def test_a_subnet_that_another_run_has_just_made_will_do(states, ec2, another_run):
    def make(parameters):
        ec2.create_subnet(
            VpcId=parameters["VpcId"], CidrBlock="10.0.1.0/24", TagSpecifications=named("lab-a", "subnet")
        )

    states["ec2_vpc.present"](**VPC)
    another_run(before="create_subnet", does=make)
    assert states["ec2_subnet.present"](**SUBNET).result is True
    assert len(ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["lab-a"]}])["Subnets"]) == 1


def test_a_block_that_somebody_has_just_taken(states, ec2, another_run):
    states["ec2_vpc.present"](**VPC)
    another_run(
        before="create_subnet", does=lambda given: ec2.create_subnet(VpcId=given["VpcId"], CidrBlock="10.0.1.0/25")
    )
    ret = states["ec2_subnet.present"](**SUBNET)
    assert "give a block that is free" in ret.comment


def test_a_block_that_was_taken_for_a_moment(states, ec2, another_run, modules, monkeypatch):
    """AWS refuses it, and shows nobody who has it."""
    taken = []

    def take(parameters):
        taken.append(ec2.create_subnet(VpcId=parameters["VpcId"], CidrBlock="10.0.1.0/25")["Subnet"]["SubnetId"])

    states["ec2_vpc.present"](**VPC)
    another_run(before="create_subnet", does=take)
    another_run(after="create_subnet", does=lambda _answer: ec2.delete_subnet(SubnetId=taken[0]))
    monkeypatch.setattr(sys.modules[modules["ec2_subnet.create"].__module__], "SETTLE_TIMEOUT", 0)
    with pytest.raises(CommandExecutionError) as refused:
        modules["ec2_subnet.create"]("lab-a", "lab", "10.0.1.0/24")
    assert str(refused.value) == (
        "subnet lab-a: cidr_block is '10.0.1.0/24', which AWS says is taken; run this again to see which subnet has it."
    )


def test_a_vpc_that_another_run_begins_and_does_not_finish(states, ec2, monkeypatch, impatient):
    left = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("lab (being made)", "vpc"))["Vpc"]["VpcId"]

    def waits(question, **_):
        ec2.delete_vpc(VpcId=left)
        return question()

    monkeypatch.setattr(new_vpc, "until", waits)
    monkeypatch.setattr(Session, "read", Session.look)
    ret = states["ec2_vpc.present"](**VPC)
    assert ret.result is False
    assert ret.comment == "Another run did not finish creating the VPC lab; run this again."


def test_a_security_group_that_another_run_has_just_made_will_do(states, ec2, another_run):
    def make(parameters):
        ec2.create_security_group(**{name: parameters[name] for name in ("GroupName", "Description", "VpcId")})

    another_run(before="create_security_group", does=make)
    assert states["ec2_security_group.present"](**GROUP).result is True


def test_a_vpc_goes_when_it_is_empty(converge, ec2):
    converge("ec2_vpc.present", **VPC, internet_gateway=True)
    converge("ec2_subnet.present", **SUBNET)
    ret = converge("ec2_vpc.absent", name="lab")
    assert ret.comment == "The VPC lab still has the subnet lab-a and is not deleted: delete these first."
    converge("ec2_subnet.absent", name="lab-a", vpc="lab")
    assert converge("ec2_vpc.absent", name="lab").changes == {"name": {"old": "lab", "new": None}}
    assert vpcs(ec2) == []
    assert ec2.describe_internet_gateways()["InternetGateways"] == []


def test_a_vpc_with_a_security_group_is_not_deleted(converge):
    converge("ec2_vpc.present", **VPC)
    converge("ec2_security_group.present", **GROUP, vpc="lab")
    ret = converge("ec2_vpc.absent", name="lab")
    assert ret.comment == (
        "The VPC lab still has the security group postgresql-anywhere and is not deleted: delete these first."
    )


def test_the_default_group_is_not_deleted(converge, ec2):
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    ret = converge("ec2_security_group.absent", name="default")
    assert ret.comment == f"The security group default of {vpc_id} is AWS's own and cannot be deleted."


def test_without_a_default_vpc_one_must_be_named(states, ec2):
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc_id)
    ret = states["ec2_security_group.present"](**GROUP)
    assert ret.result is False
    assert ret.comment == "There is no default VPC in us-east-1: name a VPC."


def test_a_group_in_a_rule_that_is_not_there(states, ec2):
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    ret = states["ec2_security_group.present"](**{**GROUP, "ingress": [{"service": "postgresql", "source": "web"}]})
    assert ret.result is False
    assert ret.comment == (
        f"There is no security group web in {vpc_id}: declare it in aws:ec2:security_groups, or name another."
    )


def test_a_group_is_found_by_its_id_in_any_vpc(converge, states, ec2):
    """Without its VPC it was told to be absent."""
    states["ec2_vpc.present"](**VPC)
    states["ec2_security_group.present"](name="web", vpc=VPC["name"], description="Web")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])["SecurityGroups"]
    rules = [{"service": "https", "source": "anywhere"}]
    ret = converge("ec2_security_group.present", name=group["GroupId"], ingress=rules)
    assert ret.changes == {"ingress": {"old": [], "new": ["tcp 443 from 0.0.0.0/0", "tcp 443 from ::/0"]}}
    ret = converge(
        "ec2_security_group.present", name=group["GroupId"], ingress=[{"port": 22, "source": group["GroupId"]}]
    )
    assert "tcp 22 from group web" in ret.changes["ingress"]["new"]
    assert set(converge("ec2_security_group.absent", name=group["GroupId"]).changes) == {"name"}
    assert not ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])["SecurityGroups"]


@pytest.mark.parametrize("there", [True, False])
def test_a_route_without_a_gateway(converge, states, there):
    if there:
        states["ec2_vpc.present"](**VPC)
    ret = converge("ec2_vpc.present", **VPC, public_route=True)
    assert ret.result is False
    assert ret.comment == "The VPC lab has no internet gateway for a public_route; set internet_gateway: True."


def test_a_route_that_leads_elsewhere_is_not_replaced(converge, states, ec2):
    states["ec2_vpc.present"](**VPC)
    (vpc,) = vpcs(ec2)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc["VpcId"])
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ret = converge("ec2_vpc.present", **VPC, internet_gateway=True, public_route=True)
    assert ret.result is False
    assert ret.comment == (
        f"The main route table of the VPC lab has a route to {gateway} for 0.0.0.0/0, which is not replaced. Delete that route first, or leave "
        "out public_route."
    )


def test_the_default_vpc_is_not_deleted(converge, ec2):
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    assert "is the default VPC" in converge("ec2_vpc.absent", name=vpc_id).comment


def test_two_subnets_land_in_two_zones(converge, modules):
    converge("ec2_vpc.present", **VPC)
    converge("ec2_subnet.present", **SUBNET)
    converge("ec2_subnet.present", name="lab-b", vpc="lab", cidr_block="10.0.2.0/24", map_public_ip_on_launch=True)
    zones = [modules["ec2_subnet.describe"](name, vpc="lab")["availability_zone"] for name in ("lab-a", "lab-b")]
    assert zones == ["us-east-1a", "us-east-1b"]


def test_a_subnet_is_mended(converge, ec2, modules):
    converge("ec2_vpc.present", **VPC)
    wanted = {**SUBNET, "availability_zone": "us-east-1c", "map_public_ip_on_launch": True, "tags": {"a": "1"}}
    converge("ec2_subnet.present", **wanted)
    subnet_id = modules["ec2_subnet.describe"]("lab-a", vpc="lab")["subnet_id"]
    ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": False})
    ec2.delete_tags(Resources=[subnet_id], Tags=[{"Key": "a"}])
    assert set(converge("ec2_subnet.present", **wanted).changes) == {"map_public_ip_on_launch", "tags"}
    ret = converge("ec2_subnet.present", **{**wanted, "availability_zone": "us-east-1a"})
    assert "has availability_zone us-east-1c, not us-east-1a, and AWS cannot change that" in ret.comment


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("10.1.1.0/24", "give a block within 10.0.0.0/16, the VPC's"),
        ("10.0.1.128/25", "and the VPC lab has the subnet lab-a at 10.0.1.0/24; give a block that is free"),
    ],
)
def test_a_block_that_cannot_be_had_is_refused_before_writing(converge, block, sentence):
    converge("ec2_vpc.present", **VPC)
    converge("ec2_subnet.present", **SUBNET)
    ret = converge("ec2_subnet.present", name="lab-b", vpc="lab", cidr_block=block)
    assert sentence in ret.comment


def test_what_depends_on_a_vpc_that_is_not_made_yet_is_planned(states, sandbox):
    sandbox.refuse_writes(True)
    for function, arguments in (
        ("ec2_subnet.present", SUBNET),
        ("ec2_security_group.present", {**GROUP, "vpc": "lab"}),
    ):
        planned = states[function](**arguments, test=True)
        assert planned.result is None, planned.comment


def rules(modules, **arguments):
    return modules["ec2_security_group.describe"]("postgresql-anywhere", **arguments)["ingress"]


def test_anywhere_is_both_kinds_of_address(converge, modules):
    assert converge("ec2_security_group.present", **GROUP).result is True
    assert rules(modules) == ["tcp 5432 from 0.0.0.0/0", "tcp 5432 from ::/0"]


def test_foreign_rules_stay_unless_purged(converge, modules, ec2):
    converge("ec2_security_group.present", **GROUP)
    group_id = modules["ec2_security_group.describe"]("postgresql-anywhere")["group_id"]
    theirs = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ours = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[theirs])
    ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[ours])
    assert set(converge("ec2_security_group.present", **GROUP).changes) == {"ingress"}
    assert rules(modules) == ["tcp 22 from 192.0.2.0/24", "tcp 5432 from 0.0.0.0/0", "tcp 5432 from ::/0"]
    converge("ec2_security_group.present", **GROUP, purge=True)
    assert rules(modules) == ["tcp 5432 from 0.0.0.0/0", "tcp 5432 from ::/0"]


def test_a_group_as_a_source_by_name_or_by_id(converge, modules):
    converge("ec2_vpc.present", **VPC)
    converge("ec2_security_group.present", name="app", vpc="lab", description="App")
    app = modules["ec2_security_group.describe"]("app", vpc="lab")["group_id"]
    wanted = {**GROUP, "vpc": "lab", "ingress": [{"service": "postgresql", "source": "app"}]}
    assert converge("ec2_security_group.present", **wanted).result is True
    assert rules(modules, vpc="lab") == ["tcp 5432 from group app"]
    by_id = {**wanted, "ingress": [{"port": 5432, "source": app}]}
    assert converge("ec2_security_group.present", **by_id).changes == {}


def test_the_group_of_production_lets_in_its_members(converge, modules):
    group = presets.SECURITY_GROUPS["postgresql-members"]
    assert converge("ec2_security_group.present", name="postgresql-members", **group).result is True
    known = modules["ec2_security_group.describe"]("postgresql-members")
    assert known["ingress"] == ["tcp 5432 from group postgresql-members"]


def test_a_group_is_found_by_its_name_tag_too(converge, modules, ec2):
    theirs = ec2.create_security_group(
        GroupName="launch-wizard-1",
        Description=GROUP["description"],
        TagSpecifications=named("postgresql-anywhere", "security-group"),
    )["GroupId"]
    assert set(converge("ec2_security_group.present", **GROUP).changes) == {"ingress"}
    assert modules["ec2_security_group.describe"]("postgresql-anywhere")["group_id"] == theirs
    ec2.create_security_group(GroupName="postgresql-anywhere", Description=GROUP["description"])
    assert modules["ec2_security_group.describe"]("postgresql-anywhere")["group_id"] != theirs


def test_the_group_of_a_preset_is_adopted_whatever_its_description(converge, modules, ec2):
    theirs = ec2.create_security_group(GroupName="postgresql-anywhere", Description="Allow PostgreSQL")["GroupId"]
    assert set(converge("ec2_security_group.present", **GROUP).changes) == {"ingress"}
    assert converge("ec2_security_group.present", **GROUP).changes == {}
    known = modules["ec2_security_group.describe"]("postgresql-anywhere")
    assert (known["group_id"], known["description"]) == (theirs, "Allow PostgreSQL")


def test_another_description_that_pillar_gives_is_an_error(converge, ec2):
    ec2.create_security_group(GroupName="postgresql-anywhere", Description="Allow PostgreSQL")
    ret = converge("ec2_security_group.present", **{**GROUP, "description": "Ours"})
    assert ret.result is False
    assert "has description Allow PostgreSQL, not Ours" in ret.comment


def test_egress_is_managed_when_asked_for(converge, modules):
    wanted = {**GROUP, "egress": [{"service": "https", "destination": "10.0.0.0/8"}]}
    converge("ec2_security_group.present", **wanted)
    known = modules["ec2_security_group.describe"]("postgresql-anywhere")
    assert known["egress"] == ["all all to 0.0.0.0/0", "tcp 443 to 10.0.0.0/8"]
    converge("ec2_security_group.present", **wanted, purge=True)
    assert modules["ec2_security_group.describe"]("postgresql-anywhere")["egress"] == ["tcp 443 to 10.0.0.0/8"]


def test_a_security_group_that_is_used_is_not_deleted(converge, modules, ec2):
    converge("ec2_vpc.present", **VPC)
    converge("ec2_subnet.present", **SUBNET)
    converge("ec2_security_group.present", **GROUP, vpc="lab")
    group_id = modules["ec2_security_group.describe"]("postgresql-anywhere", vpc="lab")["group_id"]
    subnet_id = modules["ec2_subnet.describe"]("lab-a", vpc="lab")["subnet_id"]
    interface = ec2.create_network_interface(SubnetId=subnet_id, Groups=[group_id], Description="a database")
    for function, name in (("ec2_security_group.absent", "postgresql-anywhere"), ("ec2_subnet.absent", "lab-a")):
        assert "is used by a database and is not deleted" in converge(function, name=name, vpc="lab").comment
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])
    for function, name in (("ec2_security_group.absent", "postgresql-anywhere"), ("ec2_subnet.absent", "lab-a")):
        assert converge(function, name=name, vpc="lab").changes == {"name": {"old": name, "new": None}}


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("ec2_vpc", {"cidr_block": "10.0.0.0/8"}, "VPC n: cidr_block is '10.0.0.0/8': the block of a VPC or subnet"),
        ("ec2_vpc", {"cidr_block": "10.0.0.1/16"}, "did you mean 10.0.0.0/16?"),
        ("ec2_vpc", {"internet_gateway": "yes"}, "VPC n: internet_gateway is 'yes'; allowed are True, False."),
        ("ec2_vpc", {"public_route": True, "internet_gateway": False}, "a route needs one"),
        ("ec2_subnet", {"cidr_block": "10.0.0.0"}, "give an IPv4 block such as 10.0.0.0/16"),
        ("ec2_subnet", {"tags": "x"}, "subnet n: tags is 'x'; give a mapping of names to texts."),
        (
            "ec2_security_group",
            {"ingress": [{"service": "ftp", "source": "anywhere"}]},
            "service is 'ftp'; allowed are",
        ),
        (
            "ec2_security_group",
            {"ingress": [{"port": 70000, "source": "anywhere"}]},
            "port is 70000; give a port from 0",
        ),
        ("ec2_security_group", {"ingress": [{"port": 5432, "source": "10.0.0.1/8"}]}, "has host bits set"),
        ("ec2_security_group", {"ingress": [{"port": 5432}]}, "has a rule without source"),
        ("ec2_security_group", {"description": "naïve"}, "letters without accents"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(function, arguments, sentence, states, sandbox):
    ret = states[f"{function}.present"](name="n", **arguments)
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("ec2_vpc.present", VPC), ("ec2_subnet.present", SUBNET), ("ec2_security_group.present", GROUP)],
)
def test_a_failed_read_is_an_error_and_never_absent(function, arguments, states, sandbox):
    sandbox.fault("*", "access_denied", times=100)
    ret = states[function](**arguments)
    assert ret.result is False
    assert "The credentials in use need ec2:DescribeVpcs" in ret.comment
    assert sandbox.calls(write=True) == []
