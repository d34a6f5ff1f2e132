"""
What the lifecycle rules of a bucket, wanted or found, could do to backups: sentences for an operator.

What a rule by itself means is in :mod:`aws_runbook.backups.lifecycle_rule`.
"""

from dataclasses import dataclass

from aws_runbook import prefixes, salt_commands
from aws_runbook.backups import lifecycle_rule
from aws_runbook.backups.lifecycle_rule import named, when
from aws_runbook.pillar.backup_kinds import KINDS

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
        for place in reached(rule, protected):
            problem = _danger_found(bucket, rule, place, allow, remove)
            (errors if lifecycle_rule.expires(rule) else warnings).extend(problem)
    for rule in wanted:
        if lifecycle_rule.expires(rule) and any(lifecycle_rule.equal(rule, other) for other in found):
            continue  # it is there already, and reported above
        for place in reached(rule, protected):
            errors += _danger_wanted(bucket, rule, place, allow)
    too_soon, disabled = _too_soon(bucket, found, wanted, days, remove)
    return [*errors, *too_soon], [*warnings, *disabled]


def _too_soon(bucket, found, wanted, days, remove):
    """Rules that delete noncurrent versions before their ``days`` are over: (errors, warnings)."""
    errors, warnings = [], []
    staying = [rule for rule in found if not any(lifecycle_rule.supersedes(other, rule) for other in wanted)]
    for rule in staying if days else ():
        if shortens(rule, days):
            says = f"deletes noncurrent versions after {lifecycle_rule.noncurrent_days(rule)} days, and recovery keeps them for {days}"
            remedy = f"give it {days} days or more, or remove it with {remove(rule.get('ID'))}"
            if lifecycle_rule.is_enabled(rule):
                errors.append(f"Bucket {bucket}: {named(rule)}, found there, {says}: {remedy}.")
            else:
                warnings.append(
                    f"Bucket {bucket}: {named(rule)}, found there, is disabled; enabled, it {says}: {remedy}."
                )
    errors += [
        f"Bucket {bucket}: {named(rule)}, requested, would delete noncurrent versions after {lifecycle_rule.noncurrent_days(rule)} days, and "
        f"recovery keeps them for {days}: give it {days} days or more."
        for rule in (wanted if days else ())
        if shortens(rule, days) and lifecycle_rule.is_enabled(rule)
    ]
    return errors, warnings


def shortens(rule, days):
    """Whether a rule, enabled or not, deletes noncurrent versions before so many days are over."""
    kept = lifecycle_rule.noncurrent_days(rule)
    return kept is not None and kept < days


def _danger_found(bucket, rule, place, allow, remove):
    clause = f"Bucket {bucket}: {named(rule)}, found there,"
    remedy = f"narrow it, or remove it with {remove(rule.get('ID'))}"
    if lifecycle_rule.expires(rule):
        return [f"{clause} expires objects {when(rule)} and reaches {place}: {remedy}."]
    if not lifecycle_rule.is_enabled(rule) and "current" in lifecycle_rule.actions(rule):
        return [f"{clause} is disabled; enabled, it would expire objects of {place}: {remedy}, before that happens."]
    if lifecycle_rule.is_enabled(rule) and rule.get("ID") not in allow and not lifecycle_rule.is_keeping(rule):
        return [f"{clause} {says(rule)} of {place}: if that is intended, name it in allow; otherwise {remedy}."]
    return []


def _danger_wanted(bucket, rule, place, allow):
    clause = f"Bucket {bucket}: {named(rule)}, requested,"
    if lifecycle_rule.expires(rule):
        return [f"{clause} would expire objects {when(rule)} and reaches {place}: narrow its prefix or leave it out."]
    if lifecycle_rule.is_enabled(rule) and rule.get("ID") not in allow:
        return [f"{clause} {says(rule)} of {place}: if that is intended, name it in allow."]
    return []


def reached(rule, protected):
    """Return the ``protected`` places whose objects a rule, enabled or not, could affect."""
    prefix = lifecycle_rule.prefix_of(rule)
    harmful = lifecycle_rule.actions(rule) - {"marker"}
    return [place for place in protected if harmful and lifecycle_rule.overlaps(prefix, place.prefix)]


def says(rule):
    """What a rule does, in words."""
    return " and ".join(phrase for effect, phrase in _EFFECTS.items() if effect in lifecycle_rule.effects(rule))


def left_keeping(rules):
    """Warnings for rules made here that still stand for recovery, where pillar no longer asks for it."""
    return [
        f"{named(rule, start=True)} belongs to recovery, which pillar no longer declares: the bucket continues to keep versions, for "
        f"{lifecycle_rule.noncurrent_days(rule)} days. To manage them again, set aws:backup:recovery:days; to keep no new versions, set "
        "aws:backup:recovery:allow_suspend: True."
        for rule in rules
        if lifecycle_rule.is_keeping(rule)
    ]


def shadowing(found, wanted):
    """Warnings for rules found that expire a wanted rule's objects before its time."""
    return [
        f"{named(other, start=True)}, found there, expires objects {when(other)}, sooner than {named(rule)} asks "
        f"({when(rule)})."
        for rule in wanted
        if lifecycle_rule.expires(rule)
        for other in found
        if lifecycle_rule.expires(other)
        and not lifecycle_rule.supersedes(rule, other)
        and _days(other) < _days(rule)
        and prefixes.alike(lifecycle_rule.prefix_of(other), lifecycle_rule.prefix_of(rule))
    ]


def _days(rule):
    """The age at which a rule expires objects; from its date on, one with a date does so at any age."""
    return (rule.get("Expiration") or {}).get("Days") or 0
