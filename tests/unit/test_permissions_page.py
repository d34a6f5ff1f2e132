"""docs/permissions.md has the action of every call to AWS that the code can make, or says that it leaves it out."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from aws_runbook.services import iam_action

TREE = Path(__file__).resolve().parents[2]
PAGE = (TREE / "docs" / "permissions.md").read_text()
GRANTED = {
    action
    for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    for statement in json.loads(text)["Statement"]
    for action in statement["Action"]
}
CALLS = {"read", "write", "stream", "pages", "read_with", "unknown"}
SERVICES = ("ec2", "iam", "rds", "s3", "ses", "sesv2", "sns", "sts")
LOADER = botocore.session.get_session()
OPERATIONS = {
    service: {xform_name(name): name for name in LOADER.get_service_model(service).operation_names}
    for service in SERVICES
}
# What stands between the values in an f-string must say this much of a name, to be one.
_TELLING = 6


def _pattern(node):
    """A text of the source, or an f-string, as an expression that method names can match; ``None`` for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        telling = sum(len(part) for part in parts if part)
        return (
            "".join("[a-z_]+" if part is None else re.escape(part) for part in parts) if telling >= _TELLING else None
        )
    return None


def _services(path, tree):
    """The services that a file's calls name, or that it has names for; a module has the name of its own."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return [service for service in SERVICES if service in {*texts, path.stem.partition("_")[0]}]


def _operations(path):
    """``(service, operation)`` of all that a file can call: every text in it that is the name of a method of a service of its."""
    tree = ast.parse(path.read_text())
    patterns = {pattern for node in ast.walk(tree) if (pattern := _pattern(node))}
    for service in _services(path, tree):
        for pattern in patterns:
            expression = re.compile(pattern)
            for method, operation in OPERATIONS[service].items():
                if "_" in method and expression.fullmatch(method):
                    yield service, operation


def _files():
    return sorted([*TREE.glob("_modules/*.py"), *TREE.glob("_utils/aws_runbook/**/*.py")])


@cache
def called():
    """The IAM action of every call that the code can make, and the files that make it."""
    found = {}
    for path in _files():
        if path.parent.name == "services" or path.name in ("failures.py", "prefetch.py"):
            continue  # these name calls that others make
        for service, operation in _operations(path):
            found.setdefault(iam_action(service, operation), set()).add(path.name)
    return found


# Methods that an f-string could make, and no value of its does.
NEVER = {
    "ec2:AssociateSecurityGroupVpc",
    "ec2:DescribeSecurityGroupReferences",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroupVpcAssociations",
    "ec2:DisassociateSecurityGroupVpc",
    "ec2:ModifySecurityGroupRules",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "ec2:ValidateSecurityGroupQuotasForInterface",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:ListAttachedRolePolicies",
    "ses:DescribeReceiptRule",
    "ses:PutConfigurationSetArchivingOptions",
    "ses:PutConfigurationSetVdmOptions",
    "ses:PutEmailIdentityDkimAttributes",
}
# Named as what AWS makes along with something else, and never called.
NEVER |= {"ec2:CreateRouteTable"}
# Anybody may ask who he is.
FREE = {"sts:GetCallerIdentity"}
LEFT_OUT = set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", PAGE.partition("## What is left out")[2]))


def test_every_call_is_granted_or_left_out_with_a_reason():
    missing = {action: files for action, files in called().items() if action not in GRANTED | LEFT_OUT | NEVER | FREE}
    assert missing == {}, "neither in a policy of docs/permissions.md nor in its list of what is left out"


def test_what_is_left_out_is_called_and_not_granted():
    assert not LEFT_OUT & GRANTED
    assert not LEFT_OUT - set(called())


def test_a_call_by_a_text_and_by_an_f_string_is_found():
    found = called()
    assert "ses_configuration_set.py" in found["ses:PutConfigurationSetSuppressionOptions"]
    assert "event_destinations.py" in found["ses:DeleteConfigurationSetEventDestination"]
    assert "rotation_notes.py" in found["iam:UpdateAccessKey"]
