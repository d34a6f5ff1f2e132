"""
The users of the account, and the policies that each has: its own, and those of its groups.
"""

from dataclasses import dataclass, field

from aws_runbook.iam import coverage, policies
from aws_runbook.iam.attachments import policy_name


@dataclass(frozen=True)
class Held:
    """
    A policy that a user has, by ``group`` or (``None``) itself. ``grants`` are ``None`` for one of AWS's own, which is not read.

    ``inline`` ones belong to the user or group alone.
    """

    name: str
    group: str | None
    inline: bool
    document: dict | None = field(compare=False)
    grants: tuple | None = field(compare=False, repr=False)


class People:
    """The users and groups in IAM's listing of the account (``details``), by name."""

    def __init__(self, details):
        self._policies = {}
        for policy in details.get("Policies", []):
            default = next(version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"])
            self._policies[policy["Arn"]] = policies.parse(default["Document"])
        self.policies = {policy_name(arn): document for arn, document in self._policies.items()}
        self.groups = {group["GroupName"]: group for group in details.get("GroupDetailList", [])}
        self.users = {user["UserName"]: user for user in details.get("UserDetailList", [])}

    def attached(self, entity):
        """The names of the managed policies of a user or group, as IAM's listing has it."""
        return sorted(policy_name(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies", []))

    def members(self, group):
        """The names of a group's users."""
        return sorted(name for name, user in self.users.items() if group in user.get("GroupList", []))

    def held(self, name):
        """Every policy that a user has: a list of :class:`Held`."""
        user = self.users[name]
        found = self._held(user, "UserPolicyList", None)
        for group in user.get("GroupList", []):
            found += self._held(self.groups.get(group, {}), "GroupPolicyList", group)
        return found

    def _held(self, entity, inline, group):
        own = {policy["PolicyName"]: policies.parse(policy["PolicyDocument"]) for policy in entity.get(inline, [])}
        found = [_held(name, group, True, document) for name, document in own.items()]
        for policy in entity.get("AttachedManagedPolicies", []):
            arn = policy["PolicyArn"]
            found.append(_held(policy_name(arn), group, False, self._policies.get(arn)))
        return found


def _held(name, group, inline, document):
    grants = None if document is None else tuple(coverage.grants(document))
    return Held(name, group, inline, document, grants)
