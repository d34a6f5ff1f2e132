"""
Lifecycle rules of S3 buckets: what they mean, which of them could delete a backup, and how ours join those found.

Rules are mappings in AWS's own shape, as ``get_bucket_lifecycle_configuration`` returns them. A rule's prefix is
compared as S3 does, letter by letter: the prefix ``king`` reaches ``kingfisher/backup/…`` too.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from aws_runbook.errors import PillarError, RunbookError, UnsafeError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
MAX_RULES = 1000
MAX_ID = 255

_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
_MARKER = "ExpiredObjectDeleteMarker"
_FAMILY = re.compile(r"(delete-after|abort-multipart-after)-\d+-days(-.*)?", re.DOTALL)

# What a rule can do to an object that must not be lost, in the words of a sentence.
_EFFECTS = {
    "current": "expires objects",
    "noncurrent": "deletes noncurrent versions",
    "multipart": "aborts unfinished uploads",
    "transition": "moves objects to another storage class",
}
_KINDS = {"repository": "the pgBackRest repository", "sync": "the synced directory"}


@dataclass(frozen=True)
class Protected:
    """
    A place in a bucket whose objects no rule may expire.

    ``prefix`` is a directory: ``king`` protects ``king/…`` and not ``kingfisher/…``; an empty one is the whole bucket.
    ``kind`` is ``repository`` or ``sync``; ``source`` says where it is known from ("postgres:backup of registry").
    """

    prefix: str
    kind: str
    source: str

    def __str__(self):
        place = f" {self.prefix}/" if self.prefix else ", which is the whole bucket"
        return f"{_KINDS.get(self.kind, self.kind)}{place} ({self.source})"


def prefix_of(rule):
    """The prefix of the objects that a rule is about; empty when it is about all."""
    return _predicates(rule)[0]


def _predicates(rule):
    """A rule's prefix, tags and sizes, whichever of S3's forms they are written in."""
    given = rule.get("Filter") or {}
    both = given.get("And") or {}
    prefix = both.get("Prefix") or given.get("Prefix") or rule.get("Prefix") or ""
    tags = [*(both.get("Tags") or ()), *([given["Tag"]] if given.get("Tag") else ())]
    sizes = {name: filters[name] for filters in (given, both) for name in _SIZES if filters.get(name) is not None}
    return prefix, _plain(tags), sizes


def normalise(rule):
    """
    The one form of all rules that mean the same, JSON-safe; the same again when normalised twice.

    The old ``Prefix`` becomes a ``Filter``, ``And`` is used for two predicates or more, lists are sorted, dates are
    ISO 8601 in UTC, and what says nothing (``Transitions: []``) is left out.
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
    rest = {name: value for name, value in rule.items() if name not in ("Filter", "Prefix")}
    return {**_plain(rest), "Filter": selection}


def _plain(value):
    if isinstance(value, Mapping):
        members = {name: _date(entry) if name == "Date" else _plain(entry) for name, entry in value.items()}
        return {
            name: entry
            for name, entry in members.items()
            if entry not in (None, {}, []) and (name, entry) != (_MARKER, False)
        }
    if isinstance(value, list | tuple):
        unique = {json.dumps(entry, sort_keys=True, default=str): entry for entry in map(_plain, value)}
        return [unique[text] for text in sorted(unique)]
    return value


