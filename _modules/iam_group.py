"""
Manage IAM groups: for one policy that serves several users.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html

Attribute
    ``policies``
        The managed policies attached to the group: names of policies of the account, ARNs of AWS's own.

Who is a member is said by each user (``iam_user``). Every function takes ``region``, ``profile``, ``keyid`` and ``key``
last: how to reach the account. IAM actions: ``iam:GetGroup`` and ``iam:ListAttachedGroupPolicies`` to read;
``iam:CreateGroup``, ``iam:AttachGroupPolicy`` and ``iam:DetachGroupPolicy`` to write; ``iam:ListGroupPolicies``,
``iam:RemoveUserFromGroup`` and ``iam:DeleteGroup`` to delete.
"""

from aws_runbook import arguments, iam
from aws_runbook.session import connect


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The group's ``arn``, ``policies`` and ``members``; ``None`` when there is none.

    attributes
        Only these are read: a list of ``policies`` and ``members``. Default: all.

    Both are sorted lists of names. IAM actions: ``iam:GetGroup``, ``iam:ListAttachedGroupPolicies``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.describe backup
    """
    session = _session(region, profile, keyid, key)
    answer = _group(session, name)
    if answer is None:
        return None
    described = {"arn": answer["Group"]["Arn"], "members": _members(answer)}
    if attributes is None or "policies" in attributes:
        described["policies"] = iam.attached_policies(session, "group", name)
    return described


def _group(session, name):
    return session.read("iam", "get_group", f"read the group {name}", GroupName=name, absent=("NoSuchEntity",))


def _members(answer):
    return sorted(user["UserName"] for user in answer.get("Users", []))


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value of the wrong shape is an error. Makes no call to AWS.

    attributes
        A mapping of ``policies``: a list of names of policies of the account, ARNs of AWS's own.

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.normalise backup '{policies: [backup]}'
    """
    checked = dict(attributes)
    if "policies" in checked:
        policies = arguments.names(f"group {name}", "policies", checked["policies"])
        checked["policies"] = sorted(iam.policy_name(policy) for policy in policies)
    return checked


def create(name, region=None, profile=None, keyid=None, key=None):
    """
    Create a group, with no policy and no member. One that is there already is left as it is.

    IAM action: ``iam:CreateGroup``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.create backup
    """
    session = _session(region, profile, keyid, key)
    session.write("iam", "create_group", f"create the group {name}", absent=("EntityAlreadyExists",), GroupName=name)
    return True


def update(name, policies=None, region=None, profile=None, keyid=None, key=None):
    """
    Give a group exactly these policies: what is missing is attached before what is too much is detached.

    policies
        A list: names of policies of the account, ARNs of AWS's own. ``None`` (the default) changes nothing.

    A policy that there is not is an error. IAM actions: ``iam:ListAttachedGroupPolicies``, ``iam:AttachGroupPolicy``,
    ``iam:DetachGroupPolicy``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.update backup policies='[backup]'
    """
    if policies is None:
        return True
    session = _session(region, profile, keyid, key)
    wanted = normalise(name, {"policies": policies})["policies"]
    current = iam.attached_policies(session, "group", name)
    iam.attach(session, "group", name, [policy for policy in wanted if policy not in current])
    iam.detach(session, "group", name, [policy for policy in current if policy not in wanted])
    return True


def obstacles(name, remove_members=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a group must not be deleted: a list of sentences, empty when nothing is in the way.

    remove_members
        ``True`` when its members may lose what the group grants them. Default: ``False``.

    IAM actions: ``iam:GetGroup``, ``iam:ListGroupPolicies``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.obstacles backup
    """
    session = _session(region, profile, keyid, key)
    found = []
    members = [] if remove_members is True else _members(_group(session, name) or {})
    if members:
        found.append(
            f"The group {name} has the members {', '.join(members)} and is not deleted: they would lose what it "
            "grants. To remove them first, say remove_members: True."
        )
    doing = f"list the inline policies of the group {name}"
    inline = session.read("iam", "list_group_policies", doing, GroupName=name)["PolicyNames"]
    if inline:
        found.append(f"The group {name} has the inline policy {', '.join(inline)}, made by hand: delete that first.")
    return found


def delete(name, remove_members=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete a group. AWS refuses while it has members.

    remove_members
        ``True`` to remove them first. Default: ``False``.

    IAM actions: ``iam:DeleteGroup``, ``iam:GetGroup``, ``iam:ListAttachedGroupPolicies``, ``iam:DetachGroupPolicy``;
    for members ``iam:RemoveUserFromGroup``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.delete backup
    """
    session = _session(region, profile, keyid, key)
    if remove_members is True:
        for member in _members(_group(session, name) or {}):
            session.write(
                "iam",
                "remove_user_from_group",
                f"remove the user {member} from the group {name}",
                GroupName=name,
                UserName=member,
                absent=("NoSuchEntity",),
            )
    iam.detach(session, "group", name, iam.attached_policies(session, "group", name))
    session.write("iam", "delete_group", f"delete the group {name}", GroupName=name)
    return True
