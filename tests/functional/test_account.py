"""The right account, or one state that says what is wrong: one cause is told once."""

import socket
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

OTHER = "999999999999"
# Of which the sample fleet has something that can be pending.
KINDS = ("iam_access_key", "sns_topic", "ses_identity", "ses_account", "rds_instance")


def pinned(fleet, account):
    """The sample fleet, whose control minion's pillar names an account."""
    path = Path(fleet.pillar) / "public" / "control.sls"
    text = path.read_text()
    assert text.count("\naws:\n") == 1, "the sample has one"
    path.write_text(text.replace("\naws:\n", f"\naws:\n  account: {account!r}\n"))
    return fleet


def one_cause(done):
    """The comment of the one state that failed by itself: every other one only waited for it."""
    (cause,) = (state["comment"] for name, state in done.items() if name == "aws-pillar")
    others = [state for name, state in done.items() if name != "aws-pillar"]
    assert others
    assert all("requisite failed" in state["comment"] for state in others), others
    return cause


@pytest.mark.parametrize("test", [True, False])
def test_another_account_than_pillar_names_is_reported_once_and_nothing_is_asked_there(fleet, sandbox, test):
    mine = sandbox.client("sts").get_caller_identity()["Account"]
    sandbox.clear_calls()
    cause = one_cause(pinned(fleet, OTHER).apply("aws", test=test))
    assert f"belong to the AWS account {mine}, but aws:account is {OTHER}" in cause
    assert {call["operation"] for call in sandbox.calls()} == {"GetCallerIdentity"}


def test_the_account_that_pillar_names_is_worked_in(fleet, sandbox):
    mine = sandbox.client("sts").get_caller_identity()["Account"]
    done = pinned(fleet, mine).apply("aws.buckets")
    assert {state["result"] for state in done.values()} == {True}
    assert done["aws-pillar"]["comment"] == f"Pillar is valid, and the credentials belong to the account {mine}."


def test_a_function_called_by_itself_stops_too(fleet, sandbox):
    pinned(fleet, OTHER)
    sandbox.clear_calls()
    for function, argument in (("s3_bucket.create", "ocp-new-backup"), ("iam_user.describe", "registry-backup")):
        with pytest.raises(CommandExecutionError, match=f"aws:account is {OTHER}"):
            fleet.call(function, argument)
    assert {call["operation"] for call in sandbox.calls()} == {"GetCallerIdentity"}


def test_other_credentials_named_in_the_call_mean_their_account(fleet, sandbox):
    pinned(fleet, OTHER)
    assert fleet.call("iam_user.describe", "registry-backup", keyid="AKIAOTHER00000000000", key="secret") is None


@pytest.mark.parametrize("account", [123456789012, "1234", "12345678901a"])
def test_an_account_is_twelve_digits_in_quotes(fleet, sandbox, account):
    done = pinned(fleet, account).apply("aws")
    (state,) = done.values()
    assert "aws:account is" in state["comment"]
    assert "twelve digits of an AWS account, in quotes" in state["comment"]
    assert sandbox.calls() == []


def test_without_credentials_one_state_says_so(fleet, sandbox, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "there are no AWS credentials. Set them in pillar (aws:admin)" in one_cause(fleet.apply("aws"))


def test_a_profile_that_does_not_exist_is_named(fleet, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "ocp-admni")
    assert "the AWS profile 'ocp-admni' is not in the shared configuration" in one_cause(fleet.apply("aws"))


def test_an_absent_login_by_sso_is_reported_with_the_command_that_renews_it(fleet, sandbox, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text(
        "[profile 'ops team']\nsso_session = ocp\nsso_account_id = 123456789012\nsso_role_name = Admin\nregion = us-east-1\n"
        "[sso-session ocp]\nsso_start_url = https://example.org/start\nsso_region = us-east-1\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "ops team")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "renew it with: aws sso login --profile 'ops team'" in one_cause(fleet.apply("aws"))


def test_where_nobody_answers_one_state_says_so(fleet, sandbox, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        assert "Could not connect to the endpoint URL" in one_cause(fleet.apply("aws"))


def test_where_nothing_follows_from_pillar_nothing_is_asked(sandbox, states, pillar):
    done = states.aws_account.pillar_valid(name="aws-pillar")
    assert done.result is True
    assert done.comment == "Pillar is valid, and declares nothing in AWS."
    assert sandbox.calls() == []


def test_the_permission_of_the_call_that_was_refused_is_named(fleet, sandbox):
    """AssumeRole, which botocore makes by itself, not the call in whose middle it is made."""
    sandbox.fault("sts:AssumeRole", "access_denied", times=None)
    profile = {"role_arn": "arn:aws:iam::123456789012:role/ops"}
    with pytest.raises(CommandExecutionError, match="need sts:AssumeRole"):
        fleet.call("s3_bucket.describe", "ocp-registry-backup", profile=profile)


@pytest.mark.parametrize("program", ["echo c4n4ry", "echo []", "/nowhere/c4n4ry"])
def test_a_program_that_gives_no_credentials_is_named_and_not_quoted(fleet, sandbox, monkeypatch, tmp_path, program):
    config = tmp_path / "config"
    config.write_text(f"[profile ops]\ncredential_process = {program}\nregion = us-east-1\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "ops")
    cause = one_cause(fleet.apply("aws"))
    assert (
        "the program that credential_process in the shared configuration (~/.aws/config) names returned no valid"
        in cause
    )
    assert "c4n4ry" not in cause
    assert "proxy" not in cause


def test_what_is_pending_names_another_account_once(fleet, sandbox):
    pinned(fleet, OTHER)
    for function in ("aws_account", *KINDS):
        with pytest.raises(CommandExecutionError, match=f"aws:account is {OTHER}"):
            fleet.call(f"{function}.pending")


def test_what_is_pending_says_once_that_there_are_no_credentials(fleet, sandbox, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(CommandExecutionError, match="there are no AWS credentials") as excinfo:
        fleet.call("aws_account.pending")
    assert str(excinfo.value).count("no AWS credentials") == 1
