"""Buckets: what AWS's defaults already are is not written, and what is not ours is an error."""

from datetime import datetime, timezone

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session


@pytest.fixture
def s3(sandbox):
    return sandbox.client("s3")


WANTED = {
    "name": "ocp-registry-backup",
    "region": "eu-west-2",
    "public_access_block": True,
    "server_side_encryption": "AES256",
    "object_ownership": "BucketOwnerEnforced",
}


def test_a_new_bucket_is_one_write_since_awss_defaults_are_what_is_wanted(converge, sandbox, states):
    ret = states["s3_bucket.present"](**WANTED)
    assert ret.result is True
    assert set(ret.changes) == {"name", "public_access_block", "server_side_encryption", "object_ownership"}
    assert [call["operation"] for call in sandbox.calls(write=True)] == ["CreateBucket"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2"])
def test_it_is_made_in_its_region(converge, s3, region):
    converge("s3_bucket.present", name="ocp-registry-backup", region=region)
    assert s3.head_bucket(Bucket="ocp-registry-backup")["BucketRegion"] == region


def test_what_is_not_named_is_neither_read_nor_written(states, sandbox, s3):
    s3.create_bucket(Bucket="ocp-db-backup")
    sandbox.clear_calls()
    assert states["s3_bucket.present"](name="ocp-db-backup", versioning="Enabled").result is True
    assert {call["operation"] for call in sandbox.calls()} == {
        "HeadBucket",
        "GetBucketVersioning",
        "PutBucketVersioning",
        "GetBucketTagging",  # in which is noted since when
        "PutBucketTagging",
    }


@pytest.mark.parametrize(
    ("acl", "told"), [("public-read", "READ to AllUsers"), ("authenticated-read", "READ to AuthenticatedUsers")]
)
def test_acls_are_switched_off_only_where_they_give_nothing_to_others(converge, s3, acl, told):
    """AWS refuses it otherwise, after all else has been written."""
    wanted = {**WANTED, "region": "us-east-1"}
    converge("s3_bucket.present", **wanted)
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=wanted["name"], OwnershipControls=controls)
    s3.delete_public_access_block(Bucket=wanted["name"])
    s3.put_bucket_acl(Bucket=wanted["name"], ACL=acl)
    ret = converge("s3_bucket.present", **wanted)
    assert ret.result is False
    assert told in ret.comment
    s3.put_bucket_acl(Bucket=wanted["name"], ACL="private")
    ret = converge("s3_bucket.present", **wanted)
    assert set(ret.changes) == {"object_ownership", "public_access_block"}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2"])
def test_a_bucket_of_another_account_is_an_error(converge, sandbox, region):
    sandbox.foreign_bucket("somebody-elses")
    ret = converge("s3_bucket.present", name="somebody-elses", region=region)
    assert ret.result is False
    assert "belongs to another AWS account" in ret.comment
    assert "choose another" in ret.comment


@pytest.mark.parametrize(
    ("there", "asked"), [("eu-west-2", "us-east-1"), ("us-east-1", "eu-west-2"), ("eu-west-1", "eu-west-2")]
)
def test_a_bucket_in_another_region_is_an_error_that_names_it(converge, sandbox, there, asked):
    extra = {} if there == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": there}}
    sandbox.client("s3", region=there).create_bucket(Bucket="ocp-registry-backup", **extra)
    ret = converge("s3_bucket.present", name="ocp-registry-backup", region=asked)
    assert ret.result is False
    assert f"is in {there}, not in {asked}" in ret.comment
    assert "aws:backup:buckets:ocp-registry-backup:region" in ret.comment


def test_a_bucket_that_moved_is_found_where_it_is_now(states, sandbox):
    elsewhere = sandbox.client("s3", region="eu-west-1")
    elsewhere.create_bucket(Bucket="ocp-db-backup", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert states["s3_bucket.present"](name="ocp-db-backup", region="eu-west-2").result is False
    elsewhere.delete_bucket(Bucket="ocp-db-backup")
    assert states["s3_bucket.present"](name="ocp-db-backup", region="eu-west-2").result is True


def test_other_tags_stay_unless_purged(converge, s3):
    s3.create_bucket(Bucket="ocp-db-backup")
    s3.put_bucket_tagging(Bucket="ocp-db-backup", Tagging={"TagSet": [{"Key": "cost", "Value": "1"}]})
    ret = converge("s3_bucket.present", name="ocp-db-backup", tags={"team": "data"})
    assert ret.changes == {"tags": {"old": {"cost": "1"}, "new": {"cost": "1", "team": "data"}}}
    ret = converge("s3_bucket.present", name="ocp-db-backup", tags={"team": "data"}, purge=True)
    assert ret.changes == {"tags": {"old": {"cost": "1", "team": "data"}, "new": {"team": "data"}}}
    ret = converge("s3_bucket.present", name="ocp-db-backup", tags={}, purge=True)
    assert ret.changes == {"tags": {"old": {"team": "data"}, "new": {}}}


def test_encryption_of_a_kind_of_its_own(converge, s3):
    converge(
        "s3_bucket.present", name="ocp-db-backup", server_side_encryption="aws:kms", kms_master_key_id="alias/backup"
    )
    rules = s3.get_bucket_encryption(Bucket="ocp-db-backup")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": "alias/backup",
    }


