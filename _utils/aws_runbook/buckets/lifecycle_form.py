"""
The form of lifecycle rules: what S3 refuses of a rule beyond what its model says, so that a plan says it too.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

import datetime as dt

_STATUSES = ("Enabled", "Disabled")
_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)
_MOMENTS = ("Days", "Date", "ExpiredObjectDeleteMarker")
_FILTERS = ("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And")
# The members that are whole numbers, with the least and the most that S3 takes. Days of a transition may be 0.
_WHOLE = {
    ("Expiration", "Days"): (1, None),
    ("NoncurrentVersionExpiration", "NoncurrentDays"): (1, None),
    ("NoncurrentVersionExpiration", "NewerNoncurrentVersions"): (1, 100),
    ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"): (1, None),
}


def problem(rule):
    """What S3 refuses of a rule whose members have the types of its model: the end of a sentence, empty if nothing."""
    return next((found for check in (_status, _filter, _actions, _numbers, _tagged) if (found := check(rule))), "")


def _status(rule):
    if rule.get("Status") not in _STATUSES:
        return f"Status is {rule.get('Status')!r}; allowed are {', '.join(_STATUSES)}"
    return ""


def _filter(rule):
    if "Filter" in rule and "Prefix" in rule:
        return "it has both a Filter and the Prefix of the old form; give Filter: {Prefix: …} alone"
    if "Filter" not in rule and "Prefix" not in rule:
        return "it has no Filter; give Filter: {Prefix: …}, with an empty prefix for all objects"
    given = [name for name in _FILTERS if name in rule.get("Filter", {})]
    if len(given) > 1:
        return f"its Filter has {' and '.join(given)}; put them into And"
    both = rule.get("Filter", {}).get("And")
    if both is not None and len([name for name in both if name != "Tags"]) + len(both.get("Tags", ())) <= 1:
        return "And in its Filter has fewer than two members; put what it has into Filter itself"
    return ""


def _actions(rule):
    if not any(rule.get(action) for action in _ACTIONS):
        return f"it does nothing; give one or more of {', '.join(_ACTIONS)}"
    expiration = rule.get("Expiration")
    if expiration is not None and len(expiration) != 1:
        return f"Expiration has {' and '.join(expiration) or 'no members'}; give one of {', '.join(_MOMENTS)}"
    return _date((expiration or {}).get("Date"))


def date(value):
    """Return a date from the form of pillar, JSON or botocore; S3 stores midnight in UTC."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc).isoformat()
    if isinstance(value, dt.date):
        return date(value.isoformat())
    return value


def _date(given):
    if given is None:
        return ""
    try:
        at_midnight = dt.datetime.fromisoformat(date(given)).time() == dt.time()
    except ValueError:
        at_midnight = False
    return (
        "" if at_midnight else f"Expiration:Date is {given!r}; give a date such as 2030-01-31, which is midnight in UTC"
    )


def _numbers(rule):
    for (action, member), (least, most) in _WHOLE.items():
        value = rule.get(action, {}).get(member)
        if value is None:
            continue
        if isinstance(value, bool) or value < least or (most is not None and value > most):
            bounds = f"{least} or more" if most is None else f"from {least} to {most}"
            return f"{action}:{member} is {value!r}; give a whole number, {bounds}"
    if rule.get("NoncurrentVersionExpiration", {"NoncurrentDays": 1}).get("NoncurrentDays") is None:
        return "NoncurrentVersionExpiration has no NoncurrentDays; give a whole number, 1 or more"
    return ""


def _tagged(rule):
    given = rule.get("Filter", {})
    if "Tag" not in given and not given.get("And", {}).get("Tags"):
        return ""
    for members in (rule, rule.get("Expiration", {})):
        for name in ("AbortIncompleteMultipartUpload", "ExpiredObjectDeleteMarker"):
            if name in members:
                return f"it has {name} and selects by tags, which S3 does not take together; leave out one"
    return ""
