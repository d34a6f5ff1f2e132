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


# What a user may have besides, and AWS's word for each.
_OF_A_USER = {
    "access_keys": "access keys",
    "password": "login profile",
    "policies": "policies",
    "mfa_devices": "MFA device",
    "signing_certificates": "signing certificates",
    "ssh_public_keys": "SSH public keys",
    "service_specific_credentials": "service specific credentials",
}


@handles("iam", "DeleteUser", reference=_API + "API_DeleteUser.html")
def delete_user(call):
    """A user goes when it has nothing else: no keys, certificates, devices, groups, password or policies."""
    backend = call.backend()
    user = backend.users.get(call.parameters["UserName"])
    if user is not None:
        for attribute, label in _OF_A_USER.items():
            if getattr(user, attribute, None):
                raise _conflict(f"Cannot delete entity, must delete {label} first.")
        if any(user in group.users for group in backend.groups.values()):
            raise _conflict("Cannot delete entity, must remove users from group first.")
        if user.managed_policies:
            raise _conflict("Cannot delete entity, must detach all policies first.")
    return call.forward()