def test_a_changed_encryption_keeps_the_rest_of_the_rule(converge, s3):
    s3.create_bucket(Bucket="ocp-db-backup")
    rest = {"BucketKeyEnabled": True, "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, **rest}
    s3.put_bucket_encryption(Bucket="ocp-db-backup", ServerSideEncryptionConfiguration={"Rules": [rule]})
    converge("s3_bucket.present", name="ocp-db-backup", kms_master_key_id="alias/backup")
    rules = s3.get_bucket_encryption(Bucket="ocp-db-backup")["ServerSideEncryptionConfiguration"]["Rules"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/backup"}
    assert rules == [{"ApplyServerSideEncryptionByDefault": default, **rest}]


def test_an_encryption_rule_that_only_a_later_boto3_knows_whole_stays(converge, states, sandbox, s3):
    s3.create_bucket(Bucket="ocp-db-backup")
    later = sandbox.client("s3")
    later.meta.events.register("before-call.s3.PutBucketEncryption", _with_a_later_member)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    later.put_bucket_encryption(Bucket="ocp-db-backup", ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert converge("s3_bucket.present", name="ocp-db-backup", server_side_encryption="aws:kms").changes == {}
    sandbox.clear_calls()
    ret = states["s3_bucket.present"](name="ocp-db-backup", server_side_encryption="AES256")
    assert ret.result is False
    assert ret.comment == (
        "The default encryption of the bucket ocp-db-backup has LaterMember, which the installed boto3 does not know, and a "
        "write would remove it. Install a later boto3, and run this again."
    )
    assert ret.changes == {}
    assert sandbox.calls(write=True) == []


def _with_a_later_member(params, **_):
    params["body"] = params["body"].replace(b"</Rule>", b"<LaterMember>Enabled</LaterMember></Rule>")


def test_public_access_setting_by_setting(converge, s3):
    some = {
        "block_public_acls": True,
        "ignore_public_acls": True,
        "block_public_policy": False,
        "restrict_public_buckets": False,
    }
    ret = converge("s3_bucket.present", name="ocp-db-backup", public_access_block=some)
    assert ret.result is True
    assert (
        converge("s3_bucket.present", name="ocp-db-backup", public_access_block=dict.fromkeys(some, True)).result
        is True
    )
    assert converge("s3_bucket.present", name="ocp-db-backup", public_access_block=True).changes == {}


@pytest.mark.parametrize("versioned", [False, True])
def test_a_bucket_with_objects_is_not_deleted_unless_allowed(converge, s3, versioned):
    s3.create_bucket(Bucket="ocp-db-backup")
    if versioned:
        s3.put_bucket_versioning(Bucket="ocp-db-backup", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="ocp-db-backup", Key="a", Body=b"1")
    if versioned:  # only a version is left, behind a delete marker
        s3.delete_object(Bucket="ocp-db-backup", Key="a")
    ret = converge("s3_bucket.absent", name="ocp-db-backup")
    assert ret.result is False
    assert "holds objects and is not deleted" in ret.comment
    assert "delete_objects: True" in ret.comment
    assert converge("s3_bucket.absent", name="ocp-db-backup", delete_objects=True).result is True
    assert s3.list_buckets()["Buckets"] == []


def test_an_object_that_is_locked_is_named(modules, sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="ocp-db-backup", ObjectLockEnabledForBucket=True)
    until = datetime(2099, 1, 1, tzinfo=timezone.utc)
    s3.put_object(
        Bucket="ocp-db-backup", Key="a", Body=b"1", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )
    with pytest.raises(CommandExecutionError) as refused:
        modules["s3_bucket.delete"]("ocp-db-backup", delete_objects=True)
    assert str(refused.value).startswith(
        "Cannot delete the object a of the bucket ocp-db-backup: AWS says AccessDenied: "
    )
    assert len(s3.list_object_versions(Bucket="ocp-db-backup")["Versions"]) == 1


def test_a_bucket_of_which_nobody_says_where_it_is_is_not_taken_for_ours(states, sandbox, monkeypatch):
    """A proxy answers with nothing, and the listing lacks it."""
    read = Session.read

    def bare(self, service, method, *args, **named):
        return (
            {"ResponseMetadata": {"HTTPHeaders": {}}}
            if method == "head_bucket"
            else read(self, service, method, *args, **named)
        )

    monkeypatch.setattr(Session, "read", bare)
    ret = states["s3_bucket.present"](name="ocp-db-backup")
    assert ret.result is False
    assert ret.comment == (
        "Cannot find the bucket ocp-db-backup: the answer is not a valid answer of AWS (it names no region, and the list of the account's "
        "buckets lacks this one). The answer was not used; run this again. If this happens again, a proxy or the network between this machine "
        "and AWS is the cause."
    )
    assert sandbox.calls(write=True) == []
