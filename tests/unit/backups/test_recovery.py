"""What ``recovery`` in pillar asks for, what is refused, and that no rule deletes a version before its days are over."""

import copy

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aws_runbook.backups import expiry, lifecycle_dangers, lifecycle_merge, lifecycle_rule
from aws_runbook.backups import plan as backups
from aws_runbook.backups.lifecycle_dangers import Protected
from aws_runbook.backups.targets import Target
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.iam import backup_policy
from tests.unit.strategies import fleets, rule_lists

BUCKET = "ocp-db-backup"
FULL = {"days": 30, "lock": "COMPLIANCE", "lock_days": 65, "retention_days": 35}


def server(recovery=None, of_bucket=None, location=f"{BUCKET}/incremental", **backup):
    settings_ = {**({} if recovery is None else {"recovery": recovery}), **backup}
    if of_bucket is not None:
        settings_["buckets"] = {BUCKET: {"recovery": of_bucket}}
    return {"backup": {"location": location}, "aws": {"region": "eu-west-2", "backup": settings_}}


def repository(recovery=None, **backup):
    pillar = server(recovery, **backup)
    del pillar["backup"]
    return {**pillar, "postgres": {"backup": {"type": "pgbackrest", "repo_path": "/king", "s3_bucket": BUCKET}}}


def refused(**fleet):
    with pytest.raises(PillarError) as raised:
        backups.plan(fleet)
    return raised.value.problems


