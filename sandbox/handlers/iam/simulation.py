"""
The policy simulator.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from sandbox import permissions
from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.policies import ALLOWED, Request, decide, statements

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"


@handles("iam", "SimulatePrincipalPolicy", reference=_API + "API_SimulatePrincipalPolicy.html")
def simulate_principal_policy(call):
    """What a user, group or role may do by its policies, and those of the user's groups."""
    source = call.parameters["PolicySourceArn"]
    backend = call.backend()
    for kind in ("users", "groups", "roles"):
        for entity in getattr(backend, kind).values():
            if entity.arn == source:
                policies = permissions.of_user(backend, entity) if kind == "users" else permissions.of_entity(entity)
                return _results(call, policies, source)
    raise AwsError("NoSuchEntity", f"The entity {source} cannot be found.", 404)


@handles("iam", "SimulateCustomPolicy", reference=_API + "API_SimulateCustomPolicy.html")
def simulate_custom_policy(call):
    """What the given policies allow."""
    return _results(call, [], call.parameters.get("CallerArn", "arn:aws:iam::123456789012:user/simulated"))


def _results(call, policies, source):
    given = call.parameters.get("PolicyInputList", [])
    policies = [*policies, *((f"PolicyInputList.{number}", text) for number, text in enumerate(given, start=1))]
    context = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in call.parameters.get("ContextEntries", [])
    }
    bucket_policy = call.parameters.get("ResourcePolicy")
    if bucket_policy:
        policies.append(("ResourcePolicy", bucket_policy))
    return {
        "EvaluationResults": [
            _result(policies, Request(action, resource, context, ("AWS", source)))
            for action in call.parameters["ActionNames"]
            for resource in call.parameters.get("ResourceArns") or ["*"]
        ],
        "IsTruncated": False,
    }


def _result(policies, request):
    decision, matched = decide(policies, request)
    return {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": decision,
        "MatchedStatements": [
            {"SourcePolicyId": name.rpartition("/")[2], "SourcePolicyType": _kind(name)} for name in matched
        ],
        "MissingContextValues": [] if decision == ALLOWED else _missing(policies, request),
    }


def _kind(name):
    if name == "ResourcePolicy":
        return "resource"
    if name.startswith("PolicyInputList"):
        return "none"
    if name.startswith("arn:"):
        return "aws-managed" if ":iam::aws:" in name else "user-managed"
    return "user"


def _missing(policies, request):
    """Condition keys that the policies ask about and the request does not have."""
    keys = {
        key
        for _, document in policies
        for statement in statements(document)
        for block in statement.get("Condition", {}).values()
        for key in block
    }
    return sorted(key for key in keys if request.values(key) is None)
