"""What S3 refuses of lifecycle rules, and what it takes."""

import pytest

from aws_runbook.buckets import lifecycle_form

RULE = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "db/"}, "Expiration": {"Days": 30}}
TAG = {"Key": "a", "Value": "b"}
ABORT = {"DaysAfterInitiation": 7}


def rule(*without, **changed):
    return {name: value for name, value in {**RULE, **changed}.items() if name not in without}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (rule(Status="enabled"), "Status is 'enabled'; allowed are Enabled, Disabled"),
        (rule("Status"), "Status is None; allowed are"),
        (rule(Prefix=""), "it has both a Filter and the Prefix of the old form"),
        (rule("Filter"), "it has no Filter; give Filter: {Prefix: …}"),
        (rule(Filter={"Prefix": "a", "Tag": TAG}), "its Filter has Prefix and Tag; put them into And"),
        (rule(Filter={"And": {"Prefix": "a", "Tags": []}}), "And in its Filter has fewer than two members"),
        (rule(Filter={"And": {"Tags": [TAG]}}), "And in its Filter has fewer than two members"),
        (rule("Expiration"), "it does nothing; give one or more of Expiration, Transitions"),
        (rule(Expiration={}), "it does nothing"),
        (
            rule(Expiration={}, AbortIncompleteMultipartUpload=ABORT),
            "Expiration has no members; give one of Days, Date, ExpiredObjectDeleteMarker",
        ),
        (
            rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True}),
            "Expiration has Days and ExpiredObjectDeleteM",
        ),
        (rule(Expiration={"Days": 0}), "Expiration:Days is 0; give a whole number, 1 or more"),
        (rule(Expiration={"Days": True}), "Expiration:Days is True; give a whole number"),
        (
            rule(Expiration={"Date": "2030-01-01T01:00:00Z"}),
            "Expiration:Date is '2030-01-01T01:00:00Z'; give a date such",
        ),
        (
            rule(Expiration={"Date": "2030-01-01T00:00:00+01:00"}),
            "Expiration:Date is '2030-01-01T00:00:00+01:00'; give",
        ),
        (rule(Expiration={"Date": "soon"}), "Expiration:Date is 'soon'; give a date such as 2030-01-31"),
        (
            rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0}),
            "AbortIncompleteMultipartUpload:DaysAfterIniti",
        ),
        (
            rule(NoncurrentVersionExpiration={"NoncurrentDays": 0}),
            "NoncurrentVersionExpiration:NoncurrentDays is 0; give",
        ),
        (
            rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}),
            "NoncurrentVersionExpiration:NewerNoncurrentVersions is 101; give a whole number, from 1 to 100",
        ),
        (
            rule(NoncurrentVersionExpiration={"NewerNoncurrentVersions": 1}),
            "NoncurrentVersionExpiration has no Noncurren",
        ),
        (
            rule(Filter={"Tag": TAG}, AbortIncompleteMultipartUpload=ABORT),
            "it has AbortIncompleteMultipartUpload and sel",
        ),
        (
            rule(Filter={"And": {"Prefix": "a", "Tags": [TAG]}}, Expiration={"ExpiredObjectDeleteMarker": True}),
            "it has ExpiredObjectDeleteMarker and selects by tags",
        ),
    ],
)
def test_what_s3_refuses(wrong, sentence):
    assert lifecycle_form.problem(wrong).startswith(sentence)


@pytest.mark.parametrize(
    "taken",
    [
        RULE,
        rule(Status="Disabled", Filter={}),
        rule("Filter", Prefix=""),
        rule(Filter={"And": {"Prefix": "a", "ObjectSizeGreaterThan": 5}}),
        rule(Filter={"And": {"Tags": [TAG, {"Key": "c", "Value": "d"}]}}),
        rule(Filter={"Tag": TAG}),
        rule("Expiration", Filter={"Tag": TAG}, NoncurrentVersionExpiration={"NoncurrentDays": 1}),
        rule(Expiration={"Date": "2030-01-31"}),
        rule(Expiration={"Date": "2030-01-31T00:00:00Z"}),
        rule(Expiration={"Date": "2030-01-31T01:00:00+01:00"}),
        rule(Expiration={"ExpiredObjectDeleteMarker": True}, AbortIncompleteMultipartUpload=ABORT),
        rule("Expiration", Transitions=[{"Days": 0, "StorageClass": "GLACIER"}]),
        rule("Expiration", NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 100}),
    ],
)
def test_what_s3_takes(taken):
    assert lifecycle_form.problem(taken) == ""
