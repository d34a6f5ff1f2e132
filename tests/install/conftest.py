"""
An environment for each way to install, and minions in it.

Salt and the other dependencies are borrowed from the environment of the tests, by links to everything but this project.
Python sees them as installed there, and so does pip, which checks that they meet the requirements; what is under test,
this project's own installation, is done for real.
"""

import io
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml

import salt

TREE = Path(__file__).resolve().parents[2]
MODULES = {path.stem for path in (TREE / "_modules").glob("*.py")}
STATES = {path.stem for path in (TREE / "_states").glob("*.py")}
# Salt loads all that there are to name one of them.
OF_SALT = {"disable_states": sorted({path.stem for path in Path(salt.__file__).with_name("states").iterdir()})}
# Two thirds of the time that salt-ssh takes to pack itself are for the last tenth of the size.
PACK_QUICKLY = "import tarfile; tarfile.TarFile.gzopen.__func__.__defaults__ = ('r', None, 1)\n"


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A copy of what an installation is made from: building leaves files in the tree that it builds."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    copy.mkdir()
    for name in ("_beacons", "_modules", "_output", "_states", "_utils", "_wrapper", "salt"):
        shutil.copytree(TREE / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TREE / name, copy)
    return copy


@pytest.fixture(scope="session")
def wheel(tree, tmp_path_factory):
    """The distribution, as ``pip install`` makes it on its way."""
    return _built(tree, tmp_path_factory.mktemp("wheel"))