def _date(value):
    """A date as pillar, JSON or botocore gives it; S3 keeps midnight in UTC."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc).isoformat()
    if isinstance(value, dt.date):
        return _date(value.isoformat())
    return value


def equal(a, b):
    """Whether two rules mean the same; their IDs, which are labels, are not compared."""
    return _meaning(a) == _meaning(b)


def _meaning(rule):
    return {name: value for name, value in normalise(rule).items() if name != "ID"}


def same_rules(a, b):
    """Whether two lists hold the same rules under the same IDs, in any order."""
    return sorted(map(_canonical, a)) == sorted(map(_canonical, b))


def _canonical(rule):
    return json.dumps(normalise(rule), sort_keys=True, default=str)


def effects(rule):
    """
    What a rule does: any of ``current``, ``noncurrent``, ``multipart``, ``transition``, ``marker``.

    ``marker`` (ExpiredObjectDeleteMarker) removes markers that hide nothing: no data goes with them.
    """
    return _actions(rule) if is_enabled(rule) else frozenset()


def is_enabled(rule):
    """Whether a rule is at work; what is not plainly disabled counts as enabled."""
    return rule.get("Status") != "Disabled"


def _actions(rule):
    """What a rule would do when enabled."""
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


def overlaps(rule_prefix, protected_prefix):
    """
    Whether a rule could match an object of a protected directory.

    Tags and sizes in the rule's filter make no difference: a backup's objects have any size, and may be tagged.
    """
    root = f"{protected_prefix}/" if protected_prefix else ""
    return rule_prefix.startswith(root) or root.startswith(rule_prefix)


def _named(rule, start=False):
    prefix = prefix_of(rule)
    article = "The" if start else "the"
    return f"{article} lifecycle rule {rule.get('ID')!r} ({f'prefix {prefix!r}' if prefix else 'all objects'})"


def _when(rule):
    expiration = rule.get("Expiration") or {}
    if expiration.get("Days") is not None:
        return f"after {expiration['Days']} days"
    return f"from {_date(expiration.get('Date'))} on"


def dangers(bucket, found, wanted, protected, allow=()):
    """
    What ``found`` and ``wanted`` rules could do to ``protected`` places: (errors, warnings), sentences.

    A rule that can expire current objects is an error, whoever made it. One that touches only noncurrent versions,
    unfinished uploads or storage classes is an error when wanted and a warning when found, unless ``allow`` names it.
    """
    errors, warnings = [], []
    for rule in found:
        for place in _reached(rule, protected):
            problem = _danger_found(bucket, rule, place, allow)
            (errors if expires(rule) else warnings).extend(problem)
    for rule in wanted:
        if expires(rule) and any(equal(rule, other) for other in found):
            continue  # it is there already, and reported above
        for place in _reached(rule, protected):
            errors += _danger_wanted(bucket, rule, place, allow)
    return errors, warnings


def _danger_found(bucket, rule, place, allow):
    clause = f"Bucket {bucket}: {_named(rule)}, found there,"
    remedy = f"narrow it, or remove it with `salt-call s3_lifecycle.delete_rule {bucket} {rule.get('ID')!r}`"
    if expires(rule):
        return [f"{clause} expires objects {_when(rule)} and reaches {place}: {remedy}."]
    if not is_enabled(rule) and "current" in _actions(rule):
        return [f"{clause} is disabled; enabled, it would expire objects of {place}: {remedy}, before that happens."]
    if is_enabled(rule) and rule.get("ID") not in allow:
        return [f"{clause} {_says(rule)} of {place}: if that is meant, name it in allow; otherwise {remedy}."]
    return []


def _danger_wanted(bucket, rule, place, allow):
    clause = f"Bucket {bucket}: {_named(rule)}, asked for,"
    if expires(rule):
        return [f"{clause} would expire objects {_when(rule)} and reaches {place}: narrow its prefix or leave it out."]
    if is_enabled(rule) and rule.get("ID") not in allow:
        return [f"{clause} {_says(rule)} of {place}: if that is meant, name it in allow."]
    return []


def _reached(rule, protected):
    prefix = prefix_of(rule)
    harmful = _actions(rule) - {"marker"}
    return [place for place in protected if harmful and overlaps(prefix, place.prefix)]


def _says(rule):
    return " and ".join(phrase for effect, phrase in _EFFECTS.items() if effect in effects(rule))


def merge(found, wanted, protected=(), purge=False, retired=()):
    """
    The rules that a bucket should have: (rules, warnings). It is ``found`` itself when nothing has to change.

    Rules that are not ours stay as they are, in their place; with ``purge`` they go. One that means what a wanted rule
    means counts as it, whatever its ID. A rule under a wanted rule's ID, or one named like ours for the same objects
    with other days, is replaced in its place. One named like ours for other objects stays, with a warning, since its
    objects were promised those days: it goes when its prefix is in ``retired``.
    """
    _check_ids(wanted)
    if any("Filter" not in other for other in found):
        # S3 refuses a configuration in which some rules have the old Prefix and others a Filter.
        wanted = [_in_the_old_form(rule) for rule in wanted]
    missing = [rule for rule in wanted if not any(equal(rule, other) for other in found)]
    retired = {prefix.strip("/") for prefix in retired}
    kept, warnings, placed = [], [], set()
    for other in found:
        if any(equal(other, rule) for rule in wanted):
            kept.append(other)
            continue
        successors = [index for index, rule in enumerate(wanted) if _supersedes(rule, other)]
        if successors:
            # In place of the first one replaced; nothing in place of the others, or when an equal one is there already.
            kept += [wanted[index] for index in successors if wanted[index] in missing and index not in placed]
            placed.update(successors)
        elif purge or (_is_family(other) and prefix_of(other).strip("/") in retired):
            continue
        else:
            kept.append(other)
            if _is_family(other) and expires(other):
                warnings.append(
                    f"{_named(other, start=True)} is named like the rules made here, but pillar does not ask for it: it is "
                    f"kept, and goes on expiring objects {_when(other)}; s3_lifecycle.delete_rule removes it."
                )
    taken = {other.get("ID"): other for other in kept}
    for index, rule in enumerate(wanted):
        if rule in missing and index not in placed:
            _check_taken(rule, taken.get(rule.get("ID")))
            kept.append(rule)
    _check_result(found, kept, protected)
    return (found if kept == list(found) else kept), warnings


def _in_the_old_form(rule):
    """``rule`` with its prefix where rules had it before there were filters; one that filters by more stays."""
    if set(rule.get("Filter") or {}) - {"Prefix"} or "Prefix" in rule:
        return rule
    return {name: value for name, value in rule.items() if name != "Filter"} | {"Prefix": prefix_of(rule)}


def _supersedes(rule, other):
    """Whether ``rule`` takes the place of ``other``: the same objects, under its ID or a name of ours for other days."""
    if normalise(rule)["Filter"] != normalise(other)["Filter"]:
        return False
    family = _FAMILY.fullmatch(rule.get("ID") or "")
    elder = _FAMILY.fullmatch(other.get("ID") or "")
    same_family = bool(family and elder) and family[1] == elder[1]
    return same_family or (rule.get("ID") is not None and rule.get("ID") == other.get("ID"))


def _is_family(rule):
    return bool(_FAMILY.fullmatch(rule.get("ID") or ""))


def _check_ids(wanted):
    ids = [rule.get("ID") for rule in wanted]
    for name in ids:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
            raise RunbookError(f"A lifecycle rule's ID is {name!r}; give each rule one of 1 to {MAX_ID} characters.")
        if ids.count(name) > 1:
            raise RunbookError(f"Two lifecycle rules have the ID {name!r}; IDs must be unique in a bucket.")


def _check_taken(rule, other):
    if other is not None:
        raise UnsafeError(
            f"{_named(rule, start=True)} cannot be added: {_named(other)} has the same ID and is about other objects; rename "
            "or remove that one."
        )


def _check_result(found, rules, protected):
    """The last line of defence: whatever the caller checked, no rule is added here that expires a protected object."""
    for rule in rules:
        if rule not in found and expires(rule):
            for place in _reached(rule, protected):
                raise UnsafeError(f"{_named(rule, start=True)} would expire objects of {place}; nothing was written.")
    if len(rules) > MAX_RULES:
        raise RunbookError(f"There would be {len(rules)} lifecycle rules, and S3 allows {MAX_RULES} in a bucket.")


def shadowing(found, wanted):
    """Warnings for rules found that expire a wanted rule's objects before its time."""
    return [
        f"{_named(other, start=True)}, found there, expires objects {_when(other)}, sooner than {_named(rule)} asks "
        f"({_when(rule)})."
        for rule in wanted
        if expires(rule)
        for other in found
        if expires(other)
        and not _supersedes(rule, other)
        and _days(other) < _days(rule)
        and (prefix_of(other).startswith(prefix_of(rule)) or prefix_of(rule).startswith(prefix_of(other)))
    ]


