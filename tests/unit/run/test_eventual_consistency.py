"""Of what this run has made, and of nothing else, it is doubted that it is not there."""

import pytest

from aws_runbook.run import eventual_consistency
from aws_runbook.run.eventual_consistency import SETTLE_TIMEOUT, Recent

HERE, ELSEWHERE = ("account", "us-east-1"), ("account", "eu-west-2")
USER = "The user with name registry cannot be found."
POLICY = "arn:aws:iam::123456789012:policy/registry"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def made(clock):
    return Recent(clock)


def test_what_was_made_is_in_doubt_for_a_while(made, clock):
    made.note(HERE, "create_user", {"UserName": "registry"}, {"User": {}})
    clock.now += SETTLE_TIMEOUT - 1
    assert made.doubts("NoSuchEntity", USER, {"UserName": "registry"})
    clock.now += 1
    assert not made.doubts("NoSuchEntity", USER, {"UserName": "registry"})


def test_what_was_there_already_is_as_new(made):
    """AWS says so of what the reads of it did not show."""
    made.note(HERE, "create_policy", {"PolicyName": "registry"}, None)
    assert made.doubts("NoSuchEntity", f"Policy {POLICY} was not found.", {"PolicyArn": POLICY})


def test_a_user_that_is_there_already_may_be_one_in_capital_letters(made):
    made.note(HERE, "create_user", {"UserName": "registry"}, None)
    assert not made.doubts("NoSuchEntity", USER, {"UserName": "registry"})


def test_what_others_made_is_not(made):
    made.note(HERE, "create_user", {"UserName": "registry"}, {})
    assert not made.doubts("NoSuchEntity", "The user with name cms cannot be found.", {"UserName": "cms"})
    assert not made.doubts("NoSuchEntity", "", {"GroupName": "registry"})
    assert not made.doubts("AccessDenied", USER, {"UserName": "registry"})


def test_the_message_says_which_of_two_is_not_there(made):
    """A user and its policy have one name."""
    made.note(HERE, "create_user", {"UserName": "registry"}, {})
    both = {"UserName": "registry", "PolicyArn": POLICY}
    assert made.doubts("NoSuchEntity", USER, both)
    assert not made.doubts("NoSuchEntity", f"Policy {POLICY} does not exist or is not attachable.", both)
    assert made.doubts("NoSuchEntity", "It is not there.", both)


def test_a_code_that_means_much_means_this_only_where_it_is_named(made):
    made.note(HERE, "create_security_group", {"VpcId": "vpc-1"}, {"GroupId": "sg-1"})
    given = {"DBInstanceIdentifier": "analysis", "VpcSecurityGroupIds": ["sg-1"]}
    assert made.doubts("InvalidParameterValue", "Invalid security group , groupId= sg-1, groupName=.", given)
    assert not made.doubts("InvalidParameterValue", "Invalid storage size: 3.", given)


def test_what_came_along_with_a_vpc(made, clock):
    made.brought_along("route_table", "rtb-2", "vpc-2")
    made.note(HERE, "create_vpc", {}, {"Vpc": {"VpcId": "vpc-1"}})
    clock.now += SETTLE_TIMEOUT - 1
    made.brought_along("route_table", "rtb-1", "vpc-1")

    def doubts(table):
        given = {"RouteTableId": table, "GatewayId": "igw-1"}
        return made.doubts("InvalidRouteTableID.NotFound", f"The routeTable ID '{table}' does not exist", given)

    assert doubts("rtb-1")
    assert not doubts("rtb-2")
    clock.now += 1
    assert not doubts("rtb-1")


def test_what_is_named_deep_in_the_parameters(made):
    topic = "arn:aws:sns:us-east-1:123456789012:ops"
    made.note(HERE, "create_topic", {"Name": "ops"}, {"TopicArn": topic})
    given = {"ConfigurationSetName": "main", "EventDestination": {"SnsDestination": {"TopicArn": topic}}}
    assert made.doubts("BadRequestException", f"SNS topic <{topic}> could not be found.", given)


