import copy
import json
from fnmatch import fnmatchcase
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError
from aws_runbook.iam import policies
from tests.unit.strategies import NAMES, directories

BUCKETS = ("bucket", "bucket-2")


def target(kind="files", bucket="ocp-registry-backup", prefix="", **attributes):
    return Target(
        server="registry", kind=kind, bucket=bucket, prefix=prefix, region="eu-west-2", expires=False, **attributes
    )


PGBACKREST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::ocp-db-backup"],
            "Condition": {"StringEquals": {"s3:prefix": ["", "kingfisher"], "s3:delimiter": ["/"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::ocp-db-backup"],
            "Condition": {"StringLike": {"s3:prefix": ["kingfisher/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::ocp-db-backup/kingfisher/*"],
        },
    ],
}
BUCKET_WIDE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::ocp-registry-backup"]},
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::ocp-registry-backup/*"],
        },
    ],
}


def test_pgbackrest_policy_of_the_runbook():
    made = policies.document([target("pgbackrest", "ocp-db-backup", "kingfisher")])
    assert json.dumps(made) == json.dumps(PGBACKREST)


@pytest.mark.parametrize("kind", ["files", "mysql", "script", "sync"])
@pytest.mark.parametrize("place", [{"prefix": ""}, {"prefix": "database", "scope": "bucket"}])
def test_bucket_wide_policy_of_the_runbook(kind, place):
    assert json.dumps(policies.document([target(kind, **place)])) == json.dumps(BUCKET_WIDE)


@pytest.mark.parametrize("kind", ["files", "mysql", "script", "sync"])
def test_a_prefix_bounds_listing_and_objects(kind):
    listing, objects = policies.document([target(kind, prefix="a/b")])["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["a/b/*"]}}
    assert objects["Resource"] == ["arn:aws:s3:::ocp-registry-backup/a/b/*"]


def test_a_repository_several_levels_deep_keeps_the_form():
    top, _, objects = policies.document([target("pgbackrest", prefix="a/b")])["Statement"]
    assert top["Condition"]["StringEquals"]["s3:prefix"] == ["", "a/b"]
    assert objects["Resource"] == ["arn:aws:s3:::ocp-registry-backup/a/b/*"]


@pytest.mark.parametrize(
    ("options", "listing", "objects"),
    [
        ({"tags"}, ["s3:ListBucket"], ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:DeleteObject"]),
        (
            {"target_time"},
            ["s3:ListBucket", "s3:ListBucketVersions"],
            ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"],
        ),
        (
            {"tags", "target_time"},
            ["s3:ListBucket", "s3:ListBucketVersions"],
            ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"],
        ),
    ],
)
def test_features_of_pgbackrest(options, listing, objects):
    made = policies.document([target("pgbackrest", prefix="king", options=frozenset(options))])
    assert [statement["Action"] for statement in made["Statement"]] == [["s3:ListBucket"], listing, objects]


def test_the_partition_is_the_regions():
    made = policies.document([target(prefix="a"), target("pgbackrest", prefix="b")], partition="aws-cn")
    resources = [resource for statement in made["Statement"] for resource in statement["Resource"]]
    assert all(resource.startswith("arn:aws-cn:s3:::ocp-registry-backup") for resource in resources)


def test_a_server_with_several_targets_has_one_policy():
    made = policies.document(
        [
            target("pgbackrest", "ocp-db-backup", "kingfisher"),
            target("files", "ocp-db-backup", "incremental"),
            target("mysql", "ocp-other-backup"),
        ]
    )
    assert [(entry["Resource"], entry.get("Condition")) for entry in made["Statement"]] == [
        (
            ["arn:aws:s3:::ocp-db-backup"],
            {"StringEquals": {"s3:prefix": ["", "kingfisher"], "s3:delimiter": ["/"]}},
        ),
        (["arn:aws:s3:::ocp-db-backup"], {"StringLike": {"s3:prefix": ["incremental/*", "kingfisher/*"]}}),
        (["arn:aws:s3:::ocp-other-backup"], None),
        (
            [
                "arn:aws:s3:::ocp-db-backup/incremental/*",
                "arn:aws:s3:::ocp-db-backup/kingfisher/*",
                "arn:aws:s3:::ocp-other-backup/*",
            ],
            None,
        ),
    ]


def test_a_bucket_wide_grant_swallows_what_it_implies_and_no_more():
    made = policies.document(
        [
            target("pgbackrest", prefix="king", options=frozenset({"tags", "target_time"})),
            target("files", prefix="site"),
            target("mysql", prefix=""),
        ]
    )
    arn = "arn:aws:s3:::ocp-registry-backup"
    assert [(entry["Action"], entry["Resource"], entry.get("Condition")) for entry in made["Statement"]] == [
        (["s3:ListBucket"], [arn], None),
        (["s3:ListBucketVersions"], [arn], {"StringLike": {"s3:prefix": ["king/*"]}}),
        (["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], [f"{arn}/*"], None),
        (["s3:PutObjectTagging", "s3:GetObjectVersion"], [f"{arn}/king/*"], None),
    ]


drawn_targets = st.builds(
    lambda kind, bucket, prefix, scope, options: target(
        kind,
        bucket,
        prefix or ("repo" if kind == "pgbackrest" else ""),
        scope=scope,
        options=frozenset(options) if kind == "pgbackrest" else frozenset(),
    ),
    st.sampled_from(["pgbackrest", "files", "sync"]),
    st.sampled_from(BUCKETS),
    st.one_of(st.just(""), directories),
    st.sampled_from(["prefix", "bucket"]),
    st.sets(st.sampled_from(["tags", "target_time"])),
)

KEYS = [f"{one}/{other}" for one in (*NAMES, "repo") for other in ("x", *NAMES)]
LISTED = ["", *NAMES, *(f"{name}/" for name in NAMES), *KEYS, "repo", "repo/"]


def allowed(document, action, resource, context):
    """An evaluator of its own: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html."""
    compare = {"StringEquals": str.__eq__, "StringLike": fnmatchcase}
    return any(
        action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        and all(
            any(compare[operator](context.get(name, ""), value) for value in values)
            for operator, conditions in statement.get("Condition", {}).items()
            for name, values in conditions.items()
        )
        for statement in document["Statement"]
    )


def requests():
    for bucket, key in product(BUCKETS, KEYS):
        for action in ("PutObject", "PutObjectTagging", "GetObject", "GetObjectVersion", "DeleteObject"):
            yield f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", {}
    for bucket, prefix, delimiter in product(BUCKETS, LISTED, ("", "/")):
        for action in ("ListBucket", "ListBucketVersions"):
            yield f"s3:{action}", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix, "s3:delimiter": delimiter}


@given(st.lists(drawn_targets, max_size=4))
def test_the_union_allows_what_its_targets_need_and_nothing_else(targets):
    union = policies.document(targets)
    single = [policies.document([entry]) for entry in targets]
    for request in requests():
        assert allowed(union, *request) == any(allowed(document, *request) for document in single)


@given(st.lists(drawn_targets, max_size=4), st.randoms())
def test_the_order_of_targets_does_not_matter_and_nothing_is_said_twice(targets, random):
    made = policies.document(targets)
    shuffled = [*targets, *targets]
    random.shuffle(shuffled)
    assert policies.document(shuffled) == made
    texts = [json.dumps(statement, sort_keys=True) for statement in made["Statement"]]
    assert len(set(texts)) == len(texts)
    assert policies.normalise(made)["Statement"] == policies.normalise(policies.normalise(made))["Statement"]


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
def test_what_is_no_document_is_said_in_a_sentence(junk, says):
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


def test_targets_of_one_place_have_what_each_of_them_needs():
    """Whatever their order."""
    deleting, adding = target("files", "b", prefix="p"), target("files", "b", prefix="p", append_only=True)
    whole, adding_whole = target("files", "b"), target("files", "b", append_only=True)
    tags, target_time, plain = (
        target("pgbackrest", "b", prefix="p", options=frozenset(options)) for options in ({"tags"}, {"target_time"}, ())
    )
    elsewhere = target("pgbackrest", "b", prefix="q")
    alone = policies.document([deleting])
    assert policies.document([deleting, adding]) == policies.document([adding, deleting]) == alone
    alone = policies.document([whole])
    assert policies.document([whole, adding_whole]) == policies.document([adding_whole, whole]) == alone
    both = policies.document([target("pgbackrest", "b", prefix="p", options=frozenset({"tags", "target_time"}))])
    for targets in ([tags, target_time, plain], [plain, target_time, tags], [target_time, tags]):
        assert policies.document(targets) == both
    made = policies.document([plain, elsewhere])
    assert made == policies.document([elsewhere, plain])
    assert made["Statement"][0]["Condition"]["StringEquals"]["s3:prefix"] == ["", "p", "q"]
    # A mirror beside a repository at one place: each needs to delete.
    assert policies.document([adding, plain]) == policies.document([plain, adding]) == policies.document([plain])


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


@pytest.mark.parametrize(
    ("kind", "scope", "append_only", "prefix", "may_delete", "wide"),
    [
        ("files", "prefix", False, "a", True, False),
        ("files", "bucket", False, "a", True, True),
        ("files", "prefix", True, "a", False, False),
        ("files", "bucket", True, "a", False, True),
        ("files", "prefix", True, "", False, True),
        ("sync", "bucket", True, "a", True, False),
        ("sync", "bucket", False, "a", True, True),
        ("sync", "bucket", True, "", True, True),
    ],
)
def test_who_may_delete_and_where(kind, scope, append_only, prefix, may_delete, wide):
    one = target(kind, prefix=prefix, scope=scope, append_only=append_only)
    assert policies.may_delete(one) is may_delete
    assert policies.is_bucket_wide(one) is wide
    objects = policies.document([one])["Statement"][-1]
    assert ("s3:DeleteObject" in objects["Action"]) is may_delete
    assert objects["Resource"] == [f"arn:aws:s3:::ocp-registry-backup/{'' if wide else 'a/'}*"]


def test_policy_recognition_of_two_buckets_and_of_places_within_each_other():
    tagging = frozenset({"tags"})
    made = policies.document(
        [
            target("files", "b", prefix="a", append_only=True),
            target("files", "b", prefix="a/b"),
            target("pgbackrest", "b", prefix="ab", options=tagging),
            target("files", "a", prefix="c"),
        ]
    )
    arn = "arn:aws:s3:::"
    assert made == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"{arn}a"],
                "Condition": {"StringLike": {"s3:prefix": ["c/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"{arn}b"],
                "Condition": {"StringEquals": {"s3:prefix": ["", "ab"], "s3:delimiter": ["/"]}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"{arn}b"],
                "Condition": {"StringLike": {"s3:prefix": ["a/*", "ab/*"]}},
            },
            {"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": [f"{arn}b/a/b/*"]},
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": [f"{arn}b/a/*"]},
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
                "Resource": [f"{arn}a/c/*"],
            },
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:DeleteObject"],
                "Resource": [f"{arn}b/ab/*"],
            },
        ],
    }


def test_size_counts_all_but_white_space():
    document = {"Version": "2012-10-17", "Statement": []}
    assert policies.size(document) == len('{"Version":"2012-10-17","Statement":[]}')
    assert policies.size({**document, "Id": "a b\tc"}) == policies.size({**document, "Id": "abtc"}) + 1  # JSON's \t


def test_a_document_that_iam_would_refuse_is_refused_here():
    few = policies.document([target(prefix=f"prefix-{number:02}") for number in range(50)])
    policies.check_size("backup", few)
    many = policies.document([target(prefix=f"prefix-{number:03}") for number in range(100)])
    assert policies.size(many) > policies.LIMIT
    with pytest.raises(RunbookError, match=rf"^The policy backup has {policies.size(many)} characters.*6144.*scope"):
        policies.check_size("backup", many)
