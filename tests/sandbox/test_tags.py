"""Tags: AWS's own stay as they are, and IAM's keys ignore case for users, not for policies."""

import pytest
from botocore.exceptions import ClientError

from sandbox import SandboxError

THEIRS = {"aws:cloudformation:stack-name": "lab"}
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'


def listed(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def mapping(tags):
    assert len({tag["Key"] for tag in tags}) == len(tags)
    return {tag["Key"]: tag["Value"] for tag in tags}


def refused(code, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == code
    return excinfo.value.response["Error"]["Message"]


@pytest.fixture
def bucket(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    s3.put_bucket_tagging(Bucket="backups", Tagging={"TagSet": listed({"team": "data"})})
    return s3


def test_the_tags_of_a_bucket_are_replaced_with_awss_own_among_them_or_not_at_all(sandbox, bucket):
    def put(tags):
        return {"Bucket": "backups", "Tagging": {"TagSet": listed(tags)}}

    assert "added" in refused("InvalidTag", bucket.put_bucket_tagging, **put(THEIRS))
    sandbox.tag("arn:aws:s3:::backups", THEIRS)
    assert "cannot be removed" in refused("InvalidTag", bucket.put_bucket_tagging, **put({"team": "web"}))
    assert "cannot be removed" in refused("InvalidTag", bucket.put_bucket_tagging, **put({}))
    changed = dict.fromkeys(THEIRS, "other")
    assert "updated" in refused("InvalidTag", bucket.put_bucket_tagging, **put({"team": "web", **changed}))
    bucket.put_bucket_tagging(**put({"team": "web", **THEIRS}))
    assert mapping(bucket.get_bucket_tagging(Bucket="backups")["TagSet"]) == {"team": "web", **THEIRS}
    bucket.put_bucket_tagging(**put(THEIRS))
    assert mapping(bucket.get_bucket_tagging(Bucket="backups")["TagSet"]) == THEIRS


def test_nobody_sets_or_removes_awss_own_tags_elsewhere(sandbox):
    iam, sns, ec2, ses, rds = (sandbox.client(service) for service in ("iam", "sns", "ec2", "sesv2", "rds"))
    iam.create_user(UserName="u")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for key in ("aws:x", "AWS:x", "Aws:x"):
        tags = {"Tags": listed({key: "1"})}
        refused("InvalidInput", iam.tag_user, UserName="u", **tags)
        refused("InvalidInput", iam.untag_user, UserName="u", TagKeys=[key])
        refused("InvalidInput", iam.create_user, UserName="v", **tags)
        refused("InvalidParameter", sns.tag_resource, ResourceArn=topic, **tags)
        refused("BadRequestException", ses.create_email_identity, EmailIdentity="example.org", **tags)
        specification = {"TagSpecifications": [{"ResourceType": "vpc", **tags}]}
        refused("InvalidParameterValue", ec2.create_vpc, CidrBlock="10.0.0.0/16", **specification)
        refused("InvalidParameterValue", ec2.delete_tags, Resources=["vpc-0"], Tags=[{"Key": key}])
        refused("InvalidParameterValue", rds.add_tags_to_resource, ResourceName="arn:aws:rds:us-east-1:1:db:d", **tags)
    refused("InvalidParameterValue", rds.add_tags_to_resource, ResourceName="arn", Tags=listed({"rds:x": "1"}))
    assert iam.list_user_tags(UserName="u")["Tags"] == []


def test_the_control_interface_plants_awss_tags_and_no_others(sandbox):
    sandbox.client("iam").create_user(UserName="u")
    sandbox.tag("arn:aws:iam::123456789012:user/u", THEIRS)
    assert mapping(sandbox.client("iam").get_user(UserName="u")["User"]["Tags"]) == THEIRS
    with pytest.raises(SandboxError, match="begin with aws:"):
        sandbox.tag("arn:aws:iam::123456789012:user/u", {"team": "data"})


def test_tag_keys_of_users_ignore_case_and_keep_it(sandbox):
    iam = sandbox.client("iam")
    twice = listed({"Department": "1", "department": "2"})
    refused("InvalidInput", iam.create_user, UserName="u", Tags=twice)
    iam.create_user(UserName="u", Tags=listed({"Department": "finance"}))
    refused("InvalidInput", iam.tag_user, UserName="u", Tags=twice)
    iam.tag_user(UserName="u", Tags=listed({"department": "hr"}))
    assert mapping(iam.list_user_tags(UserName="u")["Tags"]) == {"department": "hr"}
    iam.untag_user(UserName="u", TagKeys=["DEPARTMENT"])
    assert iam.list_user_tags(UserName="u")["Tags"] == []


def test_tag_keys_of_policies_do_not_ignore_case(sandbox):
    iam = sandbox.client("iam")
    tags = listed({"Costcenter": "1234"})
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT, Tags=tags)["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=listed({"costcenter": "5678"}))
    both = {"Costcenter": "1234", "costcenter": "5678"}
    assert mapping(iam.get_policy(PolicyArn=arn)["Policy"]["Tags"]) == both
    iam.untag_policy(PolicyArn=arn, TagKeys=["costcenter"])
    assert mapping(iam.list_policy_tags(PolicyArn=arn)["Tags"]) == {"Costcenter": "1234"}
