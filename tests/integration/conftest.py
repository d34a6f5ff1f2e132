"""The sample fleet's control minion, as ``salt-call`` in a process of its own, against the embedded AWS."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.fixtures import sample

TREE = Path(__file__).resolve().parents[2]


@dataclass
class Done:
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int
    commands: set

    @property
    def data(self):
        """The answer, with ``--out=json``."""
        return json.loads(self.out)["local"]


class Minion:
    """A masterless minion: ``minion("state.apply", "aws")`` is ``salt-call state.apply aws``."""

    def __init__(self, root, identity, pillar):
        self.root = root
        self.pillar = pillar
        settings = {
            "id": identity,
            "file_client": "local",
            "root_dir": str(root),
            "conf_file": str(root / "minion"),
            "file_roots": {"base": [str(TREE / "salt")]},
            "pillar_roots": {"base": [str(self.pillar)]},
            "log_file": str(root / "log"),
            "log_level_logfile": "trace",
            "cache_jobs": True,
        }
        (root / "minion").write_text(yaml.safe_dump(settings))

    def __call__(self, *arguments):
        program = Path(sys.executable).with_name("salt-call")
        command = [program, f"--config-dir={self.root}", "--retcode-passthrough", "--no-color", *arguments]
        with (
            (self.root / "stdout").open("w+") as out,
            (self.root / "stderr").open("w+") as err,
            subprocess.Popen(
                command, stdout=out, stderr=err, env={**os.environ, "PYTHONWARNINGS": "ignore"}
            ) as process,
        ):
            commands = set()
            while not ended(process):
                commands |= running()
            out.seek(0)
            err.seek(0)
            return Done(out.read(), err.read(), process.returncode, commands)

    def secrets(self):
        """Every secret key and SMTP password in private pillar, by the file it is in."""
        found = {}
        for path in sorted((self.pillar / "private").glob("*.sls")):
            data = yaml.safe_load(path.read_text()) or {}
            postgres = (data.get("postgres") or {}).get("backup") or {}
            secrets = {
                (data.get("aws") or {}).get("secret_key"),
                postgres.get("s3_key_secret"),
                (data.get("smtp") or {}).get("password"),
            } - {None, ""}
            if secrets:
                found[path] = secrets
        return found


def ended(process):
    """Whether a process has ended; asks for a twentieth of a second."""
    try:
        process.wait(timeout=0.05)
    except subprocess.TimeoutExpired:
        return False
    return True


def running():
    """The command line of every process on this machine, as ``ps`` shows it."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.fixture
def control(sandbox, tmp_path, nameserver):
    """The minion that manages the whole sample fleet."""
    root = tmp_path / "control"
    root.mkdir()
    return Minion(root, "control", sample.copy(root / "pillar", nameserver))


@pytest.fixture
def twin(control, tmp_path):
    """Another machine with the same id, pillar and stores."""
    root = tmp_path / "twin"
    root.mkdir()
    return Minion(root, "control", control.pillar)
