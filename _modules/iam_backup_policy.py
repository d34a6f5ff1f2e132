"""
Manage the IAM policies that allow servers to write their backups, and nothing else.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#customer-managed-policies

A *target* is a mapping that says where a backup goes:

``kind``
    ``pgbackrest``, ``script`` (pg_dump), ``mysql``, ``files`` or ``sync``.
``bucket``, ``prefix``
    The location. An empty prefix means the whole bucket.
``scope``
    ``prefix`` (the default) or ``bucket``: a policy for the whole bucket although the target has a prefix.
``options``
    For ``pgbackrest``: a list of ``tags`` (when ``repo1-storage-tag`` is in use) and ``target_time`` (when
    ``repo1-target-time`` is).

``append_only``
    ``True`` for a policy without deletion, for the kinds that never delete: ``script``, ``mysql`` and ``files``.

``aws_backup.targets`` lists a server's targets. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as
its last arguments: how to reach the account. IAM actions: ``iam:GetPolicy``, ``iam:ListPolicies`` and
``iam:GetPolicyVersion`` to read, and ``iam:ListEntitiesForPolicy`` before a document is replaced; ``iam:CreatePolicy``,
``iam:ListPolicyVersions``, ``iam:CreatePolicyVersion``, ``iam:DeletePolicyVersion``, ``iam:TagPolicy`` and
``iam:UntagPolicy`` to write; ``iam:DetachUserPolicy``, ``iam:DetachGroupPolicy``, ``iam:DetachRolePolicy`` and
``iam:DeletePolicy`` to delete.
"""

from collections.abc import Mapping
from dataclasses import fields

from aws_runbook.aws import tags as tagging
from aws_runbook.backups import policy_replacement
from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError
from aws_runbook.iam import attachments as iam
from aws_runbook.iam import backup_policy, policies, policy_diff, policy_versions
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.pillar.backup_kinds import KINDS
from aws_runbook.pillar.check import check_bucket, check_policy, check_prefix

_TARGET_KEYS = ("kind", "bucket", "prefix", "scope", "options", "append_only")


def _find(policy):
    arn = iam.policy_arn(policy.session, policy.name, recalled=True)
    doing = f"read {policy}"
    answer = policy.session.read("iam", "get_policy", doing, PolicyArn=arn, absent=("NoSuchEntity",))
    return answer and answer["Policy"]


def _document_of(policy):
    entry = policy.entry
    version = policy.session.read(
        "iam",
        "get_policy_version",
        f"read {policy}",
        PolicyArn=entry["Arn"],
        VersionId=entry["DefaultVersionId"],
    )
    return policies.parse(version["PolicyVersion"]["Document"])


def _follow_from_targets(policy, wanted):
    """Generate the document from the targets, if they are given."""
    arguments.formed("policy", "name", policy.name, check_policy)
    if "targets" not in wanted:
        return wanted
    follows = document.on(policy.session, wanted.pop("targets"))
    policies.check_size(policy.name, follows)
    return {**wanted, "policy_document": follows}


def _check_targets(where, attribute, value):
    if not isinstance(value, list | tuple) or not value:
        raise RunbookError(f"{where}: {attribute} is {value!r}; give a list of at least one target.")
    return value


def _check_holders(where, attribute, value):
    if not isinstance(value, Mapping) or set(value) - {"users", "groups"}:
        raise RunbookError(
            f"{where}: {attribute} is {value!r}; give a mapping of users and groups, each a list of names."
        )
    return {kind: arguments.names(where, f"{attribute}:{kind}", names) for kind, names in value.items()}


def _write_document(policy, wanted):
    text = policies.dumps(policies.parse(wanted["policy_document"]))
    policy_versions.add(policy.session, policy.name, iam.policy_arn(policy.session, policy.name), text)


def _tags(policy):
    arn = policy.required["Arn"]
    # A listing of the account does not contain the tags of policies.
    answer = policy.session.read("iam", "get_policy", f"read {policy}", PolicyArn=arn, listed=False)
    return tagging.POLICY.of(answer["Policy"].get("Tags"))


def _write_tags(policy, wanted):
    tagging.POLICY.write(policy.session, str(policy), wanted["tags"], _tags(policy), PolicyArn=policy.required["Arn"])


