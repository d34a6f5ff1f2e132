"""
A password that AWS is given is in its store and nowhere else, whatever answers in AWS's place.

AWS never tells one, but what stands in between may quote what it was asked.
"""

import logging
from pathlib import Path

import pytest
import yaml

from aws_runbook.databases import passwords
from aws_runbook.errors import RunbookError
from aws_runbook.stores.secret import Secret
from chaos import answers

FIRST, SECOND = (f"canary{number}-0wJalrXUtnFEMI7MDENGbPxRfiCY" for number in (1, 2))
# What AWS refuses it has not done; after all else nobody knows.
REFUSED = "an error that quotes"
WAYS = {
    "reset before": answers.RESET_BEFORE,
    "reset after": answers.RESET_AFTER,
    "cut": answers.cut(-60),
    "cut by a proxy": answers.cut(-60, honest=True),
    "empty": answers.empty(),
    "page": answers.html(),
    "page that quotes": answers.echo(200),
    "refusal that quotes": answers.echo(403),
    "gateway that quotes": answers.echo(502),
    "error inside": answers.error_inside(),
    REFUSED: answers.error_that_echoes("ValidationError"),
    "failure that quotes": answers.error_that_echoes("InternalFailure", 500),
}
KINDS = {
    "rds_instance": {"preset": "data-analysis", "vpc_security_groups": ["default"]},
    "rds_cluster": {"engine": "aurora-postgresql", "min_capacity": 0, "max_capacity": 2},
}
MAKING = {"rds_instance": "CreateDBInstance", "rds_cluster": "CreateDBCluster"}
CHANGING = {"rds_instance": "ModifyDBInstance", "rds_cluster": "ModifyDBCluster"}


@pytest.fixture(autouse=True)
def _once(proxy, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("aws_runbook.aws.retries.UNREADABLE_FOR", 0)
    monkeypatch.setattr("aws_runbook.kinds.converge._UNCERTAIN_TIMEOUT", 0)
    made = iter([FIRST, SECOND])
    monkeypatch.setattr(passwords, "generate", lambda: Secret(next(made)))


@pytest.fixture
def private(tmp_path):
    return tmp_path / "private.sls"


@pytest.fixture
def present(states, private, sandbox):
    sandbox.database_times(creating=0, modifying=0)
    store = {"pillar_file": str(private), "keys": {"password": "database:password"}}

    def make(kind):
        return states[f"{kind}.present"]("analysis", **KINDS[kind], store=store)

    return make


@pytest.fixture
def seen(caplog, capfd, minion_opts):
    """All that a run leaves behind it, but for its store; everybody logs all."""
    caplog.set_level(1)
    for name in ("boto3", "botocore", "urllib3", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("boto3", "botocore", "urllib3"):
            caplog.set_level(1, logger=name)

    def look(said):
        files = [path for path in Path(minion_opts["root_dir"]).rglob("*") if path.is_file()]
        kept = "".join(path.read_text(errors="replace") for path in files)
        return f"{said}{caplog.text}{''.join(capfd.readouterr())}{kept}"

    return look


def stored(private):
    return yaml.safe_load(private.read_text())["database"]["password"] if private.exists() else None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_that_of_a_new_database(proxy, present, private, seen, kind, way):
    proxy.fault(MAKING[kind], WAYS[way])
    ret = present(kind)
    assert proxy.struck
    assert ret.result is False
    assert ("not known whether AWS did it" in ret.comment) is (way != REFUSED)
    found = seen(ret.full_return)
    assert FIRST not in found
    assert answers.CANARY not in found
    assert stored(private) == FIRST
    again = present(kind)
    assert again.result is True, again.comment
    assert stored(private) == FIRST
    assert FIRST not in seen(again.full_return)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_one(proxy, present, modules, private, seen, kind, way):
    assert present(kind).result is True
    store = {"pillar_file": str(private), "keys": {"password": "database:password"}}
    proxy.fault(CHANGING[kind], WAYS[way])
    with pytest.raises(RunbookError) as raised:
        modules[f"{kind}.reset_password"]("analysis", store=store)
    assert proxy.struck
    found = seen(f"{raised.value}{raised.value!r}")
    assert FIRST not in found
    assert SECOND not in found
    assert answers.CANARY not in found
    assert stored(private) == (FIRST if way == REFUSED else SECOND)
    assert ("not known whether AWS accepted the new password" in str(raised.value)) is (way != REFUSED)


HOOK = {"protocol": "https", "endpoint": f"https://user:{FIRST}@example.org/hook?token={SECOND}"}


@pytest.mark.parametrize("pillar", [{"hooks": [HOOK]}])
@pytest.mark.parametrize("way", WAYS)
def test_that_of_an_endpoint_of_a_topic(proxy, states, seen, way):
    proxy.fault("Subscribe", WAYS[way])
    ret = states["sns_topic.present"](name="noreply-example-org", subscriptions="hooks")
    assert proxy.struck
    assert ret.result is False
    found = seen(ret.full_return)
    assert not [secret for secret in (FIRST, SECOND, answers.CANARY) if secret in found]
