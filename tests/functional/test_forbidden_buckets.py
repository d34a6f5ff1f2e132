"""A bucket that AWS does not let be looked at: its answer to HEAD does not say why, so the reason is found out."""

import json
from dataclasses import replace

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.run import cache as run_cache

BUCKET = "ocp-registry-backup"
WHOSE = "Cannot identify the account and user of the credentials: AWS says"


@pytest.fixture
def own(sandbox):
    sandbox.client("s3").create_bucket(Bucket=BUCKET)


@pytest.fixture
def user(sandbox, monkeypatch):
    """``user(action, …)``: from now on AWS is reached as a user who may do that, and nothing else; its access key."""

    def become(*actions):
        iam = sandbox.client("iam")
        iam.create_user(UserName="operator")
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName="operator", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        sandbox.enforce_iam()
        return key["AccessKeyId"]

    return become


@pytest.fixture
def refused(converge, sandbox):
    """The comment of a state about the bucket that fails, with nothing written and AWS asked once whose the credentials are."""

    def run(name=BUCKET):
        ret = converge("s3_bucket.present", name=name)
        assert ret.result is False
        assert ret.changes == {}
        operations = [call["operation"] for call in sandbox.calls() if call["operation"] != "CreateAccessKey"]
        assert operations.count("HeadBucket") == operations.count("GetCallerIdentity")  # once in each of the two runs
        return ret.comment

    return run


def test_an_expired_token(own, user, refused, sandbox):
    sandbox.expire(user("s3:*"))
    assert refused() == (
        f"{WHOSE} ExpiredToken: The security token included in the request is expired. Renew the credentials in use, or use "
        "others."
    )


def test_a_token_that_expires_in_the_middle_of_a_run(own, user, modules, sandbox):
    key = user("s3:*")
    with run_cache.run({}, "a run"):
        assert modules["aws_account.whoami"]()["arn"].endswith(":user/operator")
        assert modules["s3_bucket.describe"](BUCKET, [])
        sandbox.expire(key)
        with pytest.raises(CommandExecutionError, match=r"ExpiredToken: .* Renew the credentials in use"):
            modules["s3_bucket.describe"]("ocp-another-backup", [])


def test_whose_the_credentials_are_is_asked_once_for_all_buckets(own, user, modules, sandbox):
    user()
    with run_cache.run({}, "a run"):
        for name in (BUCKET, "ocp-another-backup", "ocp-third-backup"):
            with pytest.raises(CommandExecutionError, match=f"Cannot find the bucket {name}"):
                modules["s3_bucket.describe"](name, [])
    operations = [call["operation"] for call in sandbox.calls()]
    assert (operations.count("HeadBucket"), operations.count("GetCallerIdentity")) == (3, 1)


def test_a_key_that_is_not_there_any_more(own, user, refused, sandbox):
    key = user("s3:*")
    sandbox.client("iam").delete_access_key(UserName="operator", AccessKeyId=key)
    assert refused() == (
        f"{WHOSE} InvalidClientTokenId: The security token included in the request is invalid. The access key in use was deleted, is not active, "
        "or is misspelt: use another."
    )


def test_a_wrong_secret_key(own, user, refused, monkeypatch):
    user("s3:*")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-another-key")
    comment = refused()
    assert comment.startswith(f"{WHOSE} SignatureDoesNotMatch: ")
    assert comment.endswith(
        "The secret key in use is not that of its access key: use another; or this machine's clock is wrong: set it."
    )
    assert "of-another-key" not in comment


@pytest.mark.parametrize("actions", [["s3:*"], ["s3:ListAllMyBuckets"]], ids=["all", "list"])
def test_a_bucket_of_another_account(own, user, refused, sandbox, actions):
    sandbox.foreign_bucket("ocp-taken-backup")
    user(*actions)
    assert refused("ocp-taken-backup") == (
        "Cannot find the bucket ocp-taken-backup: AWS says 403: it belongs to another AWS account. Bucket names are shared by "
        "all accounts: choose another."
    )


def test_a_permission_that_is_missing(own, user, refused):
    user("s3:ListAllMyBuckets")
    assert refused() == (
        f"Cannot find the bucket {BUCKET}: AWS says 403: it belongs to this account, and the credentials in use need s3:ListBucket on it, from "
        "their policies and the bucket's."
    )


@pytest.mark.parametrize("name", [BUCKET, "ocp-taken-backup"])
def test_one_of_the_two_where_it_cannot_be_known(own, user, refused, sandbox, name):
    sandbox.foreign_bucket("ocp-taken-backup")
    user("s3:GetEncryptionConfiguration")
    assert refused(name) == (
        f"Cannot find the bucket {name}: AWS says 403: it belongs to another AWS account, or the credentials in use lack s3:ListBucket on it; "
        "s3:ListAllMyBuckets would show which. Bucket names are shared by all accounts: if it is not yours, choose another."
    )


@pytest.mark.parametrize("status", [301, 400])
def test_a_bucket_of_another_region(proxy, sandbox, states, status):
    """S3 answers either, by where the question came in; botocore then asks in the region that the answer names."""
    elsewhere = sandbox.client("s3", region="eu-west-1")
    elsewhere.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    proxy.fault("HeadBucket", lambda answer: replace(answer, status=status), calls=1)
    ret = states["s3_bucket.present"](name=BUCKET, region="eu-west-2")
    assert proxy.struck
    assert ret.result is False
    assert f"The bucket {BUCKET} is in eu-west-1, not in eu-west-2." in ret.comment
    assert "GetCallerIdentity" not in proxy.calls


def test_what_else_is_wrong_with_a_request(proxy, own, states):
    proxy.fault("HeadBucket", lambda answer: replace(answer, status=400, headers={}), calls=None)
    ret = states["s3_bucket.present"](name=BUCKET)
    assert ret.result is False
    assert f"Cannot find the bucket {BUCKET}" in ret.comment
    assert "another AWS account" not in ret.comment


@pytest.mark.parametrize("exists", [True, False])
def test_an_empty_answer_in_place_of_a_missing_bucket(proxy, sandbox, states, exists):
    """S3 always names the region; where none is named, as by other stores, the account's list decides."""
    if exists:
        sandbox.client("s3").create_bucket(Bucket=BUCKET)

    def emptied(answer):
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "x-amz-bucket-region"}
        return replace(answer, status=200, headers=headers)

    proxy.fault("HeadBucket", emptied, calls=None)
    ret = states["s3_bucket.present"](name=BUCKET, test=True)
    assert proxy.struck
    if exists:
        assert ret.result is not False
        return
    assert ret.result is False
    assert ret.comment == (
        f"Cannot find the bucket {BUCKET}: the answer is not a valid answer of AWS (it names no region, and the list of the account's buckets "
        "lacks this one). The answer was not used; run this again. If this happens again, a proxy or the network between this machine "
        "and AWS is the cause."
    )
