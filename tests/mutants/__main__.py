"""
``make mutants``: change the code that guards backups and secrets in one place at a time, and see whether a unit test fails.

``python -m tests.mutants [ROOM…]`` prints for each file how many such changes (mutants) there are, how many the tests have
found (killed), and each that they have not and that ``survivors.yaml`` has no reason for. It fails if these are too many.

mutmut makes the mutants, all of a file in one; :mod:`tests.mutants.loop` runs the tests with each.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from difflib import unified_diff
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutants import rooms

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutants"
# What the unit tests read.
COPIED = ("_modules", "_states", "_utils", "chaos", "conftest.py", "pillar", "salt", "sandbox", "setup.cfg", "tests")
PYTEST = ("-q", "-x", "-p", "hypothesispytest", "-p", "tests.mutants.loop", "-p", "no:cacheprovider", "--assert=plain")
WANTED = 95


def main(*names):
    rows, unexplained, known = [], [], rooms.reasons()
    for name in names or rooms.ROOMS:
        room, tree = rooms.ROOMS[name], BUILD / name
        made = {path: _mutated(tree, path) for path in _copied(tree, room)}
        fates = _fates(tree, room, [mutant for path in made for mutant in _names(path, made[path])])
        for path, file in made.items():
            found = {mutant: fates[mutant] for mutant in _names(path, file)}
            counts = Counter(found.values())
            survived = counts["survived"] + counts["not reached"]
            rows.append([path, len(found), counts["killed"], survived, counts["timed out"]])
            changes = [
                (mutant, *_change(file, mutant))
                for mutant, fate in found.items()
                if fate not in ("killed", "timed out")
            ]
            unexplained += [(path, *change) for change in changes if (path, *change[1:]) not in known]
    return _report(rows, unexplained)


def _copied(tree, room):
    """A copy of all that the tests read, to be changed; the files of the room."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in COPIED:
        copy = shutil.copy if (ROOT / name).is_file() else shutil.copytree
        copy(
            ROOT / name,
            tree / name,
            **({} if copy is shutil.copy else {"ignore": shutil.ignore_patterns("__pycache__", "node_modules")}),
        )
    return room.files


def _mutated(tree, path):
    """All mutants of a file, in its place."""
    file = tree / "_utils" / "aws_runbook" / path
    made = mutate_file_contents(str(file), file.read_text())
    file.write_text(made.code)
    return made


def _names(path, file):
    """The mutants of a file, as mutmut's switch calls them."""
    module = "aws_runbook." + path.removesuffix(".py").replace("/", ".")
    return [f"{module}.{name}" for name in file.mutant_names]


def _fates(tree, room, names):
    """What became of each."""
    notes = tree / "mutants.json"
    notes.write_text(json.dumps(names))
    environment = {
        **os.environ,
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, "-m", "pytest", *PYTEST, f"--mutants={notes}", *room.tests]
    with (tree / "log").open("w") as log:
        done = subprocess.run(command, cwd=tree, env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        sys.exit(f"The tests cannot be run, or fail without any mutant: see {log.name}.")
    return json.loads(notes.read_text())


def _change(file, mutant):
    """The function that a mutant changes, and the lines before and after, without what stays."""
    function = ".".join(filter(None, reversed(orig_function_and_class_names_from_key(mutant))))
    name = mutant.rpartition(".")[2]
    lines = file.code.splitlines()
    texts = []
    for version in (f"{name.partition('__mutmut_')[0]}__mutmut_orig", name):
        span = file.line_span_by_function_name[version]
        texts.append([line.replace(version, function) for line in lines[span.start - 1 : span.end]])
    changes = list(unified_diff(*texts, n=0, lineterm=""))[2:]
    return function, *(" ".join(line[1:].strip() for line in changes if line.startswith(mark)) for mark in "-+")


def _report(rows, unexplained):
    """Print it; the exit status: whether too few were killed, or one lives without a reason."""
    for path, mutant, function, before, after in unexplained:
        print(f"{path}: {function} ({mutant})\n    - {before}\n    + {after}")
    total = ["all", *(sum(row[column] for row in rows) for column in range(1, 5))]
    print(f"{'file':<32}{'mutants':>9}{'killed':>9}{'survived':>9}{'timed out':>10}{'per cent':>10}")
    for row in [*rows, total]:
        print(f"{row[0]:<32}{row[1]:>9}{row[2]:>9}{row[3]:>9}{row[4]:>10}{_share(row):>10.1f}")
    return int(bool(unexplained) or _share(total) < WANTED)


def _share(row):
    """The per cent that were killed; a mutant that never ends is noticed as well."""
    _path, mutants, killed, _survived, timed_out = row
    return 100 * (killed + timed_out) / mutants if mutants else 100


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
