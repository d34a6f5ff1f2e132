"""Whether a policy's document may be replaced, and what is said of it."""

import pytest

from aws_runbook.backups import policy_replacement
from aws_runbook.errors import RunbookError

ARN = "arn:aws:s3:::ocp-registry-backup"


def document(*actions, resource=f"{ARN}/*"):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return {"Version": "2012-10-17", "Statement": [statement]}


WRITES = document("s3:PutObject")
READS_TOO = document("s3:PutObject", "s3:GetObject")


def test_a_document_for_backups_may_be_replaced():
    policy_replacement.check("registry-backup", WRITES, {("user", "registry-backup")})
    policy_replacement.check("registry-backup", document("s3:*"), set())


@pytest.mark.parametrize(
    ("having", "said"),
    [
        (set(), "nobody"),
        ({("user", "ann")}, "the user ann"),
        ({("user", "bob"), ("group", "web"), ("user", "ann")}, "the group web and the user ann and the user bob"),
    ],
)
def test_a_document_with_grants_outside_of_s3_is_not_replaced(having, said):
    known = {"Statement": [*WRITES["Statement"], *document("sns:Publish", resource="*")["Statement"]]}
    with pytest.raises(RunbookError) as raised:
        policy_replacement.check("registry-backup", known, having)
    assert str(raised.value) == (
        "The policy registry-backup is not only for backups, and its document is not replaced: it allows sns:publish on *, and is attached to "
        f"{said}. Set aws:backup:policy in pillar to another name; or, if nobody needs those permissions, remove them from the document first."
    )


def losses(known, wanted, having=(), holders=None):
    return policy_replacement.losses("registry-backup", known, wanted, having, holders)


def test_what_backups_do_not_need_is_lost_with_a_warning():
    known = document("s3:PutObject", "s3:PutBucketPolicy")
    assert losses(known, WRITES) == [
        f"The policy registry-backup loses permissions that backups do not need: s3:putbucketpolicy on {ARN}/*."
    ]
    assert losses(READS_TOO, WRITES) == []
    assert losses(WRITES, WRITES) == []


def others(what):
    return [
        (
            f"The policy registry-backup also changes for the user ann, to which no known pillar gives it: it {what}. If that is not intended, "
            "set aws:backup:policy to another name."
        )
    ]


@pytest.mark.parametrize(
    ("known", "wanted", "what"),
    [
        (READS_TOO, WRITES, f"loses s3:getobject on {ARN}/*"),
        (WRITES, READS_TOO, f"gets s3:getobject on {ARN}/*"),
        (
            WRITES,
            document("s3:GetObject"),
            f"loses s3:putobject on {ARN}/* and gets s3:getobject on {ARN}/*",
        ),
        (WRITES, {**WRITES, "Version": "2008-10-17"}, "has the same meaning in another form"),
    ],
)
def test_a_holder_of_whom_no_pillar_knows_is_reported(known, wanted, what):
    having = [("group", "web"), ("user", "ann"), ("user", "bob")]
    holders = {"users": ["bob"], "groups": ["web"]}
    assert losses(known, wanted, having, holders) == others(what)


def test_a_group_and_a_user_of_one_name_are_two_holders():
    (said,) = losses(WRITES, READS_TOO, [("group", "ann"), ("user", "bob")], {"users": ["ann", "bob"]})
    assert "also changes for the group ann" in said


def test_no_holder_is_reported_if_the_wanted_ones_are_unknown_or_all_are_known():
    assert losses(WRITES, READS_TOO, [("user", "ann")]) == []
    assert losses(WRITES, READS_TOO, [("user", "ann")], {"users": ["ann"], "groups": []}) == []
