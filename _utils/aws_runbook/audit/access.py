"""
Who may read or delete objects below a prefix of a bucket, from the account's own policies.

Everything that could allow it counts: conditions are assumed to be met, and policy variables to match. A Deny counts only if it has no
conditions and covers the whole prefix. Permissions boundaries and the organization's policies, which only restrict, are not read.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_runbook.iam import policies
from aws_runbook.iam.attachments import policy_name

# Either deletes: a version's deletion is an action of its own.
_DELETING = ("s3:deleteobject", "s3:deleteobjectversion")
ABILITIES = {"read": ("s3:getobject", "s3:getobjectversion"), "delete": _DELETING}
# A principal that may write lifecycle rules may let S3 delete everything. It is an action on the bucket.
_EXPIRING = "s3:putlifecycleconfiguration"
_EVERYBODY = "*"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_USER = re.compile(r"arn:[^:]*:iam::(?P<account>\d{12}):user/(?:.*/)?(?P<name>[^/]+)")
_ACCOUNT = re.compile(r"(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?::.*)?")


@dataclass(frozen=True)
class Holder:
    """A user, a role or a principal of a bucket policy, with the policy documents that apply to it."""

    kind: str
    name: str
    documents: tuple = field(default=(), compare=False)


def holders(details):
    """Return every user and role of the account, each with all its policies, from IAM's account authorization details."""
    managed = {policy["Arn"]: _default(policy) for policy in details.get("Policies", [])}
    groups = {group["GroupName"]: _documents(group, managed) for group in details.get("GroupDetailList", [])}
    found = []
    for user in details.get("UserDetailList", []):
        of_groups = [document for name in user.get("GroupList", []) for document in groups.get(name, ())]
        found.append(Holder("user", user["UserName"], (*_documents(user, managed), *of_groups)))
    found += [Holder("role", role["RoleName"], _documents(role, managed)) for role in details.get("RoleDetailList", [])]
    return found


def _default(policy):
    return policies.parse(next(entry for entry in policy["PolicyVersionList"] if entry["IsDefaultVersion"])["Document"])


def _documents(entity, managed):
    inline = next(
        (entity[name] for name in entity if name.endswith("PolicyList") and name != "AttachedManagedPolicies"), ()
    )
    attached = [policy["PolicyArn"] for policy in entity.get("AttachedManagedPolicies", [])]
    return (
        *(policies.parse(policy["PolicyDocument"]) for policy in inline),
        *(managed[arn] for arn in attached if arn in managed),
    )


def unknown_policies(details):
    """Return the names of attached policies whose documents are missing from the account's authorization details."""
    known = {policy["Arn"] for policy in details.get("Policies", [])}
    entities = [
        entity for name in ("UserDetailList", "GroupDetailList", "RoleDetailList") for entity in details.get(name, [])
    ]
    attached = {policy["PolicyArn"] for entity in entities for policy in entity.get("AttachedManagedPolicies", [])}
    return sorted(policy_name(arn) for arn in attached - known)


def able(documents, bucket, prefix, partition="aws", apart=()):
    """
    Return what ``documents`` allow below a prefix: a subset of ``read``, ``delete`` and ``expire``.

    ``apart`` are prefixes that belong to other holders. A permission that covers only one of them, inside the prefix, does not count.
    """
    whole = f"arn:{partition}:s3:::{bucket}"
    place, *others = (f"{whole}/{directory}/" if directory else f"{whole}/" for directory in (prefix, *apart))
    inner = tuple(other for other in others if other != place and other.startswith(place))
    found = [statement for document in documents for statement in policies.normalise(document)["Statement"]]
    allows = [statement for statement in found if statement.get("Effect") == "Allow"]
    denies = [statement for statement in found if statement.get("Effect") == "Deny" and not statement.get("Condition")]

    def may(action, reaches, covers):
        return any(_names_action(allow, action) and reaches(allow) for allow in allows) and not any(
            _names_action(deny, action) and covers(deny) for deny in denies
        )

    abilities = {
        ability
        for ability, actions in ABILITIES.items()
        if any(
            may(action, lambda allow: _reaches(allow, place, inner), lambda deny: _covers(deny, place))
            for action in actions
        )
    }
    if may(_EXPIRING, lambda allow: _names(allow, whole), lambda deny: _names(deny, whole, surely=True)):
        abilities.add("expire")
    return frozenset(abilities)


