"""
IAM policy documents: reading them, whether two have the same meaning, and their size.

The policy of backups is in :mod:`aws_runbook.iam.backup_policy`.
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

# Elements whose value is one string or a list of them.
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
# Each member of these is granted or denied as in a statement of its own.
_TOGETHER = ("Action", "Resource")
# Labels without a meaning.
_LABELS = ("Sid", "Id")


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
