"""
IAM policy documents: the permissions of a backup user, and whether two documents have the same meaning.

The forms are pgBackRest's own sample (https://pgbackrest.org/user-guide.html#s3-support) and the one that ``aws s3 cp``
and ``aws s3 sync`` need. Every grant of one target is kept apart until the end, so that the union of many targets says
nothing twice.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from urllib.parse import unquote

from aws_runbook.errors import RunbookError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
LIMIT = 6144

VERSION = "2012-10-17"
# The version of a document that names none; in it policy variables are plain text.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
_DEFAULT_VERSION = "2008-10-17"

_LIST = "s3:ListBucket"
_LIST_VERSIONS = "s3:ListBucketVersions"
_PUT_TAGGING = "s3:PutObjectTagging"
_GET_VERSION = "s3:GetObjectVersion"
_LISTINGS = (_LIST, _LIST_VERSIONS)
_OBJECT_ACTIONS = ("s3:PutObject", _PUT_TAGGING, "s3:GetObject", _GET_VERSION, "s3:DeleteObject")
_ADD = frozenset({"s3:PutObject", "s3:GetObject"})
_READ_AND_WRITE = _ADD | {"s3:DeleteObject"}

# Elements whose value is one string or a list of them.
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
# Each member of these is granted or denied as in a statement of its own.
_TOGETHER = ("Action", "Resource")
# Labels without a meaning.
_LABELS = ("Sid", "Id")


def document(targets, partition="aws"):
    """The policy that allows what ``targets`` need and nothing else."""
    listable = set()  # buckets that may be listed whole
    roots = defaultdict(set)  # bucket → prefixes that may be listed one level deep
    listings = defaultdict(lambda: defaultdict(set))  # bucket → pattern of s3:prefix → actions
    objects = defaultdict(set)  # BUCKET/PATTERN → actions
    for target in targets:
        if target.kind == "pgbackrest":
            roots[target.bucket] |= {"", target.prefix}
            listings[target.bucket][f"{target.prefix}/*"] |= _pgbackrest_listings(target)
            objects[f"{target.bucket}/{target.prefix}/*"] |= _pgbackrest_actions(target)
        elif is_bucket_wide(target):
            listable.add(target.bucket)
            objects[f"{target.bucket}/*"] |= _object_actions(target)
        else:
            listings[target.bucket][f"{target.prefix}/*"].add(_LIST)
            objects[f"{target.bucket}/{target.prefix}/*"] |= _object_actions(target)
    statements = []
    for bucket in sorted({*listable, *roots, *listings}):
        statements += _list_statements(
            f"arn:{partition}:s3:::{bucket}", bucket in listable, roots[bucket], listings[bucket]
        )
    for actions, patterns in _grouped(_without_implied(objects), _OBJECT_ACTIONS):
        resources = [f"arn:{partition}:s3:::{pattern}" for pattern in patterns]
        statements.append(_statement(actions, resources))
    return {"Version": VERSION, "Statement": statements}


def may_delete(target):
    """Whether the policy lets ``target`` delete: always for the kinds that do, for the others unless ``append_only``."""
    return target.deletes or not target.append_only


def is_bucket_wide(target):
    """
    Whether the policy of a target that is not a repository applies to the whole bucket.

    With ``append_only``, a mirror that has a prefix is kept to it whatever the scope, or its right to delete would be one
    to delete everything.
    """
    widened = target.scope == "bucket" and not (target.append_only and target.deletes)
    return not target.prefix or widened


def _object_actions(target):
    return _READ_AND_WRITE if may_delete(target) else _ADD


def _pgbackrest_actions(target):
    actions = set(_READ_AND_WRITE)
    if "tags" in target.options:  # repo1-storage-tag
        actions.add(_PUT_TAGGING)
    if "target_time" in target.options:  # repo1-target-time
        actions.add(_GET_VERSION)
    return actions


def _pgbackrest_listings(target):
    """
    With ``repo1-target-time`` pgBackRest lists versions instead of objects (``?versions&prefix=REPO/…``).

    Those listings always stay inside the repository, so the action joins the statement that allows ``REPO/*`` and not
    the one that lets the bucket's top level be seen. ``s3:prefix`` is a condition key of both actions:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    """
    return {_LIST, _LIST_VERSIONS} if "target_time" in target.options else {_LIST}


def _list_statements(arn, whole, roots, listings):
    statements = []
    if whole:
        statements.append(_statement([_LIST], [arn]))
        listings = {pattern: actions - {_LIST} for pattern, actions in listings.items()}
    elif roots:
        top_level = {"s3:prefix": sorted(roots), "s3:delimiter": ["/"]}
        statements.append(_statement([_LIST], [arn], {"StringEquals": top_level}))
    statements += [
        _statement(actions, [arn], {"StringLike": {"s3:prefix": patterns}})
        for actions, patterns in _grouped(_without_implied(listings), _LISTINGS)
    ]
    return statements


def _without_implied(grants):
    """``grants`` (pattern that ends in ``*`` → actions) without actions that a wider pattern already grants."""
    return {
        pattern: actions
        - {
            action
            for wider, others in grants.items()
            if wider != pattern and pattern.startswith(wider[:-1])
            for action in others
        }
        for pattern, actions in grants.items()
    }


def _grouped(grants, order):
    """The patterns of each set of actions: [([action, …], [pattern, …]), …]."""
    groups = defaultdict(list)
    for pattern in sorted(grants):
        groups[tuple(action for action in order if action in grants[pattern])].append(pattern)
    return [(list(actions), groups[actions]) for actions in sorted(groups) if actions]


def _statement(actions, resources, condition=None):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def parse(policy):
    """A policy document as a mapping, from a mapping or from JSON, which IAM returns URL-quoted."""
    found = policy
    if isinstance(policy, str | bytes):
        try:
            text = policy.decode() if isinstance(policy, bytes) else policy
            found = json.loads(unquote(text) if text.lstrip().startswith("%") else text)
        except ValueError as error:
            raise RunbookError(f"A policy document is not JSON ({error}); give a mapping or its JSON.") from error
    if not isinstance(found, Mapping):
        raise RunbookError(f"A policy document is a {type(found).__name__}; give a mapping or its JSON.")
    statements = found.get("Statement")
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not all(isinstance(statement, Mapping) for statement in statements):
        raise RunbookError("A policy document has no Statement that is a mapping or a list of mappings.")
    return dict(found)


def of_resource(holder):
    """The ``Policy`` of a bucket or topic in AWS's answer, its statements a list; an empty one where there is none."""
    if not holder.get("Policy"):
        return {"Version": "2012-10-17", "Statement": []}
    found = parse(holder["Policy"])
    statements = found["Statement"]
    return {**found, "Statement": statements if isinstance(statements, list) else [statements]}


def normalise(policy):
    """
    The canonical form of a document, which all documents with the same meaning share; idempotent.

    Lists are sorted, each member once; a string is a list of one; actions and names of condition keys are lower case,
    since IAM ignores theirs; labels (``Sid``, ``Id``) are dropped; an absent ``Version`` is the one IAM assumes, which
    does not mean the same as the current one.
    """
    unique = {json.dumps(canonical, sort_keys=True): canonical for canonical in map(_canonical, statements(policy))}
    return {
        "Version": policy.get("Version") or _DEFAULT_VERSION,
        "Statement": [unique[text] for text in sorted(unique)],
    }


def statements(policy):
    """A document's statements as they are written, as a list."""
    found = policy["Statement"]
    return [found] if isinstance(found, Mapping) else found


def _canonical(statement):
    canonical = {}
    for element, value in statement.items():
        if element in ("Action", "NotAction"):
            canonical[element] = sorted({action.lower() for action in _texts(value)})
        elif element in _LISTS:
            canonical[element] = _texts(value)
        elif element in ("Principal", "NotPrincipal"):
            given = value if isinstance(value, Mapping) else {"AWS": value}  # "*" is short for {"AWS": "*"}
            canonical[element] = {kind: _texts(given[kind]) for kind in sorted(given)}
        elif element == "Condition":
            if value:
                canonical[element] = {operator: _condition_keys(value[operator]) for operator in sorted(value)}
        elif element not in _LABELS:
            canonical[element] = value
    return canonical


def _condition_keys(keys):
    canonical = defaultdict(set)
    for name, values in keys.items():
        canonical[name.lower()] |= set(_texts(values))
    return {name: sorted(canonical[name]) for name in sorted(canonical)}


def _texts(value):
    """A value or a list of them as a sorted list of texts; JSON's ``true`` and ``5`` mean ``"true"`` and ``"5"``."""
    values = value if isinstance(value, list | tuple) else [value]
    return sorted({entry if isinstance(entry, str) else json.dumps(entry) for entry in values})


def equal(a, b):
    """Whether two documents have the same meaning, however they group it."""
    return apart(a) == apart(b)


def apart(policy):
    """A document's version, and its statements, each about one action and one resource by itself, as ``normalise`` gives them."""
    found = normalise(policy)
    singles = [
        {**statement, **dict(zip(together, one, strict=True))}
        for statement in found["Statement"]
        for together in [[element for element in _TOGETHER if element in statement]]
        for one in product(*(statement[element] for element in together))
    ]
    unique = {json.dumps(single, sort_keys=True): single for single in singles}
    return found["Version"], [unique[text] for text in sorted(unique)]


def dumps(policy):
    """The document as it is sent: compact JSON in ASCII, since IAM accepts no characters beyond Latin-1."""
    return json.dumps(policy, separators=(",", ":"))


def size(policy):
    """The size that IAM counts: every character but white space."""
    return sum(not character.isspace() for character in dumps(policy))


def check_size(name, policy):
    """Refuse a document that is too large for IAM."""
    count = size(policy)
    if count > LIMIT:
        raise RunbookError(
            f"The policy {name} has {count} characters and IAM allows {LIMIT}: back up to fewer prefixes, set "
            "aws:backup:scope to bucket, or split its servers into several aws:backup:group."
        )
