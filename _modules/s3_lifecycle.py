"""
Manage the lifecycle rules of S3 buckets: which objects S3 deletes, and when.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html

Rules have the shape of AWS's API (``ID``, ``Status``, ``Filter``, ``Expiration``…):
https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html

pgBackRest expires its backups itself; a rule that deletes its objects destroys the oldest backups, or the file that
says which there are. So before a rule is written, and whenever rules are found, the bucket is searched for
repositories.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of the bucket, and how to reach the
account. IAM actions: ``s3:GetLifecycleConfiguration`` and ``s3:ListBucket`` to read, ``s3:PutLifecycleConfiguration``
to write.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from aws_runbook import salt_commands
from aws_runbook.aws import unknown_elements
from aws_runbook.backups import expiry, lifecycle_dangers, lifecycle_merge, lifecycle_rule
from aws_runbook.backups import search as bucket_search
from aws_runbook.backups.lifecycle_dangers import Protected
from aws_runbook.buckets import lifecycle_form, lookup, versions
from aws_runbook.errors import RunbookError, UnsafeError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.pillar.backup_kinds import KINDS

_DAYS = ("days", "lock_days", "retention_days")
_PROTECTED = tuple(dict.fromkeys(kind.protected for kind in KINDS.values() if kind.protected))
_SIZE = "TransitionDefaultMinimumObjectSize"
# Of the keys directly in a directory so many are kept: those of one name, or a few as examples, are looked for among them.
_KEYS = 1000


@connected
def describe(session, name):
    """
    Return the lifecycle configuration of a bucket.

    The lifecycle configuration of the bucket ``name``: ``rules`` (a list),
    ``transition_default_minimum_object_size`` where AWS gives it, and ``unknown_members`` where rules hold what the
    installed boto3 does not know; ``None`` when there is no such bucket.

    IAM actions: ``s3:GetLifecycleConfiguration``, and ``s3:ListBucket`` for a bucket without rules.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_lifecycle.describe ocp-registry-backup region=eu-west-2
    """
    if session.lacks("s3", "head_bucket", region=session.region, Bucket=name):
        return None
    answer = session.read(
        "s3",
        "get_bucket_lifecycle_configuration",
        f"read the lifecycle rules of the bucket {name}",
        absent=("NoSuchLifecycleConfiguration", "NoSuchBucket"),
        region=session.region,
        Bucket=name,
    )
    if answer is None and lookup.found(session, name) is None:
        return None
    answer = answer or {}
    described = {"rules": _plain(answer.get("Rules", []))}
    if answer.get(_SIZE):
        described["transition_default_minimum_object_size"] = answer[_SIZE]
    if unknown_elements.unknown(answer):
        described["unknown_members"] = unknown_elements.unknown(answer)
    return described


def _refuse_unknown(name, current):
    """Refuse a write that would remove elements that only a later boto3 knows: they may narrow another client's rule."""
    unknown_elements.refuse(f"A lifecycle rule of the bucket {name}", (current or {}).get("unknown_members"))


