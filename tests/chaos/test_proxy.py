"""What the proxy does to calls, seen by boto3 itself."""

import http.client
import json
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from chaos import answers

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def client(proxy):
    return lambda service: boto3.client(service, config=ONCE)


def test_a_proxy_without_faults_is_not_noticed(proxy, sandbox, client):
    client("s3").create_bucket(Bucket="a-bucket")
    client("s3").put_object(Bucket="a-bucket", Key="a key/with ü", Body=b"text" * 100_000)
    assert client("s3").get_object(Bucket="a-bucket", Key="a key/with ü")["Body"].read() == b"text" * 100_000
    assert client("s3").head_object(Bucket="a-bucket", Key="a key/with ü")["ContentLength"] == 400_000
    client("iam").create_user(UserName="somebody")
    client("sesv2").create_email_identity(EmailIdentity="example.org")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client("iam").get_user(UserName="nobody")
    through = [f"{call['service']}:{call['operation']}" for call in sandbox.calls()]
    assert proxy.calls == proxy.forwarded == through
    assert through[:4] == ["s3:CreateBucket", "s3:PutObject", "s3:GetObject", "s3:HeadObject"]
    assert proxy.struck == []


def test_signatures_hold_through_it(proxy, sandbox, client):
    key = client("iam").create_user(UserName="somebody") and client("iam").create_access_key(UserName="somebody")
    sandbox.enforce_iam()
    session = boto3.Session(key["AccessKey"]["AccessKeyId"], key["AccessKey"]["SecretAccessKey"])
    assert session.client("sts").get_caller_identity()["Arn"].endswith("user/somebody")


@pytest.mark.parametrize("honest", [True, False])
def test_an_answer_is_cut(proxy, client, honest):
    proxy.fault("iam:ListUsers", answers.cut(20, honest=honest))
    with pytest.raises(ResponseParserError, match="<ListUsersResponse x"):
        client("iam").list_users()
    assert client("iam").list_users()["Users"] == []
    proxy.fault("GetCallerIdentity", answers.cut(20, honest=honest))
    answer, body = _ask(proxy, whole=False)
    assert len(body) == 20
    assert (answer.getheader("Content-Length") == "20") is honest
    assert proxy.struck == ["iam:ListUsers", "sts:GetCallerIdentity"]


@pytest.mark.parametrize(
    ("way", "status", "kind"),
    [
        (answers.empty(), 200, None),
        (answers.html(), 200, "text/html; charset=utf-8"),
        (answers.html(502, doctype=True), 502, "text/html; charset=utf-8"),
        (answers.text("{", "application/json"), 200, "application/json"),
    ],
)
def test_another_answer_comes(proxy, way, status, kind):
    proxy.fault("GetCallerIdentity", way)
    answer, body = _ask(proxy)
    assert answer.status == status
    assert kind in (answer.getheader("Content-Type"), None)
    assert b"Arn" not in body


def _ask(proxy, *, whole=True):
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIASANDBOXADMIN0000/20261126/us-east-1/sts/aws4_request",
    }
    connection.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", headers)
    answer = connection.getresponse()
    try:
        body = answer.read()
    except http.client.IncompleteRead as error:
        assert not whole
        body = error.partial
    connection.close()
    return answer, body


def test_an_error_is_inside_a_success(proxy, client):
    proxy.fault("*", answers.error_inside(), calls=None)
    with pytest.raises(KeyError, match="ListUsersResult"):
        client("iam").list_users()
    assert "SendQuota" not in client("sesv2").get_account()
    with pytest.raises(ClientError, match="InternalError"):  # S3's client alone looks for it
        client("s3").list_buckets()


def test_the_answer_is_another_operations(proxy, client):
    client("sns").list_topics()
    client("sesv2").get_account()
    proxy.fault("ListConfigurationSets", answers.another(proxy.answers["sesv2:GetAccount"]))
    assert "ConfigurationSets" not in client("sesv2").list_configuration_sets()
    proxy.fault("GetTopicAttributes", answers.another(proxy.answers["sns:ListTopics"]))
    with pytest.raises(KeyError):
        client("sns").get_topic_attributes(TopicArn="arn:aws:sns:us-east-1:123456789012:alarms")


def test_a_connection_ends_before_and_after_the_request_is_done(proxy, client):
    for way, made in ((answers.RESET_BEFORE, []), (answers.RESET_AFTER, ["somebody"])):
        proxy.fault("CreateUser", way)
        with pytest.raises(ConnectionClosedError):
            client("iam").create_user(UserName="somebody")
        assert [user["UserName"] for user in client("iam").list_users()["Users"]] == made
    assert proxy.forwarded.count("iam:CreateUser") == 1


def test_faults_wait_for_their_turn_and_end(proxy, client):
    proxy.fault("sesv2:*", answers.text(json.dumps({"SendQuota": {}}), "application/json"), skip=1, calls=2)
    seen = ["ProductionAccessEnabled" in client("sesv2").get_account() for _ in range(4)]
    assert seen == [True, False, False, True]
