"""
How long a fleet takes: ``make bench``, or ``python -m bench.fleet --servers 100 --latency 20``.

Servers of four kinds, one bucket each, managed by one minion without a master on the AWS inside this machine. Times are of
the whole command, Salt's own start included.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from sandbox import Sandbox

TREE = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("plan for a person", "aws_backup.plan"),
    ("plan against AWS", "state.apply aws test=True"),
    ("first apply", "state.apply aws"),
    ("second apply", "state.apply aws"),
)


def main():
    """Make the fleet, run the commands, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--servers", type=int, default=100, help="how many servers (default: %(default)s)")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds that AWS takes for each call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aws-runbook-") as folder, Sandbox() as sandbox:
        _fleet(Path(folder), options.servers)
        if options.latency:
            sandbox.latency("*", options.latency)
        print(f"{options.servers} servers, {options.latency} ms for each call to AWS")  # noqa: T201 - its output
        print(f"{'':20}{'seconds':>9}{'MiB':>7}{'calls':>8}{'writes':>8}")  # noqa: T201
        for what, command in COMMANDS:
            sandbox.clear_calls()
            seconds, memory = _run(Path(folder), sandbox, command.split())
            calls, writes = len(sandbox.calls()), len(sandbox.calls(write=True))
            print(f"{what:20}{seconds:9.1f}{memory:7.0f}{calls:8}{writes:8}", flush=True)  # noqa: T201


def _fleet(folder, number):
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


def _run(folder, sandbox, arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    program = Path(sys.executable).with_name("salt-call")
    started = time.monotonic()
    subprocess.run(
        [program, f"--config-dir={folder}", "--retcode-passthrough", *arguments],
        env={**environment, **sandbox.environment, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    # The largest child so far: each command needs at least what the one before it did.
    return time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main()
