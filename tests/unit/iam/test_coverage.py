import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.iam import backup_policy, coverage
from tests.unit.iam.test_backup_policy import target
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
    made = backup_policy.document(targets)
    for one in targets:
        assert covers(made, backup_policy.document([one]))


@given(TARGETS)
def test_a_place_is_covered_by_the_whole_bucket_and_not_the_other_way_round(one):
    narrow = backup_policy.document([target("files", one.bucket, one.prefix)])
    wide = backup_policy.document([target("files", one.bucket, "")])
    assert covers(wide, narrow)
    assert not covers(narrow, wide)


def test_what_a_policy_allows_beyond_another_is_reported():
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


def test_a_grant_in_words():
    conditions = frozenset({("StringLike", "s3:prefix", "a/*"), ("Bool", "aws:securetransport", "['true']")})
    assert str(coverage.Grant("s3:listbucket", ARN)) == f"s3:listbucket on {ARN}"
    assert str(coverage.Grant("s3:listbucket", ARN, conditions)) == (
        f"s3:listbucket on {ARN} where aws:securetransport \"['true']\" and s3:prefix 'a/*'"
    )
    assert str(coverage.Grant(odd="a text")) == "a text"


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ("", ""),
        ("b", "b on r"),
        ("badc", "a on r, b on r, c on r, d on r"),
        ("badcbadc", "a on r, b on r, c on r, d on r"),
        ("ebadc", "a on r, b on r, c on r, d on r and 1 more"),
        ("febadc", "a on r, b on r, c on r, d on r and 2 more"),
    ],
)
def test_a_few_grants_are_reported_and_the_rest_are_counted(actions, words):
    assert coverage.in_words([coverage.Grant(action, "r") for action in actions]) == words


def test_what_is_no_plain_permission_is_kept_as_it_is_written():
    denied = {"Effect": "Deny", "Action": ["b", "a"], "Resource": ["r"]}
    without = {"Effect": "Allow", "NotAction": ["a"], "Resource": ["r"]}
    assert coverage.grants({"Statement": [denied, allowing("s3:GetObject", "r")["Statement"], without]}) == [
        coverage.Grant(odd='{"Action": ["a", "b"], "Effect": "Deny", "Resource": ["r"]}'),
        coverage.Grant("s3:getobject", "r"),
        coverage.Grant(odd='{"Effect": "Allow", "NotAction": ["a"], "Resource": ["r"]}'),
    ]


def test_an_operator_whose_values_belong_together_is_kept_whole():
    document = allowing(
        "s3:ListBucket",
        ["r", "s"],
        Condition={
            "StringNotEquals": {"b": ["1", "2"]},
            "StringEquals": {"c": ["3", "4"], "a": "5"},
        },
    )
    apart = [
        frozenset({("StringNotEquals", "b", "['1', '2']"), ("StringEquals", "a", "5"), ("StringEquals", "c", value)})
        for value in "34"
    ]
    assert coverage.grants(document) == [
        coverage.Grant("s3:listbucket", resource, conditions) for resource in "rs" for conditions in apart
    ]


def test_what_is_odd_is_covered_only_by_itself():
    odd, other, plain = coverage.Grant(odd="a text"), coverage.Grant(odd="another"), coverage.Grant("*", "*")
    assert coverage.beyond([odd, plain], [odd]) == [plain]
    assert coverage.beyond([odd, plain], [other, plain]) == [odd]
    # What is denied beside it makes it uncertain.
    assert coverage.covers([plain], [])
    assert not coverage.covers([plain, odd], [])


LISTED = ("StringLike", "s3:prefix", "a/*")


@pytest.mark.parametrize(
    ("known", "wanted", "implied"),
    [
        (LISTED, LISTED, True),
        (("StringEquals", "s3:prefix", "a/b"), LISTED, True),
        (("StringLike", "s3:prefix", "a/b/*"), LISTED, True),
        (("StringLike", "s3:prefix", "a*"), LISTED, False),
        (("StringEquals", "s3:prefix", "b/a"), LISTED, False),
        (("StringEquals", "s3:delimiter", "a/b"), LISTED, False),
        (("StringNotLike", "s3:prefix", "a/b"), LISTED, False),
        # The texts are equal, and the operators are not.
        (("StringLike", "s3:prefix", "a/b"), ("StringEquals", "s3:prefix", "a/b"), False),
        (("StringLike", "s3:prefix", "a/*"), ("StringEquals", "s3:prefix", "a/*"), False),
        (("StringLike", "s3:prefix", "a/b"), ("StringNotLike", "s3:prefix", "a/*"), False),
    ],
)
def test_when_a_condition_implies_another(known, wanted, implied):
    narrow, wide = coverage.Grant("a", "r", frozenset({known})), coverage.Grant("a", "r", frozenset({wanted}))
    assert (coverage.beyond([narrow], [wide]) == []) is implied


def test_a_grant_under_more_conditions_is_narrower():
    delimiter = ("StringEquals", "s3:delimiter", "/")
    none, one, two = (coverage.Grant("a", "r", frozenset(those)) for those in ([], [LISTED], [LISTED, delimiter]))
    assert coverage.beyond([one, two], [none]) == []
    assert coverage.beyond([none, two], [one]) == [none]
    assert coverage.beyond([none, one], [two]) == [none, one]


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("ab", "a*", True),
        ("a*", "a*", True),
        ("a?", "a?", True),
        ("ab", "a?", False),
        # In doubt, no.
        ("abc", "a?*", False),
        ("a[b]c", "a[b]*", True),
        ("abc", "a[b]*", False),
        ("AB", "a*", False),
    ],
)
def test_when_a_pattern_is_within_another(inner, outer, within):
    for name in ("action", "resource"):
        narrow, wide = ([coverage.Grant(**{"action": "x", "resource": "x", name: text})] for text in (inner, outer))
        assert (coverage.beyond(narrow, wide) == []) is within
