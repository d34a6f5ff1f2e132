"""
What IAM's users, groups and policies have in common: how tags are written, how policies are named and attached.

A policy of the account is named by its name (``registry-backup``), one of AWS's own by its ARN
(``arn:aws:iam::aws:policy/ReadOnlyAccess``): so pillar need not know the account.
"""

import re

from aws_runbook.errors import RunbookError
from aws_runbook.waiting import until

_OF_THE_ACCOUNT = re.compile(r"arn:[\w-]+:iam::\d{12}:policy/(?P<name>.+)")


def tag_list(tags):
    """A mapping of tags as IAM's API takes it."""
    return [{"Key": tag, "Value": value} for tag, value in sorted(tags.items())]


def tag_mapping(answer):
    """The tags in an answer of IAM's, as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}


def write_tags(session, kind, what, current, wanted, **who):
    """Make ``wanted`` the tags of a ``kind`` (``user``, ``policy``) that has ``current``."""
    surplus = sorted(set(current) - set(wanted))
    if surplus:
        session.write("iam", f"untag_{kind}", f"untag {what}", TagKeys=surplus, **who)
    changed = {tag: value for tag, value in wanted.items() if current.get(tag) != value}
    if changed:
        session.write("iam", f"tag_{kind}", f"tag {what}", Tags=tag_list(changed), **who)


def policy_arn(session, name):
    """The ARN of a policy of the account; an ARN is left as it is."""
    return name if name.startswith("arn:") else f"arn:{session.partition}:iam::{session.account_id}:policy/{name}"


def policy_name(arn):
    """The name of a policy of the account; the ARN of one of AWS's own."""
    match = _OF_THE_ACCOUNT.fullmatch(arn)
    return match["name"] if match else arn


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
    """Detach ``policies`` from a ``kind``; one that is gone already is no error."""
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
    """Wait until AWS shows what was granted: only then may what it replaces be taken away."""
    if not until(shown, what=f"AWS to show {what}", timeout=timeout):
        raise RunbookError(
            f"AWS does not show {what} after {timeout} seconds; what it replaces was not taken away. Run this again."
        )
