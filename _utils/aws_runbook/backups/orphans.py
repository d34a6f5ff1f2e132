"""
Users and policies of backups that are no longer in any pillar, and the buckets that these policies name.

They are recognised by what managed and inline policies allow, whether created by this project or by hand: see
:mod:`aws_runbook.backups.policy_recognition`.
"""

from collections import defaultdict
from dataclasses import dataclass

from aws_runbook.backups import policy_recognition
from aws_runbook.iam import policies
from aws_runbook.iam.attachments import policy_name

_HOLDERS = {
    "user": ("UserDetailList", "UserName", "UserPolicyList"),
    "group": ("GroupDetailList", "GroupName", "GroupPolicyList"),
    "role": ("RoleDetailList", "RoleName", "RolePolicyList"),
}


@dataclass(frozen=True)
class _Policy:
    """A policy for backups; ``of`` is the holder of an inline policy, empty for a managed one. ``sure``: it has the runbook's form."""

    name: str
    buckets: tuple
    sure: bool
    of: str = ""


def find(details, plan):
    """
    Return the users and policies that no pillar names, as rows. A policy of such a user is only in the user's row.

    ``details`` is IAM's answer to ``GetAccountAuthorizationDetails``; ``plan`` the plan of all known pillars.
    """
    managed = _managed(details)
    groups = {group["GroupName"]: group for group in details.get("GroupDetailList", [])}
    users, reported = [], set()
    for user in details.get("UserDetailList", []):
        joined = [groups[name] for name in user.get("GroupList", []) if name in groups]
        has = [*_held("user", user, managed), *(one for group in joined for one in _held("group", group, managed))]
        if has and not _is_planned(user["UserName"], plan["users"]):
            reported.update(has)
            users.append(_user(user["UserName"], has))
    holders = _holders(details)
    left = [one for name, one in sorted(managed.items()) if not _is_planned(name, plan["policies"])]
    rows = [_policy(one, holders[one.name]) for one in left if one not in reported]
    inline = [one for one in _inline(details, plan) if one not in reported]
    return [*users, *rows, *map(_inline_policy, inline)]


def row(kind, why, *, user=None, policies=(), buckets=()):
    """Return the row of an orphan; ``why`` says what it is and what can be done."""
    return {"kind": kind, "user": user, "policies": list(policies), "buckets": list(buckets), "why": why}


def named(details):
    """Return the buckets that policies for backups name, in any version: (bucket → policy → whether it is the runbook's)."""
    found = defaultdict(dict)
    for policy in details.get("Policies", []):
        for version in policy["PolicyVersionList"]:
            _note(found, policy_name(policy["Arn"]), version["Document"])
    for _, holder, inline in _all_holders(details):
        for policy in holder.get(inline, []):
            _note(found, policy["PolicyName"], policy["PolicyDocument"])
    return dict(found)


def _note(found, name, text):
    document = policies.parse(text)
    if policy_recognition.is_for_backups(document):
        for bucket in policy_recognition.buckets(document):
            found[bucket][name] = found[bucket].get(name, False) or policy_recognition.is_the_runbooks(document)


def _managed(details):
    """Return the account's managed policies for backups, by name."""
    found = {}
    for policy in details.get("Policies", []):
        name = policy_name(policy["Arn"])
        default = next(version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"])
        found[name] = _made(name, default["Document"])
    return {name: one for name, one in found.items() if one}


def _made(name, text, of=""):
    document = policies.parse(text)
    if not policy_recognition.is_for_backups(document):
        return None
    return _Policy(name, tuple(policy_recognition.buckets(document)), policy_recognition.is_the_runbooks(document), of)


def _held(kind, holder, managed):
    """Return a holder's policies for backups, attached or inline."""
    _, member, inline = _HOLDERS[kind]
    of = f"the {kind} {holder[member]}"
    own = [_made(policy["PolicyName"], policy["PolicyDocument"], of) for policy in holder.get(inline, [])]
    return [*(managed[name] for name in _names(holder) if name in managed), *filter(None, own)]


def _inline(details, plan):
    """Return the inline policies for backups of holders that no pillar names."""
    for kind, holder, _ in _all_holders(details):
        name = holder[_HOLDERS[kind][1]]
        if not _is_planned(name, plan.get(f"{kind}s", ())):
            yield from _held(kind, holder, {})


def _all_holders(details):
    for kind, (listing, _, inline) in _HOLDERS.items():
        for holder in details.get(listing, []):
            yield kind, holder, inline


def _is_planned(name, planned):
    # To IAM, names that differ only by case are the same.
    return name.lower() in {other.lower() for other in planned}


def _user(user, has):
    buckets = sorted({bucket for one in has for bucket in one.buckets})
    own = sorted({one.name for one in has if one.of == f"the user {user}"})
    first = f", once its inline policy {' and '.join(own)} is deleted" if own else ""
    why = (
        f"The user {user} may write backups to {', '.join(buckets)}, and no known pillar names it; if nothing uses its keys any more, "
        f"iam_user.absent removes it{first}."
    )
    return row("user", why, user=user, policies=sorted({one.name for one in has}), buckets=buckets)


def _policy(policy, holders):
    has, how = ("nobody has it", "") if not holders else (f"{', '.join(holders)} has it", ", with detach: True")
    why = f"The policy {policy.name} {_purpose(policy)}, and no known pillar names it; {has}: iam_backup_policy.absent removes it{how}."
    return row("policy", why, policies=[policy.name], buckets=policy.buckets)


def _inline_policy(policy):
    why = (
        f"The inline policy {policy.name} of {policy.of} {_purpose(policy)}, and no known pillar names {policy.of}; if nothing needs it, "
        "delete it by hand."
    )
    return row("policy", why, policies=[policy.name], buckets=policy.buckets)


def _purpose(policy):
    return f"{'is' if policy.sure else 'may be'} for backups to {', '.join(policy.buckets)}"


def _holders(details):
    """Return the holders of each policy: (name → holders, described for an operator)."""
    found = defaultdict(list)
    for kind, holder, _ in _all_holders(details):
        for name in _names(holder):
            found[name].append(f"the {kind} {holder[_HOLDERS[kind][1]]}")
    return found


def _names(holder):
    return [policy_name(policy["PolicyArn"]) for policy in holder.get("AttachedManagedPolicies", [])]
