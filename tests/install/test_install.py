"""
The ways to install, each in an environment of its own: a wheel, an editable install, and a tree that Salt syncs from.

Salt and the other dependencies are borrowed from the environment of the tests, by links to everything but this project.
Python sees them as installed there, and so does pip, which checks that they meet the requirements; what is under test,
this project's own installation, is done for real.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

TREE = Path(__file__).resolve().parents[2]
MODULES = {path.stem for path in (TREE / "_modules").glob("*.py")}
STATES = {path.stem for path in (TREE / "_states").glob("*.py")}


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A copy of what an installation is made from: building leaves files in the tree that it builds."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    copy.mkdir()
    for name in ("_modules", "_states", "_utils", "salt"):
        shutil.copytree(TREE / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TREE / name, copy)
    return copy


@pytest.fixture(scope="session")
def borrowed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("borrowed")
    paths = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    for entry in (entry for path in paths for entry in path.iterdir()):
        if "aws_runbook" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


class Environment:
    """A virtual environment, and a minion without a master in it."""

    def __init__(self, root, borrowed):
        self.root = root
        venv.create(root / "venv", with_pip=False, symlinks=True)
        self.python = root / "venv" / "bin" / "python"
        self.site_packages = next((root / "venv" / "lib").glob("python*/site-packages"))
        (self.site_packages / "borrowed.pth").write_text(f"{borrowed}\n")
        self.file_roots()

    def file_roots(self, *folders):
        settings = {
            "id": "minion",
            "file_client": "local",
            "root_dir": str(self.root),
            "file_roots": {"base": [str(folder) for folder in folders]},
            "pillar_roots": {"base": []},
        }
        (self.root / "minion").write_text(yaml.safe_dump(settings))

    def pip(self, *arguments):
        command = [sys.executable, "-m", "pip", f"--python={self.python}", "install", "--no-index", *arguments]
        _run([*command, "--no-build-isolation", "--quiet", "--disable-pip-version-check"])

    def evaluate(self, code):
        return _run([self.python, "-c", code], cwd=self.root).strip()

    def salt_call(self, *arguments, check=True):
        script = "import sys; from salt.scripts import salt_call; sys.argv[0] = 'salt-call'; salt_call()"
        options = [f"--config-dir={self.root}", "--local", "--out=json", "--retcode-passthrough", "--log-level=quiet"]
        output = _run([self.python, "-W", "ignore", "-c", script, *options, *arguments], check=check, cwd=self.root)
        return json.loads(output)["local"]


def _run(command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environment(tmp_path, borrowed):
    return Environment(tmp_path, borrowed)


def assert_works(environment):
    assert set(environment.salt_call("sys.list_state_modules")) >= STATES
    given = environment.salt_call("s3_bucket.normalise", "ocp-registry-backup", "{tags: {team: 1}}")
    assert given == {"tags": {"team": "1"}}


def test_a_wheel_is_all_that_it_takes(environment, tree, tmp_path):
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, tree])
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name.split(".dist-info")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {f"aws_runbook/modules/{name}.py" for name in MODULES} <= inside
    assert {name.split("/")[0] for name in inside} == {"aws_runbook", "saltext_aws_runbook-0.1.0"}
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
    assert not STATES & set(environment.salt_call("sys.list_state_modules"))
    environment.file_roots(tree)
    synced = environment.salt_call("saltutil.sync_all")
    assert {f"modules.{name}" for name in MODULES} <= set(synced["modules"])
    assert "utils.aws_runbook.stores" in synced["utils"]
    assert_works(environment)
    environment.file_roots(tree, tree / "salt")
    assert environment.salt_call("state.show_sls", "aws")


def test_the_first_highstate_of_a_minion_works(environment, tree, tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "top.sls").write_text("base:\n  '*':\n    - aws\n")
    environment.file_roots(tree, tree / "salt", tmp_path / "top")
    (state,) = environment.salt_call("state.apply").values()
    assert state["comment"] == "The pillar can be followed."


def test_without_the_modules_one_line_says_what_to_do(environment, tree):
    environment.file_roots(tree / "salt")
    (state,) = environment.salt_call("state.apply", "aws", check=False).values()
    assert state["result"] is False
    assert "salt-call saltutil.sync_all" in state["comment"]
