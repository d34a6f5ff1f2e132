"""What docs/tutorial.md and docs/migrating.md tell a newcomer to write, written and run."""

import re
import shlex
import textwrap

import yaml

from tests.functional.conftest import TREE, Fleet

FILE = re.compile(r"^ *```yaml\n(?P<text> *# (?P<name>\S+\.sls)\n.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ +salt-call --local (\S+.*)$", re.MULTILINE)


def page(name):
    return (TREE / "docs" / f"{name}.md").read_text()


def written(root, text):
    """The page's files of pillar."""
    for found in FILE.finditer(text):
        path = root / found["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(found["text"]))
    return root


def commands():
    """The page's commands: each a function with its arguments."""
    for command in COMMAND.findall(page("tutorial")):
        function, *arguments = shlex.split(command)
        named = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
        yield function, [argument for argument in arguments if "=" not in argument], named


def test_the_tutorial_ends_with_nothing_to_change(sandbox, tmp_path):
    pillar = written(tmp_path / "pillar", page("tutorial"))
    fleet = Fleet(tmp_path, "library", pillar=pillar)
    runs, told = [], {}
    for function, given, named in commands():
        if function == "state.apply":
            runs.append(fleet.apply(*given, test=named.get("test") == "True"))
        else:
            told[function] = fleet.call(function, *given, **named)
    planned, applied, again = runs
    changed = {name: state["changes"] for name, state in planned.items() if state["changes"]}
    assert len(changed) == 5  # as the eighth step says
    assert {name: state["changes"] for name, state in applied.items() if state["changes"]} == changed
    assert all(state["result"] for state in applied.values())
    assert not any(state["changes"] for state in again.values())
    assert told["aws_account.whoami"]["account"]
    assert "example-library-backup" in told["aws_backup.plan"]
    assert "there is no backup" in told["aws_backup.audit"]
    key = yaml.safe_load((pillar / "private" / "library.sls").read_text())["aws"]
    (made,) = sandbox.client("iam").list_access_keys(UserName="library-backup")["AccessKeyMetadata"]
    assert made["AccessKeyId"] == key["access_key"]
    assert not any(key["secret_key"] in str(part) for part in (*runs, told))


def test_the_states_that_replace_others_work(sandbox, tmp_path):
    examples = EXAMPLE.findall(page("migrating"))
    assert len(examples) == 3
    root = tmp_path / "states"
    root.mkdir()
    for number, text in enumerate(examples):
        (root / f"example{number}.sls").write_text(text)
    pillar = written(tmp_path / "pillar", page("tutorial"))
    fleet = Fleet(tmp_path, "library", file_roots=(root, TREE / "salt"), pillar=pillar)
    for number in range(len(examples)):
        sls = f"example{number}"
        planned = {name: state["changes"] for name, state in fleet.apply(sls, test=True).items()}
        assert all(planned.values()), planned
        applied = fleet.apply(sls)
        assert all(state["result"] for state in applied.values()), applied
        assert {name: state["changes"] for name, state in applied.items()} == planned
        assert not any(state["changes"] for state in fleet.apply(sls).values())


def test_every_module_that_is_named_there_is_one():
    named = set(re.findall(r"`((?:s3|iam|sns|ses|rds|ec2)_[a-z_]+)\.([a-z]+)`", page("migrating")))
    assert len(named) > 10
    for module, function in named:
        assert f"\ndef {function}(" in (TREE / "_states" / f"{module}.py").read_text()
