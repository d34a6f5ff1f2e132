"""
Manage IAM users.

.. code-block:: yaml

    aws-user-registry-backup:
      iam_user.present:
        - name: registry-backup
        - policies:
            - registry-backup
"""

from aws_runbook.kinds import converge, functions, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, listed="iam", beside=("present",))


def present(
    name,
    policies=None,
    groups=None,
    tags=None,
    detached_policies=None,
    purge=False,
    detach_backups_only=False,
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
    detach_backups_only
        ``True`` to leave those of ``detached_policies`` that allow anything else than backups, with a warning.
    region, profile, keyid, key
        How to reach the account.
    """
    if detached_policies and policies is None:
        policies = []
    given, salt = locals(), converge.Salt(globals())

    def without(current):
        gone = detached_policies or []
        if detach_backups_only is not True:
            return {"policies": gone}, []
        attached = [policy for policy in gone if policy in current.get("policies", [])]
        found = salt.call("iam_user.backup_policies", name, attached, **functions.connection(given))
        return {"policies": found["policies"]}, found["warnings"]

    return states.present("iam_user", given, salt, without=without)


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
    return states.absent("iam_user", locals(), converge.Salt(globals()))
