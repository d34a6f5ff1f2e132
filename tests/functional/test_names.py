"""A name is a text: no SLS file lets YAML read it as anything else."""

import re

import pytest

from tests.functional.conftest import TREE

SLS = sorted((TREE / "salt").rglob("*.sls")) + sorted((TREE / "salt").rglob("*.jinja"))
# What YAML reads as a number, a flag or nothing when it stands there without quotes.
BUCKETS = ("123456", "0777", "1.50", "1e5")
USERS = ("null", "true", "1_000", "0x10", "2026-01-01", "~", "no")
_WRITTEN = re.compile(r"\{\{-?\s*(?P<what>.*?)\s*-?\}\}", re.DOTALL)
# Files write these as they are: Python's names of things, in macros' own arguments; and what the macro of quotes is made of.
_PLAIN = ("function", "argument", "module", "value | yaml_dquote", "value | yaml_encode", '", " if not loop.last')


@pytest.mark.parametrize("path", SLS, ids=lambda path: path.name)
def test_every_value_is_written_in_quotes(path):
    for match in _WRITTEN.finditer(re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)):
        what = match["what"]
        assert what.startswith(("quoted(", "state(")) or what in _PLAIN, f"{path.name}: {what}"


@pytest.mark.parametrize("bucket", [name for name in BUCKETS if len(name) > 3 or "." in name])
def test_a_bucket_whose_name_looks_like_a_number_is_that_bucket(account, sandbox, bucket):
    done = account({"backup": {"location": bucket}}).apply("aws.buckets")
    assert {state["result"] for state in done.values()} == {True}, done
    assert [entry["Name"] for entry in sandbox.client("s3").list_buckets()["Buckets"]] == [bucket]


@pytest.mark.parametrize("user", USERS[:3])
def test_a_user_whose_name_yaml_reads_as_something_else_is_that_user(account, sandbox, user):
    done = account({"backup": {"location": "ocp-backup"}, "aws": {"backup": {"user": user}}}).apply("aws.iam")
    assert {state["result"] for state in done.values()} == {True}, done
    iam = sandbox.client("iam")
    assert [entry["UserName"] for entry in iam.list_users()["Users"]] == [user]
    assert [entry["PolicyName"] for entry in iam.list_policies(Scope="Local")["Policies"]] == [user]


