"""
The public interface: what Salt itself says of each function's arguments is what it was when people began to rely on it.

Something new is added to ``tests/fixtures/interface.json`` by hand. Whatever leaves it breaks somebody's states or scripts.
"""

import ast
import json

import pytest
import salt.loader
from salt.utils.args import get_function_argspec

from tests.functional.conftest import TREE

KNOWN = json.loads((TREE / "tests" / "fixtures" / "interface.json").read_text())


def functions(folder):
    """The public functions in a folder of the tree, as Salt calls them."""
    return [
        f"{path.stem}.{node.name}"
        for path in sorted((TREE / folder).glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def takes(function):
    spec = get_function_argspec(function)  # what sys.argspec and sys.state_argspec show
    assert not spec.varargs
    assert not spec.keywords
    return {"args": spec.args or None, "defaults": list(spec.defaults or ())}


@pytest.fixture
def loaded(minion_opts, modules):
    return {"modules": modules, "states": salt.loader.states(minion_opts, modules, None, None)}


@pytest.mark.parametrize("layer", ["modules", "states"])
def test_every_function_takes_what_it_took(layer, loaded):
    assert {name: takes(loaded[layer][name]) for name in functions(f"_{layer}")} == KNOWN[layer]
