"""The sandbox decides as an IAM policy simulator does that is not ours, on documents of every form that it reads."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.policies import ALLOWED, Request, decide
from tests.node import simulator

pytestmark = pytest.mark.simulator

BUCKET = "arn:aws:s3:::ocp-b"
USER = "policy-simulator"  # whom the simulator asks for

actions = st.sampled_from(
    ["*", "s3:*", "s3:List*", "S3:listbucket", "s3:ListBucket", "s3:GetObject", "s3:Get?bject", "s3:DeleteObject", "iam:*"]
)  # fmt: skip
resources = st.sampled_from(
    [
        "*", "arn:aws:s3:::*", BUCKET, "arn:aws:s3:::ocp-?", f"{BUCKET}/*", f"{BUCKET}/king/*", f"{BUCKET}/k*g/x",
        f"{BUCKET}/${{aws:username}}/*", f"{BUCKET}/king/x", "arn:aws:s3:::other/*",
    ]
)  # fmt: skip
texts = st.sampled_from(["", "king", "king/", "king/*", "k?ng/*", "*", "other/", "${aws:username}/*"])
# The simulator knows this one beside wildcards only; it may stand in any string.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
patterns = st.one_of(texts, st.just("${*}"))
plain = {
    "s3:prefix": ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
    "s3:delimiter": ("StringEquals", "StringNotEquals"),
    "aws:username": ("StringEquals", "StringLike"),
}


@st.composite
def conditions(draw):
    found = {}
    for key in draw(st.lists(st.sampled_from(sorted(plain)), max_size=2, unique=True)):
        operator = draw(st.sampled_from(plain[key])) + draw(st.sampled_from(["", "", "IfExists"]))
        found.setdefault(operator, {})[key] = draw(one_or_several(patterns if "Like" in operator else texts))
    if draw(st.booleans()):
        key = draw(st.sampled_from(["s3:prefix", "aws:SecureTransport"]))
        found["Null"] = {key: draw(st.sampled_from(["true", "false"]))}
    if draw(st.booleans()):
        found[draw(st.sampled_from(["Bool", "BoolIfExists"]))] = {
            "aws:SecureTransport": draw(st.sampled_from(["true", "false"]))
        }
    if draw(st.booleans()):
        operator = draw(st.sampled_from(["IpAddress", "NotIpAddress"]))
        found[operator] = {
            "aws:SourceIp": draw(one_or_several(st.sampled_from(["10.0.0.0/8", "10.1.2.3", "192.0.2.0/24"])))
        }
    return found


def one_or_several(values):
    return st.one_of(values, st.lists(values, min_size=1, max_size=3, unique=True))


@st.composite
def statements(draw):
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(one_or_several(actions)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(one_or_several(resources)),
        **({"Condition": condition} if (condition := draw(conditions())) else {}),
    }


def optional(name, values):
    return st.one_of(st.just({}), st.sampled_from(values).map(lambda value: {name: value}))


@st.composite
def requests(draw):
    context = {
        "aws:username": USER,
        **draw(optional("aws:SecureTransport", ["true", "false"])),
        **draw(optional("aws:SourceIp", ["10.1.2.3", "192.0.2.9"])),
    }
    if draw(st.booleans()):
        context |= draw(optional("s3:prefix", ["", "king", "king/", "king/x", f"{USER}/x", "*"]))
        context |= draw(optional("s3:delimiter", ["/"]))
        return "s3:ListBucket", BUCKET, context
    key = draw(st.sampled_from(["king/x", "king/y", "kong/x", "x", f"{USER}/x"]))
    return draw(st.sampled_from(["s3:GetObject", "s3:DeleteObject"])), f"{BUCKET}/{key}", context


@settings(max_examples=300, deadline=None)  # the first one starts the simulator
@given(st.lists(statements(), min_size=1, max_size=3), st.lists(requests(), min_size=1, max_size=5))
def test_both_decide_the_same(drawn, asked):
    document = {"Version": "2012-10-17", "Statement": drawn}
    for action, resource, context in asked:
        here, _ = decide(
            [("p", json.dumps(document))],
            Request(action, resource, {key.lower(): value for key, value in context.items()}),
        )
        assert (here == ALLOWED) is simulator.is_allowed(document, action, resource, context), (
            action,
            resource,
            context,
        )


ACCOUNT, OTHER = "123456789012", "210987654321"
SES = "ses.amazonaws.com"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:bounces"
RULE = f"arn:aws:ses:eu-west-1:{ACCOUNT}:receipt-rule-set/set:receipt-rule/rule"
# What the policy of a bucket or a topic is asked.
OF_RESOURCES = {f"{BUCKET}/king/x": ("s3:PutObject", "s3:GetObject"), TOPIC: ("sns:Publish", "sns:Subscribe")}
askers = st.sampled_from(
    [SES, "events.amazonaws.com", f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{OTHER}:user/ann", None]
)
sources = ["arn:aws:ses:*:*:*", f"arn:aws:ses:eu-west-1:{ACCOUNT}:*", f"arn:aws:ses:*:{OTHER}:identity/*", RULE]


@st.composite
def principals(draw):
    if draw(st.booleans()):
        return {"Service": draw(one_or_several(st.sampled_from([SES, "events.amazonaws.com"])))}
    users = [f"arn:aws:iam::{account}:user/{name}" for account in (ACCOUNT, OTHER) for name in ("ann", "ben")]
    return draw(st.one_of(st.just("*"), one_or_several(st.sampled_from(users)).map(lambda named: {"AWS": named})))


@st.composite
def source_conditions(draw):
    found = {}
    if draw(st.booleans()):
        operator = draw(st.sampled_from(["StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists"]))
        found[operator] = {"AWS:SourceAccount": draw(one_or_several(st.sampled_from([ACCOUNT, OTHER])))}
    if draw(st.booleans()):
        operator = draw(st.sampled_from(["ArnLike", "ArnEquals", "ArnNotLike", "ArnLikeIfExists"]))
        found[operator] = {"aws:SourceArn": draw(one_or_several(st.sampled_from(sources)))}
    return found


@st.composite
def resource_statements(draw, resource, actions):
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        "Principal": draw(principals()),
        "Action": draw(one_or_several(st.sampled_from([*actions, f"{actions[0].partition(':')[0]}:*"]))),
        "Resource": draw(st.sampled_from([resource, f"{resource[:-1]}?", f"{resource[:-3]}*", f"{resource}2"])),
        **({"Condition": condition} if (condition := draw(source_conditions())) else {}),
    }


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(sorted(OF_RESOURCES)))
def test_both_decide_the_same_of_a_resources_policy(data, resource):
    actions = OF_RESOURCES[resource]
    drawn = data.draw(st.lists(resource_statements(resource, actions), min_size=1, max_size=3))
    document = {"Version": "2012-10-17", "Statement": drawn}
    for action in actions:
        who = data.draw(askers)
        context = {
            **data.draw(optional("aws:SourceAccount", [ACCOUNT, OTHER])),
            **data.draw(optional("aws:SourceArn", [RULE, RULE.replace(ACCOUNT, OTHER), "arn:aws:s3:::b"])),
        }
        principal = ("Service", who) if who and not who.startswith("arn:") else ("AWS", who or "anonymous")
        here, _ = decide(
            [("p", json.dumps(document))],
            Request(action, resource, {key.lower(): value for key, value in context.items()}, principal),
        )
        assert (here == ALLOWED) is simulator.lets_in(document, who, action, resource, context), (who, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:ListBucket", f"{BUCKET}/king/x", {}),
        ("s3:GetObject", BUCKET, {}),
        ("s3:GetObject", f"{BUCKET}/king/x", {"s3:prefix": "king/"}),
        ("s3:ListAllMyBuckets", BUCKET, {}),
        ("s3:GetObjects", f"{BUCKET}/king/x", {}),
    ],
)
def test_what_aws_does_not_have_is_not_decided(action, resource, context):
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    with pytest.raises(simulator.NoSuchRequestError):
        simulator.is_allowed(everything, action, resource, context)


def test_a_document_that_iam_refuses_is_not_decided():
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject"}}
    with pytest.raises(simulator.NoSuchRequestError, match=r"policy\.errors"):
        simulator.is_allowed(document, "s3:GetObject", f"{BUCKET}/king/x")
