"""The ways to install on one machine: a wheel, an editable install, and a tree that Salt syncs from."""

import re
import zipfile

from tests.install.conftest import MODULES, STATES, TREE, Environment, borrow


def assert_works(environment):
    assert environment.states() == STATES
    given = environment.salt_call("s3_bucket.normalise", "ocp-registry-backup", "{tags: {team: data}}")
    assert given == {"tags": {"team": "data"}}
    # What a minion's daemon does when it starts.
    code = "import salt.config, salt.loader; opts = salt.config.minion_config({!r}); print('aws_drift.beacon' in {}(opts, {{}}))"
    assert environment.evaluate(code.format(str(environment.root / "minion"), "salt.loader.beacons")) == "True"


def test_a_wheel_is_all_that_it_takes(environment, wheel):
    inside = {name.split(".dist-info")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {f"aws_runbook/modules/{name}.py" for name in MODULES} <= inside
    assert {"aws_runbook/wrapper/aws_backup.py", "aws_runbook/py.typed"} <= inside
    # The tree has no tags here, so the version is the one that is being worked on.
    (version,) = re.findall(r'^fallback_version = "(.*)"$', (TREE / "pyproject.toml").read_text(), re.MULTILINE)
    assert {name.split("/")[0] for name in inside} == {"aws_runbook", f"saltext_aws_runbook-{version}"}
    environment.pip(wheel)
    assert_works(environment)
    environment.file_roots(environment.evaluate("from aws_runbook import loader; print(*loader.file_roots())"))
    assert "aws" in environment.salt_call("cp.list_states")
    assert environment.salt_call("state.show_sls", "aws")


def test_an_editable_install_runs_the_tree_itself(environment, tree):
    environment.pip("--editable", tree)
    assert_works(environment)
    assert environment.evaluate("import aws_runbook; print(aws_runbook.__file__)").startswith(str(tree))


def test_file_roots_and_a_sync_are_all_that_it_takes(environment, tree):
    assert not STATES & environment.states()
    environment.file_roots(tree)
    synced = environment.salt_call("saltutil.sync_all")
    assert {f"modules.{name}" for name in MODULES} <= set(synced["modules"])
    assert "utils.aws_runbook.stores.store" in synced["utils"]
    assert_works(environment)
    environment.file_roots(tree, tree / "salt")
    assert environment.salt_call("state.show_sls", "aws")


def test_the_first_highstate_of_a_minion_works(environment, tree, tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "top.sls").write_text("base:\n  '*':\n    - aws\n")
    environment.file_roots(tree, tree / "salt", tmp_path / "top")
    (state,) = environment.salt_call("state.apply").values()
    assert state["comment"] == "Pillar is valid, and declares nothing in AWS."


def told(state):
    """What an operator is told by a state."""
    return {key: state[key] for key in ("name", "result", "comment", "changes")}


def test_without_the_modules_one_line_says_what_to_do(environment, tree):
    environment.file_roots(tree / "salt")
    (state,) = environment.salt_call("state.apply", "aws", check=False).values()
    assert state["result"] is False
    assert re.search(r"salt-call (--local )?-c \S+ saltutil\.sync_all", state["comment"])
    assert state["changes"] == {}
    (planned,) = environment.salt_call("state.apply", "aws", "test=True", check=False).values()
    assert told(planned) == told(state)


def test_without_boto3_one_line_says_what_to_install(tree, tmp_path):
    (tmp_path / "installed").mkdir()
    environment = Environment(tmp_path, borrow(tmp_path / "installed", without=("aws_runbook", "boto")))
    environment.file_roots(tree, tree / "salt")
    environment.salt_call("saltutil.sync_all")
    (state,) = environment.salt_call("state.apply", "aws", check=False).values()
    assert state["result"] is False
    assert "salt-pip install boto3" in state["comment"]
    (planned,) = environment.salt_call("state.apply", "aws", "test=True", check=False).values()
    assert told(planned) == told(state)
    said = environment.salt_call("aws_account.problems", check=False)
    assert "saltext.aws-runbook needs boto3" in said
    assert "install it with 'salt-pip install boto3'" in said
