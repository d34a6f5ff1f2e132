"""What a policy allows, as far as backups are concerned."""

import pytest

from aws_runbook.backups import policy_recognition
from aws_runbook.iam.coverage import Grant

ARN = "arn:aws:s3:::ocp-backup"
OBJECTS = f"{ARN}/*"


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource=OBJECTS, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


NEEDED = [
    "s3:PutObject",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutObjectTagging",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:DeleteObject",
]
DENY = {"Effect": "Deny", "Action": ["s3:getobject"], "Resource": [OBJECTS]}


@pytest.mark.parametrize("action", NEEDED)
def test_what_backups_need_is_no_surplus(action):
    assert policy_recognition.surplus(document(allow(action))) == []
    assert policy_recognition.is_the_runbooks(document(allow(sorted({action, "s3:PutObject"}))))
    assert not policy_recognition.is_the_runbooks(document(allow(["s3:PutObject", f"{action}s"])))


def test_what_is_beyond_is_a_surplus():
    found = document(
        allow("s3:PutObject"),
        allow("s3:PutBucketPolicy"),
        allow("s3:GetObject", "*"),
        allow("s3:GetObject", "arn:aws:s3:::ocp-*"),
        allow("sns:Publish", "arn:aws:sns:us-east-1:123456789012:topic"),
        DENY,
    )
    surplus = policy_recognition.surplus(found)
    assert {(grant.action, grant.resource, bool(grant.odd)) for grant in surplus} == {
        ("s3:putbucketpolicy", OBJECTS, False),
        ("s3:getobject", "*", False),
        ("s3:getobject", "arn:aws:s3:::ocp-*", False),
        ("sns:publish", "arn:aws:sns:us-east-1:123456789012:topic", False),
        ("", "", True),
    }
    assert policy_recognition.losses(found, found) == []
    lost = policy_recognition.losses(found, document(allow("s3:*"), DENY))
    assert {(grant.action, grant.resource) for grant in lost} == {
        ("s3:getobject", "*"),
        ("s3:getobject", "arn:aws:s3:::ocp-*"),
        ("sns:publish", "arn:aws:sns:us-east-1:123456789012:topic"),
    }


def test_only_what_backups_do_not_need_is_a_loss():
    known = document(allow(["s3:PutObject", "s3:PutBucketPolicy"]))
    assert policy_recognition.losses(known, document(allow("s3:GetObject"))) == [Grant("s3:putbucketpolicy", OBJECTS)]
    assert policy_recognition.losses(known, document(allow("s3:*"))) == []


def test_what_is_outside_of_s3():
    topic = "arn:aws:sns:us-east-1:123456789012:topic"
    everything = {"Effect": "Allow", "NotAction": ["s3:getobject"], "Resource": ["*"]}
    both = {"Effect": "Deny", "Action": ["iam:createuser", "s3:getobject"], "Resource": ["*"]}
    found = document(allow(["s3:PutObject", "s3:*"]), allow("sns:Publish", topic), allow("*"), DENY, both, everything)
    assert {(grant.action, grant.resource, grant.odd) for grant in policy_recognition.others(found)} == {
        ("sns:publish", topic, ""),
        ("*", OBJECTS, ""),
        ("", "", '{"Action": ["iam:createuser", "s3:getobject"], "Effect": "Deny", "Resource": ["*"]}'),
        ("", "", '{"Effect": "Allow", "NotAction": ["s3:getobject"], "Resource": ["*"]}'),
    }
    assert policy_recognition.others(document(allow("s3:PutObject"), DENY)) == []


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (ARN, "ocp-backup"),
        (f"{ARN}/a:s3:::b/*", "ocp-backup"),
        ("arn:aws-cn:s3:::abc/*", "abc"),
        ("arn:aws:s3:::" + "a" * 255, "a" * 255),
        ("arn:aws:s3:::A.b_c-1", "A.b_c-1"),
        ("arn:aws:s3:::" + "a" * 256, None),
        ("arn:aws:s3:::ab/*", None),
        ("arn:aws:s3:::ocp-*/x", None),
        ("*", None),
        ("arn:aws:sqs:::abc", None),
    ],
)
def test_which_bucket_a_resource_is_in(resource, bucket):
    assert policy_recognition.buckets(document(allow("s3:PutObject", resource))) == ([bucket] if bucket else [])


def test_the_buckets_are_those_that_may_be_written_to_each_once_and_sorted():
    found = document(
        allow("s3:Put*", ["arn:aws:s3:::two/a/*", "arn:aws:s3:::one", "*"]),
        allow("*", "arn:aws:s3:::two/b/*"),
        allow("s3:GetObject", "arn:aws:s3:::read/*"),
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::denied/*"},
        {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "arn:aws:s3:::odd/*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::odd/*"},
    )
    assert policy_recognition.buckets(found) == ["one", "two"]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "*"), True),
        (allow("s3:DeleteObject", "*"), False),
        (allow(["s3:GetObject", "s3:DeleteObject"], ["*", OBJECTS]), False),
        (allow(["s3:GetObject", "s3:DeleteObject"]), True),
        (allow(["s3:GetObject", "sns:Publish"]), False),
        (allow("sns:Publish", "*"), False),
        (DENY, False),
        ({"Effect": "Allow", "Action": "s3:GetObject"}, False),
        ({"Effect": "Allow", "Resource": OBJECTS}, False),
    ],
)
def test_what_may_stand_in_a_policy_for_backups(statement, told):
    assert policy_recognition.is_for_backups(document(allow("s3:PutObject"), statement)) is told
    assert not policy_recognition.is_for_backups(document(allow("s3:GetObject"), statement))
