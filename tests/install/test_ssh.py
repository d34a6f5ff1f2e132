"""salt-ssh, to a real sshd on this machine: from where this project is installed, and from where it is not."""

import json
import subprocess
from getpass import getuser

import pytest
import salt.version
import yaml

pytestmark = pytest.mark.sshd

# Salt 3008 takes installed extensions along by itself.
EXTENSIONS = {"thin_extra_mods": "aws_runbook"} if salt.version.__saltstack_version__.major < 3008 else {}


@pytest.fixture
def ssh(environment, server, sshd, sandbox, tmp_path):
    """``ssh(function, …)`` is ``salt-ssh control function …``; what it answers."""
    account = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    pillar = {
        "top": {"base": {"control": ["control"], "docs": ["docs"]}},
        "control": {"aws": {"servers": ["docs"], "admin": account}},
        "docs": {"backup": {"location": "ocp-docs-backup", "directories": {"/srv": None}}},
    }
    (tmp_path / "pillar").mkdir()
    for name, content in pillar.items():
        (tmp_path / "pillar" / f"{name}.sls").write_text(yaml.safe_dump(content))
    control = {
        "host": sshd.listen_address,
        "port": sshd.listen_port,
        "user": getuser(),
        "priv": str(sshd.client_key),
        "thin_dir": str(tmp_path / "thin"),
        "set_path": f"{server.bin}:$PATH",
    }
    (tmp_path / "roster").write_text(yaml.safe_dump({"control": control}))

    def run(*arguments, file_roots):
        settings = {
            "root_dir": str(tmp_path),
            "roster_file": str(tmp_path / "roster"),
            "file_roots": {"base": [str(folder) for folder in file_roots]},
            "pillar_roots": {"base": [str(tmp_path / "pillar")]},
            **EXTENSIONS,
        }
        (tmp_path / "master").write_text(yaml.safe_dump(settings))
        options = [f"--config-dir={tmp_path}", "--ignore-host-keys", "--out=json", "--log-level=quiet"]
        command = [environment.python, "-W", "ignore", environment.bin / "salt-ssh", *options, "control", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
        return json.loads(done.stdout)["control"]

    return run


def test_from_where_it_is_installed(environment, wheel, ssh, sandbox):
    """What follows from pillar, other servers' included, is decided here; the server makes the calls to AWS."""
    environment.pip(wheel)
    file_roots = [environment.evaluate("from aws_runbook import loader; print(*loader.file_roots())")]
    assert "ocp-docs-backup" in ssh("aws_backup.plan", file_roots=file_roots)
    assert "salt-ssh passes no pillar to aws_backup.audit" in ssh("aws_backup.audit", file_roots=file_roots)
    planned = ssh("state.apply", "aws", "test=True", file_roots=file_roots)
    assert sandbox.calls(write=True) == []
    first = ssh("state.apply", "aws", file_roots=file_roots)
    assert [state["comment"] for state in first.values() if state["result"] is not True] == []
    assert [state["changes"] for state in first.values()] == [state["changes"] for state in planned.values()]
    assert [bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]] == ["ocp-docs-backup"]
    assert not any(state["changes"] for state in ssh("state.apply", "aws", file_roots=file_roots).values())


def test_an_upgrade(environment, earlier_wheel, wheel, ssh, sandbox):
    """As the page says: with ``--regen-thin``, the server gets what is installed now."""
    environment.pip(earlier_wheel)
    file_roots = [environment.evaluate("from aws_runbook import loader; print(*loader.file_roots())")]
    assert "s3_bucket" in ssh("sys.list_state_modules", file_roots=file_roots)
    environment.pip(wheel)
    first = ssh("--regen-thin", "state.apply", "aws", file_roots=file_roots)
    assert [state["comment"] for state in first.values() if state["result"] is not True] == []
    assert [bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]] == ["ocp-docs-backup"]


def test_from_file_roots_one_line_says_what_to_do(tree, ssh, sandbox):
    for test in ([], ["test=True"]):
        (state,) = ssh("state.apply", "aws", *test, file_roots=[tree, tree / "salt"]).values()
        assert state["result"] is False
        assert "saltext.aws-runbook is not installed where salt-ssh runs" in state["comment"]
    assert sandbox.calls() == []


@pytest.mark.parametrize("without", [("boto",)], indirect=True)
def test_a_server_without_boto3_gets_advice_to_install_it(environment, wheel, tree, ssh, sandbox):
    environment.pip(wheel)
    states = ssh("state.apply", "aws", file_roots=[tree / "salt"])
    (cause,) = (state["comment"] for name, state in states.items() if "aws-pillar" in name)
    assert "saltext.aws-runbook needs boto3" in cause
    assert all("requisite failed" in state["comment"] for name, state in states.items() if "aws-pillar" not in name)
    assert sandbox.calls() == []


def test_a_pillar_that_cannot_be_meant_is_one_failed_state(environment, wheel, tree, ssh, sandbox, tmp_path):
    environment.pip(wheel)
    (tmp_path / "pillar" / "control.sls").write_text(yaml.safe_dump({"aws": {"servers": ["docs", "docz"]}}))
    (state,) = ssh("state.apply", "aws", file_roots=[tree / "salt"]).values()
    assert state["result"] is False
    assert (
        state["comment"]
        == "aws:servers: there is no pillar for 'docz'; name minions by their ID, as in pillar's top file."
    )
    assert sandbox.calls() == []
