"""A master that serves this tree from git, as docs/install.md says, to a minion that has never seen the modules."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from saltfactories.utils import random_string

from tests.install.conftest import STATES, TREE

pytestmark = pytest.mark.git

LOCAL = {"interface": "127.0.0.1"}


@pytest.fixture
def remote(tree, tmp_path):
    """The tree as a git repository with a branch ``main``; what Salt fetches it from."""
    repository = shutil.copytree(tree, tmp_path / "aws-runbook.git")
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message=All"]):
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
        subprocess.run(["git", "-C", repository, *who, *command], check=True)
    return repository.as_uri()


@pytest.fixture
def master(environment, remote, salt_factories, tmp_path):
    """A master that knows this tree from git only, as the page says it."""
    page = (TREE / "docs" / "install.md").read_text()
    (block,) = (block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "gitfs_remotes" in block)
    documented = yaml.safe_load(re.sub(r"https://\S+\.git", remote, block))
    own = tmp_path / "states"
    own.mkdir()
    (own / "top.sls").write_text(yaml.safe_dump({"base": {"*": ["aws"]}}))
    overrides = {**LOCAL, **documented, "file_roots": {"base": [str(own)]}}
    daemon = salt_factories.salt_master_daemon(random_string("master-"), overrides=overrides)
    daemon.script_name = str(environment.bin / "salt-master")
    with daemon.started():
        yield daemon


@pytest.fixture
def minion(environment, master, sandbox):
    """A server with a backup. The daemon was started before anything was synced."""
    account = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    server = {"backup": {"location": "ocp-docs-backup", "directories": {"/srv": None}}, "aws": {"admin": account}}
    pillar = Path(master.config["pillar_roots"]["base"][0])
    (pillar / "top.sls").write_text(yaml.safe_dump({"base": {"*": ["server"]}}))
    (pillar / "server.sls").write_text(yaml.safe_dump(server))
    daemon = master.salt_minion_daemon("docs", overrides=LOCAL)
    daemon.script_name = str(environment.bin / "salt-minion")
    with daemon.started():
        yield daemon


def test_the_first_highstate_works(master, minion, sandbox):
    cli = master.salt_cli(timeout=180)
    assert not STATES & set(cli.run("sys.list_state_modules", minion_tgt=minion.id).data)
    first = cli.run("state.apply", minion_tgt=minion.id).data.values()
    assert [state["comment"] for state in first if state["result"] is not True] == []
    assert [bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]] == ["ocp-docs-backup"]
    again = cli.run("state.apply", minion_tgt=minion.id).data.values()
    assert len(again) == len(first)
    assert not any(state["changes"] for state in again)
