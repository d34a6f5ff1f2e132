"""``make aws`` itself, with the sandbox in place of the account: what it refuses, what it leaves, and what it records."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from sandbox.pytest_plugin import surround
from tests.aws import account
from tests.aws.recording import Recording, WriteError, lacking, merged
from tests.fixtures import snapshot

TREE = Path(__file__).resolve().parents[2]
RECORDED = sorted((TREE / "tests" / "fixtures" / "recorded").glob("*.json"))
ACCOUNT = "123456789012"
CANARY = "canary-name-of-somebody"
# One process makes the whole run once.
pytestmark = pytest.mark.xdist_group("make_aws")


def run(*arguments, number=ACCOUNT):
    """Start it as a person would, against the sandbox that the environment names."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**own, account.VARIABLE: number, "PYTHONPATH": f"{TREE}{os.pathsep}{TREE / '_utils'}"}
    command = [sys.executable, "-m", "tests.aws", *arguments]
    return subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, check=False)


def never():
    raise AssertionError("asked although there is no number")


@pytest.mark.parametrize("wanted", [None, ""])
def test_without_a_number_nothing_is_asked(wanted):
    assert account.refusal(wanted, never) == (
        "Set AWS_RUNBOOK_TEST_ACCOUNT to the 12 digits of the account that may be tested in."
    )


@pytest.mark.parametrize(
    "wanted", ["prod", "12345678901", "1234567890123", "12345678901a", "\uff1123456789012", f"{ACCOUNT}\n"]
)
def test_what_is_no_number_is_refused(wanted):
    assert account.refusal(wanted, never) == f"AWS_RUNBOOK_TEST_ACCOUNT is {wanted!r}; an account has 12 digits."


def test_the_account_of_the_number_is_taken():
    assert account.refusal(ACCOUNT, lambda: {"Account": ACCOUNT}) is None


@pytest.mark.parametrize("arguments", [(), ("--read-only",), ("--left",)])
def test_another_account_is_refused_before_anything_is_done(sandbox, arguments):
    sandbox.clear_calls()
    done = run(*arguments, number="210987654321")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "AWS_RUNBOOK_TEST_ACCOUNT is 210987654321, but the credentials belong to account 123456789012.\n"
    )
    assert {call["operation"] for call in sandbox.calls()} == {"GetCallerIdentity"}


@pytest.fixture(scope="module")
def whole(sandbox_server, tmp_path_factory):
    """One run of everything, in an account that is somebody's: what it said and recorded, and the account before and after."""
    with pytest.MonkeyPatch.context() as patch:
        sandbox_server.reset()
        surround(patch, sandbox_server)
        sandbox_server.client("s3").create_bucket(Bucket=CANARY)
        sandbox_server.client("iam").create_user(UserName=CANARY)
        sandbox_server.client("sns").create_topic(Name=CANARY)
        before = snapshot.take(sandbox_server)
        sandbox_server.clear_calls()
        recorded = tmp_path_factory.mktemp("recorded")
        done = run("--record", str(recorded))
        made = sandbox_server.calls(write=True)
        yield (
            done,
            {path.stem: path.read_text() for path in recorded.iterdir()},
            before,
            snapshot.take(sandbox_server),
            made,
        )


def test_a_whole_run_passes_and_leaves_the_account_as_it_was(whole):
    done, _recorded, before, after, _made = whole
    assert done.returncode == 0, done.stdout + done.stderr
    assert " failed" not in done.stdout
    assert snapshot.difference(before, after) == {}


def test_all_that_is_written_has_a_name_of_the_run(whole):
    *_rest, made = whole
    operations = {call["operation"] for call in made}
    assert {"CreateBucket", "CreatePolicy", "CreateUser", "CreateAccessKey", "CreateTopic", "CreateVpc"} <= operations
    assert {"DeleteBucket", "DeletePolicy", "DeleteUser", "DeleteAccessKey", "DeleteTopic", "DeleteVpc"} <= operations
    about = {json.dumps([call["resource"], call["parameters"]], default=str) for call in made}
    assert [call for call in about if CANARY in call] == []


def test_every_kind_without_cost_is_made(whole):
    done = whole[0]
    states = {path.stem for path in (TREE / "_states").glob("*.py")}
    # Databases cost money; the others need a domain, a mailbox or the account's own settings.
    beyond = {"rds_cluster", "rds_instance", "rds_subnet_group", "ec2_security_group"}
    beyond |= {"aws_account", "ses_account", "ses_dns", "ses_receiving", "ses_smtp_user"}
    assert {state for state in states if f"[{state}." in done.stdout} == states - beyond


def test_a_recording_holds_nothing_of_the_account(whole):
    _done, recorded, *_rest = whole
    assert {"iam.CreateAccessKey", "s3.ListBuckets", "sts.GetCallerIdentity"} <= set(recorded)
    text = "".join(recorded.values())
    assert [word for word in (CANARY, ACCOUNT, account.OURS, "AKIA", "arn:", "example") if word in text] == []
    assert json.loads(recorded["iam.CreateAccessKey"])["structure"]["AccessKey"]["structure"]["Status"] == {
        "choice": ["Active"]
    }


def test_what_aws_answered_is_what_the_sandbox_answers(whole):
    """Of each operation that was recorded on an account; and a member that the sandbox lacks is found."""
    recorded = {name: json.loads(text) for name, text in whole[1].items()}
    for path in RECORDED:
        assert lacking(json.loads(path.read_text()), recorded.get(path.stem)) == [], path.stem
    more = {"structure": {"Users": {"list": {"structure": {"Arn": {"str": {}}, "Beyond": {"str": {}}}}}}}
    assert lacking(
        merged(recorded["iam.GetUser"], {"structure": {"Beyond": {"str": {}}}}), recorded["iam.GetUser"]
    ) == [".Beyond"]
    assert lacking(more, {"structure": {"Users": {"list": {"structure": {"Arn": {"str": {}}}}}}}) == [".Users[].Beyond"]


def test_a_write_is_refused_before_it_is_sent(sandbox):
    sandbox.clear_calls()
    with Recording().running() as recording, recording.read_only():
        client = boto3.client("iam")
        assert client.list_users()["Users"] == []
        with pytest.raises(WriteError, match=r"iam\.CreateUser would write"):
            client.create_user(UserName="x")
    assert recording.calls == ["iam.ListUsers"]
    assert sandbox.calls(write=True) == []


def test_what_a_run_has_left_is_listed(sandbox):
    sandbox.client("iam").create_user(UserName=f"{account.OURS}1-user")
    sandbox.client("iam").create_user(UserName=CANARY)
    sandbox.client("s3").create_bucket(Bucket=f"{account.OURS}1-bucket")
    done = run("--left")
    assert (done.returncode, done.stdout) == (0, f"Bucket {account.OURS}1-bucket\nUser {account.OURS}1-user\n")
