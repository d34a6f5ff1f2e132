"""
How long a fleet takes: ``make bench``, or ``python -m bench.fleet --servers 100 --latency 20``.

Servers of four kinds, one bucket each, managed by one minion without a master on the AWS inside this machine. Times are of
the whole command, Salt's own start included.
"""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox import Sandbox

TREE = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("plan for a person", "aws_backup.plan"),
    ("plan against AWS", "state.apply aws.account test=True"),
    ("first apply", "state.apply aws.account"),
    ("second apply", "state.apply aws.account"),
)


@dataclass(frozen=True)
class Measured:
    """What one command took: seconds, CPU seconds of its own, MiB at most, calls to AWS, and those that write."""

    seconds: float
    cpu: float
    memory: float
    calls: int
    writes: int


def main():
    """Make the fleet, run the commands, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--servers", type=int, default=100, help="how many servers (default: %(default)s)")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds that AWS takes for each call")
    options = parser.parse_args()
    compile_tree()
    with tempfile.TemporaryDirectory(prefix="aws-runbook-") as folder, Sandbox() as sandbox:
        make(Path(folder), options.servers)
        if options.latency:
            sandbox.latency("*", options.latency)
        print(f"{options.servers} servers, {options.latency} ms for each call to AWS")  # noqa: T201 - its output
        print(f"{'':20}{'seconds':>9}{'CPU':>8}{'MiB':>7}{'calls':>8}{'writes':>8}")  # noqa: T201
        for what, command in COMMANDS:
            one = run(salt_call(Path(folder), *command.split()), sandbox)
            print(  # noqa: T201
                f"{what:20}{one.seconds:9.1f}{one.cpu:8.1f}{one.memory:7.0f}{one.calls:8}{one.writes:8}", flush=True
            )


def compile_tree():
    """Compile the tree's modules, as they are wherever they are installed or synced, so that no command that is measured has to."""
    for folder in ("_modules", "_states", "_utils", "_output", "_beacons", "bench"):
        compileall.compile_dir(TREE / folder, quiet=1)


def make(folder, number):
    """The configuration of the minion ``control``, and the pillar of so many servers, in ``folder``."""
    pillar = folder / "pillar"
    pillar.mkdir()
    names = [f"server-{index:03}" for index in range(number)]
    for index, name in enumerate(names):
        store = {"pillar_file": str(pillar / f"{name}-private.sls")}
        data = {**_backups(index, name), "aws": {"backup": {"store": store}}}
        (pillar / f"{name}.sls").write_text(yaml.safe_dump(data))
    (pillar / "control.sls").write_text(yaml.safe_dump({"aws": {"servers": names}}))
    (pillar / "top.sls").write_text(yaml.safe_dump({"base": {name: [name] for name in [*names, "control"]}}))
    settings = {
        "id": "control",
        "file_client": "local",
        "root_dir": str(folder / "root"),
        "file_roots": {"base": [str(TREE / "salt")]},
        "pillar_roots": {"base": [str(pillar)]},
    }
    (folder / "minion").write_text(yaml.safe_dump(settings))


def _backups(index, name):
    bucket = f"ocp-{name}-backup"
    files = {"location": f"{bucket}/files", "directories": {"/srv": None}}
    return (
        {
            "postgres": {
                "backup": {"type": "pgbackrest", "stanza": "main", "repo_path": f"/{name}", "s3_bucket": bucket}
            },
            "backup": files,
        },
        {
            "postgres": {"backup": {"type": "script", "location": f"{bucket}/database", "databases": ["main"]}},
            "sync": files,
        },
        {"mysql": {"backup": {"location": f"{bucket}/database"}}, "backup": files},
        {"backup": {**files, "location": bucket}},
    )[index % 4]


def salt_call(folder, *arguments):
    """The command that has Salt, as ``folder`` configures it, do something."""
    program = Path(sys.executable).with_name("salt-call")
    return [str(program), f"--config-dir={folder}", "--retcode-passthrough", *arguments]


def run(command, sandbox):
    """Run it on the AWS inside this machine: :class:`Measured`."""
    sandbox.clear_calls()
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=TREE, env=_environment(sandbox), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    cpu = used.ru_utime + used.ru_stime
    return Measured(seconds, cpu, used.ru_maxrss / 1024, len(sandbox.calls()), len(sandbox.calls(write=True)))


def output(command, sandbox):
    """What it prints."""
    return subprocess.run(
        command, cwd=TREE, env=_environment(sandbox), stdout=subprocess.PIPE, check=True, text=True
    ).stdout


def _environment(sandbox):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**plain, **sandbox.environment, "PYTHONWARNINGS": "ignore"}


if __name__ == "__main__":
    main()
