"""The account of ``make aws``: whether it may be used, and what of ours is in it."""

import re
import secrets

VARIABLE = "AWS_RUNBOOK_TEST_ACCOUNT"
# All that is made has a name that begins with this. The rest of a run's prefix is drawn by chance.
OURS = "aws-runbook-test-"
_NUMBER = re.compile(r"[0-9]{12}")


def refusal(wanted, identity):
    """
    Return why ``make aws`` must not start, or ``None``.

    ``wanted`` is the environment's account number, ``identity`` a function that asks whose credentials are in use.
    Without a number nothing is asked.
    """
    if not wanted:
        return f"Set {VARIABLE} to the 12 digits of the account that may be tested in."
    if not _NUMBER.fullmatch(wanted):
        return f"{VARIABLE} is {wanted!r}; an account has 12 digits."
    found = identity()
    if found["Account"] != wanted:
        return f"{VARIABLE} is {wanted}, but the credentials belong to account {found['Account']}."
    return None


def prefix():
    """Return a prefix that no earlier run has used: short, because names of buckets are, and in their characters."""
    return f"{OURS}{secrets.token_hex(4)}"


def left(client, region):
    """
    Return what there is under the prefix of any run: ``(kind, name)``, sorted.

    ``client(service, region)`` makes a client of boto3.
    """
    return sorted({(kind, name) for kind, name in _named(client, region) if name.startswith(OURS)})


def _named(client, region):
    iam = client("iam", region)
    for operation, key, field in (
        ("list_users", "Users", "UserName"),
        ("list_groups", "Groups", "GroupName"),
        ("list_policies", "Policies", "PolicyName"),
    ):
        scope = {"Scope": "Local"} if operation == "list_policies" else {}
        for page in iam.get_paginator(operation).paginate(**scope):
            yield from ((field.removesuffix("Name"), entry[field]) for entry in page[key])
    for page in client("s3", region).get_paginator("list_buckets").paginate():
        yield from (("Bucket", entry["Name"]) for entry in page.get("Buckets", ()))
    for page in client("sns", region).get_paginator("list_topics").paginate():
        yield from (("Topic", entry["TopicArn"].rpartition(":")[2]) for entry in page["Topics"])
    ses = client("sesv2", region)
    yield from (("Identity", entry["IdentityName"]) for entry in ses.list_email_identities()["EmailIdentities"])
    yield from (("ConfigurationSet", name) for name in ses.list_configuration_sets()["ConfigurationSets"])
    for page in client("ec2", region).get_paginator("describe_vpcs").paginate():
        for vpc in page["Vpcs"]:
            yield from (("Vpc", tag["Value"]) for tag in vpc.get("Tags", ()) if tag["Key"] == "Name")
