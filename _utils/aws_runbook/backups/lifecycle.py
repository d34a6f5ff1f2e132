"""
All lifecycle rules of a bucket: which of them could delete a backup, and how the wanted rules are merged with those found.

What a rule by itself means is in :mod:`aws_runbook.backups.lifecycle_rule`.
"""

import re
from dataclasses import dataclass

from aws_runbook import prefixes, salt_commands
from aws_runbook.backups import lifecycle_rule
from aws_runbook.errors import RunbookError, UnsafeError
from aws_runbook.pillar.backup_kinds import KINDS

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
MAX_RULES = 1000
MAX_ID = 255

_FAMILY = re.compile(r"(delete-after|abort-multipart-after|keep-versions-for)-\d+-days(-.*)?", re.DOTALL)
_KEEPING = re.compile(r"keep-versions-for-\d+-days")

# What a rule can do to an object that must not be lost, in the words of a sentence.
_EFFECTS = {
    "current": "expires objects",
    "noncurrent": "deletes noncurrent versions",
    "multipart": "aborts unfinished uploads",
    "transition": "moves objects to another storage class",
}


@dataclass(frozen=True)
class Protected:
    """
    A place in a bucket whose objects no rule may expire.

    ``prefix`` is a directory: ``king`` protects ``king/…`` and not ``kingfisher/…``; an empty one is the whole bucket.
    ``kind`` is ``protected`` of a :class:`aws_runbook.pillar.backup_kinds.BackupKind`; ``source`` says where it is known from ("postgres:backup of registry").
    """

    prefix: str
    kind: str
    source: str

    def __str__(self):
        place = f" {self.prefix}/" if self.prefix else ", which is the whole bucket"
        noun = next((kind.noun for kind in KINDS.values() if kind.protected == self.kind), self.kind)
        return f"{noun}{place} ({self.source})"


def _named(rule, start=False):
    prefix = lifecycle_rule.prefix_of(rule)
    article = "The" if start else "the"
    return f"{article} lifecycle rule {rule.get('ID')!r} ({f'prefix {prefix!r}' if prefix else 'all objects'})"


def _when(rule):
    expiration = rule.get("Expiration") or {}
    if expiration.get("Days") is not None:
        return f"after {expiration['Days']} days"
    return f"from {lifecycle_rule.date(expiration.get('Date'))} on"


def remover(bucket, command=salt_commands.command):
    """The command that deletes a rule of ``bucket``, as a function of the rule's ID; ``command`` is a session's."""

    def remove(rule_id):
        return command("s3_lifecycle.delete_rule", name=bucket, rule_id=rule_id)

    return remove


def dangers(bucket, found, wanted, protected, allow=(), remove=None, days=None):
    """
    What ``found`` and ``wanted`` rules could do to ``protected`` places: (errors, warnings), as sentences.

    ``days`` is how long noncurrent versions of the bucket are to be kept: a rule that deletes any of them sooner is an error, whatever
    its filter, and whether ``allow`` names it or not; one that a wanted rule takes the place of is none.

    A rule that can expire current objects is an error, whether wanted or found. One that touches only noncurrent versions,
    unfinished uploads or storage classes is an error when wanted and a warning when found, unless ``allow`` names it.
    ``remove`` is a :func:`remover`.
    """
    remove = remove or remover(bucket)
    errors, warnings = [], []
    for rule in found:
        for place in _reached(rule, protected):
            problem = _danger_found(bucket, rule, place, allow, remove)
            (errors if lifecycle_rule.expires(rule) else warnings).extend(problem)
    for rule in wanted:
        if lifecycle_rule.expires(rule) and any(lifecycle_rule.equal(rule, other) for other in found):
            continue  # it is there already, and reported above
        for place in _reached(rule, protected):
            errors += _danger_wanted(bucket, rule, place, allow)
    too_soon, disabled = _too_soon(bucket, found, wanted, days, remove)
    return [*errors, *too_soon], [*warnings, *disabled]


