"""
Policies allow what the programs were seen to ask for, nothing that a thief would, and would not do with less.

What the programs ask for was recorded by ``tests/real``; two evaluators decide.
"""

import copy
import json
import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy
from tests.unit.evaluators import Need, allowed
from tests.unit.strategies import directories

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import parliament

RECORDED = json.loads((Path(__file__).parents[2] / "fixtures" / "requests.json").read_text())
# pgBackRest's options that Debian's version does not have yet, from what they are documented to do:
# https://pgbackrest.org/configuration.html#section-repository/option-repo-storage-tag and …/option-repo-target-time
OPTIONAL = {
    "tags": [{"operation": "PutObjectTagging", "key": "PREFIX/archive/kingfisher/archive.info"}],
    "target_time": [
        {"operation": "GetObjectVersion", "key": "PREFIX/archive/kingfisher/archive.info"},
        {"operation": "ListObjectVersions", "prefix": "PREFIX/backup/kingfisher/", "delimiter": "/"},
    ],
}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "PutObjectTagging": "s3:PutObjectTagging",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "GetObjectVersion": "s3:GetObjectVersion",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
}
BUCKETS = ("ocp-db-backup", "ocp-db-backup-2")
KINDS = ("pgbackrest", "script", "mysql", "files", "sync")


@st.composite
def targets(draw):
    kind = draw(st.sampled_from(KINDS))
    return Target(
        server="registry",
        kind=kind,
        bucket=draw(st.sampled_from(BUCKETS)),
        prefix=draw(directories if kind == "pgbackrest" else st.one_of(st.just(""), directories)),
        region="eu-west-2",
        expires=False,
        scope=draw(st.sampled_from(["prefix", "prefix", "bucket"])),
        options=frozenset(draw(st.sets(st.sampled_from(sorted(OPTIONAL))))) if kind == "pgbackrest" else frozenset(),
        append_only=draw(st.booleans()),
    )


# What a plan can grant together: servers that share a policy say the same of append_only.
granted = st.lists(targets(), min_size=1, max_size=4).filter(lambda drawn: len({one.append_only for one in drawn}) == 1)
thorough = settings(max_examples=60)


def listing(bucket, **context):
    conditions = tuple((f"s3:{name}", value) for name, value in context.items() if value is not None)
    return Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", conditions)


def on_object(action, bucket, key):
    return Need(action, f"arn:aws:s3:::{bucket}/{key}")


def needs(target):
    """What a target's program needs: each action and condition once."""
    recorded = [*RECORDED[target.kind], *(entry for option in target.options for entry in OPTIONAL[option])]
    found = set()
    for request in recorded:
        place = {name: _placed(request[name], target) for name in ("key", "prefix") if name in request}
        action = ACTIONS[request["operation"]]
        if "prefix" in place:
            need = listing(target.bucket, prefix=place["prefix"], delimiter=request.get("delimiter"))
            found.add(Need(action, need.resource, need.context))
        else:
            found.add(on_object(action, target.bucket, place["key"]))
            if request.get("missing"):
                # S3 tells that there is no such object to those only who may list it.
                found.add(listing(target.bucket, prefix=place["key"]))
    return found


def _placed(text, target):
    return (
        text.replace("PREFIX", target.prefix, 1).lstrip("/")
        if not target.prefix
        else text.replace("PREFIX", target.prefix, 1)
    )


def all_needs(drawn):
    return set().union(*map(needs, drawn))


def whole(drawn, bucket):
    """Whether a bucket is all a target's own, or asked for as a whole."""
    return any(
        target.bucket == bucket and target.kind != "pgbackrest" and backup_policy.is_bucket_wide(target)
        for target in drawn
    )


def attempts(drawn):
    """What somebody would try who has stolen the key."""
    for target in drawn:
        for bucket, key in _others(drawn, target):
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                yield on_object(action, bucket, key)
            yield listing(bucket, prefix=key)
        if not whole(drawn, target.bucket):
            yield listing(target.bucket)
            yield listing(target.bucket, prefix="")
            if not _is_inside(drawn, target.bucket, target.prefix):
                yield listing(target.bucket, prefix=target.prefix)
            yield listing(target.bucket, prefix="", delimiter="k")
            yield listing(target.bucket, prefix="elsewhere/", delimiter="/")
        elsewhere = listing(target.bucket, prefix="elsewhere/")
        yield Need("s3:ListBucketVersions", elsewhere.resource, elsewhere.context)
        own = f"{target.prefix}/x".lstrip("/")
        for action in ("s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:BypassGovernanceRetention", "s3:RestoreObject"):
            yield on_object(action, target.bucket, own)
        for action in (
            "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration",
            "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutBucketAcl", "s3:PutReplicationConfiguration",
        ):  # fmt: skip
            yield Need(action, f"arn:aws:s3:::{target.bucket}")
    yield Need("s3:ListAllMyBuckets", "*")
    yield Need("iam:ListUsers", "*")
    for action in ("iam:CreateAccessKey", "iam:AttachUserPolicy", "iam:PutUserPolicy"):
        yield Need(action, "arn:aws:iam::123456789012:user/registry-backup")
    for action in ("iam:PassRole", "sts:AssumeRole"):
        yield Need(action, "arn:aws:iam::123456789012:role/administrator")


