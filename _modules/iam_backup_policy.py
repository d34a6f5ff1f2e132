"""
Manage the IAM policies that let servers write their backups, and nothing else.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#customer-managed-policies

A *target* is a mapping that says where a backup goes:

``kind``
    ``pgbackrest``, ``script`` (pg_dump), ``mysql``, ``files`` or ``sync``.
``bucket``, ``prefix``
    The place; an empty prefix is the whole bucket.
``scope``
    ``prefix`` (the default) or ``bucket``: a policy for the whole bucket although the target has a prefix.
``options``
    For ``pgbackrest``: a list of ``tags`` (when ``repo1-storage-tag`` is in use) and ``target_time`` (when
    ``repo1-target-time`` is).

``append_only``
    ``True`` for a policy without deletion, for the kinds that never delete: ``script``, ``mysql`` and ``files``.

``aws_backup.targets`` lists a server's targets. Every function takes ``region``, ``profile``, ``keyid`` and ``key``
last: how to reach the account. IAM actions: ``iam:GetPolicy`` and ``iam:GetPolicyVersion`` to read;
``iam:CreatePolicy``, ``iam:ListPolicyVersions``, ``iam:CreatePolicyVersion``, ``iam:DeletePolicyVersion``,
``iam:TagPolicy`` and ``iam:UntagPolicy`` to write; ``iam:ListEntitiesForPolicy``, ``iam:DetachUserPolicy``,
``iam:DetachGroupPolicy``, ``iam:DetachRolePolicy`` and ``iam:DeletePolicy`` to delete.
"""

from collections.abc import Mapping
from dataclasses import fields

from aws_runbook import arguments, iam, policies
from aws_runbook.backups import Target
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.session import connect

# AWS keeps this many versions of a policy and refuses the next.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html#version-limits
_VERSIONS = 5

_KINDS = ("pgbackrest", "script", "mysql", "files", "sync")
_TARGET_KEYS = ("kind", "bucket", "prefix", "scope", "options", "append_only")


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def document(targets, region=None, profile=None, keyid=None, key=None):
    """
    The policy document that targets need: the union, no statement twice. Makes no call to AWS.

    targets
        A list of mappings of ``kind`` (``pgbackrest``, ``script``, ``mysql``, ``files``, ``sync``) and ``bucket``, and
        optionally ``prefix``, ``scope`` (``prefix`` or ``bucket``), ``append_only`` (``True`` or ``False``) and, for
        ``pgbackrest``, ``options`` (a list of ``tags`` and ``target_time``). ``aws_backup.targets`` lists those of a
        server.

    A target that makes no sense is an error. What is allowed, and why not less, is on the page on policies.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.document '[{kind: pgbackrest, bucket: ocp-db-backup, prefix: kingfisher}]'
    """
    partition = _session(region, profile, keyid, key).partition
    return policies.document([_target(target) for target in targets], partition=partition)


