"""
Lifecycle configurations: kept as they were put, refused for the reasons for which S3 refuses them.

moto loses parts of rules (sizes, delete markers, newer versions), and the reply's minimum object size.
"""

import uuid
import weakref

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.handlers.s3.versions import bucket_of

_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
_MOST_RULES = 1000
_LONGEST_ID = 255
_MOST_NEWER = 100
_DEFAULT_MINIMUM = "all_storage_classes_128K"
_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
# ``And`` is for two filters or more.
_LEAST_TOGETHER = 2
_FILTERS = ("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
_LEAST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}

# By moto's bucket, so that a configuration goes when its bucket goes.
_configurations = weakref.WeakKeyDictionary()


@handles("s3", "GetBucketLifecycleConfiguration", reference=_API + "API_GetBucketLifecycleConfiguration.html")
def get_bucket_lifecycle_configuration(call):
    """The configuration as it was put, and the minimum object size for transitions."""
    configuration = _configurations.get(bucket_of(call))
    if configuration is None:
        raise AwsError(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
            404,
            details={"BucketName": call.parameters["Bucket"]},
        )
    return configuration


@handles("s3", "PutBucketLifecycleConfiguration", reference=_API + "API_PutBucketLifecycleConfiguration.html")
def put_bucket_lifecycle_configuration(call):
    """The whole configuration is replaced; a rule without an id gets one."""
    bucket = bucket_of(call)
    rules = call.parameters.get("LifecycleConfiguration", {}).get("Rules", [])
    _check(rules)
    rules = [{"ID": str(uuid.uuid4()), **rule} if not rule.get("ID") else rule for rule in rules]
    minimum = call.parameters.get("TransitionDefaultMinimumObjectSize", _DEFAULT_MINIMUM)
    _configurations[bucket] = {"Rules": rules, "TransitionDefaultMinimumObjectSize": minimum}
    return {"TransitionDefaultMinimumObjectSize": minimum}


@handles("s3", "DeleteBucketLifecycle", reference=_API + "API_DeleteBucketLifecycle.html")
def delete_bucket_lifecycle(call):
    """Deleting what is not there succeeds too."""
    _configurations.pop(bucket_of(call), None)
    return {}


def rules_of(bucket):
    """The rules of one of moto's buckets."""
    return _configurations.get(bucket, {}).get("Rules", [])


def _malformed():
    return AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        400,
    )


def _invalid(message):
    return AwsError("InvalidArgument", message, 400)


def _bad_request(message):
    return AwsError("InvalidRequest", message, 400)


def _check(rules):
    if not 1 <= len(rules) <= _MOST_RULES:
        raise _malformed()
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if any(len(rule_id) > _LONGEST_ID for rule_id in ids):
        raise _invalid(f"ID length should not exceed allowed limit of {_LONGEST_ID}")
    if len(set(ids)) < len(ids):
        raise _invalid("Rule ID must be unique. Found same ID for more than one rule")
    _check_form(rules)
    for rule in rules:
        _check_filter(rule)
        _check_actions(rule)


def _check_form(rules):
    """A configuration is of the old form or of the new one, never both; the first rule decides which."""
    if "Filter" in rules[0]:
        if any("Prefix" in rule for rule in rules):
            raise _bad_request(
                "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
            )
        return
    if any("Filter" in rule for rule in rules):
        raise _bad_request("Filter element can only be used in Lifecycle V2.")
    prefixes = [rule.get("Prefix", "") for rule in rules if rule.get("Expiration")]
    for number, prefix in enumerate(prefixes):
        for other in prefixes[:number]:
            if prefix.startswith(other) or other.startswith(prefix):
                raise _bad_request(
                    f"Found overlapping prefixes '{other}' and '{prefix}' for same action type 'Expiration'"
                )


def _check_filter(rule):
    if "Filter" not in rule:
        if "Prefix" not in rule:
            raise _malformed()
        return
    filters = [name for name in _FILTERS if name in rule["Filter"]]
    if len(filters) > 1:
        raise _malformed()
    together = rule["Filter"].get("And")
    if together is not None and len(together) + max(len(together.get("Tags", [])) - 1, 0) < _LEAST_TOGETHER:
        raise _malformed()
    if _tagged(rule):
        for action in ("AbortIncompleteMultipartUpload", "ExpiredObjectDeleteMarker"):
            if action in rule or action in rule.get("Expiration", {}):
                raise _bad_request(f"{action} cannot be specified with Tags.")


def _tagged(rule):
    return "Tag" in rule["Filter"] or rule["Filter"].get("And", {}).get("Tags")


def _check_actions(rule):
    if not any(rule.get(action) for action in _ACTIONS):
        raise _bad_request("At least one action needs to be specified in a rule")
    expiration = rule.get("Expiration")
    if expiration is not None:
        if len(expiration) != 1:  # Days, Date and ExpiredObjectDeleteMarker exclude each other
            raise _malformed()
        _check_moment(expiration, "Expiration")
    for transition in rule.get("Transitions", []):
        if len({"Days", "Date"} & set(transition)) != 1 or "StorageClass" not in transition:
            raise _malformed()
        if "Days" in transition:
            _check_transition(transition, expiration or {})
    if rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 1) < 1:
        raise _invalid("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
    _check_noncurrent(rule.get("NoncurrentVersionExpiration"))


def _check_noncurrent(noncurrent):
    if noncurrent is None:
        return
    if "NoncurrentDays" not in noncurrent:
        raise _malformed()
    if noncurrent["NoncurrentDays"] < 1:
        raise _invalid("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
    if not 1 <= noncurrent.get("NewerNoncurrentVersions", 1) <= _MOST_NEWER:
        raise _invalid("'NewerNoncurrentVersions' must be a positive integer not exceeding 100")


def _check_moment(expiration, action):
    if "Days" in expiration and expiration["Days"] < 1:
        raise _invalid(f"'Days' for {action} action must be a positive integer")
    date = expiration.get("Date")
    if date is not None and (date.hour, date.minute, date.second, date.microsecond) != (0, 0, 0, 0):
        raise _invalid("'Date' must be at midnight GMT")


def _check_transition(transition, expiration):
    least = _LEAST_DAYS.get(transition["StorageClass"], 0)
    if transition["Days"] < least:
        raise _invalid(
            f"'Days' in Transition action must be greater than or equal to {least} for storageClass "
            f"'{transition['StorageClass']}'"
        )
    if "Days" in expiration and expiration["Days"] <= transition["Days"]:
        raise _invalid("'Days' in the Expiration action must be greater than 'Days' in the Transition action")