def _others(drawn, target):
    """Objects beside what the policy is about: in other places, under names that begin alike, in another bucket."""
    keys = ["elsewhere/x", "x", f"{target.prefix}-2/x", f"{target.prefix}2/x", target.prefix or "x"]
    for bucket in (target.bucket, f"{target.bucket}-3"):
        for key in keys:
            if not _is_inside(drawn, bucket, key) and not whole(drawn, bucket):
                yield bucket, key


def _is_inside(drawn, bucket, key):
    return any(one.bucket == bucket and key.startswith(f"{one.prefix}/") for one in drawn)


def parts(document):
    """Each thing that can be taken out to leave less: (what it is, the document without it)."""
    for number, statement in enumerate(document["Statement"]):
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                smaller = copy.deepcopy(document)
                rest = smaller["Statement"][number]
                others = {**copy.deepcopy(rest), "Action": [action]}
                others["Resource"].remove(resource)
                rest["Action"].remove(action)
                smaller["Statement"].append(others)
                yield (action, resource, statement.get("Condition")), smaller
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                for value in values:
                    smaller = copy.deepcopy(document)
                    smaller["Statement"][number]["Condition"][operator][key].remove(value)
                    yield ("s3:ListBucket", value, statement["Condition"]), smaller


def is_explained(part, drawn):
    """Whether docs/policies.md says why it stays although no program asks for it."""
    action, _, condition = part
    if condition and "StringEquals" in condition:
        return any(target.kind == "pgbackrest" for target in drawn)
    return action == "s3:DeleteObject" and any(
        target.kind in ("script", "mysql", "files") and not target.append_only for target in drawn
    )


def wider(document):
    """The document without one of its conditions."""
    for number, statement in enumerate(document["Statement"]):
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                looser = copy.deepcopy(document)
                del looser["Statement"][number]["Condition"][operator][key]
                yield looser


@thorough
@given(granted)
def test_every_needed_request_is_allowed(drawn):
    document = backup_policy.document(drawn)
    assert {need for need in all_needs(drawn) if not allowed(document, need)} == set()


@thorough
@given(granted)
def test_what_a_thief_would_try_is_denied(drawn):
    document = backup_policy.document(drawn)
    assert {need for need in attempts(drawn) if allowed(document, need)} == set()


@thorough
@given(granted)
def test_nothing_can_be_taken_out(drawn):
    """Every action, resource and value of a condition is needed, or is explained."""
    document, wanted = backup_policy.document(drawn), all_needs(drawn)
    for part, smaller in parts(document):
        if not is_explained(part, drawn):
            assert not all(allowed(smaller, need) for need in wanted), part


@thorough
@given(granted)
def test_every_condition_keeps_somebody_out(drawn):
    document, tried = backup_policy.document(drawn), list(attempts(drawn))
    for looser in wider(document):
        assert any(allowed(looser, need) for need in tried), json.dumps(looser)


@given(granted)
def test_append_only_leaves_nothing_to_delete_for_what_never_deletes(drawn):
    document = backup_policy.document(drawn)
    deleting = [target for target in drawn if backup_policy.may_delete(target)]
    for target in drawn:
        own = f"{target.prefix}/x".lstrip("/")
        reached = any(
            one.bucket == target.bucket
            and (own.startswith(f"{one.prefix}/") or (one.kind != "pgbackrest" and backup_policy.is_bucket_wide(one)))
            for one in deleting
        )
        assert allowed(document, on_object("s3:DeleteObject", target.bucket, own)) is reached


@given(granted, st.sampled_from(["aws", "aws-cn", "aws-us-gov"]))
def test_parliament_finds_nothing(drawn, partition):
    analysed = parliament.analyze_policy_string(json.dumps(backup_policy.document(drawn, partition)))
    assert [str(finding) for finding in analysed.findings] == []


@given(granted)
def test_every_action_is_one_of_s3_by_its_name(drawn):
    """So no policy lets anybody call IAM, whatever the call, nor what S3 will be able to do one day."""
    actions = {action for statement in backup_policy.document(drawn)["Statement"] for action in statement["Action"]}
    assert actions <= set(ACTIONS.values())
    assert all(re.fullmatch(r"s3:[A-Za-z]+", action) for action in actions)


@pytest.mark.parametrize("kind", ["script", "mysql", "files"])
def test_deleting_is_what_a_script_never_does(kind):
    assert "s3:DeleteObject" not in {ACTIONS[request["operation"]] for request in RECORDED[kind]}


def test_the_evaluators_decide_and_do_not_just_agree():
    document = backup_policy.document([Target("s", "pgbackrest", "b-1", "repo", "eu-west-2", expires=False)])
    assert allowed(document, listing("b-1", prefix="repo/archive/"))
    assert allowed(document, listing("b-1", prefix="", delimiter="/"))
    assert not allowed(document, listing("b-1", prefix=""))
    assert not allowed(document, listing("b-1", prefix="repository/"))
