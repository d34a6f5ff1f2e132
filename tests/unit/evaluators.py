"""
Two evaluators of IAM policies that know nothing of each other, nor of the code that writes the policies.

One is the sandbox's. The other is Cedar, the policy engine behind Amazon Verified Permissions, after each statement has been
put into its language; it matches wildcards, compares, and decides. https://docs.cedarpolicy.com/policies/syntax-policy.html
"""

import json
from dataclasses import dataclass, field

import cedarpy

from sandbox import policies as sandbox_policies

_REQUEST = {"principal": 'User::"user"', "action": 'Action::"call"', "resource": 'Aws::"aws"'}
_CONDITIONS = {"StringEquals": "==", "StringLike": "like"}


@dataclass(frozen=True)
class Need:
    """An action on a resource, with the condition keys that S3 sets."""

    action: str
    resource: str
    context: tuple = field(default=())


def sandbox(document, need):
    """What the sandbox decides."""
    request = sandbox_policies.Request(need.action, need.resource, dict(need.context))
    return sandbox_policies.decide([("policy", document)], request)[0] == sandbox_policies.ALLOWED


def cedar(document, need):
    """What Cedar decides."""
    context = {"action": need.action.lower(), "resource": need.resource, **dict(need.context)}
    text = "\n".join(_permit(statement) for statement in document["Statement"])
    answer = cedarpy.is_authorized({**_REQUEST, "context": context}, text, [])
    assert answer.diagnostics.errors == []
    return answer.decision == cedarpy.Decision.Allow


def _permit(statement):
    assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
    assert statement["Effect"] == "Allow"
    clauses = [
        _any("action", "like", [action.lower() for action in statement["Action"]]),
        _any("resource", "like", statement["Resource"]),
    ]
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            clauses.append(f"context has {json.dumps(key)} && {_any(key, _CONDITIONS[operator], values)}")
    return f"permit(principal, action, resource) when {{ {' && '.join(f'({clause})' for clause in clauses)} }};"


def _any(key, operator, values):
    attribute = f"context[{json.dumps(key)}]"
    # In Cedar a wildcard is an asterisk too; json.dumps writes what its strings can hold, for names of plain letters.
    return "(" + (" || ".join(f"{attribute} {operator} {json.dumps(value)}" for value in values) or "false") + ")"


def allowed(document, need):
    """What both decide; it must be the same."""
    decisions = {evaluate(document, need) for evaluate in (sandbox, cedar)}
    assert len(decisions) == 1, f"the evaluators disagree about {need} under {json.dumps(document)}"
    return decisions.pop()
