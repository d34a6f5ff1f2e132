"""
Who may read or delete what is below a place in a bucket, from the account's own policies.

Whatever could allow it counts: conditions are taken to hold, and a Deny counts only when it is without conditions and covers
the whole place. Permissions boundaries and the organisation's policies, which only take away, are not looked at.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_runbook import policies
from aws_runbook.iam import policy_name

# Either deletes: a version's deletion is an action of its own.
_DELETING = ("s3:deleteobject", "s3:deleteobjectversion")
ABILITIES = {"read": ("s3:getobject", "s3:getobjectversion"), "delete": _DELETING}
_EVERYBODY = "*"


@dataclass(frozen=True)
class Holder:
    """A user, role, or principal of a bucket policy, and the documents that say what it may do."""

    kind: str
    name: str
    documents: tuple = field(default=(), compare=False)


def holders(details):
    """Every user and role of the account, each with all its policies, from IAM's account authorization details."""
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
    """Names of policies that somebody has and whose content the account's details do not give."""
    known = {policy["Arn"] for policy in details.get("Policies", [])}
    entities = [
        entity for name in ("UserDetailList", "GroupDetailList", "RoleDetailList") for entity in details.get(name, [])
    ]
    attached = {policy["PolicyArn"] for entity in entities for policy in entity.get("AttachedManagedPolicies", [])}
    return sorted(policy_name(arn) for arn in attached - known)


def able(documents, bucket, prefix, partition="aws"):
    """What ``documents`` let somebody do below a place: a subset of ``read`` and ``delete``."""
    place = f"arn:{partition}:s3:::{bucket}/{prefix}/" if prefix else f"arn:{partition}:s3:::{bucket}/"
    found = [statement for document in documents for statement in policies.normalise(document)["Statement"]]
    allows = [statement for statement in found if statement.get("Effect") == "Allow"]
    denies = [statement for statement in found if statement.get("Effect") == "Deny" and not statement.get("Condition")]
    return frozenset(
        ability
        for ability, actions in ABILITIES.items()
        if any(
            any(_names_action(allow, action) and _reaches(allow, place) for allow in allows)
            and not any(_names_action(deny, action) and _covers(deny, place) for deny in denies)
            for action in actions
        )
    )


def by_bucket_policy(document, account_id, bucket, prefix, partition="aws"):
    """Principals to whom a bucket's policy gives something below a place: ``Holder`` → abilities. ``*`` is everybody."""
    found = {}
    for statement in policies.normalise(document)["Statement"] if document else ():
        if statement.get("Effect") == "Allow":
            granted = able([{"Version": policies.VERSION, "Statement": [statement]}], bucket, prefix, partition)
            for name in _principals(statement) if granted else ():
                kind = "everybody" if name == _EVERYBODY else "principal" if account_id in name else "other account"
                holder = Holder(kind, name)
                found[holder] = found.get(holder, frozenset()) | granted
    return found


def _principals(statement):
    if "NotPrincipal" in statement:
        return [_EVERYBODY]
    given = statement.get("Principal") or {}
    if not isinstance(given, Mapping):
        return [given]
    # A service acts for the account; whom it serves is in conditions.
    return [name for kind, names in given.items() if kind != "Service" for name in names]


def _names_action(statement, action):
    if "NotAction" in statement:
        return not any(fnmatch.fnmatchcase(action, pattern) for pattern in statement["NotAction"])
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in statement.get("Action", ()))


def _reaches(statement, place):
    if "NotResource" in statement:
        return not any(_contains(pattern, place) for pattern in statement["NotResource"])
    return any(could_match(pattern, place) for pattern in statement.get("Resource", ()))


def _covers(statement, place):
    if "NotResource" in statement:
        return not any(could_match(pattern, place) for pattern in statement["NotResource"])
    return any(_contains(pattern, place) for pattern in statement.get("Resource", ()))


def could_match(pattern, start):
    """Whether a pattern matches any text that begins with ``start``."""
    places = {0}
    for letter in start:
        places = {following for place in places for following in _step(pattern, place, letter)}
    return bool(places)


def _step(pattern, place, letter):
    """Where in ``pattern`` one can be after ``letter``, from ``place``."""
    if place >= len(pattern):
        return
    if pattern[place] == "*":
        yield place
        yield from _step(pattern, place + 1, letter)
    elif pattern[place] in ("?", letter):
        yield place + 1


def _contains(pattern, start):
    """Whether a pattern matches every text that begins with ``start``."""
    return pattern.endswith("*") and _matches(pattern[:-1], start)


def _matches(pattern, start):
    """Whether a pattern matches ``start`` or some beginning of it."""
    return any(_whole(pattern, start[:length]) for length in range(len(start) + 1))


def _whole(pattern, text):
    places = {0}
    for letter in text:
        places = {following for place in places for following in _step(pattern, place, letter)}
    return any(set(pattern[place:]) <= {"*"} for place in places)
