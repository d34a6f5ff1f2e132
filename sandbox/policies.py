"""
What IAM policies decide: the evaluation logic of AWS, as far as policies of users, groups, roles and buckets go.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import functools
import ipaddress
import json
import re
from dataclasses import dataclass, field

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


@dataclass(frozen=True)
class Request:
    """An action on a resource; ``context`` maps condition keys, in small letters, to their values."""

    action: str
    resource: str
    context: dict = field(default_factory=dict)
    # Who asks, for policies that name principals: ("AWS", arn), ("Service", name) or ("AWS", "anonymous").
    principal: tuple = ("AWS", "anonymous")

    def values(self, key):
        """The values of a condition key; ``None`` when the request does not have it."""
        value = self.context.get(key.lower())
        if value is None:
            return None
        return [str(entry) for entry in value] if isinstance(value, list | tuple) else [str(value)]


def decide(policies, request):
    """
    The decision on ``request`` and the names of the policies that made it.

    ``policies`` are pairs of a name and a document. An explicit Deny beats every Allow.
    """
    matched = {"Allow": [], "Deny": []}
    for name, document in policies:
        for statement in statements(document):
            if _applies(statement, request):
                matched[statement.get("Effect", "Deny")].append(name)
    if matched["Deny"]:
        return EXPLICIT_DENY, matched["Deny"]
    if matched["Allow"]:
        return ALLOWED, matched["Allow"]
    return IMPLICIT_DENY, []


def statements(document):
    """The statements of a policy given as JSON text or mapping."""
    if isinstance(document, str | bytes):
        document = json.loads(document)
    found = document.get("Statement", [])
    return [found] if isinstance(found, dict) else found


def _listed(value):
    return value if isinstance(value, list) else [value]


def _applies(statement, request):
    return (
        _one_matches(statement, "Action", request.action.lower(), _folded_pattern)
        and _one_matches(statement, "Resource", request.resource, _pattern, request)
        and _is_principal(statement, request)
        and all(
            _holds(operator, key, wanted, request)
            for operator, block in statement.get("Condition", {}).items()
            for key, wanted in block.items()
        )
    )


def _one_matches(statement, element, value, pattern, request=None):
    negated = f"Not{element}" in statement
    patterns = statement.get(f"Not{element}" if negated else element)
    if patterns is None:
        return element == "Resource"  # the policy of a role's trust or of a topic may leave it out
    texts = [_with_variables(text, request) if request else text for text in _listed(patterns)]
    return any(pattern(text).fullmatch(value) for text in texts if text is not None) is not negated


@functools.lru_cache(maxsize=4096)
def _pattern(text):
    """A pattern with AWS's wildcards: ``*`` for any text, ``?`` for one character."""
    letters = ({"*": ".*", "?": "."}.get(letter, re.escape(_plain(letter))) for letter in text)
    return re.compile("".join(letters), re.DOTALL)


def _folded_pattern(text):
    return _pattern(text.lower())


_VARIABLE = re.compile(r"\$\{([^},]+)(?:,\s*'([^']*)')?\}")
# What stands for a wildcard's letter where it is none: characters that no text of AWS's has.
_AS_LETTERS = {"*": "\ue000", "?": "\ue001"}


def _plain(text):
    for wildcard, letter in _AS_LETTERS.items():
        text = text.replace(letter, wildcard)
    return text


def _with_variables(text, request):
    """
    ``text`` with ``${aws:username}`` and its like filled in; ``None`` when the request has no such value.

    ``${*}`` and ``${?}`` are letters, not wildcards.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
    """
    missing = False

    def fill(found):
        nonlocal missing
        if found[1] in "*?$":
            return _AS_LETTERS.get(found[1], found[1])
        values = request.values(found[1])
        if values is None and found[2] is None:
            missing = True
            return ""
        return values[0] if values else found[2]

    filled = _VARIABLE.sub(fill, text)
    return None if missing else filled


def _is_principal(statement, request):
    named = statement.get("Principal", statement.get("NotPrincipal"))
    if named is None:
        return True
    kind, who = request.principal
    matches = named == "*" or any(_principal_matches(text, who) for text in _listed(named.get(kind, [])))
    return matches is not ("NotPrincipal" in statement)


def _principal_matches(text, who):
    if text == "*":
        return True
    account = who.split(":")[4] if who.startswith("arn:") else None
    return text in (who, account) or (account is not None and re.fullmatch(rf"arn:[^:]+:iam::{account}:root", text))


def _holds(operator, key, wanted, request):
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    values = request.values(key)
    wanted = [_with_variables(str(text), request) for text in _texts(wanted)]
    if name == "Null":
        return (values is None) is (wanted[0] == "true")
    negated = "Not" in name
    if values is None:
        # A negated operator holds for what the request does not have.
        return if_exists or negated or quantifier == "ForAllValues"
    test = _OPERATORS[name.replace("Not", "")]
    outcomes = [any(text is not None and test(text, value) for text in wanted) is not negated for value in values]
    return all(outcomes) if quantifier == "ForAllValues" or not quantifier else any(outcomes)


def _texts(wanted):
    return [
        {True: "true", False: "false"}.get(text, text) if isinstance(text, bool) else text for text in _listed(wanted)
    ]


def _in_network(network, address):
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def _arn_matches(wanted, value):
    """Each of the six parts of an ARN by itself: a wildcard does not reach into the next one."""
    patterns, parts = wanted.split(":", 5), value.split(":", 5)
    return len(patterns) == len(parts) == _ARN_PARTS and all(
        _pattern(pattern).fullmatch(part) for pattern, part in zip(patterns, parts, strict=True)
    )


_ARN_PARTS = 6
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS = {
    "StringEquals": lambda wanted, value: _plain(wanted) == value,
    "StringEqualsIgnoreCase": lambda wanted, value: _plain(wanted).lower() == value.lower(),
    "StringLike": lambda wanted, value: bool(_pattern(wanted).fullmatch(value)),
    "ArnEquals": _arn_matches,
    "ArnLike": _arn_matches,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "NumericEquals": lambda wanted, value: float(value) == float(wanted),
    "NumericLessThan": lambda wanted, value: float(value) < float(wanted),
    "NumericLessThanEquals": lambda wanted, value: float(value) <= float(wanted),
    "NumericGreaterThan": lambda wanted, value: float(value) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, value: float(value) >= float(wanted),
    "DateLessThan": lambda wanted, value: value < wanted,
    "DateGreaterThan": lambda wanted, value: value > wanted,
    "IpAddress": _in_network,
}
