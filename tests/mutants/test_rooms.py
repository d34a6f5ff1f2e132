"""That the lists of ``make mutants`` are about the code as it is."""

import ast
from pathlib import Path

import pytest

from tests.mutants import rooms

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "_utils" / "aws_runbook"
FILES = [path for room in rooms.ROOMS.values() for path in room.files]


def functions(path):
    """``FUNCTION`` or ``CLASS.METHOD`` to its lines, without their indentation, in one."""
    source = (CODE / path).read_text()
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in node.body if owner else [node]:
            if isinstance(each, ast.FunctionDef):
                body = lines[each.lineno - 1 : each.end_lineno]
                found[owner + each.name] = " ".join(line.strip() for line in body)
    return found


def test_each_file_is_in_one_room():
    assert len(set(FILES)) == len(FILES)
    assert [path for path in FILES if not (CODE / path).is_file()] == []
    tests = [path for room in rooms.ROOMS.values() for path in room.tests]
    assert [path for path in tests if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", FILES)
def test_each_mutant_that_may_live_is_a_change_of_the_code_as_it_is(path):
    found = functions(path)
    listed = [entry for entry in rooms.reasons() if entry[0] == path]
    assert [entry for entry in listed if entry[2] not in found.get(entry[1], "")] == []
    assert [entry for entry in listed if entry[2] == entry[3]] == []


def test_each_mutant_that_may_live_is_in_a_file_of_a_room_and_has_a_reason():
    assert {entry[0] for entry in rooms.reasons()} <= set(FILES)
    assert [entry for entry, why in rooms.reasons().items() if not why] == []


def test_the_page_has_a_row_for_each_file():
    page = (ROOT / "docs" / "mutants.md").read_text()
    assert [path for path in FILES if f"| `{path}` |" not in page] == []
