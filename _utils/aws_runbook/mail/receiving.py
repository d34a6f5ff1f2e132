"""
The calls about SES's receipt rules, and about the bucket that they write mail into.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html
"""

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any

from aws_runbook import clock
from aws_runbook.errors import RunbookError
from aws_runbook.run.waiting import SETTLE_TIMEOUT

_PREFIX = "ses-verification/"
# The object that SES writes to test its access when a rule is created.
SETUP = f"{_PREFIX}AMAZON_SES_SETUP_NOTIFICATION"
# The notes of unfinished runs about what must be cleaned up: an object for each address.
NOTES = "aws-runbook/receiving-under-way/"
_NOTED = {"address", "bucket_made", "rule_set", "rule_set_made", "rule", "activated", "since", "timeout"}


def note_place(address):
    """The key of the note about a run for an address."""
    return f"{NOTES}{address}.json"


def rule_name(wanted, address, rules, bucket):
    """
    The name of our rule among ``rules``: as wanted, or, if a rule of that name is another client's or for another address,
    with an ending that is always the same for the address.
    """
    ours = [entry["Name"] for entry in rules if is_ours(entry, address, bucket)]
    if ours:
        return ours[0]  # of a run that was killed
    if any(entry["Name"] == wanted for entry in rules):
        return _other_name(wanted, address)
    return wanted


def rule_set_name(wanted, address, rules, others):
    """
    What the rule set is called that is activated where none is: as wanted, unless one of that name holds other rules than those
    of ``others`` (notes of runs): mail that is rejected today would be taken by them.
    """
    of_runs = {entry["rule"] for entry in others if entry["rule_set"] == wanted}
    if all(entry["Name"] in of_runs for entry in rules or []):
        return wanted
    return _other_name(wanted, address)


def _other_name(wanted, address):
    return f"{wanted}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def is_ours(entry, address, bucket):
    """Whether a rule is one that :func:`rule` returns for an address, and does nothing else with the mail."""
    ours = rule(entry["Name"], address, bucket)
    actions = [
        {kind: {member: value for member, value in given.items() if value} for kind, given in action.items()}
        for action in entry.get("Actions", [])
    ]
    return entry.get("Recipients") == ours["Recipients"] and actions == ours["Actions"]


def is_over(note, now):
    """Whether the run that wrote a note must have been interrupted, since its time is over."""
    longest = timedelta(seconds=note["timeout"] + 2 * SETTLE_TIMEOUT)
    return datetime.fromisoformat(note["since"]) + longest < now


def rule(name, address, bucket):
    """The rule that writes mail for an address into a bucket, with SES's verdicts about its sender."""
    action = {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": _PREFIX}}
    return {"Name": name, "Enabled": True, "ScanEnabled": True, "Recipients": [address], "Actions": [action]}


def statement(session, bucket, rule_set, name):
    """The statement that allows SES to write into a bucket, for this rule only."""
    source = f"arn:{session.partition}:ses:{session.region}:{session.account_id}:receipt-rule-set/{rule_set}:receipt-rule/{name}"
    return {
        "Sid": f"AwsRunbook{re.sub('[^A-Za-z0-9]', '', rule_set + name)}",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:{session.partition}:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"AWS:SourceAccount": session.account_id, "AWS:SourceArn": source}},
    }


def active(session):
    """The name of the active rule set; ``None`` when there is none."""
    doing = f"read which receipt rule set is active in {session.region}"
    answer = session.read("ses", "describe_active_receipt_rule_set", doing, region=session.region)
    return (answer.get("Metadata") or {}).get("Name")


def activate(session, name):
    """Activate a rule set; with ``None`` deactivate the active one."""
    doing = f"activate the receipt rule set {name}" if name else "deactivate the receipt rule set"
    given = {"RuleSetName": name} if name else {}
    session.write("ses", "set_active_receipt_rule_set", doing, region=session.region, **given)


def rules(session, rule_set):
    """The rules of a rule set; ``None`` when there is no such set."""
    answer = session.read(
        "ses",
        "describe_receipt_rule_set",
        f"read the receipt rule set {rule_set}",
        absent=("RuleSetDoesNotExist", "RuleSetDoesNotExistException"),
        region=session.region,
        RuleSetName=rule_set,
    )
    return answer and answer.get("Rules", [])


