"""
What IAM's users, groups and policies have in common: how they are named, and how policies are attached.

A policy of the account goes by its name (``registry-backup``), an AWS managed policy by its ARN
(``arn:aws:iam::aws:policy/ReadOnlyAccess``). So pillar does not need the account's number.
"""

import re

from aws_runbook.errors import RunbookError, SameNameError
from aws_runbook.kinds import arguments
from aws_runbook.run.waiting import until

_OF_THE_ACCOUNT = re.compile(r"arn:[\w-]+:iam::\d{12}:policy/(?:.+/)?(?P<name>[^/]+)")


def policy_arn(session, name, *, recalled=False):
    """
    The ARN of a policy of the account, with any path; an ARN is returned unchanged.

    Without a policy of that name, it is the ARN that a new one would get. A policy whose name differs only by case is an error: names
    are case-insensitive in IAM, so both cannot exist.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names

    With ``recalled``, AWS is asked once for all names of a run, and again where one seems to be taken: each new policy would make
    the listing outdated for the next one. It is for callers that notice another run's new policy when they create theirs.
    """
    if name.startswith("arn:"):
        return name
    arn = f"arn:{session.partition}:iam::{session.account_id}:policy/{name}"
    doing = f"find the policy {name}"
    if session.read("iam", "get_policy", doing, PolicyArn=arn, absent=("NoSuchEntity",)):
        return arn

    def listed():
        return session.read("iam", "list_policies", doing, Scope="Local")["Policies"]

    if recalled and name.lower() not in session.recall(
        "policy names", lambda: {policy["PolicyName"].lower() for policy in listed()}
    ):
        return arn
    for policy in listed():
        if policy["PolicyName"] == name:
            return policy["Arn"]
        if policy["PolicyName"].lower() == name.lower():
            raise _same_name("policy", name, f"{policy['PolicyName']} ({policy['Arn']})")
    return arn


_LISTINGS = {"group": "list_groups", "user": "list_users"}


def check_spelling(session, kind, name):
    """Raise when the account has no ``kind`` (``user``, ``group``) called ``name``, and one whose name differs only by case."""
    names = _names(session, kind)
    others = [other for other in names if other.lower() == name.lower()]
    if others and name not in others:
        raise _same_name(kind, name, others[0])


def check_name(session, kind, name, found=None):
    """
    The same check before anything is created. ``found`` is the description by that name, or ``None``.

    AWS is read once for all new names of a run, and again if a name seems to be taken.
    """
    if found:
        other = found["arn"].rpartition("/")[2]
        if other != name:
            raise _same_name(kind, name, other)
    elif name.lower() in session.recall(f"{kind} names", lambda: [other.lower() for other in _names(session, kind)]):
        check_spelling(session, kind, name)


def _same_name(kind, name, other):
    return SameNameError("The account", "IAM", kind, name, other)


def _names(session, kind):
    answer = session.read("iam", _LISTINGS[kind], f"list the {kind}s of the account")
    return [entry[f"{kind.capitalize()}Name"] for entry in answer[f"{kind.capitalize()}s"]]


def policy_name(arn):
    """The name of a policy of the account; the ARN of an AWS managed policy."""
    match = _OF_THE_ACCOUNT.fullmatch(arn)
    return match["name"] if match else arn


def check_policies(where, attribute, value):
    """A list of managed policies, as :func:`attached_policies` gives it; for the rows of a kind."""
    return sorted(policy_name(policy) for policy in arguments.names(where, attribute, value))


def attached_policies(session, kind, name, *, absent=()):
    """The policies attached to a ``kind`` (``user``, ``group``), sorted."""
    answer = session.read(
        "iam",
        f"list_attached_{kind}_policies",
        f"list the policies of the {kind} {name}",
        absent=absent,
        **{f"{kind.capitalize()}Name": name},
    )
    return sorted(policy_name(policy["PolicyArn"]) for policy in (answer or {}).get("AttachedPolicies", []))


def attach(session, kind, name, policies):
    """Attach ``policies`` to a ``kind``."""
    for policy in policies:
        session.write(
            "iam",
            f"attach_{kind}_policy",
            f"attach the policy {policy} to the {kind} {name}",
            PolicyArn=policy_arn(session, policy),
            **{f"{kind.capitalize()}Name": name},
        )


def detach(session, kind, name, policies):
    """Detach ``policies`` from a ``kind``; a policy that is not attached is not an error."""
    for policy in policies:
        session.write(
            "iam",
            f"detach_{kind}_policy",
            f"detach the policy {policy} from the {kind} {name}",
            absent=("NoSuchEntity",),
            PolicyArn=policy_arn(session, policy),
            **{f"{kind.capitalize()}Name": name},
        )


def wait_for(shown, what, timeout):
    """Wait until AWS shows what was granted, before the grants that it replaces are removed."""
    if not until(shown, what=f"AWS to show {what}", timeout=timeout):
        raise RunbookError(
            f"AWS does not show {what} after {timeout} seconds; what it replaces was not removed. Run this again."
        )
