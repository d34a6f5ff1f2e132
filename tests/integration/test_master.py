"""A real master, its control minion, and a server's own minion: the pillar of the fleet is compiled on the master."""

from pathlib import Path

import pytest
import yaml
from saltfactories.utils import random_string

from aws_runbook.run.waiting import until
from tests.fixtures import sample

TREE = Path(__file__).resolve().parents[2]
LOCAL = {"interface": "127.0.0.1"}
TOP = {
    "base": {
        "control": ["aws"],
        "I@backup:location or I@postgres:backup": [{"match": "compound"}, "aws"],
    }
}
ORCHESTRATION = {"account": {"salt.state": [{"tgt": "control"}, {"sls": ["aws"]}]}}


@pytest.fixture(scope="module")
def master(salt_factories, tmp_path_factory):
    states = tmp_path_factory.mktemp("states")
    (states / "top.sls").write_text(yaml.safe_dump(TOP))
    (states / "orchestration.sls").write_text(yaml.safe_dump(ORCHESTRATION))
    overrides = {
        **LOCAL,
        "file_roots": {"base": [str(states), str(TREE / "salt")]},
        "peer_run": {"control": ["pillar.show_pillar"]},
    }
    daemon = salt_factories.salt_master_daemon(random_string("master-"), overrides=overrides)
    with daemon.started():
        yield daemon


@pytest.fixture(scope="module")
def control(master):
    with master.salt_minion_daemon("control", overrides=LOCAL).started() as daemon:
        yield daemon


@pytest.fixture(scope="module")
def docs(master):
    with master.salt_minion_daemon("docs", overrides=LOCAL).started() as daemon:
        yield daemon


@pytest.fixture
def pillar(master, sandbox, nameserver):
    """The sample pillar on the master. Minions are daemons: how to reach the account is in their pillar."""
    folder = sample.copy(Path(master.config["pillar_roots"]["base"][0]), nameserver)
    admin = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    (folder / "private" / "admin.sls").write_text(yaml.safe_dump({"aws": {"admin": admin}}))
    top = yaml.safe_load((folder / "top.sls").read_text())
    for minion in ("control", "docs"):
        top["base"][minion].append("private.admin")
    (folder / "top.sls").write_text(yaml.safe_dump(top))
    return folder


@pytest.fixture
def salt(master):
    """``salt(target, function, …)``: each state's return by its id, of every minion."""
    cli = master.salt_cli(timeout=180)

    def run(target, *arguments):
        ret = cli.run(*arguments, minion_tgt=target)
        data = ret.data if "*" in target else {target: ret.data}
        assert all(isinstance(states, dict) for states in data.values()), data
        return {
            minion: {key.split("_|-")[1]: state for key, state in states.items()} for minion, states in data.items()
        }

    return run


def failed(runs):
    return [state["comment"] for states in runs.values() for state in states.values() if state["result"] is False]


def changed(runs):
    return {minion: {name: state["changes"] for name, state in states.items()} for minion, states in runs.items()}


def test_the_control_minion_manages_the_fleet(control, pillar, salt, sandbox):
    planned = salt("control", "state.apply", "aws", "test=True")
    assert sandbox.calls(write=True) == []
    applied = salt("control", "state.apply", "aws")
    assert failed(applied) == []
    assert changed(applied) == changed(planned)
    assert len([name for name in applied["control"] if name.startswith("aws-key-")]) == 5
    sandbox.clear_calls()
    assert not any(changed(salt("control", "state.apply", "aws"))["control"].values())
    assert sandbox.calls(write=True) == []


def test_a_highstate_of_all_minions_at_once(control, docs, pillar, salt, sandbox):
    """The server manages its own backups while the control minion manages them too."""
    planned = salt("*", "state.apply", "test=True")
    assert set(planned) == {"control", "docs"}
    assert sandbox.calls(write=True) == []
    assert failed(salt("*", "state.apply")) == []
    again = salt("*", "state.apply")
    assert failed(again) == []
    assert not any(change for states in changed(again).values() for change in states.values())
    iam = sandbox.client("iam")
    assert len(iam.list_access_keys(UserName="docs-backup")["AccessKeyMetadata"]) == 1


def test_a_schedule_runs_it(control, master, pillar, sandbox):
    cli = master.salt_cli(timeout=60)
    added = cli.run(
        "schedule.add", "aws", "function=state.apply", "job_args=['aws']", "seconds=3600", minion_tgt="control"
    )
    assert added.data["result"] is True, added.data

    def made():
        return sandbox.calls(operation="CreateAccessKey")

    def has_begun():
        """The minion is told by an event on its own bus, which nobody repeats if it is lost."""
        cli.run("schedule.run_job", "aws", "force=True", minion_tgt="control")
        return until(sandbox.calls, what="the schedule to start a run", timeout=20)

    assert until(has_begun, what="the schedule to start a run", timeout=120), cli.run(
        "schedule.list", minion_tgt="control"
    )
    cli.run("schedule.delete", "aws", minion_tgt="control")
    assert until(lambda: made()[4:], what="the scheduled run to make its keys", timeout=240), made()

    def is_over():
        running = cli.run("saltutil.running", minion_tgt="control").data
        return isinstance(running, list) and not any(job["fun"] == "state.apply" for job in running)

    assert until(is_over, what="the scheduled run to end", timeout=180)  # the next test counts calls


def test_an_orchestration_runs_it(control, master, pillar, sandbox):
    ret = master.salt_run_cli(timeout=180).run("state.orchestrate", "orchestration")
    assert ret.returncode == 0, ret
    users = {user["UserName"] for user in sandbox.client("iam").list_users()["Users"]}
    assert users >= {"registry-backup", "docs-backup", "kingfisher-main-backup"}


def test_the_pillar_of_others_is_chosen_by_the_grains_that_the_master_knows(control, docs, pillar, salt, sandbox):
    top = yaml.safe_load((pillar / "top.sls").read_text())
    top["base"]["id:docs"] = [{"match": "grain"}, *top["base"].pop("docs")]
    (pillar / "top.sls").write_text(yaml.safe_dump(top))
    planned = salt("control", "state.apply", "aws.buckets", "test=True")["control"]
    assert "aws-bucket-ocp-docs-backup" in planned, [state["comment"] for state in planned.values()]


def test_pillar_that_cannot_be_had_is_one_sentence_each(control, pillar, salt, sandbox):
    (pillar / "public" / "registry.sls").write_text("{{ nonsense( }}")
    control = pillar / "public" / "control.sls"
    control.write_text(control.read_text().replace("- docs", "- docz"))
    refused = salt("control", "state.apply", "aws")["control"]
    assert list(refused) == ["aws-pillar"]
    assert "aws:servers: there is no pillar for 'docz'" in refused["aws-pillar"]["comment"]
    assert "aws:servers: the pillar of registry does not render" in refused["aws-pillar"]["comment"]
    assert sandbox.calls() == []


def test_a_master_that_does_not_allow_it_is_one_sentence(docs, pillar, salt, sandbox):
    (pillar / "top.sls").write_text(yaml.safe_dump({"base": {"docs": ["public.control"]}}))
    refused = salt("docs", "state.apply", "aws")["docs"]
    assert list(refused) == ["aws-pillar"]
    comment = refused["aws-pillar"]["comment"]
    assert comment.count("aws:servers: ") == 1
    assert "peer_run: {docs: [pillar.show_pillar]}" in comment
    assert sandbox.calls() == []
