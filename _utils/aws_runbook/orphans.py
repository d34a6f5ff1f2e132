"""
Users and policies that were made for backups that no pillar names any more.

They are told by what they may do: a policy that grants writing backups to S3, and nothing else, is one of the runbook's,
whether it was made here or by hand.
"""

from aws_runbook import policies
from aws_runbook.iam import policy_name

# As a normalised document has them.
_WRITING = "s3:putobject"
_ACTIONS = {
    _WRITING,
    "s3:listbucket",
    "s3:listbucketversions",
    "s3:putobjecttagging",
    "s3:getobject",
    "s3:getobjectversion",
    "s3:deleteobject",
}


def find(details, plan):
    """
    The orphans in an account: a list of ``user`` (``None`` for a policy that nobody has), ``policies`` and ``buckets``.

    ``details`` is IAM's answer to ``GetAccountAuthorizationDetails``; ``plan`` the plan of all known pillars.
    """
    backup = {
        policy_name(policy["Arn"]): _buckets(_document(policy))
        for policy in details.get("Policies", [])
        if grants_backups(_document(policy))
    }
    groups = {group["GroupName"]: _names(group) for group in details.get("GroupDetailList", [])}
    found, held = [], set(plan["policies"])
    for user in details.get("UserDetailList", []):
        granted = {*_names(user), *(name for group in user.get("GroupList", []) for name in groups.get(group, ()))}
        of_user = sorted(granted & backup.keys())
        held |= granted
        if of_user and user["UserName"] not in plan["users"]:
            found.append(_orphan(user["UserName"], of_user, backup))
    return [*found, *(_orphan(None, [name], backup) for name in sorted(backup.keys() - held))]


def grants_backups(document):
    """Whether a document allows what backups need on S3 buckets, and nothing else."""
    statements = policies.normalise(document)["Statement"]
    actions = {action for statement in statements for action in statement.get("Action", ())}
    return (
        all(statement.get("Effect") == "Allow" and "Resource" in statement for statement in statements)
        and _WRITING in actions
        and actions <= _ACTIONS
        and all("*" not in bucket for bucket in _buckets(document))
    )


def _orphan(user, names, backup):
    return {"user": user, "policies": names, "buckets": sorted({bucket for name in names for bucket in backup[name]})}


def _document(policy):
    default = next(version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"])
    return policies.parse(default["Document"])


def _names(holder):
    return [policy_name(policy["PolicyArn"]) for policy in holder.get("AttachedManagedPolicies", [])]


def _buckets(document):
    resources = [entry for part in policies.normalise(document)["Statement"] for entry in part.get("Resource", ())]
    # arn:aws:s3:::BUCKET/KEY; anything else is no bucket of ours, and counts as all of them.
    return sorted({entry.partition(":s3:::")[2].partition("/")[0] or "*" for entry in resources})