def is_written_to(session, bucket):
    """Whether a rule of the active rule set writes mail into a bucket."""
    name = active(session)
    entries = rules(session, name) if name else None
    actions = [action for entry in entries or [] for action in entry.get("Actions", [])]
    return any(action.get("S3Action", {}).get("BucketName") == bucket for action in actions)


def create_rule_set(session, rule_set):
    """Create an empty rule set."""
    doing = f"create the receipt rule set {rule_set}"
    session.write(
        "ses", "create_receipt_rule_set", doing, absent=("AlreadyExists",), region=session.region, RuleSetName=rule_set
    )


def delete_rule_set(session, rule_set):
    """Delete a rule set."""
    doing = f"delete the receipt rule set {rule_set}"
    session.write(
        "ses", "delete_receipt_rule_set", doing, absent=("CannotDelete",), region=session.region, RuleSetName=rule_set
    )


def create_rule(session, rule_set, wanted):
    """Create a rule at the beginning of its rule set."""
    doing = f"create the receipt rule {wanted['Name']}"
    session.write("ses", "create_receipt_rule", doing, region=session.region, RuleSetName=rule_set, Rule=wanted)


def delete_rule(session, rule_set, name):
    """Delete a rule; a missing rule is not an error."""
    session.write(
        "ses",
        "delete_receipt_rule",
        f"delete the receipt rule {name}",
        absent=("RuleSetDoesNotExist", "RuleDoesNotExist"),
        region=session.region,
        RuleSetName=rule_set,
        RuleName=name,
    )


def keys(session, bucket):
    """The mails in a bucket, the newest first."""
    answer = session.read(
        "s3",
        "list_objects_v2",
        f"look for mail in the bucket {bucket}",
        region=session.region,
        Bucket=bucket,
        Prefix=_PREFIX,
    )
    found = [entry for entry in answer.get("Contents", []) if entry["Key"] != SETUP]
    return [entry["Key"] for entry in sorted(found, key=lambda entry: entry["LastModified"], reverse=True)]


def notes(session, bucket):
    """The notes of runs that are under way, or were killed, by address."""
    answer = session.read(
        "s3",
        "list_objects_v2",
        f"look for leftovers of earlier runs in the bucket {bucket}",
        absent=("NoSuchBucket",),
        region=session.region,
        Bucket=bucket,
        Prefix=NOTES,
    )
    keys_of_notes = [entry["Key"] for entry in (answer or {}).get("Contents", [])]
    found = [(key, get(session, bucket, key)) for key in keys_of_notes]
    return {note["address"]: note for note in (_read_note(bucket, key, content) for key, content in found if content)}


def _read_note(bucket, key, content):
    """Parse a note. Others can also write to the bucket."""
    note: Any = None
    try:
        note = json.loads(content)
        complete = note.keys() >= _NOTED and clock.written(note["since"]) and int(note["timeout"]) >= 0
    except (ValueError, TypeError, AttributeError, RecursionError):
        complete = False
    if not complete:
        raise RunbookError(
            f"{key} in the bucket {bucket} is not a note of a run, so it is unknown what that run has left. Check the receipt rules of SES, then delete the object."
        )
    return note


def get(session, bucket, key):
    """The contents of an object; ``None`` when there is none."""
    return session.stream(
        "s3",
        "get_object",
        f"read {key} in the bucket {bucket}",
        absent=("NoSuchKey", "NoSuchBucket"),
        region=session.region,
        Bucket=bucket,
        Key=key,
    )


def put(session, bucket, key, content):
    """Write an object."""
    doing = f"write {key} to the bucket {bucket}"
    session.write("s3", "put_object", doing, region=session.region, Bucket=bucket, Key=key, Body=content)


def delete(session, bucket, key):
    """Delete an object; a missing object is not an error."""
    doing = f"delete {key} in the bucket {bucket}"
    session.write("s3", "delete_object", doing, absent=("NoSuchBucket",), region=session.region, Bucket=bucket, Key=key)


def delete_bucket_if_empty(session, bucket):
    """Delete a bucket unless it holds anything."""
    doing = f"delete the bucket {bucket}"
    session.write(
        "s3", "delete_bucket", doing, absent=("BucketNotEmpty", "NoSuchBucket"), region=session.region, Bucket=bucket
    )
