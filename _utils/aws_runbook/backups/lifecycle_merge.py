"""
Merge the lifecycle rules that a bucket should have with those that it has.

What a rule by itself means is in :mod:`aws_runbook.backups.lifecycle_rule`.
"""

from itertools import combinations

from aws_runbook import prefixes
from aws_runbook.backups import lifecycle_dangers, lifecycle_rule
from aws_runbook.backups.lifecycle_rule import named, when
from aws_runbook.errors import RunbookError, UnsafeError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
MAX_RULES = 1000
MAX_ID = 255
_DOING = {
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
}


def merge(found, wanted, protected=(), purge=False, retired=(), remove=None, days=None):
    """
    The rules that a bucket should have: (rules, warnings). It is ``found`` itself when nothing has to change.

    Rules that are not ours stay as they are, in their place; with ``purge`` they go. One that means what a wanted rule
    means counts as it, whatever its ID. A rule under a wanted rule's ID, or one named like ours for the same objects
    with other days, is replaced in its place. One named like ours for other objects stays, with a warning, since its
    objects were promised those days: it goes when its prefix is in ``retired``. ``remove`` and ``days`` are as for
    :func:`aws_runbook.backups.lifecycle_dangers.dangers`.
    """
    remove = remove or lifecycle_dangers.remover("BUCKET")
    _check_ids(wanted)
    retired = {prefix.strip("/") for prefix in retired}
    given = found
    if any("Filter" not in other for other in found):
        # S3 refuses a configuration in which some rules have the old Prefix and others a Filter.
        old = [_in_the_old_form(rule) for rule in wanted]
        kept, warnings = _combined(found, old, purge, retired, remove)
        if kept != list(found) and not _is_taken_in_the_old_form(kept):
            found = [_in_the_new_form(other) for other in found]
            kept, warnings = _combined(found, wanted, purge, retired, remove)
    else:
        kept, warnings = _combined(found, wanted, purge, retired, remove)
    _check_result(found, kept, protected, days)
    return (given if kept == list(given) else kept), warnings


def _combined(found, wanted, purge, retired, remove):
    """The rules of :func:`merge`, all in one form, and warnings."""
    missing = [rule for rule in wanted if not any(lifecycle_rule.equal(rule, other) for other in found)]
    kept, warnings, placed = [], [], set()
    for other in found:
        if any(lifecycle_rule.equal(other, rule) for rule in wanted):
            kept.append(other)
            continue
        successors = [index for index, rule in enumerate(wanted) if lifecycle_rule.supersedes(rule, other)]
        if successors:
            # In place of the first one replaced; nothing in place of the others, or when an equal one is there already.
            kept += [wanted[index] for index in successors if wanted[index] in missing and index not in placed]
            placed.update(successors)
        elif purge or (lifecycle_rule.is_family(other) and lifecycle_rule.prefix_of(other).strip("/") in retired):
            continue
        else:
            kept.append(other)
            if lifecycle_rule.is_family(other) and lifecycle_rule.expires(other):
                warnings.append(
                    f"{named(other, start=True)} has a name like the rules of this project, but pillar does not declare it: it is kept, and "
                    f"continues to expire objects {when(other)}. To remove it: {remove(other.get('ID'))}."
                )
    taken = {other.get("ID"): other for other in kept}
    for index, rule in enumerate(wanted):
        if rule in missing and index not in placed:
            _check_taken(rule, taken.get(rule.get("ID")))
            kept.append(rule)
    return kept, warnings


def _is_taken_in_the_old_form(rules):
    """
    Whether S3 takes ``rules`` as they are: without filters, two rules that share objects must not do the same.

    Deleting expired markers is an Expiration too.
    """
    if any("Filter" in rule for rule in rules):
        return False
    pairs = combinations(rules, 2)
    return not any(
        _DOING & rule.keys() & other.keys() and prefixes.alike(_prefix(rule), _prefix(other)) for rule, other in pairs
    )


def _prefix(rule):
    return rule.get("Prefix") or ""


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
            f"{named(rule, start=True)} cannot be added: {named(other)} has the same ID and covers other objects; rename or remove that one."
        )


def _check_result(found, rules, protected, days):
    """The last check: no rule is added that expires a protected object, or a version too soon, whatever the caller has checked."""
    for rule in rules:
        if rule not in found and days and lifecycle_dangers.shortens(rule, days) and lifecycle_rule.is_enabled(rule):
            raise UnsafeError(
                f"{named(rule, start=True)} would delete noncurrent versions before {days} days are over; nothing was written."
            )
        if rule not in found and lifecycle_rule.expires(rule):
            for place in lifecycle_dangers.reached(rule, protected):
                raise UnsafeError(f"{named(rule, start=True)} would expire objects of {place}; nothing was written.")
    if len(rules) > MAX_RULES:
        raise RunbookError(f"There would be {len(rules)} lifecycle rules, and S3 allows {MAX_RULES} in a bucket.")
