"""What is in changelog.d comes into CHANGELOG.md."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]


def test_a_line_of_the_changelog_comes_to_its_section(tmp_path):
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(TREE / name, tmp_path)
    shutil.copytree(TREE / "changelog.d", tmp_path / "changelog.d")
    (tmp_path / "changelog.d" / "+canary.fixed.md").write_text("A canary sings.\n")
    command = [
        sys.executable,
        "-m",
        "towncrier",
        "build",
        "--yes",
        "--version",
        "9.9.9",
        "--date",
        "2030-01-01",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    before, after = (TREE / "CHANGELOG.md").read_text(), (tmp_path / "CHANGELOG.md").read_text()
    head, added, rest = after.partition("## [9.9.9] - 2030-01-01\n")
    assert added
    assert re.search(r"^### Fixed\n\n(- .*\n)*- A canary sings\.\n", rest, re.MULTILINE)
    assert before.startswith(head)
    # What was there stays, below the new section.
    assert rest.endswith(before.removeprefix(head).lstrip())


def test_the_lines_of_the_changelog_are_of_kinds_that_there_are():
    kinds = re.findall(r'^directory = "(\w+)"$', (TREE / "pyproject.toml").read_text(), re.MULTILINE)
    lines = [path.name for path in (TREE / "changelog.d").iterdir() if path.name != "README.md"]
    assert len(kinds) == 6
    assert [name for name in lines if not re.fullmatch(rf"(\+[\w-]+|\d+)\.({'|'.join(kinds)})\.md", name)] == []