KIND = Kind(
    name="iam_backup_policy",
    subject="IAM policy",
    what="policy",
    find=_find,
    identity=lambda policy: {"arn": policy.entry["Arn"]},
    together=_follow_from_targets,
    unique=True,
    attributes=(
        Attribute("targets", check=_check_targets),
        Attribute("holders", check=_check_holders),
        Attribute(
            "policy_document",
            actions=(
                "iam:GetPolicyVersion",
                "iam:ListPolicyVersions",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicyVersion",
            ),
            read=_document_of,
            write=_write_document,
            document=policy_diff.change,
        ),
        Attribute(
            "tags",
            actions=("iam:TagPolicy", "iam:UntagPolicy"),
            check=checks.tags(tagging.POLICY),
            read=_tags,
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def document(session, targets):
    """
    Return the policy document for targets: the union of their statements. Makes no call to AWS.

    targets
        A list of mappings of ``kind`` (``pgbackrest``, ``script``, ``mysql``, ``files``, ``sync``) and ``bucket``, and
        optionally ``prefix``, ``scope`` (``prefix`` or ``bucket``), ``append_only`` (``True`` or ``False``) and, for
        ``pgbackrest``, ``options`` (a list of ``tags`` and ``target_time``). ``aws_backup.targets`` lists those of a
        server.

    An invalid target is an error. The page on policies explains each permission.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.document '[{kind: pgbackrest, bucket: ocp-db-backup, prefix: kingfisher}]'
    """
    partition = session.partition
    if not isinstance(targets, list | tuple):
        raise RunbookError(f"targets is a value of the type {type(targets).__name__}; give a list of mappings.")
    return backup_policy.document([_target(target) for target in targets], partition=partition)


def _target(given):
    """Check a target of :func:`document`. Other fields of ``aws_backup.targets`` do not concern the policy."""
    if not isinstance(given, Mapping) or not isinstance(given.get("bucket"), str) or not given["bucket"]:
        raise RunbookError(f"targets has {given!r}; give mappings with at least kind and bucket.")
    unknown = sorted(set(given) - {entry.name for entry in fields(Target)})
    if unknown:
        raise RunbookError(f"targets has the unknown key {unknown[0]!r}; allowed are {', '.join(_TARGET_KEYS)}.")
    where = f"target {given['bucket']}"
    arguments.one_of(where, "kind", given.get("kind", ""), tuple(KINDS))
    arguments.one_of(where, "scope", given.get("scope"), ("prefix", "bucket"))
    arguments.one_of(where, "append_only", given.get("append_only"), (True, False))
    options = arguments.names(where, "options", given.get("options") or [])
    for option in options:
        arguments.one_of(where, "options", option, ("tags", "target_time"))
    prefix = given.get("prefix") or ""
    if not isinstance(prefix, str) or prefix != prefix.strip("/") or (given["kind"] == "pgbackrest" and not prefix):
        raise RunbookError(f"{where}: prefix is {prefix!r}; give one without a slash at either end.")
    # A wildcard would allow the places of others too.
    arguments.formed(where, "bucket", given["bucket"], check_bucket)
    arguments.formed(where, "prefix", prefix, check_prefix)
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


@connected
def describe(session, name, attributes=None):
    """
    Return the policy's ``arn``, ``policy_document`` (of its default version) and ``tags``; ``None`` if it does not exist.

    attributes
        The attributes to read: a list of ``policy_document`` and ``tags``. Default: all.

    A policy is found under any path. A policy whose name differs only by case is an error. IAM actions: ``iam:GetPolicy``,
    ``iam:GetPolicyVersion``, and ``iam:ListPolicies`` where it is not at the path ``/``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.describe registry-backup
    """
    return KIND.describe(session, name, attributes)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them: ``targets`` becomes their ``policy_document``.

    attributes
        A mapping of ``targets`` (a list, see ``document``) or ``policy_document`` (a mapping or its JSON), ``holders`` (a mapping
        of ``users`` and ``groups``, lists of names, to which the policy is attached), and ``tags`` (a mapping of strings).

    An invalid target is an error, and so is a document longer than IAM's limit of 6,144 characters. Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.normalise registry-backup '{targets: [{kind: files, bucket: ocp-registry-backup}]}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def resolve(session, name, current, attributes):
    """
    Return the wanted attributes of a policy, given its present ones.

    A current document with the same meaning is kept as it is. A current document that allows anything outside of S3 is not replaced:
    that is an error.

    current
        The result of ``describe``; ``{}`` or ``None`` when it does not exist.
    attributes
        The result of ``normalise``.

    Returns ``attributes`` (as ``describe`` would show them), ``warnings``, and ``losses``: sentences about removed
    permissions that are not for backups, and about users, groups and roles that have the policy and are not in ``holders``. IAM action:
    ``iam:ListEntitiesForPolicy``, where the document changes.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.resolve registry-backup '{}' '{tags: {team: data}}'
    """
    wanted = dict(attributes)
    holders = wanted.pop("holders", None)
    known = (current or {}).get("policy_document")
    losses = []
    if known and "policy_document" in wanted:
        if policies.equal(known, wanted["policy_document"]):
            wanted["policy_document"] = known
        else:
            having = _holders(session, name, current["arn"])
            policy_replacement.check(name, known, having)
            losses = policy_replacement.losses(name, known, wanted["policy_document"], having, holders)
    return {"attributes": wanted, "warnings": [], "losses": losses}


@connected
def create(session, name, policy_document, tags=None):
    """
    Create a policy. An existing one is not changed. A document that IAM does not accept is an error.

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
    parameters = {"PolicyName": name, "PolicyDocument": policies.dumps(policies.parse(policy_document))}
    if tags:
        parameters["Tags"] = tagging.listing(arguments.tags(f"policy {name}", tags, tagging.POLICY))
    doing = f"create the policy {name}"
    if session.write("iam", "create_policy", doing, absent=("EntityAlreadyExists",), **parameters) is None:
        # Somebody else has taken the name meanwhile, perhaps with another path or in another case.
        session.forget("hints")
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Set the default version and the tags of a policy; ``None`` does not change an attribute.

    ``policy_document`` becomes the default version. If the policy has five versions, the limit in AWS, the oldest one that is
    not the default is deleted first.

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
    return KIND.update(session, name, attributes)


@connected
def obstacles(session, name, detach=False):
    """
    List the reasons why a policy must not be deleted, one sentence each; empty when there are none.

    detach
        ``True`` to allow the deletion of an attached policy. Default: ``False``.

    IAM action: ``iam:ListEntitiesForPolicy``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.obstacles registry-backup
    """
    if detach is True:
        return []
    attached = [f"{kind} {holder}" for kind, holder in _holders(session, name, iam.policy_arn(session, name))]
    if not attached:
        return []
    sentence = f"The policy {name} is attached to {', '.join(attached)} and is not deleted. To take it away from them first, set detach: True."
    return [sentence]


def _holders(session, name, arn):
    answer = session.read("iam", "list_entities_for_policy", f"list the holders of the policy {name}", PolicyArn=arn)
    return [
        *(("user", entry["UserName"]) for entry in answer.get("PolicyUsers", [])),
        *(("group", entry["GroupName"]) for entry in answer.get("PolicyGroups", [])),
        *(("role", entry["RoleName"]) for entry in answer.get("PolicyRoles", [])),
    ]


@connected
def delete(session, name, detach=False):
    """
    Delete a policy and all its versions.

    detach
        ``True`` to detach it from users, groups and roles first. Default: ``False``; AWS then refuses to delete an
        attached policy.

    IAM actions: ``iam:DeletePolicy``, ``iam:ListPolicyVersions``, ``iam:DeletePolicyVersion``; with ``detach`` also
    ``iam:ListEntitiesForPolicy``, ``iam:DetachUserPolicy``, ``iam:DetachGroupPolicy``, ``iam:DetachRolePolicy``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_backup_policy.delete registry-backup
    """
    arn = iam.policy_arn(session, name)
    if detach is True:
        for kind, holder in _holders(session, name, arn):
            iam.detach(session, kind, holder, [name])
    for version in policy_versions.listed(session, name, arn):
        if not version["IsDefaultVersion"]:
            policy_versions.delete(session, name, arn, version["VersionId"])
    session.write("iam", "delete_policy", f"delete the policy {name}", PolicyArn=arn)
    return True
