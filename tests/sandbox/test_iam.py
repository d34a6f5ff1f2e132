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


def test_the_account_is_listed_in_pages_of_all_that_is_asked_for(iam):
    iam.create_user(UserName="v", Tags=[{"Key": "team", "Value": "data"}])
    iam.add_user_to_group(GroupName="g", UserName="v")
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["User", "Group", "LocalManagedPolicy"], PaginationConfig={"PageSize": 3}
        )
    )
    assert [page["IsTruncated"] for page in pages] == [True, False]
    assert [[entry["UserName"] for entry in page["UserDetailList"]] for page in pages] == [["u", "v"], []]
    assert [[entry["PolicyName"] for entry in page["Policies"]] for page in pages] == [[], ["p"]]
    assert pages[0]["UserDetailList"][1]["GroupList"] == ["g"]
    assert pages[0]["UserDetailList"][1]["Tags"] == [{"Key": "team", "Value": "data"}]
    assert pages[1]["Policies"][0]["PolicyVersionList"][0]["Document"] == json.loads(DOCUMENT)
    assert "Tags" not in pages[1]["Policies"][0]


def test_every_listing_says_whether_there_is_more(iam):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html"""
    of_user = ("access_keys", "attached_user_policies", "groups_for_user", "mfa_devices", "signing_certificates")
    for listing in (*of_user, "ssh_public_keys", "user_policies"):
        assert getattr(iam, f"list_{listing}")(UserName="u")["IsTruncated"] is False
    for listing in ("attached_group_policies", "group_policies"):
        assert getattr(iam, f"list_{listing}")(GroupName="g")["IsTruncated"] is False
    for listing in ("list_entities_for_policy", "list_policy_versions"):
        assert getattr(iam, listing)(PolicyArn=iam.policy)["IsTruncated"] is False
    for listing in (iam.list_users, iam.list_groups, iam.list_policies, iam.get_account_authorization_details):
        assert listing()["IsTruncated"] is False


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


def test_a_key_that_is_not_there_is_refused_like_one_that_may_not_be_looked_up(sandbox, iam):
    gone = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.delete_access_key(UserName="u", AccessKeyId=gone)
    for access_key_id in (gone, "AKIAOFANOTHERACCOUNT"):
        refused("AccessDenied", iam.get_access_key_last_used, AccessKeyId=access_key_id)
    sandbox.lag("iam", looks=1)
    new = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    refused("AccessDenied", iam.get_access_key_last_used, AccessKeyId=new)
    assert iam.get_access_key_last_used(AccessKeyId=new)["UserName"] == "u"


def test_sts_says_whose_a_key_is_also_when_it_is_deleted(sandbox, iam):
    sts = sandbox.client("sts")
    own = sts.get_caller_identity()["Account"]
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == own
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == own
    assert sts.get_access_key_info(AccessKeyId="AKIAOFANOTHERACCOUNT")["Account"] != own
    refused("ValidationError", sts.get_access_key_info, AccessKeyId="no-id-of-a-key-at-all")


def test_a_key_of_the_root_user_is_in_no_listing_and_the_summary_tells_that_there_is_one(sandbox, iam):
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 0
    key, sts = sandbox.root_key(), sandbox.client("sts")
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == sts.get_caller_identity()["Account"]
    refused("AccessDenied", iam.get_access_key_last_used, AccessKeyId=key)
    sandbox.reset()
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 0


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