def test_one_rule_for_the_whole_bucket_beside_the_others_and_the_buckets_attributes():
    plan = backups.plan({"king-main": {**repository({"days": 30}), "backup": {"location": f"{BUCKET}/incremental"}}})
    assert plan.buckets[BUCKET] == {"region": "eu-west-2", "tags": {}, "versioning": "Enabled"}
    wanted = plan.lifecycle[BUCKET]
    assert [rule["ID"] for rule in wanted["rules"]] == ["delete-after-30-days-incremental", "keep-versions-for-30-days"]
    assert wanted["rules"][-1] == {
        "ID": "keep-versions-for-30-days",
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    assert wanted["allow"] == ["keep-versions-for-30-days"]
    assert wanted["recovery"] == {"days": 30}


def test_a_lock_is_the_buckets():
    plan = backups.plan({"a": repository(FULL)})
    assert plan.buckets[BUCKET] == {
        "region": "eu-west-2",
        "tags": {},
        "versioning": "Enabled",
        "object_lock_mode": "COMPLIANCE",
        "object_lock_days": 65,
    }
    assert plan.lifecycle[BUCKET]["recovery"] == {"days": 30, "lock_days": 65, "retention_days": 35}


def test_what_is_not_asked_for_is_not_managed_and_what_is_turned_off_is_suspended():
    assert backups.plan({"a": server()}).buckets[BUCKET] == {"region": "eu-west-2", "tags": {}}
    plan = backups.plan({"a": server({"allow_suspend": True})})
    assert plan.buckets[BUCKET]["versioning"] == "Suspended"
    assert [rule["ID"] for rule in plan.lifecycle[BUCKET]["rules"]] == ["delete-after-30-days"]
    assert plan.lifecycle[BUCKET]["recovery"] == {"allow_suspend": True}


def test_a_buckets_setting_takes_precedence_over_the_servers():
    plan = backups.plan({"a": server({"days": 30}, of_bucket={"days": 60})})
    assert plan.lifecycle[BUCKET]["recovery"] == {"days": 60}


def test_servers_that_share_a_bucket_must_agree_and_need_not_all_say_it():
    [problem] = refused(a=server({"days": 30}), b=server(of_bucket={"days": 60}, location=f"{BUCKET}/b"))
    assert problem == (
        f"The bucket {BUCKET} has different settings of recovery: days 30 (aws:backup:recovery of a); days 60 "
        f"(aws:backup:buckets:{BUCKET}:recovery of b); versioning is a setting of the whole bucket: set the same "
        f"aws:backup:buckets:{BUCKET}:recovery for each of these servers."
    )
    plan = backups.plan({"a": server({"days": 30}), "b": server(location=f"{BUCKET}/b")})
    assert plan.lifecycle[BUCKET]["recovery"] == {"days": 30}
    alike = backups.plan({"a": server({"days": 30}), "b": server({"days": 30, "lock": None}, location=f"{BUCKET}/b")})
    assert alike.lifecycle == backups.plan({"a": server({"days": 30}), "b": server(location=f"{BUCKET}/b")}).lifecycle


WRONG = {
    "nothing behind it": (None, "a: aws:backup:recovery is empty: give a mapping of days"),
    "nothing in it": ({}, "a: aws:backup:recovery:days is missing; give a whole number of days, 1 or more."),
    "no days": ({"retention_days": 3}, "a: aws:backup:recovery:days is missing; give a whole number of days, 1 or more."),
    "no day": ({"days": 0}, "a: aws:backup:recovery:days is 0: give a whole number of days, 1 or more."),
    "a word": ({"days": 3, "lock": "compliance"}, "a: aws:backup:recovery:lock is 'compliance': allowed are COMPLIANCE, GOVERNANCE."),
    "a flag": ({"days": 3, "lock": True}, "a: aws:backup:recovery:lock is True: allowed are COMPLIANCE, GOVERNANCE."),
    "a typo": ({"days": 3, "lock_day": 4}, "a: aws:backup:recovery:lock_day is not a known key; did you mean lock_days?"),
    "lock without days": (
        {"days": 30, "lock": "COMPLIANCE", "retention_days": 35},
        "a: aws:backup:recovery:lock is COMPLIANCE, and lock_days is left out: a lock runs from an object's creation, so",
    ),
    "lock without retention": (
        {"days": 30, "lock": "COMPLIANCE", "lock_days": 65},
        "a: aws:backup:recovery:lock is COMPLIANCE, and retention_days is left out: a lock runs",
    ),
    "lock without either": (
        {"days": 30, "lock": "GOVERNANCE"},
        "a: aws:backup:recovery:lock is GOVERNANCE, and lock_days and retention_days are left out: a lock runs",
    ),
    "too short": (
        {**FULL, "lock_days": 64},
        "a: aws:backup:recovery:lock_days is 64: a lock runs from an object's creation, so give at least retention_days and days",
    ),
    "days without lock": (
        {"days": 30, "lock_days": 65},
        "a: aws:backup:recovery:lock_days is 65, and lock is left out: give COMPLIANCE or GOVERNANCE, or leave out lock_days.",
    ),
    "for ever": ({**FULL, "lock_days": 36501}, "a: aws:backup:recovery:lock_days is 36501: give a whole number of days, from 1 to 36500."),
    "kept and not": (
        {"days": 30, "allow_suspend": True},
        "a: aws:backup:recovery:allow_suspend is True, and days beside it: versions are either kept or not; leave out one.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("recovery", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_sentence(recovery, sentence):
    pillar = repository()
    pillar["aws"]["backup"]["recovery"] = recovery
    [problem] = refused(a=pillar)
    assert problem.startswith(sentence)


def test_the_arithmetic_is_in_the_sentence():
    assert refused(a=repository({**FULL, "lock_days": 64}))[0].endswith("35 + 30 = 65.")


def test_a_lock_must_outlast_what_a_rule_expires():
    [problem] = refused(a=server(FULL, expire_days=60))
    assert problem == (
        "a: aws:backup:recovery:lock_days is 65: a lock runs from an object's creation, so give at least aws:backup:expire_days, a day "
        "until midnight, and days together, 61 + 30 = 91."
    )
    assert backups.plan({"a": server({**FULL, "lock_days": 91}, expire_days=60)})


@pytest.mark.parametrize(
    ("rules", "protected", "recovery", "factor", "how"),
    [
        ([("", 30)], [], {"days": 30}, "2.0", "all objects: (30 + 30) / 30"),
        ([("a/", 30), ("b/", 10)], [], {"days": 30}, "4.0", "a/: (30 + 30) / 30; b/: (10 + 30) / 10"),
        ([], [("king", "repository")], {"days": 30, "retention_days": 60}, "1.5", "king/: (60 + 30) / 60"),
        ([("", 30)], [], {"days": 30, "lock_days": 90}, "3.0", "all objects: 90 locked days / 30"),
        ([], [("m", "sync")], {"days": 30}, "31.0", "m/: 1 + 30, if every file changes every day"),
        ([], [("", "repository")], {"days": 30}, None, "all objects: unknown without recovery:retention_days"),
    ],
)
def test_growth_says_the_factor_and_how_it_was_worked_out(rules, protected, recovery, factor, how):
    given_rules = [
        {"ID": prefix, "Filter": {"Prefix": prefix}, "Status": "Enabled", "Expiration": {"Days": days}}
        for prefix, days in rules
    ]
    places = [Protected(prefix, kind, "pillar") for prefix, kind in protected]
    text = expiry.growth("b", [*given_rules, expiry.keeping_rule(30)], places, recovery)
    assert ("times its size" in text) == (factor is not None)
    assert factor is None or f"to at most {factor} times" in text
    assert f"({how})" in text


# A lifecycle evaluator of the tests' own: after how many days at the earliest a rule deletes a noncurrent version of any object.


def soonest(rule):
    if rule.get("Status") != "Enabled":
        return None
    return rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")


@given(rule_lists(4), rule_lists(2), st.integers(1, 90), st.booleans())
@settings(max_examples=300)
def test_what_dangers_lets_pass_deletes_no_version_before_its_days(found, wanted, days, purge):
    keeping = expiry.keeping_rule(days)
    wanted = [*wanted, keeping]
    errors, _ = lifecycle_dangers.dangers("b", found, wanted, [], days=days)
    before = copy.deepcopy(found)
    try:
        merged, _ = lifecycle_merge.merge(found, wanted, purge=purge, days=days)
    except RunbookError:
        return
    assert found == before
    added = [rule for rule in merged if not any(lifecycle_rule.is_same(rule, other) for other in found)]
    assert all(soonest(rule) is None or soonest(rule) >= days for rule in added)
    if not errors:
        assert all(soonest(rule) is None or soonest(rule) >= days for rule in merged)
        assert any(lifecycle_rule.equal(rule, keeping) for rule in merged)


@given(rule_lists(4), rule_lists(2), st.integers(1, 90))
@settings(max_examples=200)
def test_dangers_gives_no_false_alarm_of_versions(found, wanted, days):
    assume(not any(lifecycle_rule.expires(rule) for rule in [*found, *wanted]))
    short = [rule for rule in [*found, *wanted] if (soonest(rule) or days) < days]
    errors, _ = lifecycle_dangers.dangers("b", found, wanted, [], days=days)
    assert len(errors) <= len(short)
    if not short:
        assert errors == []


def test_the_rule_of_recovery_is_no_danger_to_a_repository_and_nothing_else_like_it_is_let_pass():
    place = [Protected("king", "repository", "pillar")]
    keeping = expiry.keeping_rule(30)
    assert lifecycle_dangers.dangers("b", [], [keeping], place, [keeping["ID"]], days=30) == ([], [])
    assert lifecycle_dangers.dangers("b", [keeping], [keeping], place, [keeping["ID"]], days=30) == ([], [])
    assert lifecycle_dangers.dangers("b", [keeping], [], place) == ([], [])  # left over
    expiring = {**keeping, "Expiration": {"Days": 90}}
    errors, _ = lifecycle_dangers.dangers("b", [], [expiring], place, [keeping["ID"]], days=30)
    assert "would expire objects after 90 days" in errors[0]
    for days in (1, 29):
        shorter = {**expiry.keeping_rule(days), "ID": keeping["ID"]}
        errors, _ = lifecycle_dangers.dangers("b", [], [shorter], place, [keeping["ID"]], days=30)
        assert f"would delete noncurrent versions after {days} days, and recovery keeps them for 30" in errors[0]


def test_the_audit_sees_a_shorter_rule_of_ours_that_an_apply_would_replace():
    elder = expiry.keeping_rule(10)
    errors, _ = lifecycle_dangers.dangers("b", [elder], [expiry.keeping_rule(30)], [], days=30)
    assert errors == []
    [error] = lifecycle_dangers.dangers("b", [elder], [], [], days=30)[0]
    assert "deletes noncurrent versions after 10 days" in error


@given(rule_lists(4))
def test_the_rule_of_recovery_expires_no_current_object(found):
    keeping = expiry.keeping_rule(7)
    assert not lifecycle_rule.expires(keeping)
    merged, _ = lifecycle_merge.merge(found, [keeping], days=7) if all(rule["ID"] for rule in found) else (found, [])
    kept = [rule["ID"] for rule in merged if lifecycle_rule.expires(rule)]
    assert kept == [rule["ID"] for rule in found if lifecycle_rule.expires(rule)]


def test_rules_of_the_old_form_take_the_new_one_since_s3_takes_no_two_expirations_of_one_prefix_in_the_old():
    theirs = {"ID": "theirs", "Prefix": "logs/", "Status": "Enabled", "Expiration": {"Days": 3}}
    keeping = expiry.keeping_rule(30)
    merged, _ = lifecycle_merge.merge([theirs], [keeping], days=30)
    assert [set(rule) & {"Prefix", "Filter"} for rule in merged] == [{"Filter"}, {"Filter"}]
    assert lifecycle_rule.equal(merged[0], theirs)
    assert lifecycle_merge.merge(merged, [keeping], days=30)[0] is merged
    old = [theirs, {**{name: keeping[name] for name in keeping if name != "Filter"}, "Prefix": ""}]
    assert lifecycle_merge.merge(old, [keeping], days=30)[0] is old


# What lets a thief destroy versions, or keep them from being made.
FORBIDDEN = (
    "DeleteObjectVersion", "PutLifecycleConfiguration", "PutBucketVersioning", "PutObjectRetention", "PutObjectLegalHold",
    "BypassGovernanceRetention", "PutBucketObjectLockConfiguration", "PutBucketPolicy", "DeleteBucketPolicy",
    "PutReplicationConfiguration", "PutObjectVersionTagging", "DeleteObjectVersionTagging", "DeleteObjectTagging", "PutBucketTagging",
    "DeleteBucket", "PutBucketPublicAccessBlock", "PutBucketAcl", "PutObjectVersionAcl",
)  # fmt: skip
# pgBackRest's features that pillar names: they read versions, or tag what is written.
ASKED = {"tags": {"s3:PutObjectTagging"}, "target_time": {"s3:GetObjectVersion", "s3:ListBucketVersions"}}
EVERYDAY = {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}


@given(
    fleets,
    st.sampled_from([None, {"days": 30}, {"days": 30, "lock": "COMPLIANCE", "lock_days": 95, "retention_days": 60}]),
)
@settings(max_examples=300)
def test_no_servers_policy_has_an_action_that_destroys_a_version_or_keeps_it_from_being_kept(fleet, recovery):
    for pillar in fleet.values() if recovery else ():
        known = pillar.get("aws") or {}
        pillar["aws"] = {**known, "backup": {**(known.get("backup") or {}), "recovery": recovery}}
    try:
        plan = backups.plan(fleet)
    except PillarError:
        assume(False)
    for granted in plan.policies.values():
        targets = [Target.from_data(target) for target in granted["targets"]]
        asked = set().union(*(ASKED[option] for target in targets for option in target.options))
        statements = backup_policy.document(targets)["Statement"]
        actions = {action for statement in statements for action in statement["Action"]}
        assert actions <= EVERYDAY | asked
        assert not actions & {f"s3:{action}" for action in FORBIDDEN}


def keeps(days, **more):
    expiration = {"NoncurrentDays": days, **more.pop("expiration", {})}
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": expiration, **more}


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], None),
        ([keeps(90)], 90),
        ([keeps(90), keeps(30)], 30),
        ([keeps(90), keeps(30, Status="Disabled")], 90),
        ([keeps(90), keeps(30, Filter={"Prefix": "a/"})], 90),
        ([keeps(90), keeps(30, Filter={"Tag": {"Key": "a", "Value": "b"}})], 90),
        ([keeps(30, expiration={"NewerNoncurrentVersions": 3})], None),
    ],
)
def test_how_long_every_version_is_kept(rules, days):
    assert lifecycle_rule.kept_days(rules) == days


