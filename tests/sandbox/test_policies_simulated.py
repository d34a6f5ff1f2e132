"""The sandbox decides as an IAM policy simulator does that is not ours, on documents of every form that it reads."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.policies import ALLOWED, Request, decide
from tests import simulator

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