def _too_soon(bucket, found, wanted, days, remove):
    """Rules that delete noncurrent versions before their ``days`` are over: (errors, warnings)."""
    errors, warnings = [], []
    staying = [rule for rule in found if not any(_supersedes(other, rule) for other in wanted)]
    for rule in staying if days else ():
        if _shortens(rule, days):
            says = f"deletes noncurrent versions after {lifecycle_rule.noncurrent_days(rule)} days, and recovery keeps them for {days}"
            remedy = f"give it {days} days or more, or remove it with {remove(rule.get('ID'))}"
            if lifecycle_rule.is_enabled(rule):
                errors.append(f"Bucket {bucket}: {_named(rule)}, found there, {says}: {remedy}.")
            else:
                warnings.append(
                    f"Bucket {bucket}: {_named(rule)}, found there, is disabled; enabled, it {says}: {remedy}."
                )
    errors += [
        f"Bucket {bucket}: {_named(rule)}, requested, would delete noncurrent versions after {lifecycle_rule.noncurrent_days(rule)} days, and "
        f"recovery keeps them for {days}: give it {days} days or more."
        for rule in (wanted if days else ())
        if _shortens(rule, days) and lifecycle_rule.is_enabled(rule)
    ]
    return errors, warnings


def _shortens(rule, days):
    kept = lifecycle_rule.noncurrent_days(rule)
    return kept is not None and kept < days


def _danger_found(bucket, rule, place, allow, remove):
    clause = f"Bucket {bucket}: {_named(rule)}, found there,"
    remedy = f"narrow it, or remove it with {remove(rule.get('ID'))}"
    if lifecycle_rule.expires(rule):
        return [f"{clause} expires objects {_when(rule)} and reaches {place}: {remedy}."]
    if not lifecycle_rule.is_enabled(rule) and "current" in lifecycle_rule.actions(rule):
        return [f"{clause} is disabled; enabled, it would expire objects of {place}: {remedy}, before that happens."]
    if lifecycle_rule.is_enabled(rule) and rule.get("ID") not in allow and not is_keeping(rule):
        return [f"{clause} {says(rule)} of {place}: if that is intended, name it in allow; otherwise {remedy}."]
    return []


def _danger_wanted(bucket, rule, place, allow):
    clause = f"Bucket {bucket}: {_named(rule)}, requested,"
    if lifecycle_rule.expires(rule):
        return [f"{clause} would expire objects {_when(rule)} and reaches {place}: narrow its prefix or leave it out."]
    if lifecycle_rule.is_enabled(rule) and rule.get("ID") not in allow:
        return [f"{clause} {says(rule)} of {place}: if that is intended, name it in allow."]
    return []


def _reached(rule, protected):
    prefix = lifecycle_rule.prefix_of(rule)
    harmful = lifecycle_rule.actions(rule) - {"marker"}
    return [place for place in protected if harmful and lifecycle_rule.overlaps(prefix, place.prefix)]


def says(rule):
    """What a rule does, in words."""
    return " and ".join(phrase for effect, phrase in _EFFECTS.items() if effect in lifecycle_rule.effects(rule))


def merge(found, wanted, protected=(), purge=False, retired=(), remove=None, days=None):
    """
    The rules that a bucket should have: (rules, warnings). It is ``found`` itself when nothing has to change.

    Rules that are not ours stay as they are, in their place; with ``purge`` they go. One that means what a wanted rule
    means counts as it, whatever its ID. A rule under a wanted rule's ID, or one named like ours for the same objects
    with other days, is replaced in its place. One named like ours for other objects stays, with a warning, since its
    objects were promised those days: it goes when its prefix is in ``retired``. ``remove`` is a :func:`remover`; ``days`` is as for
    :func:`dangers`.
    """
    remove = remove or remover("BUCKET")
    _check_ids(wanted)
    missing = [rule for rule in wanted if not any(lifecycle_rule.equal(rule, other) for other in found)]
    given = found
    if any("Filter" not in other for other in found):
        # S3 refuses a configuration in which some rules have the old Prefix and others a Filter; and in the old form two rules of one
        # prefix that both have an Expiration, of which markers are one.
        if any(is_keeping(rule) for rule in missing):
            found = [_in_the_new_form(other) for other in found]
        else:
            wanted = [_in_the_old_form(rule) for rule in wanted]
        missing = [rule for rule in wanted if not any(lifecycle_rule.equal(rule, other) for other in found)]
    retired = {prefix.strip("/") for prefix in retired}
    kept, warnings, placed = [], [], set()
    for other in found:
        if any(lifecycle_rule.equal(other, rule) for rule in wanted):
            kept.append(other)
            continue
        successors = [index for index, rule in enumerate(wanted) if _supersedes(rule, other)]
        if successors:
            # In place of the first one replaced; nothing in place of the others, or when an equal one is there already.
            kept += [wanted[index] for index in successors if wanted[index] in missing and index not in placed]
            placed.update(successors)
        elif purge or (_is_family(other) and lifecycle_rule.prefix_of(other).strip("/") in retired):
            continue
        else:
            kept.append(other)
            if _is_family(other) and lifecycle_rule.expires(other):
                warnings.append(
                    f"{_named(other, start=True)} has a name like the rules of this project, but pillar does not declare it: it is kept, and "
                    f"continues to expire objects {_when(other)}. To remove it: {remove(other.get('ID'))}."
                )
    taken = {other.get("ID"): other for other in kept}
    for index, rule in enumerate(wanted):
        if rule in missing and index not in placed:
            _check_taken(rule, taken.get(rule.get("ID")))
            kept.append(rule)
    _check_result(found, kept, protected, days)
    return (given if kept == list(given) else kept), warnings


