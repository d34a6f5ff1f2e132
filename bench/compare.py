"""
How this project compares with a script of one's own: ``python -m bench.compare --servers 50 --latency 50``.

The servers of ``bench.fleet`` are brought to AWS by ``state.apply``, and by ``bench.script``; what Salt takes for as many states
that do nothing is its floor. Times are of whole commands. Where the latency is 0, CPU time is what is measured. ``--many 500`` adds a
large fleet that AWS answers at once, which takes minutes.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import yaml

from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy
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
    parser.add_argument("--few", type=int, default=5, help="a small fleet, too; 0 for none (%(default)s)")
    parser.add_argument("--many", type=int, default=0, help="a large fleet that AWS answers at once, too (none)")
    parser.add_argument("--identities", type=int, default=100, help="email identities; 0 for none (%(default)s)")
    options = parser.parse_args()
    fleet.compile_tree()
    with Sandbox() as sandbox:
        measured = _measure(sandbox, options.servers, options.latency)
        _show(measured, options)
        if options.few:
            _show_few(_measure(sandbox, options.few, options.latency), options.few)
        if options.many:
            _show_many(
                *(_measure(sandbox, number, 0, script=False) for number in (options.servers, options.many)), options
            )
        if options.identities:
            calls = _unchanged_identities(sandbox, options.identities).calls
            _row(f"{options.identities} email identities, unchanged: calls", calls, 10)


def _measure(sandbox, number, latency, *, script=True):
    with tempfile.TemporaryDirectory(prefix="aws-runbook-") as place:
        folder = Path(place)
        fleet.make(folder, number)
        commands = {"ours": fleet.salt_call(folder, "state.apply", "aws.account")}
        if script:
            commands["script"] = [sys.executable, "-m", "bench.script", str(_plan(folder, sandbox))]
        measured = {"floor": fleet.run(_floor(folder, number), sandbox)}
        for who, command in commands.items():
            sandbox.reset()
            if latency:
                sandbox.latency("*", latency)
            for when in ("first", "unchanged"):
                measured[who, when] = fleet.run(command, sandbox)
        return measured


def _unchanged_identities(sandbox, number):
    """So many email addresses, which wait for a click, as they are."""
    sandbox.reset()
    names = [f"person-{index}@example.org" for index in range(number)]
    for name in names:
        sandbox.client("sesv2").create_email_identity(EmailIdentity=name)
    with tempfile.TemporaryDirectory(prefix="aws-runbook-") as place:
        folder = Path(place)
        fleet.make(folder, 0)
        pillar = {"aws": {"ses": {"identities": {name: {} for name in names}}}}
        (folder / "pillar" / "control.sls").write_text(yaml.safe_dump(pillar))
        return fleet.run(fleet.salt_call(folder, "state.apply", "aws.email"), sandbox)


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
                "document": backup_policy.document(targets),
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
    _row("", "measured", "goal")
    for when, goal, calls in (("unchanged", 1.5, 6), ("first", 2.0, 16)):
        ours, script = measured["ours", when], measured["script", when]
        ratio = (ours.seconds - floor.seconds) / script.seconds
        _row(f"{when}: (ours - floor) / script", f"{ratio:.1f}", goal)
        _row(f"{when}: calls", ours.calls, calls * number + 10)
    _row("memory above the floor, MiB", f"{_memory(measured):.0f}", 150)


def _show_few(measured, number):
    goal = 1.5 * measured["floor"].seconds + measured["script", "unchanged"].seconds
    _row(f"{number} servers, unchanged: seconds", f"{measured['ours', 'unchanged'].seconds:.1f}", f"{goal:.1f}")


def _show_many(small, large, options):
    each = [
        measured["ours", "unchanged"].seconds / number
        for measured, number in ((small, options.servers), (large, options.many))
    ]
    what = f"{options.many} servers, 0 ms"
    _row(f"{what}, unchanged: each, of {options.servers}", f"{each[1] / each[0]:.2f}", 1.2)
    _row(f"{what}: memory above the floor, MiB", f"{_memory(large):.0f}", 150)
    for when in ("first", "unchanged"):
        one = large["ours", when]
        _row(f"{what}, {when}: seconds, CPU", f"{one.seconds:.1f}", f"{one.cpu:.1f}")


def _memory(measured):
    return max(measured["ours", when].memory for when in ("first", "unchanged")) - measured["floor"].memory


def _row(what, measured, goal):
    print(_LINE.format(what, measured, goal), flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    main()
