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

ROLE = Role(read_ahead=True, listed="iam", beside=("present",))


def present(name, policies=None, purge=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a group exists and has the given policies. Its members are said by each user (``iam_user.present``).

    name
        The group.
    policies
        A list of managed policies: names of policies of the account, ARNs of AWS's own. Others stay, unless ``purge``.
    purge
        ``True`` to take away policies that are not named here.
    region, profile, keyid, key
        How to reach the account.
    """
    return states.present("iam_group", locals(), converge.Salt(globals()))


def absent(name, remove_members=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a group does not exist.

    name
        The group. While it has members it is not deleted, and the state fails.
    remove_members
        ``True`` to remove its members first: they lose what it grants.
    region, profile, keyid, key
        How to reach the account.
    """
    return states.absent("iam_group", locals(), converge.Salt(globals()))
