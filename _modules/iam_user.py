"""
Manage IAM users: one for each server that writes backups.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html

Attributes
    ``policies``
        The managed policies attached to the user: names of policies of the account, ARNs of AWS's own.
    ``groups``
        The groups that the user is a member of.
    ``tags``
        A mapping of strings. Tags that begin with ``aws-runbook:`` are this project's own notes, and not shown.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: how to reach the account. IAM actions:
``iam:GetUser``, ``iam:ListAttachedUserPolicies`` and ``iam:ListGroupsForUser`` to read; ``iam:CreateUser``,
``iam:TagUser``, ``iam:UntagUser``, ``iam:AttachUserPolicy``, ``iam:DetachUserPolicy``, ``iam:AddUserToGroup`` and
``iam:RemoveUserFromGroup`` to write; ``iam:ListAccessKeys``, ``iam:GetLoginProfile``, ``iam:ListMFADevices``,
``iam:ListUserPolicies``, ``iam:DeleteAccessKey`` and ``iam:DeleteUser`` to delete.
"""

from aws_runbook import arguments, iam
from aws_runbook.session import SETTLE_TIMEOUT, connect

_OWN_TAGS = "aws-runbook:"


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The user's ``arn``, ``policies``, ``groups`` and ``tags``; ``None`` when there is none.

    attributes
        Only these are read: a list of ``policies``, ``groups`` and ``tags``, each of which costs a call. Default: all.

    ``policies`` and ``groups`` are sorted lists of names, ``tags`` a mapping. IAM actions: ``iam:GetUser``,
    ``iam:ListAttachedUserPolicies``, ``iam:ListGroupsForUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.describe registry-backup
    """
    session = _session(region, profile, keyid, key)
    user = _user(session, name)
    if user is None:
        return None
    wanted = _READERS if attributes is None else attributes
    return {"arn": user["Arn"], **{attribute: _READERS[attribute](session, name) for attribute in wanted}}


def _user(session, name):
    answer = session.read("iam", "get_user", f"read the user {name}", UserName=name, absent=("NoSuchEntity",))
    return answer and answer["User"]


def _tags(session, name):
    tags = iam.tag_mapping(_user(session, name) or {})
    return {tag: value for tag, value in tags.items() if not tag.startswith(_OWN_TAGS)}


def _policies(session, name):
    return iam.attached_policies(session, "user", name)


def _groups(session, name):
    answer = session.read("iam", "list_groups_for_user", f"list the groups of the user {name}", UserName=name)
    return sorted(group["GroupName"] for group in answer["Groups"])


_READERS = {"policies": _policies, "groups": _groups, "tags": _tags}


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value of the wrong shape is an error. Makes no call to AWS.

    attributes
        A mapping of ``policies`` and ``groups`` (lists of names) and ``tags`` (a mapping of strings), or some of them.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.normalise registry-backup '{groups: [backup]}'
    """
    where = f"user {name}"
    checked = dict(attributes)
    if "policies" in checked:
        policies = arguments.names(where, "policies", checked["policies"])
        checked["policies"] = sorted(iam.policy_name(policy) for policy in policies)
    if "groups" in checked:
        checked["groups"] = arguments.names(where, "groups", checked["groups"])
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    return checked


