import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.iam import coverage, policies
from tests.unit.iam.test_policies import target
from tests.unit.strategies import directories

ARN = "arn:aws:s3:::ocp-registry-backup"


def allowing(action, resource, **more):
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **more}}


def covers(document, other):
    return coverage.covers(coverage.grants(document), coverage.grants(other))


KINDS = st.sampled_from(["pgbackrest", "script", "files", "sync"])
TARGETS = st.builds(target, KINDS, st.sampled_from(["ocp-a", "ocp-b"]), directories, append_only=st.booleans())


@given(st.lists(TARGETS, min_size=1, max_size=4))
def test_a_policy_covers_each_of_its_targets(targets):
    made = policies.document(targets)
    for one in targets:
        assert covers(made, policies.document([one]))


@given(TARGETS)
def test_a_place_is_covered_by_the_whole_bucket_and_not_the_other_way_round(one):
    narrow = policies.document([target("files", one.bucket, one.prefix)])
    wide = policies.document([target("files", one.bucket, "")])
    assert covers(wide, narrow)
    assert not covers(narrow, wide)


def test_what_a_policy_allows_beyond_another_is_told():
    wide = coverage.grants(allowing(["s3:GetObject", "s3:PutObject"], [f"{ARN}/*"]))
    narrow = coverage.grants(allowing("s3:GetObject", f"{ARN}/database/*"))
    assert [str(grant) for grant in coverage.beyond(wide, narrow)] == [
        f"s3:getobject on {ARN}/*",
        f"s3:putobject on {ARN}/*",
    ]
    assert coverage.beyond(narrow, wide) == []


@pytest.mark.parametrize(
    "document",
    [
        allowing("s3:GetObject", f"{ARN}/databases/*"),
        allowing("s3:GetObject", f"{ARN}/?atabase/*"),
        allowing("s3:GetObject", f"{ARN}/*", Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.1"]}}),
        allowing("s3:GetObject", f"{ARN}/${{aws:username}}/*"),
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}},
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
            ],
        },
    ],
)
def test_in_doubt_it_does_not_cover(document):
    assert not covers(document, allowing("s3:GetObject", f"{ARN}/database/*"))


def test_values_of_a_condition_count_each_for_itself():
    several = {"StringLike": {"s3:prefix": ["a/*", "b/*"]}}
    one = {"StringLike": {"s3:prefix": "b/c/*"}}
    assert covers(allowing("s3:ListBucket", ARN, Condition=several), allowing("s3:ListBucket", ARN, Condition=one))
    assert not covers(allowing("s3:ListBucket", ARN, Condition=one), allowing("s3:ListBucket", ARN, Condition=several))