def _in_the_old_form(rule):
    """``rule`` with its prefix where rules had it before there were filters; one that filters by more stays."""
    if set(rule.get("Filter") or {}) - {"Prefix"}:
        return rule
    return {name: value for name, value in rule.items() if name != "Filter"} | {
        "Prefix": lifecycle_rule.prefix_of(rule)
    }


def _in_the_new_form(rule):
    """``rule`` with a filter in place of the prefix that it has by the old form; it means the same."""
    if "Filter" in rule:
        return rule
    return {name: value for name, value in rule.items() if name != "Prefix"} | {
        "Filter": {"Prefix": lifecycle_rule.prefix_of(rule)}
    }


def _supersedes(rule, other):
    """Whether ``rule`` takes the place of ``other``: the same objects, under its ID or a name of ours for other days."""
    if lifecycle_rule.normalise(rule)["Filter"] != lifecycle_rule.normalise(other)["Filter"]:
        return False
    family = _FAMILY.fullmatch(rule.get("ID") or "")
    elder = _FAMILY.fullmatch(other.get("ID") or "")
    same_family = family is not None and elder is not None and family[1] == elder[1]
    return same_family or (rule.get("ID") is not None and rule.get("ID") == other.get("ID"))


def _is_family(rule):
    return bool(_FAMILY.fullmatch(rule.get("ID") or ""))


def is_same(rule, other):
    """Whether two rules have one ID and mean the same, in whichever form they are written."""
    return rule.get("ID") == other.get("ID") and lifecycle_rule.equal(rule, other)


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
            f"{_named(rule, start=True)} cannot be added: {_named(other)} has the same ID and covers other objects; rename or remove that one."
        )


def _check_result(found, rules, protected, days):
    """The last check: no rule is added that expires a protected object, or a version too soon, whatever the caller has checked."""
    for rule in rules:
        if rule not in found and days and _shortens(rule, days) and lifecycle_rule.is_enabled(rule):
            raise UnsafeError(
                f"{_named(rule, start=True)} would delete noncurrent versions before {days} days are over; nothing was written."
            )
        if rule not in found and lifecycle_rule.expires(rule):
            for place in _reached(rule, protected):
                raise UnsafeError(f"{_named(rule, start=True)} would expire objects of {place}; nothing was written.")
    if len(rules) > MAX_RULES:
        raise RunbookError(f"There would be {len(rules)} lifecycle rules, and S3 allows {MAX_RULES} in a bucket.")


def left_keeping(rules):
    """Warnings for rules made here that still stand for recovery, where pillar no longer asks for it."""
    return [
        f"{_named(rule, start=True)} belongs to recovery, which pillar no longer declares: the bucket continues to keep versions, for "
        f"{lifecycle_rule.noncurrent_days(rule)} days. To manage them again, set aws:backup:recovery:days; to keep no new versions, set "
        "aws:backup:recovery:allow_suspend: True."
        for rule in rules
        if is_keeping(rule)
    ]


def is_keeping(rule):
    """Whether a rule is the one that recovery asks for, by its ID and by what it does."""
    made_here = bool(_KEEPING.fullmatch(rule.get("ID") or ""))
    return made_here and lifecycle_rule.actions(rule) == {"noncurrent", "multipart", "marker"}


def shadowing(found, wanted):
    """Warnings for rules found that expire a wanted rule's objects before its time."""
    return [
        f"{_named(other, start=True)}, found there, expires objects {_when(other)}, sooner than {_named(rule)} asks "
        f"({_when(rule)})."
        for rule in wanted
        if lifecycle_rule.expires(rule)
        for other in found
        if lifecycle_rule.expires(other)
        and not _supersedes(rule, other)
        and _days(other) < _days(rule)
        and prefixes.alike(lifecycle_rule.prefix_of(other), lifecycle_rule.prefix_of(rule))
    ]


def _days(rule):
    """The age at which a rule expires objects; from its date on, one with a date does so at any age."""
    return (rule.get("Expiration") or {}).get("Days") or 0
