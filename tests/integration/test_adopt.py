"""The commands that an operator types to adopt an account, and what stands on a terminal: YAML, and nothing beside it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from demo import clicked

TREE = Path(__file__).resolve().parents[2]


def test_written_into_pillar_as_it_is_printed_nothing_is_left_to_change(sandbox, tmp_path):
    pillar, settings = (
        tmp_path / "pillar",
        {"id": "library", "file_client": "local", "root_dir": str(tmp_path / "root")},
    )
    settings |= {"file_roots": {"base": [str(TREE / "salt")]}, "pillar_roots": {"base": [str(pillar)]}}
    (tmp_path / "minion").write_text(yaml.safe_dump(settings))
    clicked.write(pillar, clicked.click(sandbox))
    sandbox.clear_calls()

    def run(*arguments):
        program = Path(sys.executable).with_name("salt-call")
        command = [program, f"--config-dir={tmp_path}", "--retcode-passthrough", *arguments]
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    adopted = run("aws_account.adopt")
    assert (adopted.returncode, adopted.stderr) == (0, "")
    assert yaml.safe_load(adopted.stdout)["aws"]["backup"]["user"] == clicked.USER
    (pillar / "adopted.sls").write_text(adopted.stdout)
    planned = json.loads(run("state.apply", "aws.account", "test=True", "--out=json").stdout)["local"]
    assert {
        state["name"]: state["changes"] or state["comment"] for state in planned.values() if state["result"] is not True
    } == {}
    assert sandbox.calls(write=True) == []
    topic = sandbox.client("sns").create_topic(Name="library-web")["TopicArn"]
    url = "https://user:canary-77aa@example.org/sns"
    sandbox.client("sns").subscribe(TopicArn=topic, Protocol="https", Endpoint=url)
    again = run("aws_account.adopt")
    assert (again.returncode, again.stderr) == (2, "")
    assert yaml.safe_load(again.stdout)["aws"]["sns"]["topics"]["library-web"] == {}
    assert "canary-77aa" not in again.stdout
    for secret in (
        "chosen-in-the-console",
        yaml.safe_load((pillar / "private" / "library.sls").read_text())["aws"]["secret_key"],
    ):
        assert secret not in adopted.stdout + adopted.stderr