def _plain(value):
    """``value`` with its dates as text: what Salt can show, keep and compare."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, datetime) else value


@connected
def repositories(session, name, prefixes=None, skip=None):
    """
    The pgBackRest repositories in the bucket ``name``: a mapping of each one's prefix to an object that proves it.

    prefixes
        Only those with objects below one of these (a list) are looked for. Default: the whole bucket.
    skip
        Prefixes (a list) that are not looked into. Default: none.

    A missing bucket is an error. IAM action: ``s3:ListBucket``.
    https://pgbackrest.org/configuration.html#section-repository

    CLI Example:

    .. code-block:: bash

        salt-call s3_lifecycle.repositories ocp-db-backup
    """
    listing = partial(_listing, session, name)
    return bucket_search.repositories([""] if prefixes is None else prefixes, listing, tuple(skip or ()))


def _listing(session, name, prefix):
    """The first keys and all directories directly below ``prefix``: one look for all that is searched for there."""
    return session.searched("s3", partial(_look, session, name, prefix), Bucket=name, prefix=prefix)


def _look(session, name, prefix):
    keys, directories = [], []
    for page in session.pages(
        "s3",
        "list_objects_v2",
        f"search the bucket {name} for objects that must not expire",
        region=session.region,
        Bucket=name,
        Prefix=prefix,
        Delimiter="/",
    ):
        keys += [entry["Key"] for entry in page.get("Contents", [])][: _KEYS - len(keys)]
        directories += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    return keys, directories


@connected
def plan(session, name, rules, protected=None, allow=None, declared=None, purge=False, recovery=None):
    """
    What ``s3_lifecycle.managed`` would do: ``changes`` (of ``rules``), ``warnings``, and ``losses``, sentences about consequences of the changes.

    A rule, wanted or found, that can expire an object of a repository or of a synced directory is an error; so is a new
    rule that would expire what is in none of the ``declared`` directories, and any that deletes versions before the days
    of ``recovery`` are over. So is a new rule for ``recovery`` that deletes versions that the bucket has kept longer, unless
    ``declared`` is left out.

    rules
        A list of rules in the shape of AWS's API, each with its ``ID``. One that is found under the same ``ID`` is
        replaced.
    protected
        What must not expire: a list of mappings of ``prefix``, ``kind`` (``repository`` or ``sync``) and ``source``
        (who says so).
    allow
        A list of IDs of rules that may touch old versions, unfinished uploads or the storage class of what is
        protected.
    declared
        The prefixes (a list) that known pillars write to. Default: not checked.
    purge
        ``True`` to remove the rules that are not in ``rules``. Default: ``False``.
    recovery
        How long versions are kept: a mapping of ``days``, and perhaps of ``lock_days`` and ``retention_days``, by which is
        told how much the bucket grows; or ``allow_suspend: True`` where no new versions are kept on purpose. Default: not
        looked at.

    IAM actions: ``s3:GetLifecycleConfiguration``, ``s3:ListBucket``; with ``recovery``, before a rule deletes versions sooner,
    ``s3:GetBucketVersioning`` and ``s3:GetBucketTagging``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_lifecycle.plan ocp-registry-backup '[]' protected='[{prefix: file-sync, kind: sync, source:
        registry}]'
    """
    wanted = _checked(session, name, rules)
    where = f"bucket {name}"
    allow, declared = (
        value and arguments.names(where, key, value) for key, value in (("allow", allow), ("declared", declared))
    )
    kept = _protected(where, protected)
    current = describe.on(session, name)
    found = current["rules"] if current else []
    if current:
        kept += _discovered(session, name, [*found, *wanted], kept)
    days = _recovery_days(name, recovery)
    remove = lifecycle_dangers.remover(name, session.command)
    errors, warnings = lifecycle_dangers.dangers(name, found, wanted, kept, tuple(allow or ()), remove, days)
    if errors:
        raise UnsafeError("\n".join(errors))
    _check_form(name, wanted)
    merged, more = lifecycle_merge.merge(found, wanted, kept, purge=purge, remove=remove, days=days)
    if not recovery:
        more = [*more, *lifecycle_dangers.left_keeping(merged)]
    new = [rule for rule in merged if not any(lifecycle_rule.is_same(rule, other) for other in found)]
    if current and declared is not None:
        _refuse_undeclared(session, name, new, declared)
    changes = {} if merged == found else {"rules": {"old": found, "new": merged}}
    losses = []
    if changes:
        _refuse_unknown(name, current)
        if days:
            grown = expiry.growth(name, merged, kept, recovery)
            losses = _losses(session, name, found, merged, new, declared, grown) if current else [grown]
    return {
        "changes": changes,
        "warnings": [*warnings, *more, *lifecycle_dangers.shadowing(found, wanted)],
        "losses": losses,
    }


def _check_form(name, rules):
    for rule in rules:
        problem = lifecycle_form.problem(rule)
        if problem:
            raise RunbookError(f"bucket {name}: rules: the rule {rule.get('ID')!r}: {problem}.")


def _protected(where, given):
    """
    What must not expire, from the argument.

    pgBackRest's ``repo_path`` begins with a slash, which names of objects do not have: both places are protected.
    """
    keys = ("prefix", "kind", "source")
    if given is not None and not isinstance(given, list | tuple):
        raise RunbookError(f"{where}: protected is {given!r}; give a list of mappings of {', '.join(keys)}.")
    places = {}
    for entry in given or ():
        if not isinstance(entry, Mapping) or set(entry) != set(keys) or not all(map(arguments.is_text, entry.values())):
            raise RunbookError(f"{where}: protected has {entry!r}; give a mapping of {', '.join(keys)}, each a text.")
        arguments.one_of(where, "protected:kind", entry["kind"], _PROTECTED)
        for prefix in (entry["prefix"].strip("/"), entry["prefix"].rstrip("/")):
            places[prefix, entry["kind"], entry["source"]] = Protected(prefix, entry["kind"], entry["source"])
    return list(places.values())


def _recovery_days(name, recovery):
    if recovery is None:
        return None
    where = f"bucket {name}"
    allowed = "give a mapping of days and optionally lock_days and retention_days, or allow_suspend: True"
    if not isinstance(recovery, Mapping) or set(recovery) - {*_DAYS, "allow_suspend"}:
        raise RunbookError(f"{where}: recovery is {recovery!r}; {allowed}.")
    for key in _DAYS:
        arguments.days(where, f"recovery:{key}", recovery.get(key))
    arguments.flag(where, "recovery:allow_suspend", recovery.get("allow_suspend"))
    if recovery.get("days") is None and not recovery.get("allow_suspend"):
        raise RunbookError(f"{where}: recovery is {recovery!r}; {allowed}.")
    return recovery.get("days")


def _losses(session, name, found, merged, new, declared, grown):
    """
    Sentences about objects that new rules delete sooner than the existing ones; ``grown`` is added if the bucket keeps no less.

    Where versions can be there that would go, it is an error, unless an earlier rule of ours is replaced; and wherever they can be
    those of objects outside of the ``declared`` directories.
    """
    before, after = lifecycle_rule.kept_days(found), lifecycle_rule.kept_days(merged)
    aborted = lifecycle_rule.open_days(merged)
    new = [rule for rule in new if lifecycle_rule.effects(rule) & {"noncurrent", "multipart"}]
    sooner = lifecycle_rule.is_less(after, before)
    going = sooner and versions.can_have_versions(session, name, after)
    sentences = []
    if declared is not None and (sooner or lifecycle_rule.is_less(aborted, lifecycle_rule.open_days(found))):
        if going:
            _refuse_undeclared(session, name, new, declared, "delete noncurrent versions of", lifecycle_rule.effects)
        sentences += _reached(session, name, new, declared)
    ours = any(lifecycle_rule.is_keeping(rule) and lifecycle_rule.is_enabled(rule) for rule in found)
    kept = "for good" if before is None else f"for {before} days"
    if going and not ours and declared is not None:
        enough = "" if before is None else f"give aws:backup:recovery:days {before} or more; or, "
        raise UnsafeError(
            f"Bucket {name}: its versions are kept {kept}, and the lifecycle rule {_shortest(new, after)!r} would delete those that were "
            f"overwritten or deleted more than {after} days ago: {enough}if all of them may be deleted, set "
            f"aws:backup:buckets:{name}:expire_all: True."
        )
    lost = (
        f"In the bucket {name}, versions that were overwritten or deleted more than {after} days ago are deleted by S3's next run: they were "
        f"kept {kept}."
    )
    return [*sentences, lost if sooner and (going or ours) else grown]


def _shortest(rules, days):
    return next(rule["ID"] for rule in rules if lifecycle_rule.noncurrent_days(rule) == days)


def _reached(session, name, new, declared):
    """Sentences about objects that no known pillar accounts for and new rules cover."""
    sentences = []
    for rule in new:
        strangers = _undeclared(session, name, rule, declared)
        if strangers:
            sentences.append(
                f"In the bucket {name}, the lifecycle rule {rule['ID']!r} also covers objects that no known pillar accounts for "
                f"({', '.join(strangers)}): it {lifecycle_dangers.says(rule)} there."
            )
    return sentences


def _undeclared(session, name, rule, declared):
    return bucket_search.undeclared(lifecycle_rule.prefix_of(rule), declared, partial(_listing, session, name))


def _refuse_undeclared(session, name, new, declared, harm="expire", does=lifecycle_rule.expires):
    """Refuse a new rule that would harm objects that no known pillar accounts for: they may be another server's only copy."""
    for rule in new:
        prefix = lifecycle_rule.prefix_of(rule)
        strangers = does(rule) and _undeclared(session, name, rule, declared)
        if strangers:
            raise UnsafeError(
                f"Bucket {name}: the lifecycle rule {rule['ID']!r} ({f'prefix {prefix!r}' if prefix else 'all objects'}) would also {harm} "
                f"objects that no known pillar accounts for: {', '.join(strangers)}. Add the server that writes them to aws:servers; or, if all "
                f"of them may be deleted, set aws:backup:buckets:{name}:expire_all: True."
            )