@pytest.mark.parametrize(
    ("making", "given", "answer", "unmaking", "naming"),
    [
        ("create_bucket", {"Bucket": "b"}, {}, "delete_bucket", {"Bucket": "b"}),
        ("create_vpc", {}, {"Vpc": {"VpcId": "vpc-1"}}, "delete_vpc", {"VpcId": "vpc-1"}),
        ("create_policy", {"PolicyName": "registry"}, {}, "delete_policy", {"PolicyArn": POLICY}),
        ("create_topic", {"Name": "t"}, {}, "delete_topic", {"TopicArn": "arn:aws:sns:us-east-1:1:t"}),
    ],
)
def test_what_was_deleted_is_gone(made, making, given, answer, unmaking, naming):
    code = eventual_consistency._MADE[making].codes[0]
    made.note(HERE, making, given, answer)
    assert made.doubts(code, "", naming)
    made.note(HERE, unmaking, {**naming, "Other": "x"}, None)
    assert not made.doubts(code, "", naming)


def test_a_listing_has_to_show_what_was_made_within_what_is_asked_about(made, clock):
    made.note(HERE, "create_subnet", {"VpcId": "vpc-1"}, {"Subnet": {"SubnetId": "subnet-1"}})

    def lacks(vpc, shown, place=HERE):
        filters = {"Filters": [{"Name": "vpc-id", "Values": [vpc]}]} if vpc else {}
        return made.lacks(
            place, "describe_subnets", filters, {"Subnets": [{"SubnetId": subnet_id} for subnet_id in shown]}
        )

    assert lacks("vpc-1", [])
    assert lacks(None, ["subnet-2"])
    assert not lacks("vpc-1", ["subnet-1"])
    assert not lacks("vpc-2", [])
    assert not lacks("vpc-1", [], ELSEWHERE)
    assert not made.lacks(HERE, "describe_subnets", {"SubnetIds": ["subnet-2"]}, {"Subnets": []})
    assert not made.lacks(HERE, "describe_subnets", {"Filters": [{"Name": "cidr", "Values": ["x"]}]}, {"Subnets": []})
    clock.now += SETTLE_TIMEOUT
    assert not lacks("vpc-1", [])


def test_no_listing_has_to_show_what_was_there_already(made):
    """An instance that is being deleted still has its name."""
    given = {"DBInstanceIdentifier": "common-1", "DBClusterIdentifier": "common"}
    about = {"Filters": [{"Name": "db-cluster-id", "Values": ["common"]}]}
    made.note(HERE, "create_db_instance", given, None)
    assert not made.lacks(HERE, "describe_db_instances", about, {"DBInstances": []})
    made.note(HERE, "create_db_instance", given, {"DBInstance": {}})
    assert made.lacks(HERE, "describe_db_instances", about, {"DBInstances": []})


def test_a_vpc_under_its_old_name_is_an_old_answer(made, clock):
    made.note(HERE, "create_tags", {"Resources": ["vpc-1"], "Tags": [{"Key": "Name", "Value": "lab"}]}, {})

    def lacks(name):
        return made.lacks(
            HERE, "describe_vpcs", {}, {"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": name}]}]}
        )

    assert lacks("lab (being made)")
    assert not lacks("lab")
    clock.now += SETTLE_TIMEOUT
    assert not lacks("lab (being made)")


def test_an_answer_about_several_has_to_tell_of_those_that_were_made(made):
    made.note(HERE, "create_email_identity", {"EmailIdentity": "example.org"}, {})
    about = {"Identities": ["example.org", "other.org"]}
    method = "get_identity_verification_attributes"
    assert made.lacks(HERE, method, about, {"VerificationAttributes": {"other.org": {}}})
    assert not made.lacks(HERE, method, about, {"VerificationAttributes": {"example.org": {}}})
    assert not made.lacks(HERE, method, {"Identities": ["other.org"]}, {"VerificationAttributes": {}})
