"""From the version before to this one, by each way to install that needs no daemon; by salt-ssh, see ``test_ssh.py``."""

import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.install.conftest import MODULES
from tests.install.test_install import assert_works

pytestmark = pytest.mark.git


def files(folder):
    """The files of the shared package in a folder, without bytecode."""
    return {
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def inside(wheel):
    return {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("aws_runbook/")}


def test_salt_pip_installs_into_a_onedir(onedir, wheel):
    onedir.install(wheel)
    assert (onedir.extras / "aws_runbook").is_dir()
    assert_works(onedir)
    onedir.file_roots(onedir.evaluate("from aws_runbook import loader; print(*loader.file_roots())"))
    assert "aws" in onedir.salt_call("cp.list_states")


def test_salt_pip_upgrades_a_onedir(onedir, earlier_wheel, wheel):
    onedir.install(earlier_wheel)
    assert "s3_bucket" in onedir.states()
    onedir.salt_pip("uninstall", "--yes", "saltext.aws-runbook")
    onedir.install(wheel)
    assert_works(onedir)
    assert {f"aws_runbook/{name}" for name in files(onedir.extras / "aws_runbook")} == inside(wheel)
    version = onedir.evaluate("from importlib.metadata import version; print(version('saltext.aws-runbook'))")
    assert f"-{version}-" in wheel.name


def test_pip_upgrades_a_package(environment, earlier_wheel, wheel):
    environment.pip(earlier_wheel)
    environment.pip("--upgrade", wheel)
    assert_works(environment)
    assert {f"aws_runbook/{name}" for name in files(environment.site_packages / "aws_runbook")} == inside(wheel)


def synced(environment):
    """The shared package as Salt has copied it: what is no Python stays where it is."""
    (folder,) = environment.root.rglob("extmods/utils/aws_runbook")
    return files(folder)


def test_a_sync_upgrades_a_tree(environment, earlier, tree):
    environment.file_roots(earlier, earlier / "salt")
    environment.salt_call("saltutil.sync_all")
    assert "aws" in environment.salt_call("cp.list_states")
    environment.file_roots(tree, tree / "salt")
    environment.salt_call("saltutil.sync_all")
    assert_works(environment)
    assert synced(environment) == files(tree / "_utils" / "aws_runbook") - {"py.typed"}
    assert environment.salt_call("state.show_sls", "aws")


def test_a_sync_upgrades_from_git(environment, earlier, tree, tmp_path):
    repository = tmp_path / "aws-runbook.git"

    def git(*arguments):
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
        subprocess.run(["git", f"--git-dir={repository}", *who, *arguments], check=True, capture_output=True)

    def commit(folder):
        git(f"--work-tree={folder}", "add", "--all")
        git(f"--work-tree={folder}", "commit", "--quiet", "--message=All")

    git("init", "--quiet", "--initial-branch=main")
    git("config", "core.bare", "false")
    commit(earlier)
    remote = [
        {repository.as_uri(): [{"name": name}, {"base": "main"}, *more]}
        for name, *more in [("modules",), ("states", {"root": "salt"})]
    ]
    settings = {"fileserver_backend": ["gitfs"], "gitfs_provider": "gitpython", "gitfs_remotes": remote}
    with (environment.root / "minion").open("a") as file:
        file.write(yaml.safe_dump(settings))
    environment.salt_call("saltutil.sync_all")
    assert "aws" in environment.salt_call("cp.list_states")
    commit(tree)
    environment.salt_call("saltutil.sync_all")
    assert_works(environment)
    assert synced(environment) == files(tree / "_utils" / "aws_runbook") - {"py.typed"}
    assert set(environment.salt_call("sys.list_modules")) >= MODULES
