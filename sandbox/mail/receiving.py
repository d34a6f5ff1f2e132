"""
Mail that arrives: receipt rules, the bucket's policy, and the object that SES writes.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
"""

import secrets
import string

from sandbox.dns_lookup import LookupFailed, lookup
from sandbox.mail.region import key, region
from sandbox.policies import ALLOWED, Request, decide

SETUP_KEY = "AMAZON_SES_SETUP_NOTIFICATION"
_ID_LETTERS = string.ascii_lowercase + string.digits


def receives(call, recipient):
    """Whether the mail of a recipient's domain goes to SES in the call's region, as the domain's MX says."""
    if call.state.dns is None:
        return False
    try:
        exchangers = lookup(call.state.dns, recipient.rpartition("@")[2], "MX")
    except LookupFailed:
        return False
    first = min(exchangers, key=lambda record: int(record.split()[0]))
    return first.split()[1] == f"inbound-smtp.{call.region}.amazonaws.com"


def belongs(call, recipient):
    """
    Whether a recipient (an address, a domain, or ``.example.org``) is of a verified domain, or of one below it.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-verification.html
    """
    labels = recipient.rpartition("@")[2].lstrip(".").split(".")
    identities = region(call).identities
    above = (identities.get(key(".".join(labels[start:]))) for start in range(len(labels)))
    for identity in filter(None, above):
        identity.refresh(call.now, call.state.dns)
        if identity.verification.status == "SUCCESS":
            return True
    return False


def _active(call):
    return next((entry for entry in call.backend("ses").receipt_rule_set.values() if entry.is_active), None)


def accepts(call, recipient):
    """
    Whether SES takes mail for a recipient: it rejects what no rule of the active set matches, and all without a set.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
    """
    active = _active(call)
    rules = active.rules if active else []
    return belongs(call, recipient) and any(_enabled(rule) and _matches(rule, recipient) for rule in rules)


def deliver(call, recipient, message):
    """
    Put a message where the active rules say.

    Returns the ``(bucket, key)`` pairs it was written to: none when it is rejected, or the bucket's policy refuses.
    """
    written = []
    if not accepts(call, recipient):
        return written
    active = _active(call)
    for rule in active.rules:
        if not _enabled(rule) or not _matches(rule, recipient):
            continue
        for action in rule.get("Actions", []):
            target = action.get("S3Action")
            if target and may_write(call, active.name, rule["Name"], target):
                written.append(_write(call, target, _message_id(), message))
            if "StopAction" in action:
                return written
    return written


def may_write(call, rule_set, rule, target):
    """
    Whether the policy of an action's bucket lets SES write into it.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html
    """
    bucket = call.backend("s3").buckets.get(target["BucketName"])
    if bucket is None or not bucket.policy:
        return False
    source = f"arn:{call.partition}:ses:{call.region}:{call.account_id}:receipt-rule-set/{rule_set}:receipt-rule/{rule}"
    request = Request(
        "s3:PutObject",
        f"arn:{call.partition}:s3:::{target['BucketName']}/{target.get('ObjectKeyPrefix', '')}x",
        {"aws:sourceaccount": call.account_id, "aws:sourcearn": source, "aws:referer": call.account_id},
        ("Service", "ses.amazonaws.com"),
    )
    decision, _ = decide([("bucket policy", bucket.policy)], request)
    return decision == ALLOWED


def announce(call, target):
    """The object that SES writes when a rule is made, to show that it can."""
    message = (
        "You have successfully set up Amazon SES to deliver received email to this bucket.\n"
        f"Objects will be written under the prefix '{target.get('ObjectKeyPrefix', '')}'.\n"
    )
    _write(call, target, SETUP_KEY, message.encode())


def _write(call, target, name, message):
    key = target.get("ObjectKeyPrefix", "") + name
    stored = call.backend("s3").put_object(target["BucketName"], key, message)
    stored.last_modified = call.now.replace(tzinfo=None)
    return target["BucketName"], key


def _enabled(rule):
    return str(rule.get("Enabled", False)).lower() == "true"


def _matches(rule, recipient):
    """
    A rule without recipients is for every one; ``example.org`` for that domain, ``.example.org`` for those under it.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-receipt-rules-console-walkthrough.html
    """
    recipients = [entry.lower() for entry in rule.get("Recipients") or []]
    address = recipient.lower()
    domain = address.rpartition("@")[2]
    local = address.rpartition("@")[0].partition("+")[0]
    return not recipients or any(
        entry in (address, domain, f"{local}@{domain}") or (entry.startswith(".") and domain.endswith(entry))
        for entry in recipients
    )


def _message_id():
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(40))
