"""
Manage IAM groups, which give one policy to several users.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html

Attribute
    ``policies``
        The managed policies attached to the group: names of the account's policies, or ARNs of AWS managed policies.

Membership is an attribute of each user (``iam_user``). Every function takes ``region``, ``profile``, ``keyid`` and ``key``
as its last arguments: how to reach the account. IAM actions: ``iam:GetGroup`` and ``iam:ListAttachedGroupPolicies`` to read;
``iam:CreateGroup``, ``iam:AttachGroupPolicy`` and ``iam:DetachGroupPolicy`` to write; ``iam:ListGroupPolicies``,
``iam:RemoveUserFromGroup`` and ``iam:DeleteGroup`` to delete.
"""

from aws_runbook.iam import attachments as iam
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.pillar.check import check_group


def _find(group):
    return group.session.read("iam", "get_group", f"read {group}", GroupName=group.name, absent=("NoSuchEntity",))


def _policies(group):
    return iam.attached_policies(group.session, "group", group.name)


def _write_policies(group, wanted):
    current = _policies(group)
    missing = [policy for policy in wanted["policies"] if policy not in current]
    iam.attach(group.session, "group", group.name, missing)
    surplus = [policy for policy in current if policy not in wanted["policies"]]
    iam.detach(group.session, "group", group.name, surplus)


def _members(group):
    return sorted(user["UserName"] for user in (group.entry or {}).get("Users", []))


def _check_name(group, wanted):
    arguments.formed("group", "name", group.name, check_group)
    return wanted


KIND = Kind(
    name="iam_group",
    subject="IAM group",
    what="group",
    find=_find,
    identity=lambda group: {"arn": group.entry["Group"]["Arn"]},
    unique=True,
    together=_check_name,
    attributes=(
        Attribute(
            "policies",
            actions=("iam:ListAttachedGroupPolicies", "iam:AttachGroupPolicy", "iam:DetachGroupPolicy"),
            check=iam.check_policies,
            read=_policies,
            write=_write_policies,
            shared=True,
        ),
        # Membership is an attribute of each user.
        Attribute("members", read=_members),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    Return the group's ``arn``, ``policies`` and ``members``; ``None`` if it does not exist.

    attributes
        The attributes to read: a list of ``policies`` and ``members``. Default: all.

    Both are sorted lists of names. IAM actions: ``iam:GetGroup``, ``iam:ListAttachedGroupPolicies``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.describe backup
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them; a value of the wrong shape is an error. Makes no call to AWS.

    attributes
        A mapping of ``policies``: a list of names of the account's policies, or ARNs of AWS managed policies.

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.normalise backup '{policies: [backup]}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    Return the wanted attributes of a group, given its present ones.

    A group whose name differs only by case is an error, because IAM ignores the case of names.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` and ``warnings``, a list of sentences. IAM action: ``iam:ListGroups`` for a new group.

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.resolve backup '{}' '{policies: [backup]}'
    """
    iam.check_name(session, "group", name, current)
    return {"attributes": dict(attributes), "warnings": []}


@connected
def create(session, name):
    """
    Create a group without policies or members. An existing one is not changed.

    A group whose name differs only by case is an error, because IAM ignores the case of names. IAM actions: ``iam:CreateGroup``, and
    ``iam:ListGroups`` if such a group exists.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.create backup
    """
    there = ("EntityAlreadyExists",)
    if session.write("iam", "create_group", f"create the group {name}", absent=there, GroupName=name) is None:
        iam.check_spelling(session, "group", name)
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Set the policies of a group. Missing policies are attached before others are detached.

    policies
        A list of names of the account's policies, or ARNs of AWS managed policies. ``None`` (the default) changes nothing.

    A missing policy is an error. IAM actions: ``iam:ListAttachedGroupPolicies``, ``iam:AttachGroupPolicy``,
    ``iam:DetachGroupPolicy``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.update backup policies='[backup]'
    """
    return KIND.update(session, name, attributes)


@connected
def obstacles(session, name, remove_members=False):
    """
    List the reasons why a group must not be deleted, one sentence each; empty when there are none.

    remove_members
        ``True`` to allow the deletion of a group with members, which lose its permissions. Default: ``False``.

    IAM actions: ``iam:GetGroup``, ``iam:ListGroupPolicies``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_group.obstacles backup
    """
    found = []
    members = [] if remove_members is True else _members(KIND.of(session, name))
    if members:
        found.append(
            f"The group {name} has the members {', '.join(members)} and is not deleted: they would lose what it grants. To remove them first, "
            "set remove_members: True."
        )
    doing = f"list the inline policies of the group {name}"
    inline = session.read("iam", "list_group_policies", doing, GroupName=name)["PolicyNames"]
    if inline:
        found.append(
            f"The group {name} has the inline policy {', '.join(inline)}, which is not managed here: delete it first."
        )
    return found


@connected
def delete(session, name, remove_members=False):
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
    if remove_members is True:
        for member in _members(KIND.of(session, name)):
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
