"""IAM enforced: what users may do, in AWS's order and words."""

import json

import pytest
from botocore.exceptions import ClientError

PGBACKREST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::backups",
            "Condition": {"StringEquals": {"s3:prefix": ["", "kingfisher"], "s3:delimiter": ["/"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::backups",
            "Condition": {"StringLike": {"s3:prefix": ["kingfisher/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::backups/kingfisher/*",
        },
    ],
}


def allow(*actions, resource="*"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}


def refused(expected, function, **parameters):
    with pytest.raises(ClientError) as excinfo:
        function(**parameters)
    assert excinfo.value.response["Error"]["Code"] == expected
    return str(excinfo.value)


@pytest.fixture
def user(sandbox):
    """A function: policy documents → the key of a user that has them."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")

    def make(*documents):
        for number, document in enumerate(documents):
            iam.put_user_policy(UserName="u", PolicyName=f"p{number}", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="u")["AccessKey"]
        sandbox.enforce_iam()
        return key["AccessKeyId"], key["SecretAccessKey"]

    return make


@pytest.fixture
def admin(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    for key in ("kingfisher/a", "other/b"):
        s3.put_object(Bucket="backups", Key=key, Body=b"x")
    return s3


def test_nothing_is_enforced_unless_asked_for(sandbox, user):
    key = user()
    refused("AccessDenied", sandbox.client("s3", key=key).list_buckets)
    sandbox.enforce_iam(False)
    assert sandbox.client("s3", key=key).list_buckets()["Buckets"] == []


def test_the_administrator_may_do_anything(sandbox, user):
    user()
    sandbox.client("s3").list_buckets()


def test_the_runbooks_policy_opens_its_prefix_only(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(PGBACKREST))
    s3.list_objects_v2(Bucket="backups", Prefix="", Delimiter="/")
    assert s3.list_objects_v2(Bucket="backups", Prefix="kingfisher/")["KeyCount"] == 1
    refused("AccessDenied", s3.list_objects_v2, Bucket="backups")
    refused("AccessDenied", s3.list_objects_v2, Bucket="backups", Prefix="other/")
    refused("AccessDenied", s3.list_objects_v2, Bucket="backups", Prefix="kingfisher-2/", Delimiter="/")
    refused("403", s3.head_bucket, Bucket="backups")
    s3.put_object(Bucket="backups", Key="kingfisher/b", Body=b"x")
    refused("AccessDenied", s3.put_object, Bucket="backups", Key="other/c", Body=b"x")
    refused("AccessDenied", s3.get_object, Bucket="backups", Key="other/b")
    refused("AccessDenied", s3.put_object, Bucket="backups", Key="kingfisher/t", Body=b"x", Tagging="a=b")


def test_a_missing_object_shows_to_those_only_who_may_list_it(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(PGBACKREST))
    refused("404", s3.head_object, Bucket="backups", Key="kingfisher/missing")
    refused("NoSuchKey", s3.get_object, Bucket="backups", Key="kingfisher/missing")


def test_without_list_bucket_a_missing_object_is_forbidden(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(allow("s3:GetObject")))
    refused("403", s3.head_object, Bucket="backups", Key="kingfisher/missing")
    assert s3.get_object(Bucket="backups", Key="kingfisher/a")["Body"].read() == b"x"


def test_many_objects_are_deleted_key_by_key(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(PGBACKREST))
    answer = s3.delete_objects(
        Bucket="backups", Delete={"Objects": [{"Key": "kingfisher/a"}, {"Key": "other/b"}, {"Key": "kingfisher/none"}]}
    )
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == ["kingfisher/a", "kingfisher/none"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("other/b", "AccessDenied")]
    assert [entry["Key"] for entry in admin.list_objects_v2(Bucket="backups")["Contents"]] == ["other/b"]
    quiet = s3.delete_objects(
        Bucket="backups", Delete={"Objects": [{"Key": "kingfisher/a"}, {"Key": "other/b"}], "Quiet": True}
    )
    assert "Deleted" not in quiet
    assert len(quiet["Errors"]) == 1


def test_deleting_a_version_needs_its_own_permission(sandbox, admin, user):
    admin.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    version = admin.put_object(Bucket="backups", Key="kingfisher/a", Body=b"y")["VersionId"]
    s3 = sandbox.client("s3", key=user(PGBACKREST))
    refused("AccessDenied", s3.delete_object, Bucket="backups", Key="kingfisher/a", VersionId=version)
    answer = s3.delete_objects(Bucket="backups", Delete={"Objects": [{"Key": "kingfisher/a", "VersionId": version}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("operation", "more", "action"),
    [
        (
            "copy_object",
            {"CopySource": {"Bucket": "backups", "Key": "kingfisher/a", "VersionId": "V"}},
            "GetObjectVersion",
        ),
        ("get_object", {"VersionId": "V"}, "GetObjectVersion"),
        ("delete_object", {"VersionId": "V"}, "DeleteObjectVersion"),
        ("delete_object", {"BypassGovernanceRetention": True}, "BypassGovernanceRetention"),
        (
            "put_object",
            {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": "2099-01-01"},
            "PutObjectRetention",
        ),
        ("put_object", {"ObjectLockLegalHoldStatus": "ON"}, "PutObjectLegalHold"),
    ],
)
def test_versions_and_locks_need_actions_of_their_own(sandbox, admin, user, operation, more, action):
    admin.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    lock = {"ObjectLockEnabled": "Enabled"}
    admin.put_object_lock_configuration(Bucket="backups", ObjectLockConfiguration=lock)
    version = admin.put_object(Bucket="backups", Key="kingfisher/a", Body=b"x")["VersionId"]
    given = json.loads(json.dumps(more).replace('"V"', json.dumps(version)))
    everyday = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
    s3 = sandbox.client("s3", key=user(allow(*everyday)))
    assert action in refused("AccessDenied", getattr(s3, operation), Bucket="backups", Key="kingfisher/a", **given)
    sandbox.client("iam").put_user_policy(
        UserName="u", PolicyName="more", PolicyDocument=json.dumps(allow(f"s3:{action}"))
    )
    getattr(s3, operation)(Bucket="backups", Key="kingfisher/a", **given)


def test_a_batch_bypasses_retention_only_with_its_own_permission(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(allow("s3:DeleteObject")))
    batch = {"Bucket": "backups", "Delete": {"Objects": [{"Key": "a"}]}, "BypassGovernanceRetention": True}
    assert s3.delete_objects(**batch)["Errors"][0]["Code"] == "AccessDenied"


def test_a_hidden_object_shows_as_missing_to_those_only_who_may_list(sandbox, admin, user):
    admin.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    admin.delete_object(Bucket="backups", Key="kingfisher/a")
    s3 = sandbox.client("s3", key=user(allow("s3:GetObject")))
    refused("AccessDenied", s3.get_object, Bucket="backups", Key="kingfisher/a")


def test_groups_and_attached_policies_count(sandbox, user):
    key = user()
    iam = sandbox.client("iam")
    arn = iam.create_policy(PolicyName="list", PolicyDocument=json.dumps(allow("s3:ListAllMyBuckets")))["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    s3 = sandbox.client("s3", key=key)
    refused("AccessDenied", s3.list_buckets)
    iam.add_user_to_group(GroupName="g", UserName="u")
    s3.list_buckets()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(allow("s3:GetObject")), SetAsDefault=True)
    refused("AccessDenied", s3.list_buckets)


def test_iam_names_action_and_resource_in_its_refusal(sandbox, user):
    key = user(allow("iam:GetUser", resource="arn:aws:iam::123456789012:user/u"))
    iam = sandbox.client("iam", key=key)
    assert iam.get_user(UserName="u")["User"]["UserName"] == "u"
    sentence = refused("AccessDenied", iam.create_access_key, UserName="u")
    assert "User: arn:aws:iam::123456789012:user/u is not authorized to perform: iam:CreateAccessKey on" in sentence
    assert '"arn:aws:iam::123456789012:user/u" because no identity-based policy allows' in sentence
    refused("AccessDenied", iam.get_user, UserName="other")


def test_an_explicit_deny_is_named_as_one(sandbox, user):
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    key = user(allow("s3:*"), deny)
    assert "explicit deny" in refused("AccessDenied", sandbox.client("s3", key=key).list_buckets)


def test_anyone_may_ask_who_he_is(sandbox, user):
    assert sandbox.client("sts", key=user()).get_caller_identity()["Arn"].endswith(":user/u")


@pytest.mark.parametrize("service", ["s3", "iam", "sts", "ses", "sesv2", "sns", "rds", "ec2"])
def test_a_wrong_secret_is_refused_and_the_right_one_accepted(sandbox, user, service):
    key_id, secret = user(allow("*"))
    reads = {
        "s3": ("list_objects_v2", {"Bucket": "backups", "Prefix": "a b/ü+c~d", "Delimiter": "/"}),
        "iam": ("list_users", {}),
        "sts": ("get_session_token", {}),
        "ses": ("list_identities", {}),
        "sesv2": ("get_email_identity", {"EmailIdentity": "a+b@example.org"}),
        "sns": ("list_topics", {}),
        "rds": ("describe_db_instances", {}),
        "ec2": ("describe_vpcs", {}),
    }
    method, parameters = reads[service]
    refused("SignatureDoesNotMatch", getattr(sandbox.client(service, key=(key_id, "wrong")), method), **parameters)
    try:
        getattr(sandbox.client(service, key=(key_id, secret)), method)(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("NoSuchBucket", "NotFoundException")


def test_objects_of_any_name_can_be_signed_for(sandbox, admin, user):
    s3 = sandbox.client("s3", key=user(allow("s3:*")))
    for key in ("a%2Fb", "ü/é", "plus+space ", "q?x=1&y", "//double", "folder/", "it's (1)~*"):
        s3.put_object(Bucket="backups", Key=key, Body=b"x")
        assert s3.get_object(Bucket="backups", Key=key)["Body"].read() == b"x"


def test_roles_have_their_own_policies(sandbox, user):
    key = user(allow("sts:AssumeRole"))
    iam = sandbox.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(allow("s3:ListAllMyBuckets")))
    session = sandbox.client("sts", key=key).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    s3 = sandbox.client(
        "s3", key=(session["AccessKeyId"], session["SecretAccessKey"]), aws_session_token=session["SessionToken"]
    )
    s3.list_buckets()
    assert ":assumed-role/r/session is not" in refused("AccessDenied", s3.create_bucket, Bucket="backups")


def policy_for_ses(**elements):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::backups/*",
        **elements,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        "[]",
        "{}",
        policy_for_ses(Effect="Maybe"),
        policy_for_ses(Resource="arn:aws:s3:::other/*"),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::backups"}]}),
    ],
)
def test_a_bucket_policy_must_be_one(admin, policy):
    refused("MalformedPolicy", admin.put_bucket_policy, Bucket="backups", Policy=policy)


def test_a_public_policy_is_blocked_until_that_is_allowed(admin):
    public = policy_for_ses(Principal="*", Action="s3:GetObject")
    refused("AccessDenied", admin.put_bucket_policy, Bucket="backups", Policy=public)
    admin.put_bucket_policy(Bucket="backups", Policy=policy_for_ses())
    assert json.loads(admin.get_bucket_policy(Bucket="backups")["Policy"]) == json.loads(policy_for_ses())
    admin.delete_public_access_block(Bucket="backups")
    admin.put_bucket_policy(Bucket="backups", Policy=public)


def test_a_bucket_policy_counts(sandbox, admin, user):
    key = user()
    named = {"AWS": "arn:aws:iam::123456789012:user/u"}
    admin.put_bucket_policy(Bucket="backups", Policy=policy_for_ses(Principal=named, Action="s3:GetObject"))
    s3 = sandbox.client("s3", key=key)
    assert s3.get_object(Bucket="backups", Key="other/b")["Body"].read() == b"x"
    refused("AccessDenied", s3.put_object, Bucket="backups", Key="other/b", Body=b"")


def test_the_simulator_says_what_enforcement_would(sandbox, user):
    user(PGBACKREST)
    iam = sandbox.client("iam")
    arn = "arn:aws:iam::123456789012:user/u"
    results = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["s3:ListBucket"],
        ResourceArns=["arn:aws:s3:::backups", "arn:aws:s3:::else"],
        ContextEntries=[
            {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["kingfisher/x"], "ContextKeyType": "string"}
        ],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]
    assert results[0]["MatchedStatements"] == [{"SourcePolicyId": "p0", "SourcePolicyType": "user"}]
    without = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:ListBucket"], ResourceArns=["arn:aws:s3:::backups"]
    )["EvaluationResults"][0]
    assert without["MissingContextValues"] == ["s3:delimiter", "s3:prefix"]
    custom = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(allow("s3:*"))], ActionNames=["s3:GetObject", "iam:GetUser"]
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in custom] == ["allowed", "implicitDeny"]
    refused("NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=f"{arn}x", ActionNames=["s3:GetObject"])


def test_who_signs_with_another_secret_is_not_told_who_he_is(sandbox, user):
    refused("SignatureDoesNotMatch", sandbox.client("sts", key=(user()[0], "wrong")).get_caller_identity)


@pytest.mark.parametrize(
    ("service", "method", "expected"),
    [
        ("s3", "list_buckets", ("ExpiredToken", 400)),
        ("sts", "get_caller_identity", ("ExpiredToken", 403)),
        ("iam", "list_users", ("ExpiredToken", 403)),
        ("sesv2", "get_account", ("ExpiredTokenException", 403)),
        ("ec2", "describe_vpcs", ("RequestExpired", 400)),
    ],
)
def test_expired_credentials_open_nothing(sandbox, service, method, expected):
    sandbox.expire("ASIATEMPORARY0000000")
    client = sandbox.client(service, key=("ASIATEMPORARY0000000", "secret"))
    with pytest.raises(ClientError) as excinfo:
        getattr(client, method)()
    response = excinfo.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == expected
    getattr(sandbox.client(service), method)()
