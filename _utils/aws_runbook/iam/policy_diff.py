"""
What changes in a policy, for a person: the diff of what the two documents say, a line for each thing; and in words.

A line is about one action on one resource, as :func:`aws_runbook.iam.policies.equal` compares documents: however a document groups what
it says, only what it says differs.
"""

import json
import re
from collections import defaultdict

from aws_runbook.iam import coverage, policies
from aws_runbook.iam.backup_policy import ACTIONS
from aws_runbook.kinds import difference

_READING = ("s3:list", "s3:get")
# In the order in which they are shown: among the actions of backups those that only read come first.
_VERBS = {
    "s3:*": "do everything",
    **{
        action.normalised: action.verb
        for action in sorted(ACTIONS, key=lambda action: not action.normalised.startswith(_READING))
    },
    "s3:deleteobjectversion": "delete old versions",
    "ses:sendrawemail": "send mail",
}
# So many places are named in a sentence.
_PLACES = 6
_S3 = re.compile(r"arn:[^:]*:s3:::(?P<bucket>[^/]*)(?:/(?P<objects>.*))?")
_PREFIX, _DELIMITER, _FROM = "s3:prefix", "s3:delimiter", "ses:fromaddress"


def change(old, new):
    """The display of the replacement of ``old`` by ``new``: its ``diff``, and what it ``means`` if that can be derived."""
    spelled = {action.lower(): action for document in (old, new) for action in _actions(document)}
    found = {"diff": difference.unified(_lines(old, spelled), _lines(new, spelled), context=0)}
    means = meaning(old, new)
    return {**found, "means": means} if means else found


def meaning(old, new):
    """What holders of the policy may no longer do, and may do now; empty if a Deny or an exception is involved, or nothing differs."""
    before, after = coverage.grants(old), coverage.grants(new)
    if any(grant.odd for grant in (*before, *after)):
        return ""
    gone, come = coverage.beyond(before, after), coverage.beyond(after, before)
    left = coverage.beyond(after, gone)
    kept = [grant for grant in after if grant not in left]
    buckets = {match["bucket"] for grant in (*before, *after) if (match := _S3.fullmatch(grant.resource))}
    parts = [f"may no longer {_in_words(gone, buckets)}"] if gone else []
    parts += [f"may still {_in_words(kept, buckets)}"] if kept else []
    parts += [f"may now {_in_words(come, buckets)}"] if come else []
    return "; ".join(parts)


def _actions(document):
    """The actions that a document names, as it spells them."""
    for statement in policies.statements(document):
        for element in ("Action", "NotAction"):
            named = statement.get(element, ())
            yield from [named] if isinstance(named, str) else named


def _lines(document, spelled):
    version, singles = policies.apart(document)
    return [f"Version: {version}", *sorted(_line(single, spelled) for single in singles)]


def _line(single, spelled):
    """One statement about one action and one resource, in one line."""
    rest = dict(single)
    words = [rest.pop("Effect", "")]
    for element, before in (
        ("Action", ""),
        ("NotAction", "all actions but "),
        ("Resource", "on "),
        ("NotResource", "on all but "),
    ):
        if element in rest:
            named = rest.pop(element)
            named = [named] if isinstance(named, str) else named
            words.append(before + ", ".join(spelled.get(entry, entry) for entry in named))
    conditions = [
        f"{operator} {key}: {', '.join(value or '(empty)' for value in values)}"
        for operator, keys in rest.pop("Condition", {}).items()
        for key, values in keys.items()
    ]
    words += [f"if {' and '.join(conditions)}"] if conditions else []
    return " ".join([*words, *([json.dumps(rest, sort_keys=True)] if rest else [])])


def _in_words(grants, buckets):
    actions = defaultdict(set)
    for grant in grants:
        actions[_place(grant, buckets)].add(grant.action)
    parts = [f"{_doing(named)} {place}".strip() for place, named in sorted(actions.items())]
    more = len(parts) - _PLACES
    return _and(parts[:_PLACES] + ([f"{more} more"] if more > 0 else []))


def _doing(actions):
    known = [verb for action, verb in _VERBS.items() if action in actions]
    return _and([*known, *(f"use {action}" for action in sorted(actions - _VERBS.keys()))])


def _and(words):
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])


def _place(grant, buckets):
    """Where it is allowed; the bucket is left out where both documents are about one only."""
    conditions = defaultdict(list)
    for _, key, value in sorted(grant.conditions):
        conditions[key].append(value)
    match = _S3.fullmatch(grant.resource)
    if not match:
        senders = conditions.pop(_FROM, ())
        where = f"as {', '.join(senders)}" if senders else "" if grant.resource == "*" else f"on {grant.resource}"
    else:
        conditions.pop(_DELIMITER, None)
        patterns = [match["objects"]] if match["objects"] is not None else conditions.pop(_PREFIX, ["*"])
        bucket = match["bucket"]
        where = ", ".join(_below(pattern, bucket, alone=len(buckets) == 1) for pattern in patterns)
    return " ".join(
        [where, *(f"where {key} is {', '.join(values)}" for key, values in sorted(conditions.items()))]
    ).strip()


def _below(pattern, bucket, *, alone):
    if pattern == "*":
        return f"anywhere in {bucket}"
    if not pattern:
        return f"at the top of {bucket}"
    where = f"below {pattern.removesuffix('*')}" if pattern.endswith("/*") else f"at {pattern}"
    return where if alone else f"{where} of {bucket}"
