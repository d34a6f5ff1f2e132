"""Requests against the models: what is refused, and in what words; what cannot be read at all."""

import json
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.in_process import InProcess

SCOPE = (
    "AWS4-HMAC-SHA256 Credential=AKIASANDBOXADMIN0000/20300101/us-east-1/{}/aws4_request, SignedHeaders=h, Signature=s"
)


@pytest.fixture(scope="module")
def world():
    return InProcess()


def message(world, service, method, **parameters):
    with pytest.raises(ClientError) as refused:
        getattr(world.client(service, parameter_validation=False), method)(**parameters)
    return str(refused.value)


def query(world, service, **form):
    headers = {
        "Authorization": SCOPE.format(service),
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    return world.answer("POST", "http://127.0.0.1:1/", headers, urlencode(form).encode())


def test_iam_counts_its_errors_and_names_the_member_as_on_the_wire(world):
    text = message(world, "iam", "create_user", UserName="x" * 65)
    assert "(ValidationError)" in text
    assert "1 validation error detected: Value 'xxx" in text
    assert "at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64" in text
    both = message(world, "iam", "create_policy", PolicyName="p q", PolicyDocument="{}", Path="nowhere")
    assert "2 validation errors detected" in both
    assert "Member must satisfy regular expression pattern: [\\w+=,.@-]+" in both


def test_a_missing_member_is_null(world):
    assert "Value null at 'userName' failed to satisfy constraint: Member must not be null" in message(
        world, "iam", "create_user"
    )


@pytest.mark.parametrize(
    ("method", "parameters", "constraint"),
    [
        ("create_user", {"UserName": ""}, "have length greater than or equal to 1"),
        ("list_users", {"MaxItems": 0}, "have value greater than or equal to 1"),
        ("list_users", {"MaxItems": 1001}, "have value less than or equal to 1000"),
        ("update_access_key", {"AccessKeyId": "A" * 20, "Status": "Off"}, "satisfy enum value set: [Active, Inactive"),
    ],
)
def test_limits_hold_at_both_ends(world, method, parameters, constraint):
    assert f"Member must {constraint}" in message(world, "iam", method, **parameters)


def test_members_inside_lists_are_counted_from_one(world):
    text = message(
        world, "iam", "create_user", UserName="u", Tags=[{"Key": "k", "Value": "v"}, {"Key": "k" * 200, "Value": "v"}]
    )
    assert "'tags.2.member.key'" in text


@pytest.mark.parametrize(
    ("key", "fine"), [("größe_1:a/b=c+d-e@f", True), ("日本", True), ("a#b", False), ("a\tb", False)]
)
def test_javas_character_classes_are_understood(world, key, fine):
    call = {"UserName": "tagged", "Tags": [{"Key": key, "Value": ""}]}
    iam = world.client("iam")
    if fine:
        iam.create_user(**call)
        iam.delete_user(UserName="tagged")
    else:
        assert "regular expression" in message(world, "iam", "create_user", **call)


def test_a_secret_is_not_repeated(world):
    text = message(
        world,
        "sesv2",
        "put_email_identity_dkim_signing_attributes",
        EmailIdentity="example.org",
        SigningAttributesOrigin="EXTERNAL",
        SigningAttributes={"DomainSigningSelector": "s", "DomainSigningPrivateKey": "not base64!"},
    )
    assert "not base64!" not in text
    assert "****" in text


def test_rds_has_its_own_word_for_what_is_missing(world):
    text = message(world, "rds", "delete_db_instance")
    assert "(MissingParameter)" in text
    assert "The request must contain the parameter DBInstanceIdentifier." in text


@pytest.mark.parametrize(
    ("service", "form", "status"),
    [
        ("iam", {"Action": "ListUsers", "Version": "2010-05-08", "MaxItems": "many"}, 400),
        ("rds", {"Action": "DeleteDBInstance", "DBInstanceIdentifier": "d", "SkipFinalSnapshot": "perhaps"}, 400),
    ],
)
def test_what_is_no_number_or_boolean_is_malformed(world, service, form, status):
    reply = query(world, service, **form)
    assert (reply.status, reply.error_code) == (status, "MalformedInput")
    assert b"<Code>MalformedInput</Code>" in reply.body


@pytest.mark.parametrize("body", ["{", "[]", '{"EmailIdentity": 5}', '{"EmailIdentity": "a.org", "Tags": {"a": "b"}}'])
def test_json_of_another_kind_cannot_be_read(world, body):
    headers = {"Authorization": SCOPE.format("ses"), "Content-Type": "application/json"}
    reply = world.answer("POST", "http://127.0.0.1:1/v2/email/identities", headers, body)
    assert reply.status == 400
    assert reply.headers["x-amzn-ErrorType"] in ("SerializationException", "BadRequestException")
    assert json.loads(reply.body)["message"]


@pytest.mark.parametrize("body", ["<Lifecycle", "", "no xml"])
def test_xml_that_is_none_is_malformed(world, body):
    world.client("s3").create_bucket(Bucket="backups")
    reply = world.answer("PUT", "http://127.0.0.1:1/backups?lifecycle", {"Authorization": SCOPE.format("s3")}, body)
    assert (reply.status, reply.error_code) == (400, "MalformedXML")


def test_an_operation_without_an_implementation_is_reported(world):
    reply = query(world, "iam", Action="NoSuchThing", Version="2010-05-08")
    assert (reply.status, reply.error_code) == (400, "InvalidAction")
    text = message(world, "iam", "get_context_keys_for_custom_policy", PolicyInputList=["{}"])
    assert "Neither the sandbox nor moto has iam GetContextKeysForCustomPolicy." in text


def test_a_service_that_is_not_ours_is_motos(world):
    sqs = world.client("sqs")
    assert sqs.create_queue(QueueName="q")["QueueUrl"].endswith("/q")
    assert world.application.state.log.entries(service="sqs")[-1]["operation"] == "CreateQueue"
    sqs.create_queue(QueueName="r")
    assert len(sqs.list_queues(MaxResults=1)["QueueUrls"]) == 1


def test_an_object_is_no_request_to_be_parsed(world):
    s3 = world.client("s3")
    s3.create_bucket(Bucket="objects")
    s3.put_object(Bucket="objects", Key="k", Body=b"Action=CreateUser&UserName=u", ContentType="application/json")
    assert s3.get_object(Bucket="objects", Key="k")["Body"].read() == b"Action=CreateUser&UserName=u"
