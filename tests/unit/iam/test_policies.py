"""Policy documents: whether two have the same meaning, how they are read, and their size."""

import copy
import json
from urllib.parse import quote

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.iam import backup_policy, policies
from tests.unit.iam.test_backup_policy import PGBACKREST, target


def test_documents_compare_by_meaning():
    other = copy.deepcopy(PGBACKREST)
    other["Statement"].reverse()
    other["Id"] = "ours"
    for number, statement in enumerate(other["Statement"]):
        statement["Sid"] = f"Statement{number}"
        statement["Action"] = [action.upper() for action in reversed(statement["Action"])]
        statement["Resource"] = statement["Resource"][0]
    other["Statement"][0]["Action"].append("S3:getobject")
    other["Statement"][2]["Condition"] = {"StringEquals": {"S3:Delimiter": "/", "s3:prefix": ["kingfisher", ""]}}
    other["Statement"].append(copy.deepcopy(other["Statement"][0]))
    assert policies.equal(PGBACKREST, other)


def test_what_is_granted_together_equals_what_is_granted_one_by_one():
    """An operator's policy for two buckets lists them in one statement."""
    both = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": ["arn:a", "arn:b"]}
    single = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action in both["Action"]
        for resource in both["Resource"]
    ]
    assert policies.equal({"Statement": both}, {"Statement": single})
    assert not policies.equal({"Statement": both}, {"Statement": single[1:]})
    apart = [{"Effect": "Allow", "NotAction": [action], "Resource": "*"} for action in both["Action"]]
    together = {"Effect": "Allow", "NotAction": both["Action"], "Resource": "*"}
    assert not policies.equal({"Statement": together}, {"Statement": apart})


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(Version="2008-10-17"),
        lambda document: document.pop("Version"),
        lambda document: document["Statement"].pop(),
        lambda document: document["Statement"][0].pop("Condition"),
        lambda document: document["Statement"][2].update(Effect="Deny"),
        lambda document: document["Statement"][2]["Resource"].append("arn:aws:s3:::other/*"),
        lambda document: document["Statement"][2].update(NotAction=document["Statement"][2].pop("Action")),
        lambda document: document["Statement"][1]["Condition"]["StringLike"].update({"s3:prefix": ["King/*"]}),
    ],
)
def test_documents_that_mean_something_else_differ(change):
    other = copy.deepcopy(PGBACKREST)
    change(other)
    assert not policies.equal(PGBACKREST, other)


def test_one_statement_alone_and_json_booleans():
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": True}},
    }
    other = {**statement, "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}
    assert policies.equal({"Statement": statement}, {"Statement": [other]})


@pytest.mark.parametrize(
    "given_as", [dict, json.dumps, lambda document: json.dumps(document).encode(), lambda it: quote(json.dumps(it))]
)
def test_parse_takes_what_iam_and_people_give(given_as):
    assert policies.parse(given_as(PGBACKREST)) == PGBACKREST


@pytest.mark.parametrize("junk", ["{", "", "[]", "5", None, [], {}, {"Statement": "x"}, {"Statement": ["x"]}, b"\xff"])
def test_parse_refuses_what_is_no_document(junk):
    with pytest.raises(RunbookError, match=r"^A policy document .*\.$"):
        policies.parse(junk)


@pytest.mark.parametrize(
    ("junk", "says"),
    [
        (
            "{",
            "A policy document is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); give a mapping or its JSON.",
        ),
        (5, "A policy document is a int; give a mapping or its JSON."),
        ("[]", "A policy document is a list; give a mapping or its JSON."),
        *(
            (junk, "A policy document has no Statement that is a mapping or a list of mappings.")
            for junk in ({}, {"Statement": 5}, {"Statement": [{}, 5]})
        ),
    ],
)
def test_an_invalid_document_is_reported_in_a_sentence(junk, says):
    with pytest.raises(RunbookError) as raised:
        policies.parse(junk)
    assert str(raised.value) == says


def test_parse_unquotes_only_what_is_quoted():
    document = {"Statement": [], "Id": "a%20b"}
    assert policies.parse(json.dumps(document)) == document
    assert policies.parse("  " + quote(json.dumps(document))) == document
    assert policies.parse(document) is not document
    alone = {"Statement": {"Effect": "Allow"}}
    assert policies.parse(alone) == alone


def test_the_policy_of_a_bucket_or_topic():
    alone = {"Effect": "Allow"}
    assert policies.of_resource({}) == {"Version": "2012-10-17", "Statement": []}
    assert policies.of_resource({"Policy": ""}) == {"Version": "2012-10-17", "Statement": []}
    for statement in (alone, [alone]):
        given = {"Version": "2008-10-17", "Id": "x", "Statement": statement}
        assert policies.of_resource({"Policy": json.dumps(given)}) == {**given, "Statement": [alone]}


def test_the_canonical_form():
    assert policies.normalise(
        {
            "Id": "x",
            "Statement": {
                "Sid": "y",
                "Effect": "Deny",
                "Principal": "*",
                "NotAction": ["S3:B", "s3:a", "s3:A"],
                "NotResource": ["b", "a", "b"],
                "Condition": {
                    "StringLike": {"S3:Prefix": ["b", "a"], "s3:prefix": "c"},
                    "NumericEquals": {"x": 5},
                    "Bool": {"Y": True},
                },
            },
        }
    ) == {
        "Version": "2008-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": ["*"]},
                "NotAction": ["s3:a", "s3:b"],
                "NotResource": ["a", "b"],
                "Condition": {
                    "Bool": {"y": ["true"]},
                    "NumericEquals": {"x": ["5"]},
                    "StringLike": {"s3:prefix": ["a", "b", "c"]},
                },
            }
        ],
    }


