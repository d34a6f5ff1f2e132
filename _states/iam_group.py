"""
Manage IAM groups.

.. code-block:: yaml

    aws-group-backup:
      iam_group.present:
        - name: backup
        - policies:
            - backup
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, listed="iam", batched=("present",))


def present(name, policies=None, purge=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a group exists and has the given policies. Members are declared by each user (``iam_user.present``).

    name
        The group.
    policies
        A list of managed policies: names of the account's own, ARNs of AWS's. Others are kept, unless ``purge``.
    purge
        ``True`` to detach policies that are not listed here.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.present("iam_group", locals(), converge.Salt(globals()))


def absent(name, remove_members=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a group does not exist.

    name
        The group. The state fails while it has members.
    remove_members
        ``True`` to remove its members first: they lose the permissions that it grants.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.absent("iam_group", locals(), converge.Salt(globals()))
