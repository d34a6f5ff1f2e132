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

from aws_runbook import converge, policies

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def present(name, targets, tags=None, purge=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a policy exists and grants what ``targets`` need, neither more nor less.

    A document that means the same is left as it is, however it is written.

    name
        The policy.
    targets
        A list of mappings with ``kind``, ``bucket``, ``prefix``, ``scope`` and ``options``: see
        ``salt-call sys.doc iam_backup_policy``.
    tags
        A mapping. Other tags of the policy stay, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    region, profile, keyid, key
        How to reach the account.
    """
    return converge.present(
        "iam_backup_policy",
        name,
        {"targets": targets, "tags": tags},
        _salt(),
        subject=f"IAM policy {name}",
        create_with=("policy_document", "tags"),
        keep=() if purge else ("tags",),
        resolve=_by_meaning,
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
    )


def _by_meaning(current, wanted):
    known = current.get("policy_document")
    if known and policies.equal(known, wanted["policy_document"]):
        wanted = {**wanted, "policy_document": known}
    return wanted, []


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
    return converge.absent(
        "iam_backup_policy",
        name,
        _salt(),
        subject=f"IAM policy {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
        detach=detach,
    )