def _built(tree, folder):
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, tree])
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def earlier(tmp_path_factory):
    """The tree of the release before this one; before the first, as it was when docs/stability.md began to promise something."""

    def git(*arguments):
        done = subprocess.run(["git", "-C", TREE, *arguments], capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else b""

    if git("rev-parse", "--is-shallow-repository").strip() != b"false":
        pytest.skip("only a whole clone has an earlier version")
    released = git("tag", "--list", "v*", "--merged", "HEAD~", "--sort=-version:refname").split()
    began = git("log", "--diff-filter=A", "--format=%H", "--", "docs/stability.md").split()
    folder = tmp_path_factory.mktemp("earlier") / "tree"
    with tarfile.open(fileobj=io.BytesIO(git("archive", [*began, *released[:1]][-1]))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def earlier_wheel(earlier, tmp_path_factory):
    return _built(earlier, tmp_path_factory.mktemp("earlier_wheel"))


@pytest.fixture(scope="session")
def borrowed(tmp_path_factory):
    """What is installed here, but for this project."""
    return borrow(tmp_path_factory.mktemp("borrowed"), without=("aws_runbook",))


def borrow(folder, without):
    """Links to all that is installed here, but for what has one of ``without`` in its name."""
    paths = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    for entry in (entry for path in paths for entry in path.iterdir()):
        if entry.suffix != ".pth" and not any(name in entry.name for name in without):
            (folder / entry.name).symlink_to(entry)
    return folder


class Environment:
    """A virtual environment, and a minion without a master in it."""

    def __init__(self, root, borrowed):
        self.root = root
        venv.create(root / "venv", with_pip=False, symlinks=True)
        self.bin = root / "venv" / "bin"
        self.python = self.bin / "python"
        self.site_packages = next((root / "venv" / "lib").glob("python*/site-packages"))
        (self.site_packages / "borrowed.pth").write_text(f"{borrowed}\n")
        (self.site_packages / "pack_quickly.pth").write_text(PACK_QUICKLY)
        for program in distribution("salt").entry_points.select(group="console_scripts"):
            self._script(program)
        self.file_roots()

    def _script(self, entry_point):
        """What pip would make of Salt's entry points if it installed Salt here."""
        module, function = entry_point.value.split(":")
        path = self.bin / entry_point.name
        path.write_text(f"#!{self.python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
        path.chmod(0o755)

    def file_roots(self, *folders):
        settings = {
            "id": "minion",
            "file_client": "local",
            "root_dir": str(self.root),
            "file_roots": {"base": [str(folder) for folder in folders]},
            "pillar_roots": {"base": []},
            # Salt lists the files anew after 20 seconds; an upgrade in a test is quicker.
            "fileserver_list_cache_time": 0,
        }
        (self.root / "minion").write_text(yaml.safe_dump(settings))

    def pip(self, *arguments):
        """Install what is given, and see that what it requires is here; not whether all else still fits together."""
        command = [sys.executable, "-m", "pip", f"--python={self.python}", "install", "--no-index", *arguments]
        run([*command, "--no-build-isolation", "--no-warn-conflicts", "--quiet", "--disable-pip-version-check"])

    def evaluate(self, code):
        return run([self.python, "-c", code], cwd=self.root).strip()

    def states(self):
        """The state modules that Salt finds, but for its own."""
        folder = self.root / "without_salts_own"
        folder.mkdir(exist_ok=True)
        settings = yaml.safe_load((self.root / "minion").read_text())
        (folder / "minion").write_text(yaml.safe_dump({**settings, **OF_SALT}))
        return set(self.salt_call("sys.list_state_modules", folder=folder))

    def salt_call(self, *arguments, check=True, folder=None):
        """The answer of ``salt-call --local``, or what it says where there is none."""
        options = [
            f"--config-dir={folder or self.root}",
            "--local",
            "--out=json",
            "--retcode-passthrough",
            "--log-level=quiet",
        ]
        output = run(
            [self.python, "-W", "ignore", self.bin / "salt-call", *options, *arguments], check=check, cwd=self.root
        )
        return json.loads(output)["local"] if output.startswith("{") else output


class Onedir(Environment):
    """
    Salt as its packages install it: its own Python, and what ``salt-pip`` installs in a folder beside it, which comes first.

    https://docs.saltproject.io/salt/install-guide/en/latest/topics/onedir-packages.html
    """

    def __init__(self, root, borrowed):
        super().__init__(root, borrowed)
        self.extras = root / "venv" / "extras-{}.{}".format(*sys.version_info)
        code = f"import pathlib, sys\nsys.RELENV = pathlib.Path({str(root / 'venv')!r})\nsys.path.insert(0, {str(self.extras)!r})\n"
        (self.site_packages / "as_relenv.py").write_text(code)
        (self.site_packages / "as_relenv.pth").write_text("import as_relenv\n")

    def salt_pip(self, *arguments):
        return run([self.python, self.bin / "salt-pip", *arguments, "--quiet", "--disable-pip-version-check"])

    def install(self, wheel):
        """A pip with a target folder does not look at what is installed already: dependencies are borrowed."""
        self.salt_pip("install", "--no-index", "--no-deps", wheel)


def run(command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout or done.stderr


@pytest.fixture
def environment(tmp_path, borrowed):
    return Environment(tmp_path, borrowed)


@pytest.fixture
def onedir(tmp_path, borrowed):
    return Onedir(tmp_path, borrowed)


@pytest.fixture(scope="module")
def sshd(salt_factories):
    # The keys are in a temporary folder, whose parent everybody may write to; scp copies by SFTP.
    settings = {"StrictModes": "no", "Subsystem": "sftp internal-sftp"}
    daemon = salt_factories.get_sshd_daemon(script_name="/usr/sbin/sshd", sshd_config_dict=settings)
    # Otherwise stopping it looks through all processes of the machine, and fails when one of them ends meanwhile.
    daemon.listen_ports.clear()
    with daemon.started():
        yield daemon


@pytest.fixture
def without(request):
    """What the server's Python lacks; a test can ask for more."""
    return ("aws_runbook", "salt", *getattr(request, "param", ()))


@pytest.fixture
def server(tmp_path, without):
    """The Python of the machine that salt-ssh talks to: it has what this project needs, but neither Salt nor the project."""
    root = tmp_path / "server"
    for folder in (root, root / "installed"):
        folder.mkdir()
    return Environment(root, borrow(root / "installed", without))
