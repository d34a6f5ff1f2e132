"""
Manage IAM users.

.. code-block:: yaml

    aws-user-registry-backup:
      iam_user.present:
        - name: registry-backup
        - policies:
            - registry-backup
"""

from aws_runbook import converge

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def present(
    name,
    policies=None,
    groups=None,
    tags=None,
    detached_policies=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a user exists, with the given policies, groups and tags. What is left at ``None`` is not managed.

    name
        The user.
    policies
        A list of managed policies: names of policies of the account, ARNs of AWS's own. Others of the user stay.
    groups
        A list of groups. Others of the user stay.
    tags
        A mapping. Others of the user stay.
    detached_policies
        A list of policies that the user must not have itself, for instance because a group has them now. They are
        taken away after the rest is granted.
    purge
        ``True`` to take away policies, groups and tags that are not named here.
    region, profile, keyid, key
        How to reach the account.
    """
    if detached_policies and policies is None:
        policies = []
    return converge.present(
        "iam_user",
        name,
        {"policies": policies, "groups": groups, "tags": tags},
        _salt(),
        subject=f"IAM user {name}",
        create_with=("tags",),
        keep=() if purge else ("policies", "groups", "tags"),
        without={"policies": detached_policies},
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
    )


def absent(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a user does not exist.

    name
        The user. One with access keys, or that a person uses in the console, is not deleted, and the state fails.
    delete_access_keys
        ``True`` to delete its access keys too: what uses them stops.
    region, profile, keyid, key
        How to reach the account.
    """
    return converge.absent(
        "iam_user",
        name,
        _salt(),
        subject=f"IAM user {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
        delete_access_keys=delete_access_keys,
    )
