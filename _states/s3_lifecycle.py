"""
Manage the lifecycle rules of S3 buckets.

.. code-block:: yaml

    aws-lifecycle-ocp-registry-backup:
      s3_lifecycle.managed:
        - name: ocp-registry-backup
        - region: eu-west-2
        - rules:
            - ID: delete-after-30-days-database
              Status: Enabled
              Filter: {Prefix: database/}
              Expiration: {Days: 30}
              AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}
        - protected:
            - {prefix: file-sync, kind: sync, source: "sync of registry"}
"""

from functools import partial

from aws_runbook.kinds import arguments, converge, difference
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, batched=("managed",))
_DOCUMENTS = {"rules": difference.of_entries}


def managed(
    name,
    rules=None,
    protected=None,
    allow=None,
    declared=None,
    purge=False,
    recovery=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a bucket has the given lifecycle rules, and that none of its rules can delete objects that must be kept.

    Before it writes, the state fails if a rule (given or found) can expire an object of a pgBackRest repository or of a synced
    directory. Repositories are those in ``protected`` and those found in the bucket. Rules that others have made are kept; a rule
    with the meaning of a given one is not written again.

    name
        The bucket.
    rules
        A list of rules in the form of AWS's API, each with an ``ID``. Default: none; then only existing rules are checked.
    protected
        The locations that must never expire, a list of mappings: ``prefix``, ``kind`` (``repository`` or ``sync``) and ``source``
        (where it is declared, for error messages).
    allow
        The ids of rules that may apply to a repository because they affect only noncurrent versions, incomplete uploads or the
        storage class. A rule that can expire its current objects is never allowed.
    declared
        A list of all directories of known backups. A new rule that would expire anything else in the bucket is refused.
        Default: not checked.
    purge
        ``True`` to remove rules that others have made.
    recovery
        How long noncurrent versions must be kept: a mapping of ``days``, and optionally ``lock_days`` and ``retention_days``,
        from which the growth of the bucket is estimated. A rule, wanted or existing, that deletes versions earlier makes the
        state fail. ``allow_suspend: True`` says that versioning is suspended on purpose. Default: not checked.
    region, profile, keyid, key
        The region of the bucket, and the connection to the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    subject = f"Lifecycle of S3 bucket {name}"
    plan = partial(
        salt.call,
        "s3_lifecycle.plan",
        name,
        [] if rules is None else rules,
        protected=protected,
        allow=allow,
        declared=declared,
        purge=purge,
        recovery=recovery,
        **connection,
    )

    def apply(planned):
        salt.call("s3_lifecycle.update", name, planned["changes"]["rules"]["new"], **connection)

    return converge.converge(name, subject, plan, apply, salt, shared=True, documents=_DOCUMENTS)


def absent(name, ids, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a bucket does not have the given lifecycle rules. Objects that they would have deleted are kept.

    name
        The bucket.
    ids
        A list of the ``ID`` of each rule. Other rules are kept.
    region, profile, keyid, key
        The region of the bucket, and the connection to the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    subject = f"Lifecycle of S3 bucket {name}"

    def plan():
        arguments.names(subject, "ids", ids)
        found = (salt.call("s3_lifecycle.describe", name, **connection) or {"rules": []})["rules"]
        kept = [rule for rule in found if rule.get("ID") not in ids]
        return {"changes": {} if kept == found else {"rules": {"old": found, "new": kept}}}

    def apply(planned):
        salt.call("s3_lifecycle.update", name, planned["changes"]["rules"]["new"], **connection)

    return converge.converge(name, subject, plan, apply, salt, shared=True, documents=_DOCUMENTS)
