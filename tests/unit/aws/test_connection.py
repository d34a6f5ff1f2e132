"""Every key of a connection, by what reaches the wire."""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from aws_runbook.aws import connection, session
from aws_runbook.errors import RunbookError

AUTHORIZATION = re.compile(r"Credential=(?P<keyid>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/ops</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>assumed-token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:ops</AssumedRoleId>
<Arn>arn:aws:sts::123456789012:assumed-role/ops/ops</Arn></AssumedRoleUser></AssumeRoleResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"""


class Wire:
    """An endpoint that keeps what was sent to it."""

    def __init__(self):
        self.requests = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                signed = AUTHORIZATION.search(self.headers.get("Authorization", ""))
                token = self.headers.get("X-Amz-Security-Token")
                wire.requests.append({**(signed.groupdict() if signed else {}), "token": token, "form": form})
                reply = (ASSUMED if form["Action"] == "AssumeRole" else IDENTITY).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                """Nothing: pytest shows what matters."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def wire():
    wire = Wire()
    thread = threading.Thread(target=wire.server.serve_forever)
    thread.start()
    yield wire
    wire.server.shutdown()
    wire.server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text("[profile ops]\nregion = ap-southeast-2\n")
    (tmp_path / "credentials").write_text("[ops]\naws_access_key_id = SHARED\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def sent(wire, pillar=None, opts=None, **arguments):
    """The request that a function with these arguments, in a minion with this pillar, makes last."""
    pillar = pillar or {}
    pillar.setdefault("aws", {}).setdefault("admin", {})
    if isinstance(pillar["aws"]["admin"], dict):
        pillar["aws"]["admin"].setdefault("endpoint_url", wire.url)
    session.connect(opts or {}, pillar, **arguments).identity()
    return wire.requests[-1]


def test_without_anything_botocores_own_chain_decides(wire):
    request = sent(wire)
    assert request["keyid"] == "ENVIRONMENT"
    assert request["region"] == "us-east-1"


def test_explicit_arguments_beat_profile_and_pillar(wire):
    profile = {"keyid": "PROFILE", "key": "secret", "region": "eu-west-1"}
    pillar = {"aws": {"admin": {"keyid": "ADMIN", "key": "secret", "region": "eu-west-3"}, "region": "ca-central-1"}}
    request = sent(wire, pillar, region="eu-west-2", keyid="ARGUMENT", key="secret", profile=profile)
    assert (request["keyid"], request["region"]) == ("ARGUMENT", "eu-west-2")


def test_profile_beats_admin(wire):
    profile = {"keyid": "PROFILE", "key": "secret", "region": "eu-west-1"}
    pillar = {"aws": {"admin": {"keyid": "ADMIN", "key": "secret", "region": "eu-west-3"}}}
    request = sent(wire, pillar, profile=profile)
    assert (request["keyid"], request["region"]) == ("PROFILE", "eu-west-1")


def test_an_explicit_region_leaves_the_profiles_credentials(wire):
    request = sent(wire, region="eu-west-2", profile={"keyid": "PROFILE", "key": "s", "region": "eu-west-1"})
    assert (request["keyid"], request["region"]) == ("PROFILE", "eu-west-2")


@pytest.mark.parametrize("place", ["pillar", "opts"])
def test_profile_by_name_from_pillar_or_configuration(wire, place):
    named = {"ops": {"profile": {"keyid": "NAMED", "key": "secret", "session_token": "token"}}}
    request = sent(wire, **{place: named}, profile="ops:profile")
    assert (request["keyid"], request["token"]) == ("NAMED", "token")


def test_admin_beats_the_environment(wire):
    assert sent(wire, {"aws": {"admin": {"keyid": "ADMIN", "key": "secret"}}})["keyid"] == "ADMIN"


def test_a_session_token_goes_with_its_own_key_only(wire):
    pillar = {"aws": {"admin": {"keyid": "ADMIN", "key": "secret", "session_token": "admin-token"}}}
    assert sent(wire, pillar)["token"] == "admin-token"
    assert sent(wire, pillar, keyid="ARGUMENT", key="secret")["token"] is None


def test_region_ends_at_pillar_then_botocore_then_us_east_1(wire, monkeypatch):
    assert sent(wire, {"aws": {"region": "eu-central-1"}})["region"] == "eu-central-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    assert sent(wire, {"aws": {"region": "eu-central-1"}})["region"] == "eu-central-1"
    assert sent(wire)["region"] == "eu-north-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert sent(wire)["region"] == "us-east-1"


def test_shared_configuration_profile_gives_credentials_and_region(wire):
    request = sent(wire, {"aws": {"admin": {"aws_profile": "ops"}}})
    assert (request["keyid"], request["region"]) == ("SHARED", "ap-southeast-2")


def test_explicit_credentials_set_the_shared_configuration_aside(wire):
    request = sent(wire, {"aws": {"admin": {"aws_profile": "ops"}}}, keyid="ARGUMENT", key="secret")
    assert request["keyid"] == "ARGUMENT"


def test_assumed_role(wire):
    role = {"role_arn": "arn:aws:iam::123456789012:role/ops", "external_id": "42", "keyid": "SOURCE", "key": "secret"}
    request = sent(wire, {"aws": {"admin": role}})
    assumed = wire.requests[0]
    assert assumed["keyid"] == "SOURCE"
    assert assumed["form"]["RoleArn"] == role["role_arn"]
    assert assumed["form"]["ExternalId"] == "42"
    assert (request["keyid"], request["token"]) == ("ASSUMED", "assumed-token")


def test_a_role_is_assumed_once_for_all_calls(wire):
    pillar = {"aws": {"admin": {"role_arn": "arn:aws:iam::123456789012:role/ops", "keyid": "ONCE", "key": "secret"}}}
    for _ in range(3):
        sent(wire, pillar)
    assert [request["form"]["Action"] for request in wire.requests].count("AssumeRole") == 1


def test_a_role_is_assumed_once_for_all_services(wire):
    role = {"role_arn": "arn:aws:iam::123456789012:role/ops", "keyid": "SERVICES", "key": "secret"}
    connected = connection.resolve(admin={**role, "endpoint_url": wire.url}, fallback_region="eu-west-2")
    for service, method in (("sts", "get_caller_identity"), ("iam", "get_user")):
        with contextlib.suppress(Exception):  # what is answered to the second is no user
            getattr(connection.client(connected, service), method)()
    actions = [request["form"]["Action"] for request in wire.requests]
    assert actions.count("AssumeRole") == 1
    assert {"GetCallerIdentity", "GetUser"} <= set(actions)


def test_a_role_is_assumed_in_each_region(wire):
    role = {"role_arn": "arn:aws:iam::123456789012:role/ops", "keyid": "REGIONS", "key": "secret"}
    for region in ("eu-west-2", "af-south-1"):
        sent(wire, {"aws": {"admin": role}}, region=region)
    assumed = [request["region"] for request in wire.requests if request["form"]["Action"] == "AssumeRole"]
    assert assumed == ["eu-west-2", "af-south-1"]


def test_endpoint_from_the_environment(wire, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    session.connect({}, {}).identity()
    assert wire.requests[-1]["form"]["Action"] == "GetCallerIdentity"


def test_the_servers_own_key_never_manages(wire):
    request = sent(wire, {"aws": {"access_key": "SERVER", "secret_key": "secret"}})
    assert request["keyid"] == "ENVIRONMENT"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"profile": "nowhere"}, "profile is 'nowhere', but neither pillar"),
        ({"profile": {"colour": "red"}}, "profile has the unknown key 'colour'; allowed are region, keyid"),
        ({"profile": ["a"]}, "profile is a list; give a mapping"),
        ({"keyid": "AKIA"}, "the arguments has keyid without key"),
        ({"profile": {"aws_profile": "absent"}}, "absent"),
        ({"profile": {"region": 5}}, "profile has the region 5; give a text"),
        ({"profile": {"region": ["eu-west-1"]}}, "profile has the region ['eu-west-1']; give a text"),
        ({"profile": {"role_arn": 5}}, "profile has the role_arn 5; give a text"),
        ({"profile": {"keyid": "AKIA", "key": 4815162342}}, "profile has a key that is not a text; write it in quotes"),
        ({"profile": {"keyid": "AKIA", "key": "CANARY\n"}}, "profile has a key with a space, a line break or another"),
        ({"keyid": "AKIA ", "key": "x"}, "the arguments has a keyid with a space, a line break or another character"),
        ({"profile": {"endpoint_url": "x"}}, "profile has the endpoint_url 'x'; give a URL such as https://"),
        ({"profile": {"endpoint_url": 5}}, "profile has the endpoint_url 5; give a URL such as https://"),
        ({"profile": {"endpoint_url": "http://h:x99"}}, "profile has the endpoint_url 'http://h:x99'; give a URL"),
        ({"profile": {"endpoint_url": "http://a_b"}}, "The endpoint in use (endpoint_url, or AWS_ENDPOINT_URL"),
    ],
)
def test_a_connection_that_makes_no_sense_is_one_sentence(arguments, sentence):
    with pytest.raises(RunbookError, match=re.escape(sentence)):
        session.connect({}, {}, **arguments).identity()


