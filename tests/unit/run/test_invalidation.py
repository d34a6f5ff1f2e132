"""What a write makes old of what a run has read."""

import dataclasses

import pytest

from aws_runbook.run import invalidation
from aws_runbook.run.cache import Cache

ARN = "arn:aws:iam::123456789012:policy/registry-backup"
READ = [
    ("s3", "head_bucket", {"Bucket": "a"}),
    ("s3", "head_bucket", {"Bucket": "b"}),
    ("s3", "list_buckets", {}),
    ("s3", "search", {"Bucket": "a", "reached": ["a/"], "skip": ()}),
    ("iam", "get_user", {"UserName": "docs-backup"}),
    ("iam", "get_user", {"UserName": "registry-backup"}),
    ("iam", "get_policy", {"PolicyArn": ARN}),
    ("iam", "list_policies", {}),
    ("sns", "get_topic_attributes", {"TopicArn": "t"}),
]


@pytest.mark.parametrize(
    ("service", "write", "old"),
    [
        ("s3", {"Bucket": "a", "LifecycleConfiguration": {"Rules": []}}, [0, 2, 3]),
        ("s3", {}, [0, 1, 2, 3]),
        ("iam", {"PolicyName": "registry-backup", "PolicyDocument": "{}"}, [5, 6, 7]),
        ("iam", {"UserName": "docs-backup", "PolicyArn": ARN}, [4, 5, 6, 7]),
        ("iam", {"GroupName": "backup", "UserName": "docs-backup"}, [4, 7]),
        ("sns", {"TopicArn": "another"}, [8]),
    ],
    ids=["a bucket", "nobody knows what", "a policy is made", "a policy is attached", "a member", "another service"],
)
def test_which_answers_a_write_invalidates(service, write, old):
    cache = Cache()
    asked = []

    def read_all():
        for number, (of, method, parameters) in enumerate(READ):
            cache.get(("connection", of, "region", method), parameters, lambda number=number: asked.append(number))

    read_all()
    cache.drop(service, invalidation.after(service, write))
    asked.clear()
    read_all()
    assert asked == old


@pytest.mark.parametrize(
    ("method", "question", "old"),
    [
        ("get_email_identity", (("EmailIdentity", "example.org"),), True),
        ("get_email_identity", (("EmailIdentity", "example.net"),), False),
        ("get_identity_dkim_attributes", "example.org", True),
        ("get_identity_dkim_attributes", "example.net", False),
        ("get_account", (("EmailIdentity", "example.org"),), False),
    ],
)
def test_who_knows_exactly_says_so(method, question, old):
    is_old = invalidation.of_one({"get_email_identity", "get_identity_dkim_attributes"}, "example.org")
    assert is_old(method, question) is old


@pytest.mark.parametrize(
    ("method", "old"),
    [
        ("attach_user_policy", False),
        ("tag_user", False),
        ("create_access_key", True),
        ("delete_user", True),
        (None, True),
    ],
)
def test_a_read_that_only_a_few_writes_change(method, old):
    is_old = invalidation.after("iam", {"UserName": "docs-backup"}, method)
    assert is_old("list_access_keys", (("UserName", "docs-backup"),)) is old
    assert is_old("get_user", (("UserName", "docs-backup"),)) is True


def test_what_a_run_knows_of_what_it_has_made():
    cache, asked = Cache(), []
    source, question = ("connection", "iam", None, "list_access_keys"), {"UserName": "docs-backup"}

    def ask():
        return cache.get(source, question, lambda: asked.append(1) or "asked")

    cache.learn(source, question, "known")
    assert (ask(), asked) == ("known", [])
    cache.clear()  # what was read
    assert (ask(), asked) == ("known", [])
    cache.drop("iam", invalidation.after("iam", question, "create_access_key"))
    assert (ask(), asked) == ("asked", [1])


def test_a_write_looks_only_at_answers_about_the_same_resources():
    """A run has several answers for each of thousands of resources, and as many writes."""
    cache, looked_at = Cache(), []
    for number in range(1000):
        cache.get(("connection", "iam", None, "get_user"), {"UserName": f"n{number}-backup"}, dict)
    cache.get(("connection", "iam", None, "list_users"), {}, dict)
    written = invalidation.after("iam", {"UserName": "n7-backup"})

    def is_old(method, question):
        looked_at.append((method, question))
        return written.is_old(method, question)

    cache.drop("iam", dataclasses.replace(written, is_old=is_old), {"UserName": "n7-backup"})
    assert sorted(looked_at) == [("get_user", (("UserName", "n7-backup"),)), ("list_users", ())]
