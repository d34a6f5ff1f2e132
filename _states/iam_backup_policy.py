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

ROLE = Role(read_ahead=True, listed="iam", batched=("present",))


def present(name, targets, tags=None, purge=False, holders=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a policy exists and grants exactly what ``targets`` need.

    A document with the same meaning is not changed. A document that allows anything outside of S3 is not a policy for backups: it is
    not replaced, and the state fails. What the old document allowed and the new one does not is a warning.

    name
        The policy.
    targets
        A list of mappings with ``kind``, ``bucket``, ``prefix``, ``scope`` and ``options``: see
        ``salt-call sys.doc iam_backup_policy``.
    tags
        A mapping. Other tags of the policy are kept, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    holders
        A mapping of ``users`` and ``groups``: lists of the names of those that are expected to have the policy. This state does not
        attach it. A change of the document is a warning when the policy is attached to others too. Default: not checked.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.present("iam_backup_policy", locals(), converge.Salt(globals()))


def absent(name, detach=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a policy does not exist.

    name
        The policy. The state fails while it is attached to anything.
    detach
        ``True`` to detach it from its users, groups and roles.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.absent("iam_backup_policy", locals(), converge.Salt(globals()))
