"""
Manage IAM users: one for each server that writes backups.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html

Attributes
    ``policies``
        The managed policies attached to the user: names of the account's policies, or ARNs of AWS managed policies.
    ``groups``
        The groups that the user is a member of.
    ``tags``
        A mapping of strings. The case of keys is ignored. Tags of AWS (``aws:…``) and notes of the states
        (``aws-runbook:…``) are not included.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: how to reach the account. IAM actions:
``iam:GetUser``, ``iam:ListAttachedUserPolicies`` and ``iam:ListGroupsForUser`` to read; ``iam:CreateUser``,
``iam:TagUser``, ``iam:UntagUser``, ``iam:AttachUserPolicy``, ``iam:DetachUserPolicy``, ``iam:AddUserToGroup`` and
``iam:RemoveUserFromGroup`` to write; ``iam:ListAccessKeys``, ``iam:GetLoginProfile``, ``iam:ListMFADevices``,
``iam:ListSigningCertificates``, ``iam:ListSSHPublicKeys``, ``iam:ListServiceSpecificCredentials``, ``iam:ListUserPolicies``,
``iam:DeleteAccessKey`` and ``iam:DeleteUser`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.backups import policy_recognition
from aws_runbook.iam import attachments as iam
from aws_runbook.iam import coverage
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.converge import refuse
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.pillar.check import check_group, check_user
from aws_runbook.run.waiting import SETTLE_TIMEOUT


def _find(user):
    answer = user.session.read("iam", "get_user", f"read {user}", UserName=user.name, absent=("NoSuchEntity",))
    return answer and answer["User"]


def _policies(user):
    return iam.attached_policies(user.session, "user", user.name)


def _groups(user):
    answer = user.session.read("iam", "list_groups_for_user", f"list the groups of {user}", UserName=user.name)
    return sorted(group["GroupName"] for group in answer["Groups"])


def _tags(user):
    return tagging.USER.of((user.entry or {}).get("Tags"))


def _write_grants(user, wanted):
    """Add the new grants first, and remove others only when AWS shows the new ones."""
    groups, policies = _missing(user, wanted, "groups"), _missing(user, wanted, "policies")
    for group in groups:
        doing = f"add {user} to the group {group}"
        user.session.write("iam", "add_user_to_group", doing, GroupName=group, UserName=user.name)
    iam.attach(user.session, "user", user.name, policies)

    def shown():
        return not any(_missing(user, wanted, attribute) for attribute in ("groups", "policies"))

    if groups or policies:
        iam.wait_for(shown, f"the new policies and groups of {user}", SETTLE_TIMEOUT)
    if "policies" in wanted:
        surplus = [policy for policy in _policies(user) if policy not in wanted["policies"]]
        iam.detach(user.session, "user", user.name, surplus)
    if "groups" in wanted:
        for group in _groups(user):
            if group not in wanted["groups"]:
                _leave(user, group)


def _missing(user, wanted, attribute):
    known = {"groups": _groups, "policies": _policies}[attribute]
    return [entry for entry in wanted[attribute] if entry not in known(user)] if attribute in wanted else []


def _leave(user, group):
    user.session.write(
        "iam",
        "remove_user_from_group",
        f"remove {user} from the group {group}",
        GroupName=group,
        UserName=user.name,
        absent=("NoSuchEntity",),
    )


def _write_tags(user, wanted):
    tagging.USER.write(user.session, str(user), wanted["tags"], _tags(user), UserName=user.name)


def _check_groups(where, attribute, value):
    groups = arguments.names(where, attribute, value)
    for group in groups:
        arguments.formed(where, attribute, group, check_group)
    return groups


def _check_name(user, wanted):
    arguments.formed("user", "name", user.name, check_user)
    return wanted


KIND = Kind(
    name="iam_user",
    subject="IAM user",
    what="user",
    find=_find,
    identity=lambda user: {"arn": user.entry["Arn"]},
    unique=True,
    together=_check_name,
    attributes=(
        Attribute(
            "policies",
            actions=("iam:ListAttachedUserPolicies", "iam:AttachUserPolicy", "iam:DetachUserPolicy"),
            check=iam.check_policies,
            read=_policies,
            write=_write_grants,
            shared=True,
        ),
        Attribute(
            "groups",
            actions=("iam:ListGroupsForUser", "iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
            check=_check_groups,
            read=_groups,
            write=_write_grants,
            shared=True,
        ),
        Attribute(
            "tags",
            actions=("iam:TagUser", "iam:UntagUser"),
            check=checks.tags(tagging.USER),
            read=_tags,
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    Return the user's ``arn``, ``policies``, ``groups`` and ``tags``; ``None`` if it does not exist.

    attributes
        The attributes to read, one call each: a list of ``policies``, ``groups`` and ``tags``. Default: all.

    ``policies`` and ``groups`` are sorted lists of names, ``tags`` a mapping. IAM actions: ``iam:GetUser``,
    ``iam:ListAttachedUserPolicies``, ``iam:ListGroupsForUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.describe registry-backup
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them; a value of the wrong shape is an error. Makes no call to AWS.

    attributes
        A mapping of ``policies`` and ``groups`` (lists of names) and ``tags`` (a mapping of strings), or some of them.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.normalise registry-backup '{groups: [backup]}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    Return the wanted attributes of a user, given its present ones.

    The keys of tags, which are case-insensitive, are returned as AWS has them. A user or a group whose name differs only by case is an
    error, because IAM ignores the case of names.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them) and ``warnings``, a list of sentences. IAM actions: ``iam:ListUsers``
    for a new user, and ``iam:ListGroups`` for a new group.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.resolve registry-backup '{tags: {Team: data}}' '{tags: {team: data}}'
    """
    known, resolved = current or {}, dict(attributes)
    iam.check_name(session, "user", name, known)
    for group in set(attributes.get("groups", ())) - set(known.get("groups", ())):
        iam.check_name(session, "group", group)
    if "tags" in attributes:
        resolved["tags"] = tagging.USER.spelled(attributes["tags"], known.get("tags") or {})
    return {"attributes": resolved, "warnings": []}


