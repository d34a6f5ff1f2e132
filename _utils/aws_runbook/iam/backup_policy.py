"""
The policy of a backup user: which actions it allows, and the document of several targets.

The forms are pgBackRest's own sample (https://pgbackrest.org/user-guide.html#s3-support) and the one that ``aws s3 cp``
and ``aws s3 sync`` need. Every grant of one target is kept apart until the end, so that the union of many targets says
nothing twice.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from aws_runbook.iam.policies import VERSION


@dataclass(frozen=True)
class Action:
    """
    An action that the policy can allow.

    name
        Its name in IAM.
    verb
        What it lets a user do, in sentences about a change of the policy.
    needed
        ``needed(target)`` says whether the backup of ``target`` needs it.
    lists
        Whether it is an action on the bucket, which the condition ``s3:prefix`` restricts, and not on objects.
    """

    name: str
    verb: str
    needed: Callable
    lists: bool = False

    @property
    def normalised(self):
        """Return its name in a document of :func:`aws_runbook.iam.policies.normalise`."""
        return self.name.lower()


def may_delete(target):
    """Whether the policy lets ``target`` delete: always for the kinds that do, for the others unless ``append_only``."""
    return target.deletes or not target.append_only


def _always(_target):
    return True


def _has_tags(target):
    return "tags" in target.options  # repo1-storage-tag


def _has_target_time(target):
    return "target_time" in target.options  # repo1-target-time


# In the order in which a statement lists them. With repo1-target-time pgBackRest lists versions instead of objects (``?versions&prefix=REPO/…``).
# Those listings always stay inside the repository. ``s3:prefix`` is a condition key of both listings:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
ACTIONS = (
    Action("s3:ListBucket", "list", _always, lists=True),
    Action("s3:ListBucketVersions", "list old versions", _has_target_time, lists=True),
    Action("s3:PutObject", "write", _always),
    Action("s3:PutObjectTagging", "tag", _has_tags),
    Action("s3:GetObject", "read", _always),
    Action("s3:GetObjectVersion", "read old versions", _has_target_time),
    Action("s3:DeleteObject", "delete", may_delete),
)
_LIST = "s3:ListBucket"
_ORDER = [action.name for action in ACTIONS]


def document(targets, partition="aws"):
    """The policy that allows what ``targets`` need and nothing else."""
    whole = defaultdict(set)  # bucket → actions on all of it
    roots = defaultdict(set)  # bucket → prefixes that may be listed one level deep
    listings = defaultdict(lambda: defaultdict(set))  # bucket → pattern of s3:prefix → actions
    objects = defaultdict(set)  # BUCKET/PATTERN → actions
    for target in targets:
        is_repository = target.kind == "pgbackrest"
        if not is_repository and is_bucket_wide(target):
            whole[target.bucket] |= _needed(target, lists=True)
            objects[f"{target.bucket}/*"] |= _needed(target)
            continue
        if is_repository:
            roots[target.bucket] |= {"", target.prefix}
        listings[target.bucket][f"{target.prefix}/*"] |= _needed(target, lists=True)
        objects[f"{target.bucket}/{target.prefix}/*"] |= _needed(target)
    statements = []
    for bucket in sorted({*whole, *listings}):
        statements += _list_statements(f"arn:{partition}:s3:::{bucket}", whole[bucket], roots[bucket], listings[bucket])
    for actions, patterns in _grouped(_without_implied(objects)):
        resources = [f"arn:{partition}:s3:::{pattern}" for pattern in patterns]
        statements.append(_statement(actions, resources))
    return {"Version": VERSION, "Statement": statements}


def is_bucket_wide(target):
    """
    Whether the policy of a target that is not a repository applies to the whole bucket.

    With ``append_only``, a mirror that has a prefix is kept to it whatever the scope, or its right to delete would be one
    to delete everything.
    """
    widened = target.scope == "bucket" and not (target.append_only and target.deletes)
    return not target.prefix or widened


def _needed(target, *, lists=False):
    return {action.name for action in ACTIONS if action.lists is lists and action.needed(target)}


def _list_statements(arn, whole, roots, listings):
    statements = []
    if whole:
        statements.append(_statement(_ordered(whole), [arn]))
        listings = {pattern: actions - whole for pattern, actions in listings.items()}
    elif roots:
        top_level = {"s3:prefix": sorted(roots), "s3:delimiter": ["/"]}
        statements.append(_statement([_LIST], [arn], {"StringEquals": top_level}))
    statements += [
        _statement(actions, [arn], {"StringLike": {"s3:prefix": patterns}})
        for actions, patterns in _grouped(_without_implied(listings))
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


def _grouped(grants):
    """The patterns of each set of actions: [([action, …], [pattern, …]), …]."""
    groups = defaultdict(list)
    for pattern in sorted(grants):
        groups[tuple(_ordered(grants[pattern]))].append(pattern)
    return [(list(actions), groups[actions]) for actions in sorted(groups) if actions]


def _ordered(actions):
    return sorted(actions, key=_ORDER.index)


def _statement(actions, resources, condition=None):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement
