"""IAM: what is in use stays, quotas, and access keys."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def code(excinfo):
    return excinfo.value.response["Error"]["Code"]


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert code(excinfo) == expected
    return str(excinfo.value)


@pytest.fixture
def iam(sandbox):
    client = sandbox.client("iam")
    client.create_user(UserName="u")
    client.create_group(GroupName="g")
    client.policy = client.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    return client


def test_a_policy_in_use_is_not_deleted(iam):
    iam.attach_user_policy(UserName="u", PolicyArn=iam.policy)
    assert "attached to entities" in refused("DeleteConflict", iam.delete_policy, PolicyArn=iam.policy)
    iam.detach_user_policy(UserName="u", PolicyArn=iam.policy)
    version = iam.create_policy_version(PolicyArn=iam.policy, PolicyDocument=DOCUMENT)["PolicyVersion"]["VersionId"]
    assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=iam.policy)
    iam.delete_policy_version(PolicyArn=iam.policy, VersionId=version)
    iam.delete_policy(PolicyArn=iam.policy)
    refused("NoSuchEntity", iam.delete_policy, PolicyArn=iam.policy)


def test_a_group_in_use_is_not_deleted(iam):
    iam.add_user_to_group(GroupName="g", UserName="u")
    assert "remove users" in refused("DeleteConflict", iam.delete_group, GroupName="g")
    iam.remove_user_from_group(GroupName="g", UserName="u")
    iam.attach_group_policy(GroupName="g", PolicyArn=iam.policy)
    assert "detach all policies" in refused("DeleteConflict", iam.delete_group, GroupName="g")
    iam.detach_group_policy(GroupName="g", PolicyArn=iam.policy)
    iam.put_group_policy(GroupName="g", PolicyName="i", PolicyDocument=DOCUMENT)
    assert "delete policies" in refused("DeleteConflict", iam.delete_group, GroupName="g")
    iam.delete_group_policy(GroupName="g", PolicyName="i")
    iam.delete_group(GroupName="g")


def test_a_user_in_use_is_not_deleted(iam):
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert "access keys" in refused("DeleteConflict", iam.delete_user, UserName="u")
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    iam.attach_user_policy(UserName="u", PolicyArn=iam.policy)
    assert "detach all policies" in refused("DeleteConflict", iam.delete_user, UserName="u")
    iam.detach_user_policy(UserName="u", PolicyArn=iam.policy)
    iam.add_user_to_group(GroupName="g", UserName="u")
    assert "from group" in refused("DeleteConflict", iam.delete_user, UserName="u")
    iam.remove_user_from_group(GroupName="g", UserName="u")
    iam.delete_user(UserName="u")


def test_a_user_has_two_keys_at_most(iam):
    iam.create_access_key(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="u", AccessKeyId=key, Status="Inactive")
    assert "AccessKeysPerUser" in refused("LimitExceeded", iam.create_access_key, UserName="u")


def test_a_policy_has_five_versions_at_most(iam):
    for _ in range(4):
        iam.create_policy_version(PolicyArn=iam.policy, PolicyDocument=DOCUMENT, SetAsDefault=True)
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=iam.policy, PolicyDocument=DOCUMENT)
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=iam.policy, VersionId="v5")


def document_of(size):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}],
    }
    missing = size - len(json.dumps(document, separators=(",", ":")))
    document["Statement"][0]["Resource"] += "x" * missing
    return json.dumps(document, indent=4)


def test_the_size_of_a_policy_is_counted_without_white_space(iam):
    assert len(document_of(6144)) > 6144
    iam.create_policy(PolicyName="fits", PolicyDocument=document_of(6144))
    refused("LimitExceeded", iam.create_policy, PolicyName="large", PolicyDocument=document_of(6145))
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=iam.policy, PolicyDocument=document_of(6145))
    iam.put_user_policy(UserName="u", PolicyName="a", PolicyDocument=document_of(1500))
    iam.put_user_policy(UserName="u", PolicyName="a", PolicyDocument=document_of(1600))
    refused("LimitExceeded", iam.put_user_policy, UserName="u", PolicyName="b", PolicyDocument=document_of(1500))


def test_a_user_has_ten_policies_and_groups_at_most(iam):
    for number in range(10):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="u", PolicyArn=arn)
        iam.create_group(GroupName=f"g{number}")
        iam.add_user_to_group(GroupName=f"g{number}", UserName="u")
    refused("LimitExceeded", iam.attach_user_policy, UserName="u", PolicyArn=iam.policy)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    refused("LimitExceeded", iam.add_user_to_group, GroupName="g", UserName="u")
    iam.add_user_to_group(GroupName="g9", UserName="u")


def test_keys_are_dated_by_the_sandboxs_clock(sandbox, iam):
    sandbox.stop_clock()
    sandbox.set_clock(datetime(2030, 1, 1, tzinfo=timezone.utc))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert key["CreateDate"] == datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert iam.list_access_keys(UserName="u")["AccessKeyMetadata"][0]["CreateDate"] == key["CreateDate"]
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert unused["UserName"] == "u"
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    sandbox.advance_clock(timedelta(days=3).total_seconds())
    own = (key["AccessKeyId"], key["SecretAccessKey"])
    sandbox.client("s3", region="eu-west-2", key=own).list_buckets()
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert used == {
        "LastUsedDate": datetime(2030, 1, 4, tzinfo=timezone.utc),
        "ServiceName": "s3",
        "Region": "eu-west-2",
    }


def test_a_deactivated_key_opens_nothing(sandbox, iam):
    key = iam.create_access_key(UserName="u")["AccessKey"]
    own = (key["AccessKeyId"], key["SecretAccessKey"])
    assert sandbox.client("sts", key=own).get_caller_identity()["Arn"].endswith(":user/u")
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused("InvalidClientTokenId", sandbox.client("sts", key=own).get_caller_identity)
    refused("InvalidAccessKeyId", sandbox.client("s3", key=own).list_buckets)


def test_a_deleted_key_opens_nothing(sandbox, iam):
    key = iam.create_access_key(UserName="u")["AccessKey"]
    own = (key["AccessKeyId"], key["SecretAccessKey"])
    iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    refused("InvalidClientTokenId", sandbox.client("sts", key=own).get_caller_identity)
    refused("InvalidAccessKeyId", sandbox.client("s3", key=own).list_buckets)
