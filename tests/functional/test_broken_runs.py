"""Runs of states in which answers break: nothing is harmed, and what is reported is what is there."""

from dataclasses import replace
from functools import partial

import pytest
from salt.exceptions import CommandExecutionError

from chaos import answers
from tests.fixtures import calls, genuine

BUCKET = "ocp-registry-backup"
FOREIGN = {"ID": "keep-logs-short", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
EVERYTHING = {
    "ID": "delete-after-30-days",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
LISTING = (
    "<ListBucketResult><Name>{name}</Name><Prefix>{prefix}</Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>"
    "<IsTruncated>false</IsTruncated></ListBucketResult>"
)
UNREADABLE = {
    "empty": answers.text(b"", "application/xml"),
    "html": answers.html(),
    "cut": answers.cut(60, honest=True),
    "error": answers.error_inside(),
}


@pytest.fixture
def bucket(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


@pytest.fixture(autouse=True)
def _once(sandbox, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("aws_runbook.aws.retries.UNREADABLE_FOR", 0.3)
    monkeypatch.setattr("aws_runbook.kinds.converge._UNCERTAIN_TIMEOUT", 0.5)


def rules(s3):
    found = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    return sorted(rule["ID"] for rule in found)


@pytest.mark.parametrize("calls", [1, 2, None])
@pytest.mark.parametrize("way", UNREADABLE)
def test_rules_that_could_not_be_read_are_not_written_over(proxy, bucket, states, way, calls):
    managed = partial(states["s3_lifecycle.managed"], rules=[EVERYTHING])
    assert managed(BUCKET).result is True
    ours = rules(bucket)
    configuration = {"Rules": [*bucket.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"], FOREIGN]}
    bucket.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=configuration)
    proxy.clear()
    proxy.fault("GetBucketLifecycleConfiguration", UNREADABLE[way], calls=calls)
    ret = managed(BUCKET)
    assert proxy.struck
    assert rules(bucket) == sorted([*ours, FOREIGN["ID"]])
    assert ret.changes == {}
    if calls is None:
        assert ret.result is False
        assert "Cannot read the lifecycle rules" in ret.comment
    assert not {"s3:PutBucketLifecycleConfiguration", "s3:DeleteBucketLifecycle"} & set(proxy.calls)
    proxy.clear()
    assert managed(BUCKET).changes == {}


@pytest.mark.parametrize("calls", [1, 2, None])
@pytest.mark.parametrize("way", UNREADABLE)
def test_no_rule_expires_a_repository_that_only_the_search_can_find(proxy, bucket, states, way, calls):
    bucket.put_object(Bucket=BUCKET, Key="elsewhere/archive/main/archive.info", Body=b"backrest")
    proxy.fault("ListObjectsV2", UNREADABLE[way], calls=calls)
    ret = states["s3_lifecycle.managed"](BUCKET, rules=[EVERYTHING])
    assert proxy.struck
    assert ret.result is False
    assert ret.changes == {}
    assert "s3:PutBucketLifecycleConfiguration" not in proxy.calls


@pytest.mark.parametrize("about", [{"name": "another-bucket", "prefix": ""}, {"name": BUCKET, "prefix": "else/"}])
def test_a_listing_of_something_else_finds_no_bucket_free_of_repositories(proxy, bucket, states, about):
    bucket.put_object(Bucket=BUCKET, Key="elsewhere/archive/main/archive.info", Body=b"backrest")
    proxy.fault("ListObjectsV2", lambda answer: replace(answer, body=LISTING.format(**about).encode()), calls=None)
    ret = states["s3_lifecycle.managed"](BUCKET, rules=[EVERYTHING])
    assert proxy.struck
    assert ret.result is False
    assert ret.changes == {}
    assert ret.comment.startswith("Cannot ")
    assert "about another" in ret.comment
    assert "s3:PutBucketLifecycleConfiguration" not in proxy.calls


def test_no_topic_is_deleted_whose_subscriptions_could_not_be_read(proxy, sandbox, states):
    sns = sandbox.client("sns")
    arn = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="somebody@example.org")
    hollow = genuine.hollow(calls.operation("sns", "list_subscriptions_by_topic"))
    proxy.fault("ListSubscriptionsByTopic", answers.another(hollow), calls=None)
    ret = states["sns_topic.absent"]("alarms")
    assert proxy.struck
    assert ret.result is False
    assert ret.changes == {}
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [arn]


@pytest.mark.parametrize(
    ("service", "method", "function"),
    [
        ("rds", "describe_db_instances", ("rds_instance.describe", "somebody")),
        ("ec2", "describe_vpcs", ("ec2_vpc.describe", "somebody")),
        ("sts", "get_caller_identity", ("sns_topic.describe", "somebody")),
        ("iam", "list_ssh_public_keys", ("iam_user.obstacles", "somebody")),
        ("iam", "list_service_specific_credentials", ("iam_user.obstacles", "somebody")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_answer_with_nothing_in_it_is_one_sentence(proxy, sandbox, modules, service, method, function):
    sandbox.client("iam").create_user(UserName="somebody")
    operation = calls.operation(service, method)
    proxy.fault(f"{service}:{operation.name}", answers.another(genuine.hollow(operation)), calls=None)
    name, argument = function
    with pytest.raises(CommandExecutionError, match=r"^Cannot .*: .*HTTP 200"):
        modules[name](argument)
    assert proxy.struck


@pytest.mark.parametrize("way", [answers.html(), answers.cut(-20), answers.empty()], ids=["html", "cut", "empty"])
def test_a_write_that_was_done_is_in_the_changes(proxy, sandbox, states, way):
    proxy.fault("CreateUser", way)
    ret = states["iam_user.present"]("somebody")
    assert ret.result is False
    assert "not known whether AWS did it" in ret.comment
    assert ret.changes["name"] == {"old": None, "new": "somebody"}
    assert [user["UserName"] for user in sandbox.client("iam").list_users()["Users"]] == ["somebody"]
    again = states["iam_user.present"]("somebody")
    assert again.result is True


def test_a_write_that_was_not_done_is_not(proxy, sandbox, states):
    proxy.fault("CreateUser", answers.text(answers.CANARY, "text/html", 403), calls=None)
    sandbox.refuse_writes()
    ret = states["iam_user.present"]("somebody")
    assert ret.result is False
    assert answers.CANARY not in ret.comment
    assert ret.changes == {}
    assert sandbox.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize("way", [answers.RESET_AFTER, answers.empty()], ids=["reset", "empty"])
def test_a_cluster_whose_making_was_not_answered_has_no_instance_yet(proxy, sandbox, states, tmp_path, way):
    sandbox.database_times(creating=600)
    store = {"pillar_file": str(tmp_path / "common.sls"), "keys": {"password": "common:password"}}
    given = {"engine": "aurora-postgresql", "min_capacity": 0, "max_capacity": 2, "store": store}
    proxy.fault("CreateDBCluster", way)
    ret = states["rds_cluster.present"]("common", **given)
    rds = sandbox.client("rds")
    assert ret.result is False
    assert "not known whether AWS did it" in ret.comment
    assert [cluster["DBClusterIdentifier"] for cluster in rds.describe_db_clusters()["DBClusters"]] == ["common"]
    assert rds.describe_db_instances()["DBInstances"] == []
    assert ret.changes["name"] == {"old": None, "new": "common"}
    assert "instance" not in ret.changes
    sandbox.advance_clock(700)
    again = states["rds_cluster.present"]("common", **given)
    assert again.result is True, again.comment
    assert again.changes == {"instance": {"old": None, "new": "common-1"}}