def by_bucket_policy(document, account_id, bucket, prefix, partition="aws"):
    """Return the principals that a bucket policy allows something below a prefix: ``Holder`` → abilities. ``*`` is everybody."""
    found = {}
    for statement in policies.normalise(document)["Statement"] if document else ():
        if statement.get("Effect") == "Allow":
            granted = able([{"Version": policies.VERSION, "Statement": [statement]}], bucket, prefix, partition)
            for name in _principals(statement) if granted else ():
                holder = _holder(name, account_id)
                found[holder] = found.get(holder, frozenset()) | granted
    return found


def _holder(name, account_id):
    user = _USER.fullmatch(name)
    if user and user["account"] == account_id:
        return Holder("user", user["name"])
    return Holder(_kind(name, account_id), name)


def _kind(name, account_id):
    if name == _EVERYBODY:
        return "everybody"
    if name.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return "service"  # which acts on behalf of the principals in its conditions
    account = _ACCOUNT.fullmatch(name)
    return "principal" if account and account[1] == account_id else "other account"


def _principals(statement):
    if "NotPrincipal" in statement:
        return [_EVERYBODY]
    given = statement.get("Principal") or {}
    if not isinstance(given, Mapping):
        return [given]
    return [name for names in given.values() for name in names]


def _names_action(statement, action):
    if "NotAction" in statement:
        return not any(fnmatch.fnmatchcase(action, pattern) for pattern in statement["NotAction"])
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in statement.get("Action", ()))


def _reaches(statement, place, inner):
    if "NotResource" in statement:
        return not any(_contains(pattern, place) for pattern in statement["NotResource"])
    patterns = [pattern for pattern in statement.get("Resource", ()) if not pattern.startswith(inner)]
    return any(could_match(pattern, place) for pattern in patterns)


def _covers(statement, place):
    if "NotResource" in statement:
        return not any(could_match(pattern, place) for pattern in statement["NotResource"])
    return any(_contains(pattern, place) for pattern in statement.get("Resource", ()))


def _names(statement, arn, *, surely=False):
    """Whether a statement covers one ARN: possibly, for any value of policy variables; or ``surely``, without relying on them."""
    negated = "NotResource" in statement
    patterns = statement.get("NotResource" if negated else "Resource", ())
    if surely is negated:
        patterns = [_VARIABLE.sub("*", pattern) for pattern in patterns]
    return any(_whole(pattern, arn) for pattern in patterns) is not negated


def could_match(pattern, start):
    """Whether a pattern can match a text that begins with ``start``, for any value of its policy variables."""
    pattern = _VARIABLE.sub("*", pattern)
    places = {0}
    for letter in start:
        places = {following for place in places for following in _step(pattern, place, letter)}
    return bool(places)


def _step(pattern, place, letter):
    """Return the positions in ``pattern`` that are reachable from ``place`` by ``letter``."""
    if place >= len(pattern):
        return
    if pattern[place] == "*":
        yield place
        yield from _step(pattern, place + 1, letter)
    elif pattern[place] in ("?", letter):
        yield place + 1


def _contains(pattern, start):
    """Whether a pattern matches every text that begins with ``start``. A pattern with a policy variable never does."""
    return pattern.endswith("*") and _matches(pattern[:-1], start)


def _matches(pattern, start):
    """Whether a pattern matches ``start`` or a prefix of it."""
    return any(_whole(pattern, start[:length]) for length in range(len(start) + 1))


def _whole(pattern, text):
    places = {0}
    for letter in text:
        places = {following for place in places for following in _step(pattern, place, letter)}
    return any(set(pattern[place:]) <= {"*"} for place in places)