def aborts(days, **more):
    return {"ID": "r", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days}, **more}


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], None),
        ([keeps(90)], None),
        ([aborts(7)], 7),
        ([aborts(7), aborts(3), keeps(1)], 3),
        ([aborts(7), aborts(3, Status="Disabled")], 7),
        ([aborts(7), aborts(3, Filter={"Prefix": "a/"})], 7),
        ([aborts(7), aborts(3, Prefix="a/")], 7),
        ([aborts(3, Filter={"ObjectSizeGreaterThan": 5})], None),
    ],
)
def test_how_long_every_unfinished_upload_is_kept(rules, days):
    assert lifecycle_rule.open_days(rules) == days


def test_fewer_days_are_less_and_forever_is_the_most():
    assert lifecycle_rule.is_less(30, None)
    assert lifecycle_rule.is_less(30, 31)
    assert not lifecycle_rule.is_less(30, 30)
    assert not lifecycle_rule.is_less(None, 30)
    assert not lifecycle_rule.is_less(None, None)


def test_without_a_known_limit_none_is_reported():
    rules = [{"ID": "a", "Filter": {"Prefix": "a/"}, "Status": "Enabled", "Expiration": {"Days": 30}}]
    text = expiry.growth("b", rules, [Protected("king", "repository", "pillar")], {"days": 30})
    assert text.startswith(
        "How much the bucket b grows is unknown without recovery:retention_days: all but king/ grows to at most 2.0 times its size"
    )
    text = expiry.growth("b", [], [Protected("king", "repository", "pillar")], {"days": 30})
    assert text.startswith("How much the bucket b grows is unknown without recovery:retention_days, if")


