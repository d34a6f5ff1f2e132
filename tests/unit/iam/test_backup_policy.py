"""The policy of backups: what it allows, and nothing else."""

import json
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.backups import policy_recognition
from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy, policies, policy_diff
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
    made = backup_policy.document([target("pgbackrest", "ocp-db-backup", "kingfisher")])
    assert json.dumps(made) == json.dumps(PGBACKREST)


@pytest.mark.parametrize("kind", ["files", "mysql", "script", "sync"])
@pytest.mark.parametrize("place", [{"prefix": ""}, {"prefix": "database", "scope": "bucket"}])
def test_bucket_wide_policy_of_the_runbook(kind, place):
    assert json.dumps(backup_policy.document([target(kind, **place)])) == json.dumps(BUCKET_WIDE)


@pytest.mark.parametrize("kind", ["files", "mysql", "script", "sync"])
def test_a_prefix_bounds_listing_and_objects(kind):
    listing, objects = backup_policy.document([target(kind, prefix="a/b")])["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["a/b/*"]}}
    assert objects["Resource"] == ["arn:aws:s3:::ocp-registry-backup/a/b/*"]


def test_a_repository_several_levels_deep_keeps_the_form():
    top, _, objects = backup_policy.document([target("pgbackrest", prefix="a/b")])["Statement"]
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
    made = backup_policy.document([target("pgbackrest", prefix="king", options=frozenset(options))])
    assert [statement["Action"] for statement in made["Statement"]] == [["s3:ListBucket"], listing, objects]


def test_the_partition_is_the_regions():
    made = backup_policy.document([target(prefix="a"), target("pgbackrest", prefix="b")], partition="aws-cn")
    resources = [resource for statement in made["Statement"] for resource in statement["Resource"]]
    assert all(resource.startswith("arn:aws-cn:s3:::ocp-registry-backup") for resource in resources)


def test_a_server_with_several_targets_has_one_policy():
    made = backup_policy.document(
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
    made = backup_policy.document(
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
    union = backup_policy.document(targets)
    single = [backup_policy.document([entry]) for entry in targets]
    for request in requests():
        assert allowed(union, *request) == any(allowed(document, *request) for document in single)


@given(st.lists(drawn_targets, max_size=4), st.randoms())
def test_the_order_of_targets_does_not_matter_and_no_grant_is_repeated(targets, random):
    made = backup_policy.document(targets)
    shuffled = [*targets, *targets]
    random.shuffle(shuffled)
    assert backup_policy.document(shuffled) == made
    texts = [json.dumps(statement, sort_keys=True) for statement in made["Statement"]]
    assert len(set(texts)) == len(texts)
    assert policies.normalise(made)["Statement"] == policies.normalise(policies.normalise(made))["Statement"]


def test_targets_of_one_place_have_what_each_of_them_needs():
    """Whatever their order."""
    deleting, adding = target("files", "b", prefix="p"), target("files", "b", prefix="p", append_only=True)
    whole, adding_whole = target("files", "b"), target("files", "b", append_only=True)
    tags, target_time, plain = (
        target("pgbackrest", "b", prefix="p", options=frozenset(options)) for options in ({"tags"}, {"target_time"}, ())
    )
    elsewhere = target("pgbackrest", "b", prefix="q")
    alone = backup_policy.document([deleting])
    assert backup_policy.document([deleting, adding]) == backup_policy.document([adding, deleting]) == alone
    alone = backup_policy.document([whole])
    assert backup_policy.document([whole, adding_whole]) == backup_policy.document([adding_whole, whole]) == alone
    both = backup_policy.document([target("pgbackrest", "b", prefix="p", options=frozenset({"tags", "target_time"}))])
    for targets in ([tags, target_time, plain], [plain, target_time, tags], [target_time, tags]):
        assert backup_policy.document(targets) == both
    made = backup_policy.document([plain, elsewhere])
    assert made == backup_policy.document([elsewhere, plain])
    assert made["Statement"][0]["Condition"]["StringEquals"]["s3:prefix"] == ["", "p", "q"]
    # A mirror beside a repository at one place: each needs to delete.
    assert (
        backup_policy.document([adding, plain])
        == backup_policy.document([plain, adding])
        == backup_policy.document([plain])
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
    assert backup_policy.may_delete(one) is may_delete
    assert backup_policy.is_bucket_wide(one) is wide
    objects = backup_policy.document([one])["Statement"][-1]
    assert ("s3:DeleteObject" in objects["Action"]) is may_delete
    assert objects["Resource"] == [f"arn:aws:s3:::ocp-registry-backup/{'' if wide else 'a/'}*"]


def test_policy_recognition_of_two_buckets_and_of_places_within_each_other():
    tagging = frozenset({"tags"})
    made = backup_policy.document(
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


@pytest.mark.parametrize("action", backup_policy.ACTIONS, ids=lambda action: action.name)
def test_an_action_is_a_row_from_which_its_recognition_and_its_verb_follow(action):
    one = target("pgbackrest", prefix="king", options=frozenset({"tags", "target_time"}))
    made = backup_policy.document([one])
    assert action.needed(one)
    assert action.name in [name for statement in made["Statement"] for name in statement["Action"]]
    resource = "arn:aws:s3:::bucket" if action.lists else "arn:aws:s3:::bucket/*"
    alone = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [action.name], "Resource": [resource]}],
    }
    assert policy_recognition.surplus(alone) == []
    assert (
        policy_diff.meaning({"Version": "2012-10-17", "Statement": []}, alone)
        == f"may now {action.verb} anywhere in bucket"
    )
