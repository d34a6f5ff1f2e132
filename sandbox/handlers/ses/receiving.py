"""
Receipt rules: deleting one, which moto lacks, and the check that SES can write where a rule says.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.mail import receiving

_API = "https://docs.aws.amazon.com/ses/latest/APIReference/"


@handles("ses", "CreateReceiptRule", "UpdateReceiptRule", reference=_API + "API_CreateReceiptRule.html")
def put_receipt_rule(call):
    """SES tries the bucket before it takes the rule, and leaves an object there that says so."""
    rule, rule_set = call.parameters["Rule"], call.parameters["RuleSetName"]
    known = call.backend().receipt_rule_set.get(rule_set)
    if call.name == "CreateReceiptRule" and known and any(entry["Name"] == rule["Name"] for entry in known.rules):
        raise AwsError("AlreadyExists", f"Rule already exists: {rule['Name']}", 400)
    for recipient in rule.get("Recipients") or []:
        if not receiving.belongs(call, recipient):
            raise AwsError("InvalidParameterValue", f"Recipient is not of a verified domain: {recipient}", 400)
    targets = [action["S3Action"] for action in rule.get("Actions", []) if "S3Action" in action]
    for target in targets:
        if not receiving.may_write(call, rule_set, rule["Name"], target):
            raise AwsError("InvalidS3Configuration", f"Could not write to bucket: {target['BucketName']}", 400)
    reply = call.forward()
    if reply.succeeded:
        for target in targets:
            receiving.announce(call, target)
    return reply


@handles("ses", "DeleteReceiptRule", reference=_API + "API_DeleteReceiptRule.html")
def delete_receipt_rule(call):
    """A rule goes; one that is not there is no error, a rule set that is not there is."""
    name = call.parameters["RuleSetName"]
    rule_set = call.backend().receipt_rule_set.get(name)
    if rule_set is None:
        raise AwsError("RuleSetDoesNotExist", f"Rule set does not exist: {name}", 400)
    rule_set.rules = [rule for rule in rule_set.rules if rule["Name"] != call.parameters["RuleName"]]
    return {}
