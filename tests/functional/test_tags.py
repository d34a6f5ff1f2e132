"""Tags of every kind that takes them: AWS's own, and notes of the states, are nobody's to set or to remove."""

import ast
from dataclasses import dataclass, field
from itertools import product

import pytest

from tests.functional.conftest import TREE

ACCOUNT = "123456789012"
THEIRS = {"aws:cloudformation:stack-name": "lab", "AWS:Of-No-Case": "1"}
STORE = {"pillar_file": "{folder}/analysis.sls", "keys": {"password": "password"}}
VPC = ("ec2_vpc.present", {"name": "lab", "cidr_block": "10.0.0.0/16"})
SUBNETS = [
    ("ec2_subnet.present", {"name": f"lab-{number}", "vpc": "lab", "cidr_block": f"10.0.{number}.0/24"})
    for number in (1, 2)
]


@dataclass
class Case:
    """Arguments with which a thing is made, what is made before it, and its ARN, or where ``describe`` tells that, or its id."""

    arguments: dict
    resource: str
    before: list = field(default_factory=list)


CASES = {
    "ec2_security_group": Case({"name": "web", "description": "Web"}, "group_id"),
    "ec2_subnet": Case(SUBNETS[0][1], "subnet_id", [VPC]),
    "ec2_vpc": Case(VPC[1], "vpc_id"),
    "iam_backup_policy": Case({"name": "backup", "targets": [{"kind": "files", "bucket": "ocp-backup"}]}, "arn"),
    "iam_user": Case({"name": "registry-backup"}, "arn"),
    "rds_cluster": Case(
        {"name": "common", "engine": "aurora-postgresql", "min_capacity": 0, "max_capacity": 2, "store": STORE}, "arn"
    ),
    "rds_instance": Case(
        {
            "name": "analysis",
            "engine": "postgres",
            "db_instance_class": "db.t4g.micro",
            "allocated_storage": 20,
            "master_username": "postgres",
            "store": STORE,
        },
        "arn",
    ),
    "rds_subnet_group": Case(
        {"name": "lab", "vpc": "lab", "description": "Lab", "subnets": ["lab-1", "lab-2"]}, "arn", [VPC, *SUBNETS]
    ),
    "s3_bucket": Case({"name": "ocp-backup"}, "arn:aws:s3:::ocp-backup"),
    "ses_configuration_set": Case({"name": "credere"}, f"arn:aws:ses:us-east-1:{ACCOUNT}:configuration-set/credere"),
    "ses_identity": Case({"name": "example.org"}, f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/example.org"),
    "ses_smtp_user": Case({"name": "ses-smtp"}, "arn"),
    "sns_topic": Case({"name": "noreply", "subscriptions": ["ops@example.org"]}, "arn"),
}
KINDS = sorted(path.stem for path in (TREE / "_states").glob("*.py"))


@pytest.fixture
def case(request, sandbox, states, tmp_path):
    """The case of a kind; what it needs is there."""
    sandbox.database_times(creating=0, modifying=0)
    case = CASES[request.param]
    for function, arguments in case.before:
        assert states[function](**arguments).result is True
    arguments = dict(case.arguments)
    if "store" in arguments:
        arguments["store"] = {**STORE, "pillar_file": str(tmp_path / "analysis.sls")}
    return Case(arguments, case.resource)


def parameters(kind):
    """The parameters of a kind's ``present``."""
    tree = ast.parse((TREE / "_states" / f"{kind}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "present"]
    return {argument.arg for function in functions for argument in function.args.args}


def test_every_kind_that_takes_tags_has_a_case():
    assert [kind for kind in KINDS if "tags" in parameters(kind)] == sorted(CASES)


def listed(sandbox, resource):
    """All tags of a thing, as AWS lists them."""
    if resource.startswith("arn:aws:s3"):
        found = sandbox.client("s3").get_bucket_tagging(Bucket=resource.rpartition(":")[2])["TagSet"]
    elif ":user/" in resource:
        found = sandbox.client("iam").list_user_tags(UserName=resource.rpartition("/")[2])["Tags"]
    elif ":policy/" in resource:
        found = sandbox.client("iam").list_policy_tags(PolicyArn=resource)["Tags"]
    elif resource.startswith("arn:aws:rds"):
        found = sandbox.client("rds").list_tags_for_resource(ResourceName=resource)["TagList"]
    elif resource.startswith("arn:"):
        client = sandbox.client({"ses": "sesv2"}.get(resource.split(":")[2], resource.split(":")[2]))
        found = client.list_tags_for_resource(ResourceArn=resource)["Tags"]
    else:
        filters = [{"Name": "resource-id", "Values": [resource]}]
        found = sandbox.client("ec2").describe_tags(Filters=filters)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


@pytest.mark.parametrize(("kind", "case"), [(kind, kind) for kind in CASES], indirect=["case"], ids=list(CASES))
def test_what_is_not_a_persons_stays_and_is_no_change(kind, case, converge, sandbox, modules):
    made = converge(f"{kind}.present", **case.arguments, tags={"team": "data"})
    assert made.result is True, made.comment
    found = case.resource
    if not found.startswith("arn:"):
        place = {"vpc": case.arguments["vpc"]} if "vpc" in case.arguments else {}
        found = modules[f"{kind}.describe"](case.arguments["name"], **place)[found]
    before = listed(sandbox, found)
    sandbox.tag(found, THEIRS)
    expected = {**before, **THEIRS}
    assert listed(sandbox, found) == expected
    assert converge(f"{kind}.present", **case.arguments, tags={"team": "data"}).changes == {}
    changed = converge(f"{kind}.present", **case.arguments, tags={"stage": "live"})
    assert changed.changes == {"tags": {"old": {"team": "data"}, "new": {"team": "data", "stage": "live"}}}
    assert listed(sandbox, found) == {**expected, "stage": "live"}
    if "purge" not in parameters(kind):
        return
    purged = converge(f"{kind}.present", **case.arguments, tags={"stage": "test"}, purge=True)
    assert purged.changes == {"tags": {"old": {"team": "data", "stage": "live"}, "new": {"stage": "test"}}}
    del expected["team"]
    assert listed(sandbox, found) == {**expected, "stage": "test"}
    assert converge(f"{kind}.present", **case.arguments, tags={}, purge=True).result is True
    assert listed(sandbox, found) == expected


@pytest.mark.parametrize("kind", CASES)
def test_what_is_not_a_persons_cannot_be_asked_for(kind, states, sandbox):
    arguments = {key: value for key, value in CASES[kind].arguments.items() if key != "store"}
    reserved = ["aws:team", "AWS:team", "aws-runbook:making", *(["rds:team"] if kind.startswith("rds_") else [])]
    for key, test in product(reserved, (True, False)):
        ret = states[f"{kind}.present"](**arguments, tags={"team": "data", key: "1"}, test=test)
        assert ret.result is False
        assert f"tags has the key {key!r}: " in ret.comment
        assert ret.comment.endswith("; leave it out.")
        assert ret.changes == {}
    assert sandbox.calls() == []


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind.startswith("ec2_")])
def test_a_name_is_no_tag(kind, states, sandbox):
    ret = states[f"{kind}.present"](**CASES[kind].arguments, tags={"Name": "other"})
    assert "tags has the key 'Name': Name is set from the name" in ret.comment
    assert sandbox.calls() == []


@pytest.mark.parametrize("kind", ["iam_user", "ses_smtp_user"])
def test_a_key_of_a_user_that_differs_by_case_is_that_key(kind, converge, sandbox, modules):
    iam = sandbox.client("iam")
    name = CASES[kind].arguments["name"]
    converge(f"{kind}.present", name=name, tags={"Department": "finance"})
    assert converge(f"{kind}.present", name=name, tags={"department": "finance"}).changes == {}
    moved = converge(f"{kind}.present", name=name, tags={"DEPARTMENT": "hr", "team": "data"})
    assert moved.changes == {"tags": {"old": {"Department": "finance"}, "new": {"Department": "hr", "team": "data"}}}
    assert listed(sandbox, f":user/{name}") == {"Department": "hr", "team": "data"}
    if kind == "iam_user":
        purged = converge("iam_user.present", name=name, tags={"department": "hr"}, purge=True)
        assert purged.changes["tags"]["new"] == {"Department": "hr"}
        modules["iam_user.update"](name, tags={"DEPARTMENT": "web"})
        assert {tag["Value"] for tag in iam.list_user_tags(UserName=name)["Tags"]} == {"web"}


def test_two_keys_for_a_user_that_iam_takes_for_one_are_refused(states, sandbox):
    ret = states["iam_user.present"]("registry-backup", tags={"Team": "data", "team": "web"})
    assert ret.comment == (
        "user registry-backup: tags has the keys Team and team, which are the same for AWS; leave one out."
    )
    assert sandbox.calls() == []


def test_keys_of_a_policy_that_differ_by_case_are_two(converge, sandbox):
    case = CASES["iam_backup_policy"]
    converge("iam_backup_policy.present", **case.arguments, tags={"Costcenter": "1234"})
    ret = converge("iam_backup_policy.present", **case.arguments, tags={"costcenter": "5678"})
    assert ret.changes["tags"]["new"] == {"Costcenter": "1234", "costcenter": "5678"}
    assert listed(sandbox, f"arn:aws:iam::{ACCOUNT}:policy/backup") == ret.changes["tags"]["new"]