def create(name, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a user, with no permission, no password and no key. One that is there already is left as it is.

    tags
        A mapping of strings. Default: none.

    IAM actions: ``iam:CreateUser``, and ``iam:TagUser`` for tags.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.create registry-backup
    """
    session = _session(region, profile, keyid, key)
    extra = {"Tags": iam.tag_list(arguments.tags(f"user {name}", tags))} if tags else {}
    # Another run may have made it since it was looked at; here and in the other kinds.
    there = ("EntityAlreadyExists",)
    session.write("iam", "create_user", f"create the user {name}", absent=there, UserName=name, **extra)
    return True


def update(name, policies=None, groups=None, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Give a user exactly these policies, groups and tags; ``None`` leaves an attribute alone.

    What is granted is granted first, and what is taken away is taken away only when AWS shows the rest: moving a user
    from a policy to a group that has it leaves no moment without permission.

    policies
        The managed policies to be attached, a list: names of policies of the account, ARNs of AWS's own.
    groups
        The groups to be a member of, a list of names.
    tags
        A mapping of strings; other tags are removed, but for this project's own notes.

    A policy or a group that there is not is an error. IAM actions: those of ``describe``, ``iam:AttachUserPolicy``,
    ``iam:DetachUserPolicy``, ``iam:AddUserToGroup``, ``iam:RemoveUserFromGroup``, ``iam:TagUser``, ``iam:UntagUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.update registry-backup groups='[backup]' policies='[]'
    """
    session = _session(region, profile, keyid, key)
    wanted = {"policies": policies, "groups": groups, "tags": tags}
    wanted = normalise(name, {attribute: value for attribute, value in wanted.items() if value is not None})
    if "tags" in wanted:
        iam.write_tags(session, "user", f"the user {name}", _tags(session, name), wanted["tags"], UserName=name)
    _grant(session, name, wanted)
    _revoke(session, name, wanted)
    return True


def _missing(session, name, wanted, attribute):
    if attribute not in wanted:
        return []
    return [entry for entry in wanted[attribute] if entry not in _READERS[attribute](session, name)]


def _grant(session, name, wanted):
    groups = _missing(session, name, wanted, "groups")
    for group in groups:
        session.write(
            "iam", "add_user_to_group", f"add the user {name} to the group {group}", GroupName=group, UserName=name
        )
    policies = _missing(session, name, wanted, "policies")
    iam.attach(session, "user", name, policies)

    def shown():
        return not any(_missing(session, name, wanted, attribute) for attribute in ("groups", "policies"))

    if groups or policies:
        iam.wait_for(shown, f"the new policies and groups of the user {name}", SETTLE_TIMEOUT)


def _revoke(session, name, wanted):
    if "policies" in wanted:
        surplus = [policy for policy in _policies(session, name) if policy not in wanted["policies"]]
        iam.detach(session, "user", name, surplus)
    if "groups" in wanted:
        for group in _groups(session, name):
            if group not in wanted["groups"]:
                _leave(session, name, group)


def _leave(session, name, group):
    session.write(
        "iam",
        "remove_user_from_group",
        f"remove the user {name} from the group {group}",
        GroupName=group,
        UserName=name,
        absent=("NoSuchEntity",),
    )


def _keys(session, name):
    answer = session.read("iam", "list_access_keys", f"list the access keys of the user {name}", UserName=name)
    return [entry["AccessKeyId"] for entry in answer["AccessKeyMetadata"]]


def obstacles(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a user must not be deleted: a list of sentences, empty when nothing is in the way.

    delete_access_keys
        ``True`` when its access keys may be deleted with it: what uses them stops. Default: ``False``.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetLoginProfile``, ``iam:ListMFADevices``, ``iam:ListUserPolicies``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.obstacles registry-backup
    """
    session = _session(region, profile, keyid, key)
    found = []
    keys = [] if delete_access_keys is True else _keys(session, name)
    if keys:
        found.append(
            f"The user {name} has the access key {' and '.join(keys)} and is not deleted: what uses it would stop. "
            "To delete it too, say delete_access_keys: True."
        )
    doing = f"see what else the user {name} has"
    if session.read("iam", "get_login_profile", doing, UserName=name, absent=("NoSuchEntity",)):
        found.append(f"The user {name} has a password for the console: a person uses it. It is not deleted.")
    if session.read("iam", "list_mfa_devices", doing, UserName=name)["MFADevices"]:
        found.append(f"The user {name} has an MFA device: a person uses it. It is not deleted.")
    inline = session.read("iam", "list_user_policies", doing, UserName=name)["PolicyNames"]
    if inline:
        found.append(f"The user {name} has the inline policy {', '.join(inline)}, made by hand: delete that first.")
    return found


def delete(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete a user, out of its groups and policies. AWS refuses while it has anything else.

    delete_access_keys
        ``True`` to delete its access keys first. Default: ``False``.

    IAM actions: ``iam:DeleteUser``, ``iam:ListAttachedUserPolicies``, ``iam:DetachUserPolicy``,
    ``iam:ListGroupsForUser``, ``iam:RemoveUserFromGroup``; for keys ``iam:ListAccessKeys`` and ``iam:DeleteAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_user.delete registry-backup
    """
    session = _session(region, profile, keyid, key)
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
    for group in _groups(session, name):
        _leave(session, name, group)
    iam.detach(session, "user", name, _policies(session, name))
    session.write("iam", "delete_user", f"delete the user {name}", UserName=name)
    return True
