"""What ``sys.doc`` shows of every module and state: each argument, the IAM actions, and a command that can be copied."""

import ast
import inspect
import re
from functools import cache

import pytest

from tests.fixtures.modules import TREE, loaded

MODULES = sorted(path.stem for path in (TREE / "_modules").glob("*.py"))
# Said once for all of a module, or by the function's name.
COMMON = {"name", "region", "profile", "keyid", "key", "session"}
FUNCTIONS = [
    pytest.param(module, node, id=f"{module}.{node.name}")
    for module in MODULES
    for node in ast.parse((TREE / "_modules" / f"{module}.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


@cache
def _said_once(module):
    """Arguments that the head of a module describes for every function of it."""
    head = ast.get_docstring(ast.parse((TREE / "_modules" / f"{module}.py").read_text()))
    return {"vpc"} if "Every function takes ``vpc``" in head else set()


@pytest.mark.parametrize(("module", "function"), FUNCTIONS)
def test_a_function_documents_itself(module, function):
    text = ast.get_docstring(function)
    taken = inspect.signature(getattr(loaded(module), function.name)).parameters
    arguments = set(taken) - COMMON - _said_once(module)
    described = set(re.findall(r"^(\w+(?:, \w+)*)$", text, re.MULTILINE))
    described = {name for names in described for name in names.split(", ")}
    assert arguments <= described
    assert re.search(rf"^    salt-call (--\S+ )?{module}\.{function.name}\b", text, re.MULTILINE)
    reaches_aws = "connected" in {ast.unparse(decorator) for decorator in function.decorator_list}
    sentences = " ".join(text.split())
    assert (
        not reaches_aws
        or "Makes no call to AWS" in sentences
        or re.search(r"IAM actions?:|No IAM action is needed", sentences)
    )


@pytest.mark.parametrize("module", [module for module in MODULES if (TREE / "_states" / f"{module}.py").exists()])
def test_a_state_documents_itself(module):
    tree = ast.parse((TREE / "_states" / f"{module}.py").read_text())
    assert f"{module}." in ast.get_docstring(tree), "an example"
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
            text = ast.get_docstring(function)
            described = set(re.findall(r"\w+", " ".join(re.findall(r"^\w+(?:, \w+)*$", text, re.MULTILINE))))
            assert {argument.arg for argument in function.args.args} - described <= {"test"}


@pytest.mark.parametrize("layer", ["_modules", "_states", "_wrapper", "_beacons"])
def test_the_first_line_of_every_function_is_a_sentence(layer):
    """It is what a person reads who looks through `sys.doc`."""
    found = {
        f"{path.stem}.{node.name}": (ast.get_docstring(node) or "").partition("\n")[0]
        for path in sorted((TREE / layer).glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert found
    assert {name: line for name, line in found.items() if not re.fullmatch(r"[A-Z].*\.", line)} == {}
