"""An operator's machine that has the tree, the pillar and no configuration of Salt, as docs/install.md says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture
def salt_call(sandbox, tmp_path):
    """``salt_call(id, …)`` is the page's command with another id and function."""
    page = (TREE / "docs" / "install.md").read_text()
    (command,) = re.findall(
        r"^    salt-call (--local --id=control .*) state\.apply aws\.account test=True$", page, re.MULTILINE
    )
    (tmp_path / "salt").symlink_to(TREE / "salt")
    shutil.copytree(TREE / "pillar", tmp_path / "pillar")
    # The operator is not root: Salt's own folders are elsewhere.
    (tmp_path / "minion").write_text(f"root_dir: {tmp_path / 'root'}\n")

    def run(identity, *arguments):
        options = shlex.split(command.replace("--id=control", f"--id={identity}"))
        done = subprocess.run(
            [
                Path(sys.executable).with_name("salt-call"),
                f"--config-dir={tmp_path}",
                *options,
                "--out=json",
                *arguments,
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)["local"]

    return run


def users(sandbox):
    return {user["UserName"] for user in sandbox.client("iam").list_users()["Users"]}


def test_the_fleet_and_one_server_alone(salt_call, sandbox):
    planned = salt_call("control", "state.apply", "aws.buckets,aws.iam", "test=True")
    assert {"aws-key-registry-backup", "aws-key-docs-backup"} <= {state["__id__"] for state in planned.values()}
    assert sandbox.calls(write=True) == []
    alone = salt_call("registry", "state.apply", "aws")
    assert [state["comment"] for state in alone.values() if state["result"] is not True] == []
    assert users(sandbox) == {"registry-backup"}
    salt_call("control", "state.apply", "aws.buckets,aws.iam")
    assert users(sandbox) > {"registry-backup", "docs-backup"}
    assert not any(state["changes"] for state in salt_call("registry", "state.apply", "aws").values())
