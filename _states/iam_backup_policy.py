"""
Manage the IAM policies that let servers write their backups.

.. code-block:: yaml

    aws-policy-registry-backup:
      iam_backup_policy.present:
        - name: registry-backup
        - targets:
            - {kind: script, bucket: ocp-registry-backup, prefix: database}
            - {kind: sync, bucket: ocp-registry-backup, prefix: file-sync}
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, listed="iam", beside=("present",))


def present(name, targets, tags=None, purge=False, holders=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a policy exists and grants what ``targets`` need, neither more nor less.

    A document that means the same is left as it is, however it is written. One that allows anything outside of S3 is no policy for
    backups: it is not replaced, and the state fails. What else the old one allowed, and the new one does not, is a warning.

    name
        The policy.
    targets
        A list of mappings with ``kind``, ``bucket``, ``prefix``, ``scope`` and ``options``: see
        ``salt-call sys.doc iam_backup_policy``.
    tags
        A mapping. Other tags of the policy stay, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    holders
        A mapping of ``users`` and ``groups``, lists of the names of those that are to have the policy, which this does not give them.
        Where others have it too, a change of its document is a warning that names them. Default: who has it is not looked at.
    region, profile, keyid, key
        How to reach the account.
    """
    return states.present("iam_backup_policy", locals(), converge.Salt(globals()))


def absent(name, detach=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a policy does not exist.

    name
        The policy. While anybody has it, it is not deleted, and the state fails.
    detach
        ``True`` to take it away from the users, groups and roles that have it.
    region, profile, keyid, key
        How to reach the account.
    """
    return states.absent("iam_backup_policy", locals(), converge.Salt(globals()))
