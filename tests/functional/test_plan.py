"""What would change, a line a change: exactly what the run then does, and nothing when it has done it."""

import json
import re

import pytest
import salt.output
from salt.exceptions import CommandExecutionError

from tests.fixtures.modules import TREE
from tests.fixtures.servers import Servers

EXPIRY = "ID: delete-after-30-days, Expiration: {Days: 30} → ID: delete-after-60-days, Expiration: {Days: 60}"
# Rows of a terminal.
SCREEN = 30


@pytest.fixture
def servers(sandbox, tmp_path):
    """Twelve servers, all as they should be."""
    made = Servers(tmp_path, 12)
    done = made.minion.apply("aws.account")
    assert {state["result"] for state in done.values()} == {True}
    return made


def status(minion):
    """The exit status that the last call has left for ``salt-call --retcode-passthrough``."""
    return minion._loaders.modules.pack["__context__"].get("retcode")


def as_entries(done):
    """Each change of a run, as the plan tells it."""
    return sorted(
        json.dumps([state["name"], attribute, change], sort_keys=True)
        for state in done.values()
        for attribute, change in state["changes"].items()
    )


def test_it_is_what_the_run_does_and_then_nothing(sandbox, tmp_path):
    minion = Servers(tmp_path, 2).minion
    sandbox.clear_calls()
    planned = minion.call("aws_account.plan", format="data")
    assert status(minion) == 2
    assert sandbox.calls(write=True) == []
    text = minion.call("aws_account.plan")
    assert len(text.splitlines()) == len(planned["changes"])
    assert re.search(r"^s3_bucket +ocp-server-01-backup +created$", text, re.MULTILINE)
    told = sorted(
        json.dumps([entry.pop("name"), entry.pop("attribute"), entry], sort_keys=True)
        for entry in planned["changes"]
        if entry.pop("kind")
    )
    assert told == as_entries(minion.apply("aws.account"))
    assert minion.call("aws_account.plan") == ""
    assert status(minion) == 0
    assert minion.call("aws_account.plan", format="data") == {"changes": [], "failed": [], "warnings": []}


def test_one_change_of_twelve_servers_fits_on_a_screen(servers, sandbox):
    servers.write(servers.names[4], expire_days=60, append_only=True)
    sandbox.clear_calls()
    lines = servers.minion.call("aws_account.plan").splitlines()
    assert sandbox.calls(write=True) == []
    assert [re.split(" {2,}", line) for line in lines] == [
        ["s3_lifecycle", "ocp-server-05-backup", "rules", EXPIRY],
        ["iam_backup_policy", "server-05-backup", "policy_document", "may no longer delete below site/"],
    ]
    diff = servers.minion.call("aws_account.plan", diff=True)
    assert "    -Allow s3:DeleteObject on arn:aws:s3:::ocp-server-05-backup/site/*" in diff.splitlines()


def test_the_runs_own_output_of_it_fits_on_a_screen_too(servers, minion_opts):
    servers.write(servers.names[4], append_only=True)
    done = servers.minion.call("state.apply", "aws.account", test=True).raw
    opts = {**minion_opts, "color": False, "state_output": "changes", "state_verbose": False}
    shown = salt.output.out_format({"local": done}, "highstate", opts).strip().splitlines()
    assert any("-Allow s3:DeleteObject" in line for line in shown)
    assert len(shown) <= SCREEN, "\n".join(shown)


def test_what_fails_is_reported_once_with_its_reason(sandbox, tmp_path):
    minion = Servers(tmp_path, 1).minion
    sandbox.fault("iam:GetUser", "access_denied", times=None)
    planned = minion.call("aws_account.plan", format="data")
    assert status(minion) == 1
    (failed,) = planned["failed"]
    assert (failed["kind"], failed["name"]) == ("iam_user", "server-01-backup")
    assert "iam:GetUser" in failed["why"]
    last = minion.call("aws_account.plan").splitlines()[-1]
    assert last == f"FAILED: iam_user server-01-backup: {' '.join(failed['why'].split())}"


def test_what_the_change_takes_away_is_reported(sandbox, tmp_path):
    minion = Servers(tmp_path, 1).minion
    minion.apply("aws.account")
    iam = sandbox.client("iam")
    (arn,) = (entry["Arn"] for entry in iam.list_policies(Scope="Local")["Policies"])
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::ocp-old/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    change, warning = minion.call("aws_account.plan").splitlines()
    assert "policy_document  may no longer do everything below ocp-old" not in change
    assert "may no longer do everything anywhere in ocp-old; may now " in change
    assert warning.startswith(
        "WARNING: iam_backup_policy server-01-backup: The policy server-01-backup loses permissions that backups do not need"
    )


def test_pillar_that_is_invalid_is_one_line(sandbox, tmp_path):
    servers = Servers(tmp_path, 1)
    servers.write("server-01", expire_dayz=3)
    (line,) = servers.minion.call("aws_account.plan").splitlines()
    assert line.startswith(
        "FAILED: aws_account aws-pillar: server-01: aws:backup:expire_dayz is not a known key; did you mean expire_days?"
    )
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"format": "table"}, "plan: format is 'table'; allowed are text, data."),
        ({"diff": "yes"}, "plan: diff is 'yes'; allowed are True, False."),
        ({"mods": "aws.nothing"}, "No matching sls found for 'aws.nothing'"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(sandbox, tmp_path, given, told):
    with pytest.raises(CommandExecutionError) as refused:
        Servers(tmp_path, 1).minion.call("aws_account.plan", **given)
    assert told in str(refused.value)


def test_nothing_is_printed_where_nothing_would_change(minion_opts, modules):
    name = modules["aws_account.plan"].__outputter__
    opts = {**minion_opts, "outputter_dirs": [str(TREE / "_output")]}
    assert salt.output.out_format({"local": ""}, name, opts) == ""
    assert salt.output.out_format({"local": "s3_bucket  b  created"}, name, opts) == "s3_bucket  b  created"


@pytest.mark.parametrize("pillar", [{"backup": {"location": "ocp-cms-backup/site"}}])
def test_a_user_without_a_store_is_shown_to_get_no_key(pillar, modules):
    assert re.search(r"^ *registry-backup +none: no key is created$", modules["aws_backup.plan"](), re.MULTILINE)
