import ast
from pathlib import Path

import pytest

from aws_runbook import over_ssh
from aws_runbook.errors import RunbookError

TREE = Path(__file__).resolve().parents[2]


def functions(path):
    """The public functions of a file, by name: their parameters and defaults."""
    found = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.unparse(node.args) for node in found if not node.name.startswith("_")}


@pytest.mark.parametrize("path", sorted((TREE / "_modules").glob("aws_*.py")), ids=lambda path: path.stem)
def test_every_function_of_the_account_as_a_whole_has_a_wrapper(path):
    """Without one it would run on the server, without pillar, and answer that there is nothing."""
    wrappers = functions(TREE / "_wrapper" / path.name)
    own = functions(path)
    assert set(wrappers) == set(own)
    refused = {name for name, text in own.items() if text.startswith("session")}
    assert {name: wrappers[name] for name in own.keys() - refused} == {name: own[name] for name in own.keys() - refused}


def test_the_options_are_those_of_this_machine_and_the_pillar_the_servers(monkeypatch):
    loaded = []

    def minion_mods(opts):
        loaded.append(opts)
        return {"aws_backup.plan": lambda format: (format, opts["pillar"])}

    monkeypatch.setattr("salt.loader.minion_mods", minion_mods)
    opts = {
        "id": "control",
        "grains": {"os": "Debian"},
        "pillar_roots": "the server's",
        "__master_opts__": {"id": "here", "pillar_roots": "here", "file_client": "remote"},
    }
    context = {}
    for _ in range(2):
        answer = over_ssh.call("aws_backup.plan", opts, {"aws": {}}, context, format="data")
        assert answer == ("data", {"aws": {}})
    (used,) = loaded
    assert used == {
        "id": "control",
        "grains": {"os": "Debian"},
        "pillar": {"aws": {}},
        "pillar_roots": "here",
        "file_client": "local",
        "saltenv": None,
        "pillarenv": None,
    }


def test_what_needs_pillar_on_the_server_is_refused():
    with pytest.raises(
        RunbookError, match=r"salt-ssh passes no pillar to aws_backup\.audit: run it with `salt-call --local`"
    ):
        over_ssh.refuse("aws_backup.audit")
