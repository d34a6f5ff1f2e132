"""
Quotas that moto does not know.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.iam.names import check_name_is_new

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"
_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_POLICY_SIZE = 6144
_INLINE_SIZES = {"PutUserPolicy": ("UserName", "users", 2048), "PutGroupPolicy": ("GroupName", "groups", 5120)}
_PER_ENTITY = 10


def _limit(message):
    return AwsError("LimitExceeded", message, 409)


def _size(document):
    """The size of a policy as IAM counts it: without white space."""
    return len("".join(document.split()))


@handles("iam", "CreatePolicy", "CreatePolicyVersion", reference=_API + "API_CreatePolicyVersion.html")
def create_policy(call):
    """A managed policy has 6,144 characters at most, and a name of its own."""
    if _size(call.parameters["PolicyDocument"]) > _POLICY_SIZE:
        raise _limit(f"Cannot exceed quota for PolicySize: {_POLICY_SIZE}")
    if call.name == "CreatePolicy":
        check_name_is_new(call)
    return call.forward()


@handles("iam", "PutUserPolicy", "PutGroupPolicy", reference=_API + "API_PutUserPolicy.html")
def put_inline_policy(call):
    """All inline policies of a user, or group, share one quota."""
    parameter, kind, most = _INLINE_SIZES[call.name]
    entity = getattr(call.backend(), kind).get(call.parameters[parameter])
    if entity is not None:
        others = [text for name, text in entity.policies.items() if name != call.parameters["PolicyName"]]
        if sum(map(_size, [*others, call.parameters["PolicyDocument"]])) > most:
            label = "user" if kind == "users" else "group"
            raise _limit(f"Maximum policy size of {most} bytes exceeded for {label} {call.parameters[parameter]}")
    return call.forward()


@handles("iam", "AttachUserPolicy", "AttachGroupPolicy", reference=_QUOTAS)
def attach_policy(call):
    """A user or group has 10 managed policies at most."""
    kind, parameter = ("User", "users") if call.name == "AttachUserPolicy" else ("Group", "groups")
    entity = getattr(call.backend(), parameter).get(call.parameters[f"{kind}Name"])
    arn = call.parameters["PolicyArn"]
    if entity is not None and arn not in entity.managed_policies and len(entity.managed_policies) >= _PER_ENTITY:
        raise _limit(f"Cannot exceed quota for PoliciesPer{kind}: {_PER_ENTITY}")
    return call.forward()


@handles("iam", "AddUserToGroup", reference=_QUOTAS)
def add_user_to_group(call):
    """A user is in 10 groups at most."""
    backend = call.backend()
    user = backend.users.get(call.parameters["UserName"])
    group = backend.groups.get(call.parameters["GroupName"])
    new = user is not None and group is not None and user not in group.users
    if new and sum(user in other.users for other in backend.groups.values()) >= _PER_ENTITY:
        raise _limit(f"Cannot exceed quota for GroupsPerUser: {_PER_ENTITY}")
    return call.forward()