def _target(given):
    """A target of :func:`document`, checked. What else ``aws_backup.targets`` tells of one is not for the policy."""
    if not isinstance(given, Mapping) or not isinstance(given.get("bucket"), str) or not given["bucket"]:
        raise RunbookError(f"targets has {given!r}; give mappings with at least kind and bucket.")
    unknown = sorted(set(given) - {entry.name for entry in fields(Target)})
    if unknown:
        raise RunbookError(f"targets has the unknown key {unknown[0]!r}; allowed are {', '.join(_TARGET_KEYS)}.")
    where = f"target {given['bucket']}"
    arguments.one_of(where, "kind", given.get("kind", ""), _KINDS)
    arguments.one_of(where, "scope", given.get("scope"), ("prefix", "bucket"))
    arguments.one_of(where, "append_only", given.get("append_only"), (True, False))
    options = arguments.names(where, "options", given.get("options") or [])
    for option in options:
        arguments.one_of(where, "options", option, ("tags", "target_time"))
    prefix = given.get("prefix") or ""
    if not isinstance(prefix, str) or prefix != prefix.strip("/") or (given["kind"] == "pgbackrest" and not prefix):
        raise RunbookError(f"{where}: prefix is {prefix!r}; give one without a slash at either end.")
    return Target(
        server="",
        kind=given["kind"],
        bucket=given["bucket"],
        prefix=prefix,
        region="",
        expires=False,
        scope=given.get("scope") or "prefix",
        options=frozenset(options),
        append_only=bool(given.get("append_only")),
    )


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The policy's ``arn``, ``policy_document`` (of its default version) and ``tags``; ``None`` when there is none.

    attributes
        Only these are read: a list of ``policy_document`` and ``tags``. Default: all.

    IAM actions: ``iam:GetPolicy``, ``iam:GetPolicyVersion``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.describe registry-backup
    """
    session = _session(region, profile, keyid, key)
    arn = iam.policy_arn(session, name)
    doing = f"read the policy {name}"
    answer = session.read("iam", "get_policy", doing, PolicyArn=arn, absent=("NoSuchEntity",))
    if answer is None:
        return None
    policy = answer["Policy"]
    described = {"arn": arn}
    if attributes is None or "policy_document" in attributes:
        version = session.read("iam", "get_policy_version", doing, PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        described["policy_document"] = policies.parse(version["PolicyVersion"]["Document"])
    if attributes is None or "tags" in attributes:
        described["tags"] = iam.tag_mapping(policy)
    return described


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):
    """
    The attributes as ``describe`` would give them: ``targets`` becomes the ``policy_document`` that they need.

    attributes
        A mapping of ``targets`` (a list, see ``document``) or ``policy_document`` (a mapping or its JSON), and ``tags``
        (a mapping of strings).

    A target that makes no sense, and a document beyond IAM's 6,144 characters, are errors. Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.normalise registry-backup '{targets: [{kind: files, bucket: ocp-registry-backup}]}'
    """
    checked = dict(attributes)
    if "targets" in checked:
        targets = checked.pop("targets")
        if not isinstance(targets, list | tuple) or not targets:
            raise RunbookError(f"policy {name}: targets is {targets!r}; give a list of at least one target.")
        checked["policy_document"] = document(targets, region=region, profile=profile, keyid=keyid, key=key)
        policies.check_size(name, checked["policy_document"])
    if "tags" in checked:
        checked["tags"] = arguments.tags(f"policy {name}", checked["tags"])
    return checked


def create(name, policy_document, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a policy. One that is there already is left as it is; a document that IAM does not take is an error.

    policy_document
        A mapping or its JSON, of 6,144 characters at most without white space.
    tags
        A mapping of strings. Default: none.

    IAM actions: ``iam:CreatePolicy``, and ``iam:TagPolicy`` for tags.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.create registry-backup '{"Version": "2012-10-17", "Statement": […]}'
    """
    session = _session(region, profile, keyid, key)
    parameters = {"PolicyName": name, "PolicyDocument": policies.dumps(policies.parse(policy_document))}
    if tags:
        parameters["Tags"] = iam.tag_list(tags)
    session.write("iam", "create_policy", f"create the policy {name}", absent=("EntityAlreadyExists",), **parameters)
    return True


