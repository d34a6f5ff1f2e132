"""
What one policy document allows and another does not.

Each thing that a document says is taken apart into single grants: one action, one resource, one value of each condition. A grant
covers another if it allows at least as much. In doubt it does not: so a grant that is reported as missing may exist in other words, and
no missing grant is reported as covered.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import fnmatch
import json
from dataclasses import dataclass
from itertools import product

from aws_runbook.iam import policies

# The number of grants that a sentence names.
_SHOWN = 4
# Of these operators several keys are ANDed and several values of a key are ORed, so that each value can stand for itself.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
_APART = ("StringEquals", "StringLike")


@dataclass(frozen=True)
class Grant:
    """One action on one resource; ``conditions`` are triples of operator, key and value. ``odd`` is a part that has no such form."""

    action: str = ""
    resource: str = ""
    conditions: frozenset = frozenset()
    odd: str = ""

    def __str__(self):
        if self.odd:
            return self.odd
        conditions = " and ".join(f"{key} {value!r}" for _, key, value in sorted(self.conditions))
        return f"{self.action} on {self.resource}" + (f" where {conditions}" if conditions else "")


def in_words(grants):
    """A few grants in words."""
    texts = sorted({str(grant) for grant in grants})
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def grants(document):
    """A document's grants; a statement that is not a plain Allow is odd."""
    found = []
    for statement in policies.normalise(document)["Statement"]:
        if statement.get("Effect") != "Allow" or not {"Action", "Resource"} <= set(statement):
            found.append(Grant(odd=json.dumps(statement, sort_keys=True)))
            continue
        found += [
            Grant(action, resource, frozenset(conditions))
            for action, resource in product(statement["Action"], statement["Resource"])
            for conditions in _conditions(statement.get("Condition") or {})
        ]
    return found


def _conditions(given):
    """Each combination of single values; an operator that cannot be split is kept whole."""
    choices = []
    for operator, keys in sorted(given.items()):
        for key, values in sorted(keys.items()):
            alone = operator in _APART
            choices.append([(operator, key, value) for value in values] if alone else [(operator, key, str(values))])
    return product(*choices)


def beyond(these, others):
    """Those of ``these`` grants that none of ``others`` covers."""
    return [grant for grant in these if not any(_covers(wide, grant) for wide in others)]


def covers(these, others):
    """Whether ``these`` grants allow everything that ``others`` allow; ``False`` if anything is also denied."""
    return not any(grant.odd for grant in these) and not beyond(others, these)


def _covers(wide, grant):
    if wide.odd or grant.odd:
        return wide == grant
    return (
        _within(grant.action, wide.action)
        and _within(grant.resource, wide.resource)
        and all(any(_implies(known, wanted) for known in grant.conditions) for wanted in wide.conditions)
    )


def _implies(known, wanted):
    """Whether every request that meets the condition ``known`` meets ``wanted``."""
    operator, key, value = wanted
    if known == wanted:
        return True
    return operator == "StringLike" and known[0] in _APART and known[1] == key and _within(known[2], value)


def _within(inner, outer):
    """Whether every text that the pattern ``inner`` matches is matched by ``outer``."""
    if inner == outer or "*" not in outer or "?" in outer:
        return inner == outer
    return fnmatch.fnmatchcase(inner, outer.replace("[", "[[]"))
