"""
What holds for every state: see ``converge`` for test mode, the real run and the second one; and drift is found and mended.
"""

from dataclasses import dataclass, field

import pytest

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
REGION = "eu-west-2"
TARGETS = [
    {
        "server": "registry",
        "kind": "script",
        "bucket": "ocp-registry-backup",
        "prefix": "database",
        "region": REGION,
        "expires": True,
    }
]
RULE = {
    "ID": "delete-after-30-days",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


@dataclass
class Case:
    """A state: what must be there before, its arguments, what somebody then changes by hand, and what that looks like."""

    function: str
    arguments: dict
    drift: callable
    changed: set
    before: callable = id
    created: set = field(default_factory=lambda: {"name"})

    def __str__(self):
        return self.function


class Aws:
    """The account, as a person with a console reaches it."""

    def __init__(self, sandbox):
        self.s3 = sandbox.client("s3", region=REGION)
        self.iam = sandbox.client("iam")

    def bucket(self, name="ocp-registry-backup", region=REGION):
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})

    def policy(self, name="registry-backup"):
        return self.iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]["Arn"]

    def user(self, name="registry-backup"):
        self.iam.create_user(UserName=name)

    def group(self, name="backup"):
        self.iam.create_group(GroupName=name)


@pytest.fixture
def aws(sandbox):
    return Aws(sandbox)


def open_bucket(aws):
    aws.s3.delete_public_access_block(Bucket="ocp-registry-backup")
    aws.s3.delete_bucket_tagging(Bucket="ocp-registry-backup")


def other_document(aws):
    arn = aws.iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT, SetAsDefault=True)


def user_without_policy(aws):
    arn = aws.iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    aws.iam.detach_user_policy(UserName="registry-backup", PolicyArn=arn)
    aws.iam.remove_user_from_group(UserName="registry-backup", GroupName="backup")


def group_without_policy(aws):
    arn = aws.iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    aws.iam.detach_group_policy(GroupName="backup", PolicyArn=arn)


def before_user(aws):
    aws.policy()
    aws.group()


PRESENT = [
    Case(
        "s3_bucket.present",
        {
            "name": "ocp-registry-backup",
            "region": REGION,
            "public_access_block": True,
            "server_side_encryption": "AES256",
            "object_ownership": "BucketOwnerEnforced",
            "versioning": "Enabled",
            "tags": {"team": "data"},
        },
        open_bucket,
        {"public_access_block", "tags"},
    ),
    Case(
        "s3_lifecycle.managed",
        {"name": "ocp-registry-backup", "region": REGION, "rules": [RULE]},
        lambda aws: aws.s3.delete_bucket_lifecycle(Bucket="ocp-registry-backup"),
        {"rules"},
        before=Aws.bucket,
        created={"rules"},
    ),
    Case(
        "iam_backup_policy.present",
        {"name": "registry-backup", "targets": TARGETS, "tags": {"team": "data"}},
        other_document,
        {"policy_document"},
    ),
    Case(
        "iam_group.present",
        {"name": "backup", "policies": ["registry-backup"]},
        group_without_policy,
        {"policies"},
        before=Aws.policy,
    ),
    Case(
        "iam_user.present",
        {"name": "registry-backup", "policies": ["registry-backup"], "groups": ["backup"], "tags": {"team": "data"}},
        user_without_policy,
        {"policies", "groups"},
        before=before_user,
    ),
]


@pytest.mark.parametrize("case", PRESENT, ids=str)
def test_present(case, converge, aws):
    case.before(aws)
    created = converge(case.function, **case.arguments)
    assert created.result is True, created.comment
    assert case.created <= set(created.changes)
    case.drift(aws)
    mended = converge(case.function, **case.arguments)
    assert mended.result is True, mended.comment
    assert set(mended.changes) == case.changed


ABSENT = [
    ("s3_bucket.absent", {"name": "ocp-registry-backup", "region": REGION}, Aws.bucket),
    ("iam_backup_policy.absent", {"name": "registry-backup"}, Aws.policy),
    ("iam_group.absent", {"name": "backup"}, Aws.group),
    ("iam_user.absent", {"name": "registry-backup"}, Aws.user),
]


@pytest.mark.parametrize(("function", "arguments", "before"), ABSENT, ids=[case[0] for case in ABSENT])
def test_absent(function, arguments, before, converge, aws):
    before(aws)
    gone = converge(function, **arguments)
    assert gone.changes == {"name": {"old": arguments["name"], "new": None}}
    assert converge(function, **arguments).changes == {}


@pytest.mark.parametrize("case", PRESENT, ids=str)
def test_a_failed_read_is_an_error_and_never_absent(case, sandbox, states, aws):
    case.before(aws)
    sandbox.fault("*", "access_denied", times=100)
    sandbox.clear_calls()
    ret = states[case.function](**case.arguments)
    assert ret.result is False
    assert ret.changes == {}
    assert "The credentials in use need" in ret.comment or "lack s3:ListBucket" in ret.comment
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("s3_bucket.present", {"versioning": "on"}, "bucket b: versioning is 'on'; allowed are Enabled, Suspended."),
        (
            "s3_bucket.present",
            {"public_access_block": {"block_public_acls": True}},
            "give True, False, or a mapping of all of",
        ),
        ("s3_bucket.present", {"tags": ["a"]}, "bucket b: tags is ['a']; give a mapping of names to texts."),
        ("s3_lifecycle.managed", {"rules": "none"}, "bucket b: rules is 'none'; give a list of lifecycle rules"),
        (
            "s3_lifecycle.managed",
            {"rules": [{"ID": "a"}]},
            'Missing required parameter in LifecycleConfiguration.Rules[0]: "Status"',
        ),
        ("iam_backup_policy.present", {"targets": []}, "policy b: targets is []; give a list of at least one target."),
        ("iam_user.present", {"groups": "backup"}, "user b: groups is 'backup'; give a list of names."),
        ("iam_group.present", {"policies": [1]}, "group b: policies is [1]; give a list of names."),
        ("iam_access_key.present", {"rotate_days": 0}, "rotate_days is 0; give a number of days, at least 1."),
        ("iam_access_key.present", {"store": "vault"}, "vault"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(function, arguments, sentence, states, sandbox):
    ret = states[function](name="b", **arguments)
    assert ret.result is False
    assert sentence in ret.comment
    assert "Traceback" not in ret.comment
    assert sandbox.calls() == []