@pytest.mark.parametrize("topic", ["123", "null"])
def test_a_topic_whose_name_looks_like_a_number_is_that_topic(account, sandbox, topic):
    done = account(
        {"aws": {"sns": {"topics": {topic: {"display_name": "0777", "tags": {"1": "0x1f", "{{ x }}": "it's"}}}}}}
    )
    returned = done.apply("aws.email")
    assert {state["result"] for state in returned.values()} == {True}, returned
    sns = sandbox.client("sns")
    (arn,) = (entry["TopicArn"] for entry in sns.list_topics()["Topics"])
    assert arn.endswith(f":{topic}")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "0777"
    tags = {entry["Key"]: entry["Value"] for entry in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    assert {"1": "0x1f", "{{ x }}": "it's"}.items() <= tags.items()


def test_a_name_that_salt_would_take_for_a_pattern_is_required_as_it_is(account, sandbox):
    subnet = {"cidr_block": "10.0.1.0/24"}
    done = account(
        {"aws": {"ec2": {"vpcs": {"lab [1]*?": {"cidr_block": "10.0.0.0/16", "subnets": {"a[b]": subnet}}}}}}
    )
    returned = done.apply("aws.network")
    assert {state["result"] for state in returned.values()} == {True}, returned
    names = [tag["Value"] for vpc in sandbox.client("ec2").describe_vpcs()["Vpcs"] for tag in vpc.get("Tags", [])]
    assert names == ["lab [1]*?"]


@pytest.mark.parametrize(
    ("pillar", "sentence"),
    [
        ({"backup": {"location": 123456}}, "backup:location is 123456"),
        ({"aws": {"backup": {"user": True}}}, "aws:backup:user is True"),
        ({"aws": {"backup": {"buckets": {1.5: {}}}}}, "aws:backup:buckets has a key 1.5"),
        ({"aws": {"sns": {"topics": {123: {}}}}}, "aws:sns:topics has a key 123"),
        ({"aws": {"ses": {"identities": {True: {}}}}}, "aws:ses:identities has a key True"),
        ({"aws": {"ses": {"smtp_users": {1000: {}}}}}, "aws:ses:smtp_users has a key 1000"),
        ({"aws": {"ec2": {"vpcs": {12: {"cidr_block": "10.0.0.0/16"}}}}}, "aws:ec2:vpcs has a key 12"),
        ({"aws": {"rds": {"instances": {None: {}}}}}, "aws:rds:instances has a key"),
        ({"aws": {"servers": [12]}}, "aws:servers:0 is 12"),
        (
            {"aws": {"backup": {"buckets": {"ocp": {"tags": {"year": 2024}}}}}},
            "aws:backup:buckets:ocp:tags:year is 2024",
        ),
        ({"aws": {"sns": {"topics": {"t": {"tags": {1: "a"}}}}}}, "aws:sns:topics:t:tags has a key 1"),
        ({"aws": {"rds": {"clusters": {"c": {"tags": {"live": True}}}}}}, "aws:rds:clusters:c:tags:live is True"),
        ({"aws": {"ec2": {"security_groups": {"g": {"tags": {"a": 1.5}}}}}}, "aws:ec2:security_groups:g:tags:a is 1.5"),
    ],
)
def test_a_name_that_is_no_text_is_refused_before_any_call(account, sandbox, pillar, sentence):
    done = account(pillar).apply("aws")
    (state,) = done.values()
    assert state["result"] is False
    assert sentence in state["comment"]
    assert "write it in quotes" in state["comment"]
    assert sandbox.calls() == []


def test_for_a_bucket_of_another_account_nothing_is_created(account, sandbox):
    sandbox.foreign_bucket("ocp-taken-backup")
    pillar = {
        "backup": {"location": "ocp-taken-backup/site"},
        "mysql": {"backup": {"location": "ocp-own-backup/database"}},
        "aws": {"backup": {"user": {"files": "taken", "mysql": "own"}}},
    }
    done = account(pillar).apply("aws")
    assert done["aws-bucket-ocp-taken-backup"]["result"] is False
    failed = {name for name, state in done.items() if state["result"] is False}
    assert failed == {
        *(f"aws-{kind}-taken" for kind in ("policy", "user", "key")),
        *(f"aws-{kind}-ocp-taken-backup" for kind in ("bucket", "lifecycle")),
    }
    iam = sandbox.client("iam")
    assert [entry["UserName"] for entry in iam.list_users()["Users"]] == ["own"]
    assert [entry["PolicyName"] for entry in iam.list_policies(Scope="Local")["Policies"]] == ["own"]


TARGET = {"kind": "files", "bucket": "ocp-backup", "prefix": "site"}


@pytest.mark.parametrize(
    ("function", "name", "arguments", "told"),
    [
        ("s3_bucket", "Ocp-Backup", {}, "bucket: name is 'Ocp-Backup': a bucket's name has no capital letters."),
        ("s3_bucket", "ocp-backup/site", {}, "bucket: name is 'ocp-backup/site': a bucket's name has 3 to 63"),
        ("s3_bucket", "10.0.0.1", {}, "bucket: name is '10.0.0.1': a bucket's name is not formed like an IP address"),
        ("iam_user", "a b", {}, "user: name is 'a b': the name of an IAM user has 1 to 64 characters"),
        (
            "iam_user",
            "u",
            {"groups": ["a/b"]},
            "user u: groups is 'a/b': the name of an IAM group has 1 to 128 characters",
        ),
        ("iam_group", "a b", {}, "group: name is 'a b': the name of an IAM group has 1 to 128 characters"),
        ("iam_backup_policy", "a b", {"targets": [TARGET]}, "policy: name is 'a b': the name of an IAM policy has"),
        ("ses_configuration_set", "a b", {}, "name is 'a b': the name of a configuration set has 1 to 64 characters"),
        ("ses_configuration_set", "a" * 65, {}, "the name of a configuration set has 1 to 64 characters"),
        (
            "iam_backup_policy",
            "p",
            {"targets": [{**TARGET, "bucket": "*"}]},
            "target *: bucket is '*': a bucket's name",
        ),
        (
            "iam_backup_policy",
            "p",
            {"targets": [{**TARGET, "prefix": "a*"}]},
            "prefix is 'a*': '*', '?' and '$' have a",
        ),
        ("iam_backup_policy", "p", {"targets": [{**TARGET, "prefix": "${aws:username}"}]}, "'*', '?' and '$' have a"),
    ],
)
def test_a_name_that_aws_does_not_take_is_told_by_the_plan(converge, sandbox, function, name, arguments, told):
    ret = converge(f"{function}.present", name=name, **arguments)
    assert ret.result is False
    assert told in ret.comment


def test_an_old_bucket_whose_name_is_not_allowed_any_more_is_managed(converge, sandbox):
    sandbox.client("s3").create_bucket(Bucket="Ocp_Backup")
    assert set(converge("s3_bucket.present", name="Ocp_Backup", versioning="Enabled").changes) == {"versioning"}


@pytest.mark.parametrize("name", ["ocp-backup/site", "ocp backup"])
def test_what_is_no_bucket_name_is_one_sentence_without_a_regular_expression(converge, sandbox, name):
    ret = converge("s3_bucket.absent", name=name)
    assert ret.result is False
    assert ret.comment == (
        f"There is no bucket {name!r}: a bucket's name has letters, digits, '.', '-' and '_' only. Give a name without a prefix."
    )
