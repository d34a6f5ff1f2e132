"""
Manage IAM groups.

.. code-block:: yaml

    aws-group-backup:
      iam_group.present:
        - name: backup
        - policies:
            - backup
"""

from aws_runbook import converge

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


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
    return converge.present(
        "iam_group",
        name,
        {"policies": policies},
        _salt(),
        subject=f"IAM group {name}",
        keep=() if purge else ("policies",),
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
    )


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
    return converge.absent(
        "iam_group",
        name,
        _salt(),
        subject=f"IAM group {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
        remove_members=remove_members,
    )
