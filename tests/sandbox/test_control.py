"""What tests ask of the sandbox itself: reset, log, clock, faults, lag, pages, refused writes."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox import SandboxError

ONCE = Config(retries={"total_max_attempts": 1})
HASTY = Config(retries={"total_max_attempts": 1}, read_timeout=1)


def code(excinfo):
    return excinfo.value.response["Error"]["Code"]


def test_reset_forgets_resources_log_and_settings(sandbox):
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    sandbox.refuse_writes()
    sandbox.page_size(1)
    sandbox.fault("*", "throttling", times=None)
    sandbox.reset()
    assert iam.list_users()["Users"] == []
    iam.create_user(UserName="u")
    assert [call["operation"] for call in sandbox.calls()] == ["ListUsers", "CreateUser"]


def test_environment_names_this_sandbox_only(sandbox):
    names = {name for name in os.environ if name.startswith("AWS_")}
    assert os.environ["AWS_ENDPOINT_URL"] == sandbox.url
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert "AWS_PROFILE" not in names


def test_calls_are_logged_with_what_tests_ask_for(sandbox):
    s3 = sandbox.client("s3", region="eu-west-2")
    s3.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_object(Bucket="backups", Key="a/b c.txt", Body=b"x")
    with pytest.raises(ClientError):
        sandbox.client("iam").get_user(UserName="nobody")
    made, put, got = sandbox.calls()
    assert (made["service"], made["operation"], made["resource"], made["write"], made["region"], made["status"]) == (
        "s3", "CreateBucket", "backups", True, "eu-west-2", 200,
    )  # fmt: skip
    assert put["resource"] == "backups/a/b c.txt"
    assert (got["write"], got["status"], got["error"]) == (False, 404, "NoSuchEntity")
    assert made["access_key_id"] == sandbox.environment["AWS_ACCESS_KEY_ID"]
    assert sandbox.calls(service="iam") == [got]
    assert sandbox.calls(write=True) == [made, put]
    assert sandbox.calls(operation="PutObject") == [put]
    sandbox.clear_calls()
    assert sandbox.calls() == []


def test_what_a_policy_can_look_at_is_logged_for_s3(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    s3.list_objects_v2(Bucket="backups", Prefix="a/", Delimiter="/")
    s3.delete_objects(Bucket="backups", Delete={"Objects": [{"Key": "a/1"}, {"Key": "a/2"}]})
    created, listed, deleted = sandbox.calls()
    assert created["parameters"] == {}
    assert listed["parameters"] == {"Prefix": "a/", "Delimiter": "/"}
    assert deleted["parameters"] == {"Keys": ["a/1", "a/2"]}


def test_secrets_are_not_logged(sandbox):
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    secret = iam.create_access_key(UserName="u")["AccessKey"]["SecretAccessKey"]
    assert secret not in str(sandbox.calls())


@pytest.mark.parametrize(
    ("service", "method", "parameters", "expected"),
    [
        ("s3", "create_bucket", {"Bucket": "backups"}, "AccessDenied"),
        ("iam", "create_user", {"UserName": "u"}, "AccessDenied"),
        ("sns", "create_topic", {"Name": "t"}, "AuthorizationError"),
        ("sesv2", "create_email_identity", {"EmailIdentity": "example.org"}, "AccessDeniedException"),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "UnauthorizedOperation"),
        ("rds", "delete_db_instance", {"DBInstanceIdentifier": "d", "SkipFinalSnapshot": True}, "AccessDenied"),
    ],
)
def test_refused_writes_are_access_denied_in_the_services_own_words(sandbox, service, method, parameters, expected):
    sandbox.refuse_writes()
    with pytest.raises(ClientError) as refused:
        getattr(sandbox.client(service), method)(**parameters)
    assert code(refused) == expected
    assert sandbox.calls(write=True)[0]["status"] == 403
    sandbox.refuse_writes(False)
    sandbox.client("s3").list_buckets()


def test_reads_pass_while_writes_are_refused(sandbox):
    sandbox.refuse_writes()
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"
    sandbox.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session")


def test_clock_is_set_moved_and_stopped(sandbox):
    sandbox.stop_clock()
    sandbox.set_clock(datetime(2030, 1, 1, tzinfo=timezone.utc))
    sandbox.advance_clock(3600)
    assert sandbox.ask("health")["time"] == "2030-01-01T01:00:00+00:00"


@pytest.mark.parametrize(
    ("service", "method", "parameters", "kind", "expected", "status"),
    [
        ("s3", "list_buckets", {}, "throttling", "SlowDown", 503),
        ("iam", "list_users", {}, "throttling", "Throttling", 400),
        ("sesv2", "get_account", {}, "throttling", "TooManyRequestsException", 429),
        ("s3", "list_buckets", {}, "internal_error", "InternalError", 500),
        ("iam", "list_users", {}, "internal_error", "ServiceFailure", 500),
        ("s3", "list_buckets", {}, "unavailable", "SlowDown", 503),
        ("sns", "list_topics", {}, "unavailable", "ServiceUnavailable", 503),
        ("iam", "list_users", {}, "access_denied", "AccessDenied", 403),
        ("s3", "list_buckets", {}, "expired_token", "ExpiredToken", 400),
        ("iam", "list_users", {}, "expired_token", "ExpiredToken", 403),
        ("sesv2", "get_account", {}, "expired_token", "ExpiredTokenException", 403),
        ("s3", "list_buckets", {}, "skewed_clock", "RequestTimeTooSkewed", 403),
        ("sns", "list_topics", {}, "skewed_clock", "SignatureDoesNotMatch", 403),
        ("sesv2", "get_account", {}, "skewed_clock", "InvalidSignatureException", 403),
        ("ec2", "describe_vpcs", {}, "skewed_clock", "RequestExpired", 400),
    ],
)
def test_a_fault_strikes_as_often_as_asked(sandbox, service, method, parameters, kind, expected, status):
    client = sandbox.client(service, config=ONCE)
    sandbox.fault(f"{service}:*", kind, times=1)
    with pytest.raises(ClientError) as struck:
        getattr(client, method)(**parameters)
    assert code(struck) == expected
    assert struck.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if kind == "access_denied":
        assert "is not authorized to perform: iam:ListUsers" in str(struck.value)
    if service != "sesv2":
        getattr(client, method)(**parameters)


def test_a_fault_is_for_its_operation_only_and_can_wait_its_turn(sandbox):
    iam = sandbox.client("iam", config=ONCE)
    sandbox.fault("CreateUser", "internal_error", skip=1)
    iam.list_users()
    iam.create_user(UserName="first")
    with pytest.raises(ClientError):
        iam.create_user(UserName="second")
    iam.create_user(UserName="second")


def test_a_reset_before_leaves_nothing_done_and_one_after_leaves_it_done(sandbox):
    iam = sandbox.client("iam", config=ONCE)
    sandbox.fault("CreateUser", "reset_before")
    with pytest.raises(ConnectionClosedError):
        iam.create_user(UserName="u")
    assert iam.list_users()["Users"] == []
    sandbox.fault("CreateUser", "reset_after")
    with pytest.raises(ConnectionClosedError):
        iam.create_user(UserName="u")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["u"]


def test_a_timeout_is_longer_than_the_client_waits(sandbox):
    sandbox.fault("ListUsers", "timeout")
    with pytest.raises(ReadTimeoutError):
        sandbox.client("iam", config=HASTY).list_users()


def test_calls_that_are_held_are_let_go_by_a_reset(sandbox):
    """More of them than the server has threads."""
    for _ in range(20):
        sandbox.fault("ListUsers", "timeout")
        with pytest.raises(ReadTimeoutError):
            sandbox.client("iam", config=Config(retries={"total_max_attempts": 1}, read_timeout=0.1)).list_users()
        sandbox.reset()
    sandbox.client("iam", config=ONCE).list_users()


def throttled(sandbox, seed, calls=60):
    sandbox.reset()
    sandbox.throttle(0.2, seed=seed)
    iam = sandbox.client("iam", config=ONCE)
    outcomes = []
    for _ in range(calls):
        try:
            iam.list_users()
            outcomes.append(True)
        except ClientError:
            outcomes.append(False)
    return outcomes


def test_throttling_is_the_same_for_the_same_seed(sandbox):
    first = throttled(sandbox, seed=7)
    assert first == throttled(sandbox, seed=7)
    assert first != throttled(sandbox, seed=8)
    assert 3 <= first.count(False) <= 25


def test_a_rate_lets_one_call_a_second_through(sandbox):
    sandbox.stop_clock()
    sandbox.rate("ses", 1)
    ses = sandbox.client("ses", config=ONCE)
    ses.list_identities()
    with pytest.raises(ClientError) as refused:
        ses.list_identities()
    assert code(refused) == "Throttling"
    sandbox.advance_clock(1)
    ses.list_identities()


def test_latency_delays(sandbox):
    sandbox.latency("ListUsers", 1500)
    with pytest.raises(ReadTimeoutError):
        sandbox.client("iam", config=HASTY).list_users()
    sandbox.client("iam", config=ONCE).list_groups()


def test_calls_that_ask_for_the_same_wait_for_one_another(sandbox):
    """Neither has had its answer when the other comes; and who meets nobody does not wait for ever."""
    limit = 20
    sandbox.meet("CreateUser", limit * 1000)
    start = time.monotonic()
    with ThreadPoolExecutor() as pool:
        calls = [
            pool.submit(seen, client.create_user, UserName="ana")
            for client in (sandbox.client("iam", config=ONCE), sandbox.client("iam", config=ONCE))
        ]
    assert sorted(call.result() for call in calls) == [False, True]
    assert time.monotonic() - start < limit
    sandbox.clear_faults()
    sandbox.meet("ListUsers", 500)
    start = time.monotonic()
    sandbox.client("iam", config=ONCE).list_users()
    assert time.monotonic() - start > 0.5


def seen(ask, *args, **kwargs):
    try:
        return bool(ask(*args, **kwargs))
    except ClientError:
        return False


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (None, [False, True, False, True, True, True]),
        ("+-", [True, False, True, False, True, True]),
        ("--+", [False, False, True, True, True, True]),
        ("-", [False, False, True, True, True, True]),
    ],
)
def test_what_lags_is_there_and_then_not_again(sandbox, pattern, expected):
    sandbox.lag("iam", looks=2, pattern=pattern)
    iam = sandbox.client("iam", config=ONCE)
    iam.create_user(UserName="u")
    looks = [
        seen(iam.get_user, UserName="u") if number % 2 else seen(lambda: iam.list_users()["Users"])
        for number in range(len(expected))
    ]
    assert looks == expected


def test_who_makes_it_again_hears_that_it_is_there(sandbox):
    sandbox.lag("iam", looks=2)
    iam = sandbox.client("iam", config=ONCE)
    iam.create_user(UserName="u")
    with pytest.raises(ClientError) as missing:
        iam.get_user(UserName="u")
    assert code(missing) == "NoSuchEntity"
    with pytest.raises(ClientError) as exists:
        iam.create_user(UserName="u")
    assert code(exists) == "EntityAlreadyExists"


def test_what_lags_is_missing_for_so_many_seconds(sandbox):
    sandbox.stop_clock()
    sandbox.lag("iam", seconds=10)
    iam = sandbox.client("iam", config=ONCE)
    iam.create_group(GroupName="g")
    assert [seen(iam.get_group, GroupName="g") for _ in range(5)] == [False, True, False, True, False]
    sandbox.advance_clock(10)
    assert [seen(iam.get_group, GroupName="g") for _ in range(5)] == [True] * 5


def test_what_is_new_is_not_there_for_other_services_either(sandbox):
    sns, ses, sesv2 = (sandbox.client(name, config=ONCE) for name in ("sns", "ses", "sesv2"))
    sesv2.create_email_identity(EmailIdentity="example.org")
    sesv2.create_configuration_set(ConfigurationSetName="main")
    sandbox.lag("sns", looks=2)
    topic = sns.create_topic(Name="t")["TopicArn"]
    given = {"Identity": "example.org", "NotificationType": "Bounce", "SnsTopic": topic}
    with pytest.raises(ClientError, match="Invalid SNS topic"):
        ses.set_identity_notification_topic(**given)
    ses.set_identity_notification_topic(**given)
    destination = {"MatchingEventTypes": ["REJECT"], "SnsDestination": {"TopicArn": topic}}
    with pytest.raises(ClientError, match="could not be found"):
        sesv2.create_configuration_set_event_destination(
            ConfigurationSetName="main", EventDestinationName="d", EventDestination=destination
        )


def test_what_ses_makes_is_left_out_of_an_answer_about_several(sandbox):
    ses, sesv2 = sandbox.client("ses", config=ONCE), sandbox.client("sesv2", config=ONCE)
    sesv2.create_email_identity(EmailIdentity="old.example.org")
    sandbox.lag("sesv2", looks=1)
    sesv2.create_email_identity(EmailIdentity="example.org")
    names = {"Identities": ["example.org", "old.example.org"]}
    assert list(ses.get_identity_verification_attributes(**names)["VerificationAttributes"]) == ["old.example.org"]
    assert len(ses.get_identity_verification_attributes(**names)["VerificationAttributes"]) == 2


def test_a_new_name_of_a_vpc_is_the_old_one_at_first(sandbox):
    ec2 = sandbox.client("ec2")
    named = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "draft"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named)["Vpc"]["VpcId"]
    sandbox.lag("ec2", looks=1)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "lab"}])
    names = [ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"][0]["Value"] for _ in range(2)]
    assert names == ["draft", "lab"]


def test_what_has_settled_is_there_for_everybody(sandbox):
    sandbox.lag("iam", looks=5)
    iam = sandbox.client("iam", config=ONCE)
    for name in ("a", "b"):
        iam.create_user(UserName=name)
        assert seen(iam.get_user, UserName=name) is False
        sandbox.settle()
        assert [seen(iam.get_user, UserName=name) for _ in range(5)] == [True] * 5


def test_what_is_no_pattern_is_refused(sandbox):
    for pattern in ("+", "x"):
        with pytest.raises(SandboxError, match="pattern is"):
            sandbox.lag("iam", looks=1, pattern=pattern)


def test_ties_lag_too(sandbox):
    iam = sandbox.client("iam", config=ONCE)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    sandbox.lag("iam", looks=1)
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert iam.list_groups_for_user(UserName="u")["Groups"] == []
    assert len(iam.list_groups_for_user(UserName="u")["Groups"]) == 1
    assert iam.list_attached_user_policies(UserName="u")["AttachedPolicies"] == []
    assert len(iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]) == 1


def test_ties_lag_in_the_listing_of_the_account_too(sandbox):
    iam = sandbox.client("iam", config=ONCE)
    iam.create_group(GroupName="g")
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_user(UserName="u")
    sandbox.lag("iam", looks=1)
    iam.create_user(UserName="late")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    for shown in (0, 1):
        details = iam.get_account_authorization_details(Filter=["User", "Group"])
        users = {user["UserName"]: user for user in details["UserDetailList"]}
        assert ("late" in users) is bool(shown)
        assert len(users["u"]["GroupList"]) == shown
        assert len(users["u"]["AttachedManagedPolicies"]) == shown
        assert len(details["GroupDetailList"][0]["AttachedManagedPolicies"]) == shown


def test_a_new_key_is_unknown_at_first(sandbox):
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    sandbox.lag("iam", looks=1)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    sts = sandbox.client("sts", key=(key["AccessKeyId"], key["SecretAccessKey"]), config=ONCE)
    with pytest.raises(ClientError) as unknown:
        sts.get_caller_identity()
    assert code(unknown) == "InvalidClientTokenId"
    assert sts.get_caller_identity()["Arn"].endswith(":user/u")


def test_listings_come_in_pages_of_the_size_asked_for(sandbox):
    iam = sandbox.client("iam")
    for number in range(3):
        iam.create_user(UserName=f"u{number}")
    sandbox.page_size(1)
    first = iam.list_users()
    assert (len(first["Users"]), first["IsTruncated"]) == (1, True)
    pages = list(iam.get_paginator("list_users").paginate())
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [["u0"], ["u1"], ["u2"]]
    assert pages[-1]["IsTruncated"] is False


def test_s3_listings_come_in_pages_too(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    for key in ("a", "b", "c/d", "c/e"):
        s3.put_object(Bucket="backups", Key=key, Body=b"")
    sandbox.page_size(1)
    for operation, member in (("list_objects_v2", "Contents"), ("list_object_versions", "Versions")):
        pages = list(s3.get_paginator(operation).paginate(Bucket="backups"))
        assert [entry["Key"] for page in pages for entry in page.get(member, [])] == ["a", "b", "c/d", "c/e"]
        assert len(pages) >= 4
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="backups", Delimiter="/")
    assert [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])] == ["c/"]


def test_a_limit_of_the_callers_own_is_kept_where_moto_ignores_it(sandbox):
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    for _ in range(2):
        iam.create_access_key(UserName="u")
    page = iam.list_access_keys(UserName="u", MaxItems=1)
    assert len(page["AccessKeyMetadata"]) == 1
    rest = iam.list_access_keys(UserName="u", MaxItems=1, Marker=page["Marker"])
    assert len(rest["AccessKeyMetadata"]) == 1
    assert not rest["IsTruncated"]


def test_a_wrong_control_request_says_what_is_allowed(sandbox):
    with pytest.raises(SandboxError, match="allowed are throttling"):
        sandbox.fault("*", "earthquake")
    with pytest.raises(SandboxError, match="there are"):
        sandbox.ask("nothing-such")


def test_whoever_stands_aside_sees_aws_as_it_is(sandbox):
    iam = sandbox.client("iam", config=ONCE)
    sandbox.lag("iam", looks=1)
    sandbox.page_size(1)
    iam.create_user(UserName="hidden")
    sandbox.throttle(1)
    with pytest.raises(ClientError):
        iam.list_users()
    sandbox.stand_aside()
    bystander = sandbox.client("iam", config=ONCE)
    for name in ("a", "b"):
        bystander.create_user(UserName=name)
    assert [user["UserName"] for user in bystander.list_users()["Users"]] == ["hidden", "a", "b"]
    sandbox.clear_faults()
    with pytest.raises(ClientError) as missing:
        iam.get_user(UserName="hidden")
    assert code(missing) == "NoSuchEntity"
    assert len(iam.list_users()["Users"]) == 1