def update(name, policy_document=None, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Make ``policy_document`` the default version of a policy, and ``tags`` its tags; ``None`` leaves either alone.

    When the policy has as many versions as AWS keeps (5), the oldest one that is not the default is deleted first.

    policy_document
        A mapping or its JSON, of 6,144 characters at most without white space.
    tags
        A mapping of strings; other tags are removed.

    IAM actions: ``iam:GetPolicy``, ``iam:ListPolicyVersions``, ``iam:CreatePolicyVersion``,
    ``iam:DeletePolicyVersion``, ``iam:TagPolicy``, ``iam:UntagPolicy``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.update registry-backup tags='{team: data}'
    """
    session = _session(region, profile, keyid, key)
    arn = iam.policy_arn(session, name)
    if policy_document is not None:
        _add_version(session, name, arn, policies.dumps(policies.parse(policy_document)))
    if tags is not None:
        current = iam.tag_mapping(session.read("iam", "get_policy", f"read the policy {name}", PolicyArn=arn)["Policy"])
        wanted = arguments.tags(f"policy {name}", tags)
        iam.write_tags(session, "policy", f"the policy {name}", current, wanted, PolicyArn=arn)
    return True


def _add_version(session, name, arn, text):
    for last_try in (False, False, True):
        _make_room(session, name, arn)
        try:
            session.write(
                "iam",
                "create_policy_version",
                f"change the policy {name}",
                PolicyArn=arn,
                PolicyDocument=text,
                SetAsDefault=True,
            )
        except AwsError as error:
            # Another run took the room at the same moment.
            if error.code != "LimitExceeded" or last_try:
                raise
        else:
            return


def _versions(session, name, arn):
    answer = session.read("iam", "list_policy_versions", f"list the versions of the policy {name}", PolicyArn=arn)
    return sorted(answer["Versions"], key=lambda version: int(version["VersionId"].removeprefix("v")))


def _make_room(session, name, arn):
    versions = _versions(session, name, arn)
    if len(versions) >= _VERSIONS:
        oldest = next(version for version in versions if not version["IsDefaultVersion"])
        _delete_version(session, name, arn, oldest["VersionId"])


def _delete_version(session, name, arn, version):
    session.write(
        "iam",
        "delete_policy_version",
        f"delete version {version} of the policy {name}",
        PolicyArn=arn,
        VersionId=version,
        absent=("NoSuchEntity",),
    )


def obstacles(name, detach=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a policy must not be deleted: a list of sentences, empty when nothing is in the way.

    detach
        ``True`` when it may be taken away from those who have it. Default: ``False``.

    IAM action: ``iam:ListEntitiesForPolicy``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.obstacles registry-backup
    """
    if detach is True:
        return []
    session = _session(region, profile, keyid, key)
    attached = [f"{kind} {holder}" for kind, holder in _holders(session, name, iam.policy_arn(session, name))]
    if not attached:
        return []
    sentence = (
        f"The policy {name} is attached to {', '.join(attached)} and is not deleted. To take it away from them first, "
        "say detach: True."
    )
    return [sentence]


def _holders(session, name, arn):
    answer = session.read("iam", "list_entities_for_policy", f"see who has the policy {name}", PolicyArn=arn)
    return [
        *(("user", entry["UserName"]) for entry in answer.get("PolicyUsers", [])),
        *(("group", entry["GroupName"]) for entry in answer.get("PolicyGroups", [])),
        *(("role", entry["RoleName"]) for entry in answer.get("PolicyRoles", [])),
    ]


def delete(name, detach=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete a policy and all its versions.

    detach
        ``True`` to take it away from the users, groups and roles that have it. Otherwise, which is the default, AWS
        refuses.

    IAM actions: ``iam:DeletePolicy``, ``iam:ListPolicyVersions``, ``iam:DeletePolicyVersion``; with ``detach`` also
    ``iam:ListEntitiesForPolicy``, ``iam:DetachUserPolicy``, ``iam:DetachGroupPolicy``, ``iam:DetachRolePolicy``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.delete registry-backup
    """
    session = _session(region, profile, keyid, key)
    arn = iam.policy_arn(session, name)
    if detach is True:
        for kind, holder in _holders(session, name, arn):
            iam.detach(session, kind, holder, [name])
    for version in _versions(session, name, arn):
        if not version["IsDefaultVersion"]:
            _delete_version(session, name, arn, version["VersionId"])
    session.write("iam", "delete_policy", f"delete the policy {name}", PolicyArn=arn)
    return True
