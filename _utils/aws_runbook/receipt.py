"""
SES's receipt rules, and the bucket that they write mail into: the calls, each once.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html
"""

import re

from aws_runbook import policies

_PREFIX = "ses-verification/"
# What SES writes into the bucket when a rule is made, to see whether it can.
SETUP = f"{_PREFIX}AMAZON_SES_SETUP_NOTIFICATION"
# What a run that is under way will put back.
NOTE = "aws-runbook/receiving-under-way.json"


def rule(name, address, bucket):
    """A rule that writes mail for an address into a bucket, with what SES found out about its sender."""
    action = {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": _PREFIX}}
    return {"Name": name, "Enabled": True, "ScanEnabled": True, "Recipients": [address], "Actions": [action]}


def statement(session, bucket, rule_set, name):
    """What lets SES write into a bucket, for this rule and no other."""
    source = f"arn:{session.partition}:ses:{session.region}:{session.account_id}:receipt-rule-set/{rule_set}:receipt-rule/{name}"
    return {
        "Sid": f"AwsRunbook{re.sub('[^A-Za-z0-9]', '', rule_set + name)}",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:{session.partition}:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"AWS:SourceAccount": session.account_id, "AWS:SourceArn": source}},
    }


def policy(session, bucket):
    """The policy of a bucket, its statements a list; an empty one where there is none."""
    answer = session.read(
        "s3",
        "get_bucket_policy",
        f"read the policy of the bucket {bucket}",
        absent=("NoSuchBucketPolicy", "NoSuchBucket"),
        region=session.region,
        Bucket=bucket,
    )
    return policies.of_resource(answer or {})


def put_policy(session, bucket, wanted):
    """Make ``wanted`` the policy of a bucket; without statements it has none."""
    where = {"region": session.region, "Bucket": bucket}
    if wanted["Statement"]:
        doing = f"set the policy of the bucket {bucket}"
        session.write("s3", "put_bucket_policy", doing, Policy=policies.dumps(wanted), **where)
    else:
        session.write("s3", "delete_bucket_policy", f"delete the policy of the bucket {bucket}", **where)


def active(session):
    """The name of the active rule set; ``None`` when there is none."""
    doing = f"see which receipt rule set is active in {session.region}"
    answer = session.read("ses", "describe_active_receipt_rule_set", doing, region=session.region)
    return (answer.get("Metadata") or {}).get("Name")


def activate(session, name):
    """Make a rule set the active one; ``None``: none is."""
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


def create_rule_set(session, rule_set):
    """Make an empty rule set."""
    doing = f"create the receipt rule set {rule_set}"
    session.write(
        "ses", "create_receipt_rule_set", doing, absent=("AlreadyExists",), region=session.region, RuleSetName=rule_set
    )


def delete_rule_set(session, rule_set):
    """Delete a rule set."""
    doing = f"delete the receipt rule set {rule_set}"
    session.write("ses", "delete_receipt_rule_set", doing, region=session.region, RuleSetName=rule_set)


def put_rule(session, rule_set, wanted, *, there):
    """Make a rule, or replace the one of its name that is ``there``."""
    verb = "update" if there else "create"
    doing = f"{verb} the receipt rule {wanted['Name']}"
    session.write("ses", f"{verb}_receipt_rule", doing, region=session.region, RuleSetName=rule_set, Rule=wanted)


def delete_rule(session, rule_set, name):
    """Delete a rule; one that is gone is no error."""
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


def get(session, bucket, key):
    """The contents of an object; ``None`` when there is none."""
    answer = session.stream(
        "s3",
        "get_object",
        f"read {key} in the bucket {bucket}",
        absent=("NoSuchKey", "NoSuchBucket"),
        region=session.region,
        Bucket=bucket,
        Key=key,
    )
    return answer and answer["Body"].read()


def put(session, bucket, key, content):
    """Write an object."""
    doing = f"write {key} to the bucket {bucket}"
    session.write("s3", "put_object", doing, region=session.region, Bucket=bucket, Key=key, Body=content)


def delete(session, bucket, key):
    """Delete an object of ours; one that is gone is no error."""
    doing = f"delete {key} in the bucket {bucket}"
    session.write("s3", "delete_object", doing, absent=("NoSuchBucket",), region=session.region, Bucket=bucket, Key=key)


def delete_bucket_if_empty(session, bucket):
    """Delete a bucket unless it holds anything."""
    doing = f"delete the bucket {bucket}"
    session.write(
        "s3", "delete_bucket", doing, absent=("BucketNotEmpty", "NoSuchBucket"), region=session.region, Bucket=bucket
    )
