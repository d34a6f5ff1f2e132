"""
Single lifecycle rules of S3 buckets: their canonical form, and what a rule does to which objects.

Rules are mappings in AWS's own shape, as ``get_bucket_lifecycle_configuration`` returns them. A rule's prefix is
compared as S3 does, character by character: the prefix ``king`` reaches ``kingfisher/backup/…`` too.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_runbook import prefixes
from aws_runbook.buckets.lifecycle_form import date

_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
_MARKER = "ExpiredObjectDeleteMarker"
# The IDs of the rules of this project.
_FAMILY = re.compile(r"(delete-after|abort-multipart-after|keep-versions-for)-\d+-days(-.*)?", re.DOTALL)
_KEEPING = re.compile(r"keep-versions-for-\d+-days")


def prefix_of(rule):
    """Return the prefix of the objects that a rule covers; empty if it covers all."""
    return _predicates(rule)[0]


def _predicates(rule):
    """Return a rule's prefix, tags and sizes, from any of S3's forms."""
    given = rule.get("Filter") or {}
    both = given.get("And") or {}
    prefix = both.get("Prefix") or given.get("Prefix") or rule.get("Prefix") or ""
    tags = [*(both.get("Tags") or ()), *([given["Tag"]] if given.get("Tag") else ())]
    sizes = {name: filters[name] for filters in (given, both) for name in _SIZES if filters.get(name) is not None}
    return prefix, _plain(tags), sizes


def normalise(rule):
    """
    Return a rule's canonical form, which equal rules share. It is JSON-safe, and normalising it again does not change it.

    The old ``Prefix`` becomes a ``Filter``, ``And`` is used for two predicates or more, lists are sorted, dates are
    ISO 8601 in UTC, and empty elements (``Transitions: []``) are omitted.
    """
    prefix, tags, sizes = _predicates(rule)
    count = bool(prefix) + len(tags) + len(sizes)
    if count > 1:
        both = {"Prefix": prefix} if prefix else {}
        selection = {"And": {**both, **({"Tags": tags} if tags else {}), **sizes}}
    elif count == 1 and not prefix:
        selection = {"Tag": tags[0]} if tags else sizes
    else:
        selection = {"Prefix": prefix}
    rest = {name: value for name, value in rule.items() if name != "Prefix"}
    return {**_plain(rest), "Filter": selection}


def _plain(value) -> Any:
    if isinstance(value, Mapping):
        members = {name: date(entry) if name == "Date" else _plain(entry) for name, entry in value.items()}
        return {
            name: entry
            for name, entry in members.items()
            if entry not in (None, {}, []) and (name, entry) != (_MARKER, False)
        }
    if isinstance(value, list | tuple):
        unique = {json.dumps(entry, sort_keys=True, default=str): entry for entry in map(_plain, value)}
        return [unique[text] for text in sorted(unique)]
    return value


def equal(a, b):
    """Whether two rules are equivalent. Their IDs are labels, and are not compared."""
    return _meaning(a) == _meaning(b)


def _meaning(rule):
    return {name: value for name, value in normalise(rule).items() if name != "ID"}


def effects(rule):
    """
    Return what a rule does: any of ``current``, ``noncurrent``, ``multipart``, ``transition``, ``marker``.

    ``marker`` (ExpiredObjectDeleteMarker) removes delete markers that hide no version: no data is lost.
    """
    return actions(rule) if is_enabled(rule) else frozenset()


def is_enabled(rule):
    """Whether a rule is in force. A rule that is not explicitly disabled counts as enabled."""
    return rule.get("Status") != "Disabled"


def actions(rule):
    """Return what a rule would do if it were enabled."""
    expiration = _plain(rule.get("Expiration") or {})
    found = {
        "current": bool(set(expiration) - {_MARKER}),
        "marker": bool(expiration.get(_MARKER)),
        "noncurrent": bool(rule.get("NoncurrentVersionExpiration")),
        "multipart": bool(rule.get("AbortIncompleteMultipartUpload")),
        "transition": bool(rule.get("Transitions") or rule.get("NoncurrentVersionTransitions")),
    }
    return frozenset(name for name, present in found.items() if present)


def expires(rule):
    """Whether a rule expires current objects."""
    return "current" in effects(rule)


def noncurrent_days(rule):
    """Return after how many days a rule, enabled or not, deletes noncurrent versions; ``None`` if it does not."""
    return (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")


def kept_days(rules):
    """
    Return for how many days a bucket with ``rules`` keeps every noncurrent version; ``None`` if some are kept forever.

    Only a rule on all objects counts, unless it keeps some versions (``NewerNoncurrentVersions``).
    """
    whole = [rule["NoncurrentVersionExpiration"] for rule in _on_all(rules, "noncurrent")]
    return min((each["NoncurrentDays"] for each in whole if not each.get("NewerNoncurrentVersions")), default=None)


def open_days(rules):
    """Return for how many days a bucket with ``rules`` keeps every unfinished upload; ``None`` if some are kept forever."""
    whole = [rule["AbortIncompleteMultipartUpload"] for rule in _on_all(rules, "multipart")]
    return min((each["DaysAfterInitiation"] for each in whole), default=None)


def _on_all(rules, effect):
    return [rule for rule in rules if effect in effects(rule) and _predicates(rule) == ("", [], {})]


def is_less(after, before):
    """Whether ``after`` is fewer days than ``before``; ``None`` means forever."""
    return after is not None and (before is None or after < before)


def overlaps(rule_prefix, protected_prefix):
    """
    Whether a rule could match an object of a protected directory.

    Tags and sizes in the rule's filter make no difference: a backup's objects have any size, and may be tagged.
    """
    return prefixes.matches(rule_prefix, protected_prefix)


def search_prefixes(rules):
    """
    Return the prefixes in which to look for repositories that ``rules`` could affect. No prefix contains another.

    A repository may also contain a prefix: :func:`aws_runbook.backups.search.repositories` looks there too.
    """
    touched = sorted({prefix_of(rule) for rule in rules if effects(rule) - {"marker"}})
    return [prefix for prefix in touched if not any(other != prefix and prefix.startswith(other) for other in touched)]


def is_family(rule):
    """Whether a rule has an ID like those of this project."""
    return bool(_FAMILY.fullmatch(rule.get("ID") or ""))


def supersedes(rule, other):
    """Whether ``rule`` takes the place of ``other``: the same objects, under its ID or a name of ours for other days."""
    if normalise(rule)["Filter"] != normalise(other)["Filter"]:
        return False
    family = _FAMILY.fullmatch(rule.get("ID") or "")
    elder = _FAMILY.fullmatch(other.get("ID") or "")
    same_family = family is not None and elder is not None and family[1] == elder[1]
    return same_family or (rule.get("ID") is not None and rule.get("ID") == other.get("ID"))


def is_same(rule, other):
    """Whether two rules have one ID and mean the same, in whichever form they are written."""
    return rule.get("ID") == other.get("ID") and equal(rule, other)


def is_keeping(rule):
    """Whether a rule is the one that recovery asks for, by its ID and by what it does."""
    made_here = bool(_KEEPING.fullmatch(rule.get("ID") or ""))
    return made_here and actions(rule) == {"noncurrent", "multipart", "marker"}


def named(rule, start=False):
    """Return a rule by its ID and its prefix, for use within a sentence, or at its start."""
    prefix = prefix_of(rule)
    article = "The" if start else "the"
    return f"{article} lifecycle rule {rule.get('ID')!r} ({f'prefix {prefix!r}' if prefix else 'all objects'})"


def when(rule):
    """Return when a rule expires objects, in words."""
    expiration = rule.get("Expiration") or {}
    if expiration.get("Days") is not None:
        return f"after {expiration['Days']} days"
    return f"from {date(expiration.get('Date'))} on"
