"""
Deleting what is in use, which AWS refuses and moto allows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"


def _conflict(message):
    return AwsError("DeleteConflict", message, 409)


@handles("iam", "DeletePolicy", reference=_API + "API_DeletePolicy.html")
def delete_policy(call):
    """A policy goes when nobody has it and its older versions are gone."""
    policy = call.backend().managed_policies.get(call.parameters["PolicyArn"])
    if policy is not None:
        if policy.attachment_count:
            raise _conflict("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise _conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
    return call.forward()


@handles("iam", "DeleteGroup", reference=_API + "API_DeleteGroup.html")
def delete_group(call):
    """A group goes when it has no members and no policies."""
    group = call.backend().groups.get(call.parameters["GroupName"])
    if group is not None:
        if group.users:
            raise _conflict("Cannot delete entity, must remove users from group first.")
        if group.managed_policies:
            raise _conflict("Cannot delete entity, must detach all policies first.")
        if group.policies:
            raise _conflict("Cannot delete entity, must delete policies first.")
    return call.forward()


@handles("iam", "DeleteUser", reference=_API + "API_DeleteUser.html")
def delete_user(call):
    """A user goes when it has no keys, groups, password or policies."""
    backend = call.backend()
    user = backend.users.get(call.parameters["UserName"])
    if user is not None:
        if user.access_keys:
            raise _conflict("Cannot delete entity, must delete access keys first.")
        if any(user in group.users for group in backend.groups.values()):
            raise _conflict("Cannot delete entity, must remove users from group first.")
        if user.password:
            raise _conflict("Cannot delete entity, must delete login profile first.")
    return call.forward()
