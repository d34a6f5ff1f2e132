"""What the first run would still change: a sentence for each difference between the account and the plan."""

import json
from types import SimpleNamespace

import pytest

from aws_runbook.adopt import remaining_changes
from aws_runbook.adopt.result import Result
from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy
from aws_runbook.iam.people import People

TARGET = {
    "server": "cms",
    "kind": "files",
    "bucket": "ocp-cms-backup",
    "prefix": "site",
    "region": "eu-west-2",
    "expires": 30,
}
GRANTED = backup_policy.document([Target.from_data(TARGET)])
# The same, as a further statement allows nothing that the others do not.
OBJECT = "arn:aws:s3:::ocp-cms-backup/site/index.html"
REPEATED = {
    **GRANTED,
    "Statement": [*GRANTED["Statement"], {"Effect": "Allow", "Action": "s3:PutObject", "Resource": OBJECT}],
}
PLANNED = {"buckets": {}, "lifecycle": {}, "rows": [], "policies": {}, "groups": {}, "users": {}}
USER = {"policies": [], "groups": [], "detached_policies": []}
ACCOUNT = SimpleNamespace(session=SimpleNamespace(partition="aws", command=lambda *_args, **_named: ""))


def arn(policy):
    return {"PolicyArn": f"arn:aws:iam::123456789012:policy/{policy}"}


def account(policies=(), groups=(), users=()):
    """IAM's listing of an account: documents by policy, and the policies of groups and of users."""
    versions = {name: [{"IsDefaultVersion": True, "Document": json.dumps(policy)}] for name, policy in policies}
    return People(
        {
            "Policies": [
                {"Arn": arn(name)["PolicyArn"], "PolicyVersionList": found} for name, found in versions.items()
            ],
            "GroupDetailList": [
                {"GroupName": name, "AttachedManagedPolicies": [arn(policy) for policy in attached]}
                for name, attached in groups
            ],
            "UserDetailList": [
                {"UserName": name, "AttachedManagedPolicies": [arn(policy) for policy in attached], "GroupList": []}
                for name, attached in users
            ],
        }
    )


@pytest.mark.parametrize(
    ("people", "planned", "sentence"),
    [
        (
            account(),
            {"rows": [{"policy": "cms"}], "policies": {"cms": {"targets": [TARGET]}}},
            "policy cms: The account has none of that name: the first run creates it.",
        ),
        (
            account(policies=[("cms", REPEATED)]),
            {"rows": [{"policy": "cms"}], "policies": {"cms": {"targets": [TARGET]}}},
            "policy cms: Its document changes: it has the same meaning in another form.",
        ),
        (
            account(),
            {"groups": {"web": {"policies": ["cms"]}}},
            "group web: The account has none of that name: the first run creates it.",
        ),
        (
            account(groups=[("web", ["cms"])]),
            {"groups": {"web": {"policies": ["cms", "docs"]}}},
            "group web: It gets the policy docs.",
        ),
        (
            account(),
            {"users": {"cms": USER}},
            "user cms: The account has none of that name: the first run creates it, with a key if aws:backup:store is set.",
        ),
        (
            account(users=[("cms", [])]),
            {"users": {"cms": {**USER, "policies": ["cms"], "groups": ["web"]}}},
            "user cms: It gets the policy cms, the group web.",
        ),
        (
            account(users=[("cms", ["cms"])]),
            {"users": {"cms": {**USER, "detached_policies": ["cms"]}}},
            "user cms: It has the policy cms only through its group from then on.",
        ),
    ],
)
def test_a_difference_is_a_note(people, planned, sentence):
    result = Result()
    remaining_changes.tell(ACCOUNT, result, people, SimpleNamespace(rules={}), {**PLANNED, **planned})
    assert [f"{note.about}: {note.note}" for note in result.notes] == [sentence]


def test_the_rule_that_another_one_gives_way_to_is_named():
    wanted = {
        "ID": "delete-after-30-days",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    places = SimpleNamespace(
        rules={"ocp-cms-backup": [{**wanted, "ID": "delete-after-10-days", "Expiration": {"Days": 10}}]},
        regions={"ocp-cms-backup": "eu-west-2"},
    )
    lifecycle = {"ocp-cms-backup": {"rules": [wanted], "protected": [], "allow": []}}
    result = Result()
    remaining_changes.tell(ACCOUNT, result, account(), places, {**PLANNED, "lifecycle": lifecycle})
    assert [note.note for note in result.notes] == [
        "It gets the lifecycle rule 'delete-after-30-days' (all objects), in place of 'delete-after-10-days'."
    ]