def test_a_sentence_about_growth_is_whole():
    expiring = {"ID": "a", "Filter": {"Prefix": "a/"}, "Status": "Enabled", "Expiration": {"Days": 30}}
    disabled = {**expiring, "Filter": {"Prefix": "b/"}, "Expiration": {"Days": 1}, "Status": "Disabled"}
    written = "if as much is written every day: deleted and overwritten objects are kept for 30 days more"
    assert expiry.growth("b", [disabled, expiring], [], {"days": 30}) == (
        f"The bucket b grows to at most 2.0 times its size without recovery, {written} (a/: (30 + 30) / 30)."
    )
    assert expiry.growth("b", [disabled], [], {"days": 30}) == (
        f"The bucket b grows by the deleted and overwritten objects, {written}."
    )
    places = [Protected(prefix, "repository", "pillar") for prefix in ("y", "x")]
    assert expiry.growth("b", [], places, {"days": 30}) == (
        f"How much the bucket b grows is unknown without recovery:retention_days, {written} "
        "(x/: unknown without recovery:retention_days; y/: unknown without recovery:retention_days)."
    )
    assert expiry.growth("b", [expiring], places, {"days": 30}) == (
        "How much the bucket b grows is unknown without recovery:retention_days: all but x/, y/ grows to at most 2.0 times its size "
        f"without recovery, {written} "
        "(a/: (30 + 30) / 30; x/: unknown without recovery:retention_days; y/: unknown without recovery:retention_days)."
    )


@pytest.mark.parametrize(
    ("pillar", "key"),
    [
        (server({"days": 30}, abort_multipart_days=5), "aws:backup:abort_multipart_days"),
        (repository({"days": 30}, abort_multipart_days=5), "aws:backup:abort_multipart_days"),
        (
            repository({"days": 30}, pgbackrest={"abort_multipart_days": 5}),
            "aws:backup:pgbackrest:abort_multipart_days",
        ),
        (server({"days": 30}), None),
        (server({"days": 30}, abort_multipart_days=1), None),
        (server({"allow_suspend": True}, abort_multipart_days=5), None),
        (server(abort_multipart_days=5), None),
    ],
)
def test_days_for_uploads_that_recovery_overrides_are_noted(pillar, key):
    notes = backups.plan({"a": pillar}).notes
    told = f"a: {key} is 5, and has no effect in the bucket {BUCKET}, because recovery deletes incomplete uploads there after 1 day."
    assert notes == ([told] if key else [])