def _days(rule):
    """The age at which a rule expires objects; from its date on, one with a date does so at any age."""
    return (rule.get("Expiration") or {}).get("Days") or 0


def backup_rules(bucket, targets):
    """
    The rules that the backup targets of one bucket ask for, and the IDs that ``dangers`` must allow: (rules, allow).

    Where all targets expire alike, it is one rule on everything. Otherwise each prefix that expires has a rule of its
    own, and a prefix that must not expire has one only if it asks for unfinished uploads to be aborted.
    """
    expiring = [target for target in targets if target.expires]
    keeping = [target for target in targets if not target.expires]
    _check_settings(bucket, expiring, lambda target: (target.expire_days, target.abort_multipart_days))
    _check_settings(bucket, keeping, lambda target: target.abort_multipart_days, nested=False)
    settings = {(target.expire_days, target.abort_multipart_days) for target in expiring}
    if len(settings) == 1 and not keeping:
        rules = [_rule("", *settings.pop())]
    else:
        wanted = {target.prefix: (target.expire_days, target.abort_multipart_days) for target in expiring}
        # A prefix inside another one that expires alike (anything else was refused above) needs no rule of its own.
        outer = [prefix for prefix in sorted(wanted) if not any(_inside(prefix, other) for other in wanted)]
        rules = [_rule(prefix, *wanted[prefix]) for prefix in outer]
    aborting = {target.prefix: target.abort_multipart_days for target in keeping if target.abort_multipart_days}
    asked = [_rule(prefix, None, aborting[prefix]) for prefix in sorted(aborting)]
    protected = [Protected(target.prefix, target.kind, f"{target.source} of {target.server}") for target in keeping]
    errors, _ = dangers(bucket, [], rules, protected)
    if errors:
        raise PillarError(errors)
    return [*rules, *asked], [rule["ID"] for rule in asked]