def _discovered(session, name, rules, known=()):
    """
    What ``rules`` could reach of repositories in the bucket that are not ``known``, by looking for them.

    For each, the two directories of its objects: pgBackRest does not use others beside them.
    """
    reached = lifecycle_rule.search_prefixes(rules)
    skip = tuple(f"{place.prefix}/" if place.prefix else "" for place in known)
    search = partial(bucket_search.repositories, reached, partial(_listing, session, name), skip)
    return [
        Protected(
            prefix=f"{repository}/{part}" if repository else part,
            kind="repository",
            source=f"found in the bucket ({evidence})",
        )
        for repository, evidence in session.searched("s3", search, Bucket=name, reached=reached, skip=skip).items()
        for part in ("archive", "backup")
    ]


def _checked(session, name, rules):
    if not isinstance(rules, list | tuple):
        raise RunbookError(f"bucket {name}: rules is {rules!r}; give a list of lifecycle rules, which may be empty.")
    if rules:
        session.validate(
            "s3",
            "put_bucket_lifecycle_configuration",
            f"bucket {name}: rules",
            Bucket=name,
            LifecycleConfiguration={"Rules": list(rules)},
        )
    return _plain(list(rules))  # an SLS file gives mappings of Salt's own, which cannot be shown as YAML


@connected
def update(session, name, rules):
    """
    Make ``rules`` all the lifecycle rules of the bucket ``name``; none at all, when the list is empty.

    A new rule that can expire an object of a pgBackRest repository in the bucket is refused. Of mirrored directories
    and of what pillar says this knows nothing: ``s3_lifecycle.managed`` does.

    rules
        A list of rules in the shape of AWS's API, 1,000 at most. One that AWS would not take is an error.

    IAM actions: ``s3:PutLifecycleConfiguration``, ``s3:GetLifecycleConfiguration``, ``s3:ListBucket``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_lifecycle.update ocp-registry-backup '[]' region=eu-west-2
    """
    rules = _checked(session, name, rules)
    doing = f"write the lifecycle rules of the bucket {name}"
    if not rules:
        session.write("s3", "delete_bucket_lifecycle", doing, region=session.region, Bucket=name)
        return True
    kept = describe.on(session, name) or {"rules": []}
    _refuse_unknown(name, kept)
    new = [rule for rule in rules if lifecycle_rule.expires(rule) and rule not in kept["rules"]]
    errors, _ = lifecycle_dangers.dangers(name, [], new, _discovered(session, name, new))
    if errors:
        raise UnsafeError("\n".join(errors))
    extra = {}
    if "transition_default_minimum_object_size" in kept:
        # Omitted from a write it returns to AWS's default: another client may have set it.
        extra[_SIZE] = kept["transition_default_minimum_object_size"]
    session.write(
        "s3",
        "put_bucket_lifecycle_configuration",
        doing,
        region=session.region,
        Bucket=name,
        LifecycleConfiguration={"Rules": rules},
        stale=({"get_bucket_lifecycle_configuration"}, name),  # the objects of the bucket have not changed
        **extra,
    )
    return True


@connected
def delete_rule(session, name, rule_id):
    """
    Delete one lifecycle rule of the bucket ``name``; the others stay. Nothing is deleted by that.

    rule_id
        The rule's ``ID``. One that the bucket does not have is an error, which lists those it has.

    IAM actions: ``s3:GetLifecycleConfiguration``, ``s3:PutLifecycleConfiguration``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html

    CLI Example:

    .. code-block:: bash

        salt-call s3_lifecycle.delete_rule ocp-registry-backup delete-after-30-days region=eu-west-2
    """
    current = describe.on(session, name)
    if current is None:
        raise RunbookError(f"There is no bucket {name}.")
    ids = [str(rule.get("ID")) for rule in current["rules"]]
    matching = [known for known in ids if salt_commands.names(known, rule_id)]
    if len(matching) > 1:
        raise RunbookError(
            f"The bucket {name} has the lifecycle rules {' and '.join(matching)}; name one of them, in quotes."
        )
    if not matching:
        raise RunbookError(f"The bucket {name} has no lifecycle rule {rule_id}; it has: {', '.join(ids) or 'none'}.")
    kept = [rule for rule, known in zip(current["rules"], ids, strict=True) if known not in matching]
    return update.on(session, name, kept)
