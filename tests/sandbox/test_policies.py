"""What policies decide, against the examples of AWS's documentation and of the runbook."""

import json

import pytest

from sandbox.policies import ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY, Request, decide

PGBACKREST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::b",
            "Condition": {"StringEquals": {"s3:prefix": ["", "kingfisher"], "s3:delimiter": ["/"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::b",
            "Condition": {"StringLike": {"s3:prefix": ["kingfisher/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::b/kingfisher/*",
        },
    ],
}


def decision(document, action, resource, principal=("AWS", "anonymous"), **context):
    found, _ = decide([("p", json.dumps(document))], Request(action, resource, context, principal))
    return found


def statement(**elements):
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}}


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "", "s3:delimiter": "/"}, ALLOWED),
        ("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "kingfisher", "s3:delimiter": "/"}, ALLOWED),
        ("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": ""}, IMPLICIT_DENY),
        ("s3:ListBucket", "arn:aws:s3:::b", {}, IMPLICIT_DENY),
        ("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "kingfisher/archive/"}, ALLOWED),
        ("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "kingfisher-other/"}, IMPLICIT_DENY),
        ("s3:listbucket", "arn:aws:s3:::b", {"s3:prefix": "kingfisher/"}, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::b/kingfisher/x", {}, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::b/kingfisher", {}, IMPLICIT_DENY),
        ("s3:PutObject", "arn:aws:s3:::other/kingfisher/x", {}, IMPLICIT_DENY),
        ("s3:PutObjectTagging", "arn:aws:s3:::b/kingfisher/x", {}, IMPLICIT_DENY),
    ],
)
def test_the_runbooks_policy(action, resource, context, expected):
    assert decision(PGBACKREST, action, resource, **context) == expected


def test_a_deny_beats_every_allow():
    policies = [("allow", statement()), ("deny", statement(Effect="Deny", Action="s3:Delete*"))]
    assert decide(policies, Request("s3:DeleteObject", "r")) == (EXPLICIT_DENY, ["deny"])
    assert decide(policies, Request("s3:GetObject", "r")) == (ALLOWED, ["allow"])


def test_not_action_and_not_resource_turn_the_match_round():
    document = {"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"}]}
    assert decision(document, "s3:GetObject", "arn:aws:s3:::b/k") == ALLOWED
    assert decision(document, "iam:GetUser", "*") == IMPLICIT_DENY
    assert decision(document, "s3:GetObject", "arn:aws:s3:::secret/k") == IMPLICIT_DENY


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIgnoreCase": {"K": "A"}}, {"k": "a"}, True),
        ({"StringLike": {"k": "a?c*"}}, {"k": "abcdef"}, True),
        ({"StringNotLike": {"k": "a*"}}, {"k": "abc"}, False),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": "false"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": 10}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.1.2.3"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.1.2.3"}, False),
        ({"ArnLike": {"k": "arn:aws:ses:*:1:*"}}, {"k": "arn:aws:ses:us-east-1:1:x"}, True),
        ({"ArnLike": {"k": "arn:aws:ses:*:1:*"}}, {"k": "arn:aws:ses:us-east-1:2:x:1:y"}, False),
        ({"ArnLike": {"k": "arn:aws:*:1:*"}}, {"k": "arn:aws:ses:us-east-1:1:x"}, False),
        ({"ArnEquals": {"k": "arn:aws:s3:::b*"}}, {"k": "arn:aws:s3:::bucket:x"}, True),
        ({"ArnNotLike": {"k": "arn:aws:ses:*:1:*"}}, {"k": "arn:aws:ses:us-east-1:2:x:1:y"}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "c"]}, False),
        ({"ForAnyValue:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "c"]}, True),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"StringEquals": {"k": "a"}, "Bool": {"b": "true"}}, {"k": "a", "b": "false"}, False),
    ],
)
def test_conditions(condition, context, expected):
    document = statement(Condition=condition)
    assert (decision(document, "s3:GetObject", "r", **context) == ALLOWED) is expected


def test_variables_are_filled_in_and_an_unknown_one_matches_nothing():
    document = statement(Resource="arn:aws:s3:::b/${aws:username}/*")
    assert decision(document, "s3:GetObject", "arn:aws:s3:::b/ann/x", **{"aws:username": "ann"}) == ALLOWED
    assert decision(document, "s3:GetObject", "arn:aws:s3:::b/ann/x") == IMPLICIT_DENY
    assert decision(statement(Resource="b/${*}"), "s3:GetObject", "b/*") == ALLOWED


@pytest.mark.parametrize(
    ("named", "who", "expected"),
    [
        ("*", ("AWS", "anonymous"), True),
        ({"AWS": "*"}, ("AWS", "anonymous"), True),
        ({"AWS": "arn:aws:iam::1:root"}, ("AWS", "arn:aws:iam::1:user/u"), True),
        ({"AWS": "1"}, ("AWS", "arn:aws:iam::1:user/u"), True),
        ({"AWS": "arn:aws:iam::2:root"}, ("AWS", "arn:aws:iam::1:user/u"), False),
        ({"Service": "ses.amazonaws.com"}, ("Service", "ses.amazonaws.com"), True),
        ({"Service": "ses.amazonaws.com"}, ("AWS", "arn:aws:iam::1:user/u"), False),
    ],
)
def test_principals(named, who, expected):
    assert (decision(statement(Principal=named), "s3:PutObject", "r", principal=who) == ALLOWED) is expected
