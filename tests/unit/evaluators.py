"""
Two evaluators of IAM policies that know nothing of each other, nor of the code that writes the policies.

One is the sandbox's. The other is a simulator of somebody else's, see ``tests/node``; where it is not installed, the
first decides alone.
"""

import json
from dataclasses import dataclass, field

from sandbox import policies as sandbox_policies
from tests.node import simulator


@dataclass(frozen=True)
class Need:
    """An action on a resource, with the condition keys that S3 sets."""

    action: str
    resource: str
    context: tuple = field(default=())


def by_sandbox(document, need):
    """What the sandbox decides."""
    context = {key.lower(): value for key, value in need.context}
    request = sandbox_policies.Request(need.action, need.resource, context)
    return sandbox_policies.decide([("policy", document)], request)[0] == sandbox_policies.ALLOWED


def by_simulator(document, need):
    """What the simulator decides; a request that AWS does not have is an error."""
    return simulator.is_allowed(document, need.action, need.resource, need.context)


@dataclass(frozen=True)
class Asked(Need):
    """What somebody wants of a resource that has a policy: an ARN, the name of a service, or ``None`` for anybody."""

    principal: str | None = None


def _resource_by_sandbox(document, asked):
    who = ("AWS", asked.principal or "anonymous")
    if asked.principal and not asked.principal.startswith("arn:"):
        who = ("Service", asked.principal)
    context = {key.lower(): value for key, value in asked.context}
    request = sandbox_policies.Request(asked.action, asked.resource, context, who)
    return sandbox_policies.decide([("resource", document)], request)[0] == sandbox_policies.ALLOWED


def _resource_by_simulator(document, asked):
    return simulator.lets_in(document, asked.principal, asked.action, asked.resource, asked.context)


EVALUATORS = (by_sandbox, by_simulator) if simulator.is_installed() else (by_sandbox,)
_OF_RESOURCES = (_resource_by_sandbox, _resource_by_simulator)[: len(EVALUATORS)]


def allowed(document, need):
    """What all of them decide; it must be the same."""
    return _agreed(EVALUATORS, document, need)


def let_in(document, asked):
    """What all of them decide where only the policy of the resource says anything; it must be the same."""
    return _agreed(_OF_RESOURCES, document, asked)


def _agreed(evaluators, document, need):
    decisions = {evaluate(document, need) for evaluate in evaluators}
    assert len(decisions) == 1, f"the evaluators disagree about {need} under {json.dumps(document)}"
    return decisions.pop()
