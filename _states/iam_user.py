"""
Manage IAM users.

.. code-block:: yaml

    aws-user-registry-backup:
      iam_user.present:
        - name: registry-backup
        - policies:
            - registry-backup
"""

from aws_runbook.kinds import arguments, connected, converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, listed="iam", batched=("present",))


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
    Ensure that a user exists with the given policies, groups and tags. Arguments left at ``None`` are not managed.

    name
        The user.
    policies
        A list of managed policies: names of the account's own, ARNs of AWS's. The user's other policies are kept.
    groups
        A list of groups. The user's other groups are kept.
    tags
        A mapping. The user's other tags are kept.
    detached_policies
        A list of policies that must not be attached to the user itself, for instance because a group has them now. They are
        detached after everything else is granted.
    purge
        ``True`` to remove policies, groups and tags that are not listed here.
    detach_backups_only
        ``True`` to keep those of ``detached_policies`` that allow anything besides backups, with a warning.
    region, profile, keyid, key
        The connection to the account.
    """
    if detached_policies and policies is None:
        policies = []
    given, salt = locals(), converge.Salt(globals())

    def without(current):
        arguments.flag(f"user {name}", "detach_backups_only", detach_backups_only)
        gone = arguments.names(f"user {name}", "detached_policies", detached_policies or [])
        if detach_backups_only is not True:
            return {"policies": gone}, []
        attached = [policy for policy in gone if policy in current.get("policies", [])]
        found = salt.call("iam_user.backup_policies", name, attached, **connected.connection(given))
        return {"policies": found["policies"]}, found["warnings"]

    return states.present("iam_user", given, salt, without=without)


def absent(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a user does not exist.

    name
        The user. The state fails while the user has access keys or a password for the console.
    delete_access_keys
        ``True`` to delete its access keys too: clients that use them stop working.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.absent("iam_user", locals(), converge.Salt(globals()))