def test_the_canonical_form_of_principals_and_of_empty_conditions():
    one = {"Effect": "Allow", "NotPrincipal": {"Service": "a", "AWS": ("c", "b")}, "Condition": {}, "Action": "X"}
    made = policies.normalise({"Version": "2012-10-17", "Statement": [one, one, {"Effect": "Allow", "Action": "a"}]})
    assert made == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["a"]},
            {"Effect": "Allow", "NotPrincipal": {"AWS": ["b", "c"], "Service": ["a"]}, "Action": ["x"]},
        ],
    }
    assert list(made["Statement"][1]["NotPrincipal"]) == ["AWS", "Service"]


def test_statements_apart():
    document = {"Statement": [{"Effect": "Allow", "Action": ["b", "a"], "Resource": ["s", "r"], "Sid": "x"}]}
    assert policies.apart(document) == (
        "2008-10-17",
        [{"Effect": "Allow", "Action": action, "Resource": resource} for action in "ab" for resource in "rs"],
    )
    odd = {"Effect": "Deny", "NotAction": ["a", "b"], "Resource": ["r", "s"]}
    assert policies.apart({"Statement": odd})[1] == [{**odd, "Resource": resource} for resource in "rs"]
    assert not policies.equal({"Version": "2012-10-17", "Statement": odd}, {"Statement": odd})


def test_the_order_in_which_a_statement_is_written_does_not_matter():
    one = {"Effect": "Allow", "Action": ["a", "b"], "Resource": ["r"]}
    other = {"Resource": "r", "Action": "a", "Effect": "Allow"}
    assert policies.equal({"Statement": one}, {"Statement": [one, other]})
    assert policies.equal({"Statement": one}, {"Statement": [other, one]})
    assert policies.equal(
        {"Statement": [other, {**one, "Resource": "s"}]}, {"Statement": [{**one, "Resource": "s"}, other]}
    )


def test_the_document_as_it_is_sent():
    assert policies.dumps({"a": ["\xe9", 1]}) == '{"a":["\\u00e9",1]}'


def test_a_document_of_the_greatest_size_is_taken():
    size = policies.size({"Id": ""})
    policies.check_size("p", {"Id": "x" * (policies.LIMIT - size)})
    with pytest.raises(RunbookError) as raised:
        policies.check_size("p", {"Id": "x" * (policies.LIMIT - size + 1)})
    assert str(raised.value) == (
        "The policy p has 6145 characters and IAM allows 6144: back up to fewer prefixes, set aws:backup:scope to bucket, or split its "
        "servers into several aws:backup:group."
    )


def test_size_counts_all_but_white_space():
    document = {"Version": "2012-10-17", "Statement": []}
    assert policies.size(document) == len('{"Version":"2012-10-17","Statement":[]}')
    assert policies.size({**document, "Id": "a b\tc"}) == policies.size({**document, "Id": "abtc"}) + 1  # JSON's \t


def test_a_document_that_iam_would_refuse_is_refused_here():
    few = backup_policy.document([target(prefix=f"prefix-{number:02}") for number in range(50)])
    policies.check_size("backup", few)
    many = backup_policy.document([target(prefix=f"prefix-{number:03}") for number in range(100)])
    assert policies.size(many) > policies.LIMIT
    with pytest.raises(RunbookError, match=rf"^The policy backup has {policies.size(many)} characters.*6144.*scope"):
        policies.check_size("backup", many)
