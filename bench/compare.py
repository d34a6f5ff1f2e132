"""
How this project compares with a script of one's own: ``python -m bench.compare --servers 50 --latency 50``.

The servers of ``bench.fleet`` are brought to AWS by ``state.apply``, and by ``bench.script``; what Salt takes for as many states
that do nothing is its floor. Times are of whole commands. Where the latency is 0, CPU time is what is measured.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import yaml

from aws_runbook.backups.targets import Target
from aws_runbook.iam import policies
from bench import fleet
from sandbox import Sandbox

# A bucket, its rules, a policy, a user and a key.
_STATES_OF_A_SERVER = 5
_LINE = "{:44}{:>9}{:>9}"


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--servers", type=int, default=50, help="how many servers (default: %(default)s)")
    parser.add_argument(
        "--latency", type=int, default=50, help="milliseconds that AWS takes for each call (%(default)s)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aws-runbook-") as folder, Sandbox() as sandbox:
        measured = _measure(Path(folder), sandbox, options)
    _show(measured, options)


def _measure(folder, sandbox, options):
    fleet.make(folder, options.servers)
    apply = fleet.salt_call(folder, "state.apply", "aws.account")
    script = [sys.executable, "-m", "bench.script", str(_plan(folder, sandbox))]
    measured = {"floor": fleet.run(_floor(folder, options.servers), sandbox)}
    for who, command in (("ours", apply), ("script", script)):
        sandbox.reset()
        if options.latency:
            sandbox.latency("*", options.latency)
        for when in ("first", "unchanged"):
            measured[who, when] = fleet.run(command, sandbox)
    return measured


def _floor(folder, number):
    """The same minion, and as many states that do nothing."""
    alone = folder / "floor"
    (alone / "states").mkdir(parents=True)
    settings = yaml.safe_load((folder / "minion").read_text())
    settings.update(
        root_dir=str(alone / "root"), file_roots={"base": [str(alone / "states")]}, pillar_roots={"base": []}
    )
    (alone / "minion").write_text(yaml.safe_dump(settings))
    states = {f"nothing-{index}": {"test.nop": []} for index in range(number * _STATES_OF_A_SERVER)}
    (alone / "states" / "nothing.sls").write_text(yaml.safe_dump(states))
    return fleet.salt_call(alone, "state.apply", "nothing")


def _plan(folder, sandbox):
    """What the script is to bring about, in a file."""
    answer = fleet.output(fleet.salt_call(folder, "--out=json", "aws_backup.plan", "format=data"), sandbox)
    plan = json.loads(answer)["local"]
    servers = []
    for row in {row["server"]: row for row in plan["rows"]}.values():
        targets = [Target.from_data(entry) for entry in plan["policies"][row["policy"]]["targets"]]
        servers.append(
            {
                "bucket": row["bucket"],
                "rules": plan["lifecycle"][row["bucket"]]["rules"],
                "user": row["user"],
                "document": policies.document(targets),
                "store": str(folder / f"{row['user']}.json"),
            }
        )
    path = folder / "script.json"
    path.write_text(json.dumps(servers))
    return path


def _show(measured, options):
    floor, number = measured["floor"], options.servers
    print(f"{number} servers, {options.latency} ms for each call to AWS, {os.cpu_count()} cores")  # noqa: T201 - its output
    print(f"{'':24}{'seconds':>9}{'CPU':>8}{'MiB':>7}{'calls':>8}{'writes':>8}")  # noqa: T201
    for what, one in measured.items():
        name = what if isinstance(what, str) else " ".join(what)
        print(f"{name:24}{one.seconds:9.1f}{one.cpu:8.1f}{one.memory:7.0f}{one.calls:8}{one.writes:8}")  # noqa: T201
    print(_LINE.format("", "measured", "goal"))  # noqa: T201
    for when, goal, calls in (("unchanged", 1.5, 6), ("first", 2.0, 16)):
        ours, script = measured["ours", when], measured["script", when]
        ratio = (ours.seconds - floor.seconds) / script.seconds
        print(_LINE.format(f"{when}: (ours - floor) / script", f"{ratio:.1f}", goal))  # noqa: T201
        print(_LINE.format(f"{when}: calls", ours.calls, calls * number + 10))  # noqa: T201
    above = max(measured["ours", when].memory for when in ("first", "unchanged")) - floor.memory
    print(_LINE.format("memory above the floor, MiB", f"{above:.0f}", 150))  # noqa: T201


if __name__ == "__main__":
    main()
