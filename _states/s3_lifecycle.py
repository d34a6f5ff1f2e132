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

from aws_runbook.kinds import converge, difference
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, beside=("managed",))
_DOCUMENTS = {"rules": difference.of_entries}


def managed(
    name,
    rules=None,
    protected=None,
    allow=None,
    declared=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a bucket has the given lifecycle rules, and that no rule in it can delete what must stay.

    The state fails, before it writes, when a rule, wanted or found, can expire an object of a pgBackRest repository or
    of a synced directory. Repositories are those in ``protected``, and those found in the bucket. Rules that
    are not ours stay as they are; a rule that means the same as a wanted one is not written again.

    name
        The bucket.
    rules
        A list of rules as AWS's API has them, each with an ``ID``. Default: none; then only what is found is checked.
    protected
        A list of what must never expire: ``prefix``, ``kind`` (``repository`` or ``sync``) and ``source``
        (where it is said, for the error).
    allow
        Ids of rules that may reach a repository since they touch only noncurrent versions, unfinished uploads or the
        storage class. A rule that can expire current objects of it is never allowed.
    declared
        A list of all the directories that backups known here go to. A new rule that would expire anything else in the
        bucket is refused. Default: not looked at.
    purge
        ``True`` to remove rules that are not ours.
    region, profile, keyid, key
        Where the bucket is, and how to reach the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    plan = partial(
        salt.call,
        "s3_lifecycle.plan",
        name,
        [] if rules is None else rules,
        protected=protected,
        allow=allow,
        declared=declared,
        purge=purge,
        **connection,
    )

    def apply(planned):
        salt.call("s3_lifecycle.update", name, planned["changes"]["rules"]["new"], **connection)

    subject = f"Lifecycle of S3 bucket {name}"
    return converge.converge(name, subject, plan, apply, salt, shared=True, documents=_DOCUMENTS)


def absent(name, ids, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a bucket does not have certain lifecycle rules. What they would have deleted stays.

    name
        The bucket.
    ids
        A list of the ``ID`` of each rule. Others stay.
    region, profile, keyid, key
        Where the bucket is, and how to reach the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}

    def plan():
        found = (salt.call("s3_lifecycle.describe", name, **connection) or {"rules": []})["rules"]
        kept = [rule for rule in found if rule.get("ID") not in ids]
        return {"changes": {} if kept == found else {"rules": {"old": found, "new": kept}}}

    def apply(planned):
        salt.call("s3_lifecycle.update", name, planned["changes"]["rules"]["new"], **connection)

    subject = f"Lifecycle of S3 bucket {name}"
    return converge.converge(name, subject, plan, apply, salt, shared=True, documents=_DOCUMENTS)
