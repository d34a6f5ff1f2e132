"""The folders of the shared package: imports between them go one way."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "_utils" / "aws_runbook"
PAGE = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text()
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


def imported(room):
    """The other rooms that the files of a room import from."""
    found = set()
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_runbook."):
                found.add(node.module.split(".")[1])
    return (found & set(ROOMS)) - {room}


def test_imports_between_rooms_make_no_circle():
    rooms = {room: imported(room) for room in ROOMS}
    assert "aws" in rooms["kinds"]
    TopologicalSorter(rooms).prepare()  # an error names the circle


def test_no_room_has_more_than_fourteen_files():
    assert {folder.name: number for folder in FOLDERS if (number := len(list(folder.glob("*.py")))) > 14} == {}


def test_each_room_is_a_package_of_the_distribution():
    packages = (PACKAGE.parents[1] / "setup.cfg").read_text()
    names = [".".join(folder.relative_to(PACKAGE.parent).parts) for folder in FOLDERS]
    assert [name for name in names if f"    {name}\n" not in packages] == []


def test_the_tests_of_a_room_are_in_a_folder_of_its_name():
    folders = {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")}
    assert folders <= set(ROOMS)


@pytest.mark.parametrize(
    "room", [room for room in ROOMS if room != "services"]
)  # its files are called as AWS's services
def test_the_page_names_each_file_of_a_room(room):
    (row,) = re.findall(rf"^\| `{room}/` \|(.*)$", PAGE, re.MULTILINE)
    files = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__"}
    assert sorted(files - set(re.findall(r"`(\w+)`", row))) == []


def test_the_page_names_each_file_beside_the_rooms():
    (row,) = re.findall(r"^\| \(root\) \|(.*)$", PAGE, re.MULTILINE)
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert sorted(files - set(re.findall(r"`(\w+)`", row))) == []


def test_each_file_that_the_page_names_exists():
    named = set(re.findall(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)`", PAGE))
    roots = (PACKAGE, PACKAGE.parents[1])
    assert [name for name in sorted(named) if not any((root / name).is_file() for root in roots)] == []
