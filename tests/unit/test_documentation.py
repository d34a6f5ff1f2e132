"""What ``sys.doc`` shows of the modules for backups: each argument, the IAM actions, and a command that can be copied."""

import ast
import re
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
MODULES = ("aws_backup", "iam_access_key", "iam_backup_policy", "iam_group", "iam_user", "s3_bucket", "s3_lifecycle")
# Said once for all of a module, or by the function's name.
COMMON = {"name", "region", "profile", "keyid", "key"}
FUNCTIONS = [
    pytest.param(module, node, id=f"{module}.{node.name}")
    for module in MODULES
    for node in ast.parse((TREE / "_modules" / f"{module}.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


@pytest.mark.parametrize(("module", "function"), FUNCTIONS)
def test_a_function_documents_itself(module, function):
    text = ast.get_docstring(function)
    arguments = {argument.arg for argument in function.args.args} - COMMON
    described = set(re.findall(r"^(\w+(?:, \w+)*)$", text, re.MULTILINE))
    described = {name for names in described for name in names.split(", ")}
    assert arguments <= described
    assert re.search(rf"^    salt-call (--\S+ )?{module}\.{function.name}\b", text, re.MULTILINE)
    reaches_aws = "region" in {argument.arg for argument in function.args.args}
    sentences = " ".join(text.split())
    assert not reaches_aws or "Makes no call to AWS" in sentences or re.search(r"IAM actions?:", sentences)


@pytest.mark.parametrize("module", [module for module in MODULES if (TREE / "_states" / f"{module}.py").exists()])
def test_a_state_documents_itself(module):
    tree = ast.parse((TREE / "_states" / f"{module}.py").read_text())
    assert f"{module}." in ast.get_docstring(tree), "an example"
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
            text = ast.get_docstring(function)
            described = set(re.findall(r"\w+", " ".join(re.findall(r"^\w+(?:, \w+)*$", text, re.MULTILINE))))
            assert {argument.arg for argument in function.args.args} - described <= {"test"}