def test_no_credentials_at_all_is_a_sentence_that_says_where_they_go(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(RunbookError, match=r"there are no AWS credentials\. Set them in pillar"):
        session.connect({}, {}).identity()


@pytest.mark.parametrize(
    ("region", "sentence"), [(5, "aws has the region 5; give a text"), ([1], "aws has the region [1]; give a text")]
)
def test_a_region_in_pillar_that_is_no_text_is_one_sentence(region, sentence):
    with pytest.raises(RunbookError, match=re.escape(sentence)):
        session.connect({}, {"aws": {"region": region}})


def test_an_endpoint_in_the_environment_that_is_no_url_is_one_sentence(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "u:CANARY@h")
    with pytest.raises(RunbookError, match="The endpoint in use") as refused:
        session.connect({}, {}).identity()
    assert "CANARY" not in str(refused.value)
    assert refused.value.__context__ is None


def test_what_is_refused_in_a_profile_shows_no_secret():
    for profile in (
        {"keyid": "AKIA", "key": ["CANARY"]},
        {"keyid": "AKIA", "key": "x", "session_token": ["CANARY"]},
        {"keyid": "AKIA", "key": "CANARY\n"},
        {"keyid": "CANARY x", "key": "x"},
        {"keyid": "AKIA", "key": "x", "session_token": "CANARY\x00"},
        {"endpoint_url": "http://u:CANARY@h:x"},
        {"endpoint_url": "http://u:CAN/ARY@h"},
        {"endpoint_url": "u:CANARY@h"},
        "http://u:CANARY@h",
    ):
        with pytest.raises(RunbookError) as refused:
            session.connect({}, {}, profile=profile)
        assert "ARY" not in str(refused.value)


@pytest.mark.parametrize("place", ["profile", "environment"])
def test_an_endpoint_that_cannot_be_reached_is_shown_without_its_password(monkeypatch, place):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    url = "http://u:CAN@ARY@127.0.0.1:1"
    if place == "environment":
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    profile = {"endpoint_url": url} if place == "profile" else None
    with pytest.raises(RunbookError, match="Could not connect to the endpoint URL") as refused:
        session.connect({}, {}, profile=profile).identity()
    assert "127.0.0.1:1" in str(refused.value)
    assert "ARY" not in str(refused.value)
    assert "CAN" not in str(refused.value)


def test_a_secret_is_not_in_the_text_of_a_connection():
    secrets = {"key": "CANARY", "session_token": "CANARY", "endpoint_url": "http://u:CANARY@h"}
    resolved = connection.resolve(profile={"keyid": "AKIA", **secrets})
    assert "CANARY" not in repr(resolved)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_use_the_regions_partition(region, partition):
    assert connection.partition_of(region) == partition


def test_a_role_that_nobody_could_assume_is_one_sentence(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    role = "arn:aws:iam::123456789012:role/ops"
    with pytest.raises(RunbookError) as refused:
        session.connect({}, {}, profile={"role_arn": role}).identity()
    assert str(refused.value) == f"Cannot assume {role}: there are no credentials to assume it with."


def test_a_region_that_cannot_be_read_is_one_sentence(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(RunbookError) as refused:
        connection.region_of(connection.Connection())
    assert str(refused.value).startswith("Cannot determine the AWS region: ")


def test_a_region_that_is_none_is_one_sentence():
    with pytest.raises(RunbookError) as refused:
        connection.partition_of("nowhere")
    assert str(refused.value).startswith("There is no AWS region 'nowhere': ")