def _inside(inner, outer):
    return inner != outer and (outer == "" or inner.startswith(f"{outer}/"))


def _check_settings(bucket, targets, setting, nested=True):
    """Targets of the same objects must agree on what happens to them."""
    problems = []
    for index, one in enumerate(targets):
        for other in targets[index + 1 :]:
            if setting(one) == setting(other):
                continue
            if one.prefix == other.prefix or (
                nested and (_inside(one.prefix, other.prefix) or _inside(other.prefix, one.prefix))
            ):
                problems.append(
                    f"Bucket {bucket}: {one.source} of {one.server} ({_kept(one)}) and {other.source} of "
                    f"{other.server} ({_kept(other)}) share objects; give both the same aws:backup:expire_days and "
                    "aws:backup:abort_multipart_days, or prefixes apart from each other."
                )
    if problems:
        raise PillarError(problems)


def _kept(target):
    place = f"prefix {target.prefix!r}" if target.prefix else "no prefix"
    expiry = f", expire_days {target.expire_days}" if target.expires else ""
    return f"{place}{expiry}, abort_multipart_days {target.abort_multipart_days}"


def _rule(prefix, expire_days, abort_days):
    stem = f"delete-after-{expire_days}-days" if expire_days else f"abort-multipart-after-{abort_days}-days"
    rule = {
        "ID": rule_id(stem, prefix),
        "Filter": {"Prefix": f"{prefix}/" if prefix else ""},
        "Status": "Enabled",
    }
    if expire_days:
        rule["Expiration"] = {"Days": expire_days}
    if abort_days:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": abort_days}
    return rule


def rule_id(stem, prefix):
    """
    A readable ID that no other prefix has, whatever other prefixes there are.

    ``a/b`` and ``a-b`` would both be ``a-b``: the ID of one that had to be rewritten ends in a digest.
    """
    if not prefix:
        return stem
    readable = f"{stem}-{prefix.replace('/', '-')}"
    if "/" not in prefix and len(readable) <= MAX_ID:
        return readable
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"{readable[: MAX_ID - len(digest) - 1]}-{digest}"


def search_prefixes(rules):
    """
    Where in a bucket to look for repositories that ``rules`` could touch: no prefix contains another.

    A repository may also lie around a prefix: :func:`aws_runbook.bucket_search.repositories` looks there too.
    """
    touched = sorted({prefix_of(rule) for rule in rules if effects(rule) - {"marker"}})
    return [prefix for prefix in touched if not any(other != prefix and prefix.startswith(other) for other in touched)]
