"""A real master and its control minion: the pillar of the fleet is compiled on the master."""

import shutil
from pathlib import Path

import pytest
import yaml
from saltfactories.utils import random_string

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture
def master(salt_factories, sandbox):
    overrides = {
        "file_roots": {"base": [str(TREE / "salt")]},
        "peer_run": {"control": ["pillar.show_pillar"]},
        "interface": "127.0.0.1",
    }
    daemon = salt_factories.salt_master_daemon(random_string("master-"), overrides=overrides)
    pillar = Path(daemon.config["pillar_roots"]["base"][0])
    shutil.copytree(TREE / "pillar", pillar, dirs_exist_ok=True)
    # The minion is a daemon: how to reach the account is in its pillar, as it would be on a real master.
    control = pillar / "public" / "control.sls"
    settings = yaml.safe_load(control.read_text())
    settings["aws"]["admin"] = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    control.write_text(yaml.safe_dump(settings))
    with daemon.started():
        yield daemon


def pillar_of(master):
    return Path(master.config["pillar_roots"]["base"][0])


def minion(master, identity):
    return master.salt_minion_daemon(identity, overrides={"interface": "127.0.0.1"}).started()


def states(ret):
    assert isinstance(ret.data, dict), ret
    return {key.split("_|-")[1]: value for key, value in ret.data.items()}


def test_the_control_minion_manages_the_fleet(master, sandbox):
    salt = master.salt_cli(timeout=120)
    with minion(master, "control"):
        planned = states(salt.run("state.apply", "aws", "test=True", minion_tgt="control"))
        written = sandbox.calls(write=True)
        applied = states(salt.run("state.apply", "aws", minion_tgt="control"))
        again = states(salt.run("state.apply", "aws", minion_tgt="control"))
        (pillar_of(master) / "public" / "registry.sls").write_text("{{ nonsense( }}")
        control = pillar_of(master) / "public" / "control.sls"
        control.write_text(control.read_text().replace("- docs", "- docz"))
        refused = states(salt.run("state.apply", "aws", minion_tgt="control"))
    assert list(refused) == ["aws-pillar"]
    assert "aws:servers: there is no pillar for 'docz'" in refused["aws-pillar"]["comment"]
    assert "aws:servers: the pillar of registry does not render" in refused["aws-pillar"]["comment"]
    assert written == []
    assert {state["result"] for state in applied.values()} == {True}, [state["comment"] for state in applied.values()]
    assert len([name for name in applied if name.startswith("aws-key-")]) == 5
    assert {name: state["changes"] for name, state in applied.items()} == {
        name: state["changes"] for name, state in planned.items()
    }
    assert [name for name, state in again.items() if state["changes"]] == []


def test_a_master_that_does_not_allow_it_is_one_sentence(master, sandbox):
    top = pillar_of(master) / "top.sls"
    top.write_text(top.read_text().replace("  control:\n", "  operator:\n"))
    with minion(master, "operator"):
        applied = states(master.salt_cli(timeout=120).run("state.apply", "aws", minion_tgt="operator"))
    assert list(applied) == ["aws-pillar"]
    comment = applied["aws-pillar"]["comment"]
    assert comment.count("aws:servers: ") == 1
    assert "peer_run: {operator: [pillar.show_pillar]}" in comment
    assert sandbox.calls() == []
