"""
Names, which are unique in the account without regard to case, a policy's also across paths; moto compares exactly.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.iam.tags import check_distinct

_REFERENCE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html"
_KINDS = {
    "CreateUser": ("UserName", "User"),
    "CreateGroup": ("GroupName", "Group"),
    "CreatePolicy": ("PolicyName", "Policy"),
}


@handles("iam", "CreateUser", "CreateGroup", reference=_REFERENCE)
def create_named(call):
    """A user or a group is made unless there is one of that name."""
    check_name_is_new(call)
    check_distinct(call.parameters.get("Tags"))
    return call.forward()


def check_name_is_new(call):
    """Refuse to create what there is already by a name that IAM takes for the same."""
    parameter, kind = _KINDS[call.name]
    name = call.parameters[parameter]
    backend = call.backend()
    known = {
        "User": lambda: backend.users,
        "Group": lambda: backend.groups,
        "Policy": lambda: [
            policy.name for policy in backend.managed_policies.values() if ":aws:policy/" not in policy.arn
        ],
    }[kind]()
    if any(name.lower() == other.lower() for other in known):
        raise AwsError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)
