"""A fixed share of the matrix of faults, and that it finds what does not hold; ``make chaos`` plays the whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.chaos.cases import Case

TREE = Path(__file__).resolve().parents[2]
CREATE = "iam:CreateUser in _modules.iam_user.create"
# Defects of a product, as code that makes one; the case that shows it, and what is said of it.
DEFECTS = {
    "from aws_runbook.aws import failures; failures._CURES.clear()": (
        f"first apply / key-docs-backup / throttled, always / {CREATE}",
        "does not say what to do",
    ),
    """
from aws_runbook.kinds import converge; real = converge._converge
converge._converge = lambda *args, **named: {**real(*args, **named), "result": True}
""": (f"first apply / key-docs-backup / denied / {CREATE}", "it was said to be done, and was not"),
    """
import logging; from aws_runbook.stores.secret import Secret; reveal = Secret.reveal
Secret.reveal = lambda self: logging.getLogger("x").debug(reveal(self)) or reveal(self)
""": (f"first apply / key-docs-backup / 500 / {CREATE}", "a secret stands in the log"),
}
PROGRAM = """
import json, sys, tempfile
from tests.chaos import fleet, matrix, playing
from tests.chaos.cases import Case

def says(world, code, case):
    exec(code, {})
    outcomes = []
    playing.play(world, [Case.parse(case)], outcomes.append)
    return [outcome.problems for outcome in outcomes]

with tempfile.TemporaryDirectory() as folder:
    world = fleet.World(folder, ["key-docs-backup"])
    print(json.dumps([matrix.apart(lambda: says(world, *asked)) for asked in json.loads(sys.argv[1])]))
"""


def run(*command):
    """A process whose clocks are its own from the start."""
    environment = {**os.environ, "PYTHONPATH": f".{os.pathsep}_utils"}
    return subprocess.run(
        [sys.executable, *command], cwd=TREE, env=environment, capture_output=True, text=True, check=False
    )


def test_a_share_of_the_matrix_holds():
    share = ("--part", "key-docs-backup", "--cases", "14", "--fleets", "1", "--seed", "1", "--jobs", "1")
    ran = run("-m", "tests.chaos", "matrix", *share)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "15 cases played" in ran.stdout
    assert "0 of them show something that does not hold." in ran.stdout


def test_what_does_not_hold_is_found():
    asked = [(code, case) for code, (case, _) in DEFECTS.items()]
    ran = run("-c", PROGRAM, json.dumps(asked))
    assert ran.returncode == 0, ran.stderr
    for (said,), (case, sentence) in zip(json.loads(ran.stdout.splitlines()[-1]), DEFECTS.values(), strict=True):
        assert any(sentence in problem for problem in said), (case, said)


def test_a_failure_names_the_command_that_repeats_it():
    text = f"first apply / key-docs-backup / reset after, always / {CREATE}"
    assert str(Case.parse(text)) == text
    assert Case.parse(text).command.endswith(f"-m tests.chaos matrix --case '{text}'")