@connected
def backup_policies(session, name, policies):
    """
    Return the ``policies`` that allow only backups. They can be detached from a user when a group has them.

    policies
        A list of names of the account's policies, or ARNs of AWS managed policies.

    Returns ``policies``, a list of names, and ``warnings``, one sentence for each other policy. A missing policy is
    included in ``policies``. IAM actions: ``iam:GetPolicy``, ``iam:GetPolicyVersion``, and ``iam:ListPolicies`` for a
    policy that is not at the path ``/``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.backup_policies registry-backup '[registry-backup]'
    """
    found, warnings = [], []
    for policy in policies:
        known = __salt__["iam_backup_policy.describe"](policy, ["policy_document"], **session.given)
        if known is None or policy_recognition.is_the_runbooks(known["policy_document"]):
            found.append(policy)
            continue
        warnings.append(
            f"The user {name} keeps the policy {policy} beside its group, because the policy allows more than backups "
            f"({coverage.in_words(policy_recognition.surplus(known['policy_document']))}). If nothing needs those permissions, detach it by hand."
        )
    return {"policies": found, "warnings": warnings}


@connected
def create(session, name, tags=None):
    """
    Create a user without permissions, a password or keys. An existing one is not changed.

    tags
        A mapping of strings. Default: none.

    A user whose name differs only by case is an error, because IAM ignores the case of names. IAM actions: ``iam:CreateUser``,
    ``iam:TagUser`` for tags, and ``iam:ListUsers`` if such a user exists.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.create registry-backup
    """
    extra = {"Tags": tagging.listing(arguments.tags(f"user {name}", tags, tagging.USER))} if tags else {}
    # Another run may have created it after this run looked for it. The same holds for the other kinds.
    there = ("EntityAlreadyExists",)
    if session.write("iam", "create_user", f"create the user {name}", absent=there, UserName=name, **extra) is None:
        iam.check_spelling(session, "user", name)
    else:
        session.learn("iam", "list_access_keys", {"AccessKeyMetadata": []}, UserName=name)
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Set the policies, groups and tags of a user; ``None`` does not change an attribute.

    New grants are added first. Others are removed only when AWS shows the new ones, so that a user that moves from a policy to a group
    with the same policy never loses the permission.

    policies
        The managed policies to attach: a list of names of the account's policies, or ARNs of AWS managed policies.
    groups
        The groups of the user: a list of names.
    tags
        A mapping of strings. Other tags are removed, except this project's own notes.

    A missing policy or group is an error. IAM actions: those of ``describe``, ``iam:AttachUserPolicy``,
    ``iam:DetachUserPolicy``, ``iam:AddUserToGroup``, ``iam:RemoveUserFromGroup``, ``iam:TagUser``, ``iam:UntagUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.update registry-backup groups='[backup]' policies='[]'
    """
    return KIND.update(session, name, attributes)


def _keys(session, name):
    answer = session.read("iam", "list_access_keys", f"list the access keys of the user {name}", UserName=name)
    return [entry["AccessKeyId"] for entry in answer["AccessKeyMetadata"]]


# Other items with which AWS refuses to delete a user: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
_BESIDES = (
    ("list_mfa_devices", "MFADevices", "an MFA device"),
    ("list_signing_certificates", "Certificates", "a signing certificate"),
    ("list_ssh_public_keys", "SSHPublicKeys", "an SSH public key"),
    ("list_service_specific_credentials", "ServiceSpecificCredentials", "a credential for one service"),
)


@connected
def obstacles(session, name, delete_access_keys=False):
    """
    List the reasons why a user must not be deleted, one sentence each; empty when there are none.

    delete_access_keys
        ``True`` to allow the deletion of its access keys, whose clients stop working. Default: ``False``.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetLoginProfile``, ``iam:ListMFADevices``, ``iam:ListSigningCertificates``,
    ``iam:ListSSHPublicKeys``, ``iam:ListServiceSpecificCredentials``, ``iam:ListUserPolicies``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.obstacles registry-backup
    """
    found = []
    keys = [] if delete_access_keys is True else _keys(session, name)
    if keys:
        found.append(
            f"The user {name} has the access key {' and '.join(keys)} and is not deleted: programs that use it would stop working. To delete it "
            "too, set delete_access_keys: True."
        )
    doing = f"list the other credentials of the user {name}"
    if session.read("iam", "get_login_profile", doing, UserName=name, absent=("NoSuchEntity",)):
        found.append(f"The user {name} has a password for the console: a person uses it. It is not deleted.")
    for method, listed, what in _BESIDES:
        if session.read("iam", method, doing, UserName=name)[listed]:
            found.append(f"The user {name} has {what}. It is not deleted: find out who uses it, and delete it first.")
    inline = session.read("iam", "list_user_policies", doing, UserName=name)["PolicyNames"]
    if inline:
        found.append(
            f"The user {name} has the inline policy {', '.join(inline)}, which is not managed here: delete it first."
        )
    return found


@connected
def delete(session, name, delete_access_keys=False):
    """
    Delete a user, and remove it from its groups and policies. If it has anything else, that is an error and nothing is deleted.

    delete_access_keys
        ``True`` to delete its access keys first. Default: ``False``.

    IAM actions: ``iam:DeleteUser``, ``iam:ListAttachedUserPolicies``, ``iam:DetachUserPolicy``,
    ``iam:ListGroupsForUser``, ``iam:RemoveUserFromGroup``; for keys ``iam:DeleteAccessKey``; and those of ``obstacles``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.delete registry-backup
    """
    refuse(obstacles.on(session, name, delete_access_keys))
    if delete_access_keys is True:
        for access_key_id in _keys(session, name):
            session.write(
                "iam",
                "delete_access_key",
                f"delete the access key {access_key_id} of the user {name}",
                UserName=name,
                AccessKeyId=access_key_id,
                absent=("NoSuchEntity",),
            )
    user = KIND.of(session, name)
    for group in _groups(user):
        _leave(user, group)
    iam.detach(session, "user", name, _policies(user))
    session.write("iam", "delete_user", f"delete the user {name}", UserName=name)
    return True
