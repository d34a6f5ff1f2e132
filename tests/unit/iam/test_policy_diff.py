"""What changes in a policy, as a diff and in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.iam import backup_policy, policies, policy_diff
from aws_runbook.mail import smtp
from tests.unit.iam.test_backup_policy import target
from tests.unit.iam.test_coverage import TARGETS, allowing

BUCKET = "ocp-registry-backup"
ARN = f"arn:aws:s3:::{BUCKET}"
AT_THE_TOP = {
    "Effect": "Allow",
    "Action": "s3:ListBucket",
    "Resource": ARN,
    "Condition": {"StringEquals": {"s3:prefix": ""}},
}
LISTS = st.lists(TARGETS, min_size=1, max_size=4)


def files(prefix, bucket=BUCKET, **options):
    return backup_policy.document([target("files", bucket, prefix, **options)])


def lines(diff, sign):
    """The lines that a diff takes away or adds."""
    return sorted(line[1:] for line in diff.splitlines()[2:] if line.startswith(sign))


def test_a_right_that_goes_is_one_line_and_one_sentence():
    shown = policy_diff.change(files("database"), files("database", append_only=True))
    assert lines(shown["diff"], "-") == [f"Allow s3:DeleteObject on {ARN}/database/*"]
    assert lines(shown["diff"], "+") == []
    assert shown["means"] == "may no longer delete below database/"


@pytest.mark.parametrize(
    ("old", "new", "means"),
    [
        (
            files("database"),
            files("site"),
            "may no longer list, read, write and delete below database/; may now list, read, write and delete below site/",
        ),
        (
            files(""),
            files("site"),
            f"may no longer list, read, write and delete anywhere in {BUCKET}; may still list, read, write and delete below site/",
        ),
        (
            files("site", append_only=True),
            files("site", "ocp-other", append_only=True),
            f"may no longer list, read and write below site/ of {BUCKET}; may now list, read and write below site/ of ocp-other",
        ),
        (smtp.document(["a@example.org"]), smtp.document(), "may now send mail"),
        (
            smtp.document(),
            smtp.document(["a@example.org"]),
            "may no longer send mail; may still send mail as a@example.org",
        ),
        (allowing("s3:GetBucketAcl", ARN), files("site"), None),
        (files("site"), {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}, ""),
        (files("site"), files("site"), ""),
        (
            allowing("s3:DeleteObjectVersion", f"{ARN}/site/*"),
            allowing("s3:PutObject", f"{ARN}/site/*"),
            "may no longer delete old versions below site/; may now write below site/",
        ),
        (
            {"Version": "2012-10-17", "Statement": AT_THE_TOP},
            allowing("s3:PutObject", f"{ARN}/site/*"),
            f"may no longer list at the top of {BUCKET}; may now write below site/",
        ),
    ],
)
def test_the_change_is_described_in_words(old, new, means):
    told = policy_diff.meaning(old, new)
    assert told == means if means is not None else "use s3:getbucketacl anywhere in" in told


def test_of_many_places_a_few_are_named():
    told = policy_diff.meaning(
        files("a"), backup_policy.document([target("files", BUCKET, f"d{number}") for number in range(9)])
    )
    assert told.endswith(" and 3 more")


def test_a_condition_a_principal_and_a_denial_stand_in_their_line():
    old = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "NotAction": "s3:Get*",
                "NotResource": f"{ARN}/x",
                "Principal": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringLike": {"s3:prefix": ""}},
            }
        ],
    }
    (line,) = (line for line in lines(policy_diff.change(old, files("x"))["diff"], "-") if "Deny" in line)
    assert line == (
        f"Deny all actions but s3:Get* on all but {ARN}/x if Bool aws:securetransport: false and StringLike s3:prefix: (empty) "
        '{"Principal": {"AWS": ["*"]}}'
    )


@given(LISTS, LISTS)
def test_what_means_the_same_has_no_diff_and_what_does_not_has_one(these, others):
    old, new = backup_policy.document(these), backup_policy.document(others)
    shown = policy_diff.change(old, new)
    assert (shown["diff"] == "") == policies.equal(old, new)
    assert ("means" in shown) <= (shown["diff"] != "")


@given(LISTS, LISTS)
def test_the_other_way_round_is_the_other_way_round(these, others):
    old, new = backup_policy.document(these), backup_policy.document(others)
    there, back = policy_diff.change(old, new)["diff"], policy_diff.change(new, old)["diff"]
    assert (lines(there, "-"), lines(there, "+")) == (lines(back, "+"), lines(back, "-"))
