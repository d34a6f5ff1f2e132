import copy
import datetime as dt
import hashlib
import json
import time
from collections import Counter
from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.backups import expiry, lifecycle_dangers, lifecycle_merge, lifecycle_rule
from aws_runbook.backups.lifecycle_dangers import Protected
from aws_runbook.backups.targets import Target
from aws_runbook.errors import PillarError, RunbookError, UnsafeError
from tests.unit.strategies import DATES, TAGS, directories, rule_lists, rule_prefixes, rules, situations

THIRTY = {
    "ID": "delete-after-30-days",
    "Filter": {"Prefix": ""},
    "Status": "Enabled",
    "Expiration": {"Days": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
KINGFISHER = Protected("kingfisher", "repository", "postgres:backup of kingfisher-main")
SYNC = Protected("file-sync", "sync", "sync of registry")


def rule(prefix="", name="theirs", status="Enabled", **actions):
    return {"ID": name, "Filter": {"Prefix": prefix}, "Status": status, **(actions or {"Expiration": {"Days": 10}})}


def target(prefix="", kind="files", expire_days=30, abort=7, server="registry"):
    expires = kind not in ("pgbackrest", "sync")
    return Target(
        server=server,
        kind=kind,
        bucket="ocp-db-backup",
        prefix=prefix,
        region="eu-west-2",
        expires=expires,
        expire_days=expire_days if expires else None,
        abort_multipart_days=abort if expires or abort != 7 else None,
        source="backup",
    )


# A lifecycle evaluator of the tests' own, after
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-filters.html: does a rule, on the day `now`, expire
# the current version of an object?


MATCHES = {
    "Prefix": lambda value, key, _size, _tags: key.startswith(value),
    "Tag": lambda value, _key, _size, tags: value in tags,
    "Tags": lambda value, _key, _size, tags: all(tag in tags for tag in value),
    "ObjectSizeGreaterThan": lambda value, _key, size, _tags: size > value,
    "ObjectSizeLessThan": lambda value, _key, size, _tags: size < value,
}


def expired(given_rule, key, *, size, tags, age, now):
    if given_rule["Status"] != "Enabled":
        return False
    conditions = [("Prefix", given_rule["Prefix"])] if "Prefix" in given_rule else []
    for name, value in given_rule.get("Filter", {}).items():
        conditions += value.items() if name == "And" else [(name, value)]
    if not all(MATCHES[name](value, key, size, tags) for name, value in conditions):
        return False
    expiration = given_rule.get("Expiration", {})
    return age >= expiration.get("Days", float("inf")) or now >= expiration.get("Date", now + dt.timedelta(days=1))


TAG_SETS = [list(chosen) for chosen in chain.from_iterable(combinations(TAGS, count) for count in range(len(TAGS) + 1))]
CIRCUMSTANCES = [
    {"size": size, "tags": tags, "age": age, "now": now}
    for size, tags, age, now in product(
        (0, 1, 2, 131073, 6 * 1024**4), TAG_SETS, (0, 30, 36500), (DATES[0], DATES[1] + dt.timedelta(days=1))
    )
]


def victims(given_rules, places):
    """The protected objects that a rule can expire: keys are made for each rule, as deep as its prefix goes."""
    for place, given_rule in product(places, given_rules):
        root = place.prefix + "/" if place.prefix else ""
        prefix = lifecycle_rule.prefix_of(given_rule)
        keys = [root + "archive/main/archive.info", root + "x", prefix + "x", prefix + "/x", prefix]
        for key in keys:
            if key.startswith(root) and any(expired(given_rule, key, **state) for state in CIRCUMSTANCES):
                yield given_rule, place, key


@given(situations())
@settings(max_examples=200)
def test_what_dangers_lets_pass_expires_no_protected_object(situation):
    found, wanted, protected = situation
    errors, _ = lifecycle_dangers.dangers("bucket", found, wanted, protected)
    if not errors:
        assert not list(victims([*found, *wanted], protected))
        merged = merged_or_refused(found, wanted, protected)
        assert not list(victims(merged, protected))


@given(situations(), st.booleans(), st.lists(directories, max_size=1))
@settings(max_examples=200)
def test_merge_adds_nothing_that_expires_a_protected_object_even_unasked(situation, purge, retired):
    found, wanted, protected = situation
    merged = merged_or_refused(found, wanted, protected, purge=purge, retired=retired)
    assert not list(victims([entry for entry in merged if entry not in found], protected))


def merged_or_refused(found, *args, **kwargs):
    try:
        return lifecycle_merge.merge(found, *args, **kwargs)[0]
    except RunbookError:
        return found


@given(situations())
@settings(max_examples=200)
def test_dangers_gives_no_false_alarm(situation):
    """Where a filter has no tags and sizes, each error has an object that would be lost."""
    found, wanted, protected = situation
    plain = [[entry for entry in group if "And" not in entry.get("Filter", {})] for group in (found, wanted)]
    plain = [
        [entry for entry in group if not {"Tag", *lifecycle_rule._SIZES} & set(entry.get("Filter", {}))]
        for group in plain
    ]
    errors, _ = lifecycle_dangers.dangers("bucket", *plain, protected, allow=[entry["ID"] for entry in plain[1]])
    assert bool(errors) == bool(list(victims([*plain[0], *plain[1]], protected)))


def test_the_situations_drawn_are_of_both_sorts():
    seen = Counter()

    @given(situations())
    @settings(max_examples=200, derandomize=True, database=None)
    def count(situation):
        found, wanted, protected = situation
        errors, warnings = lifecycle_dangers.dangers("bucket", *situation)
        expiring = [any(map(lifecycle_rule.expires, group)) for group in (found, wanted)]
        seen["lost by what is found"] += bool(list(victims(found, protected)))
        seen["lost by what is wanted"] += bool(list(victims(wanted, protected)))
        seen["safe beside rules that expire"] += bool(protected and any(expiring) and not errors)
        seen["safe beside rules that expire, of both sorts"] += bool(protected and all(expiring) and not errors)
        seen["reported"] += bool(warnings)

    count()
    assert min(seen.values()) >= 3, seen
    assert len(seen) == 5


@given(rule_lists(5), rule_lists())
@settings(max_examples=100)
def test_merge_keeps_foreign_rules_byte_for_byte_and_in_order(found, wanted):
    """Unless some are of the old form, in which S3 may refuse ours beside them: then they mean the same."""
    before = copy.deepcopy((found, wanted))
    merged = merged_or_refused(found, wanted)
    assert (found, wanted) == before
    foreign = [entry for entry in found if not entry["ID"].startswith("delete-after-")]
    foreign = [entry for entry in foreign if entry["ID"] not in {ours["ID"] for ours in wanted}]
    if not all("Filter" in entry for entry in found):
        foreign, merged = ([lifecycle_rule.normalise(entry) for entry in entries] for entries in (foreign, merged))
    assert [entry for entry in merged if entry in foreign] == foreign


@given(rule_lists(5), rule_lists(), st.booleans())
@settings(max_examples=100)
def test_merging_twice_is_merging_once_and_brings_every_wanted_rule(found, wanted, purge):
    try:
        merged, _ = lifecycle_merge.merge(found, wanted, purge=purge)
    except UnsafeError:
        return
    assert lifecycle_merge.merge(merged, wanted, purge=purge)[0] is merged
    assert all(any(lifecycle_rule.equal(ours, entry) for entry in merged) for ours in wanted)
    assert len({entry["ID"] for entry in merged}) == len(merged)
    if purge:
        assert all(any(lifecycle_rule.equal(ours, entry) for ours in wanted) for entry in merged)


@given(rules())
def test_normalising_twice_is_normalising_once_and_is_plain_data(drawn):
    normal = lifecycle_rule.normalise(drawn)
    assert lifecycle_rule.normalise(normal) == normal
    assert json.loads(json.dumps(normal)) == normal
    assert lifecycle_rule.equal(drawn, normal)
    assert lifecycle_rule.prefix_of(normal) == lifecycle_rule.prefix_of(drawn)
    assert lifecycle_rule.effects(normal) == lifecycle_rule.effects(drawn)


@given(rules(), rules())
def test_rules_that_are_equal_expire_the_same_objects(one, other):
    if lifecycle_rule.equal(one, other):
        key = lifecycle_rule.prefix_of(one) + "x"
        assert all(expired(one, key, **state) == expired(other, key, **state) for state in CIRCUMSTANCES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Prefix": ""}, {"Filter": {}}),
        ({"Prefix": ""}, {"Filter": {"Prefix": ""}}),
        ({"Prefix": "a/"}, {"Filter": {"Prefix": "a/"}}),
        ({"Prefix": "a/"}, {"Filter": {"And": {"Prefix": "a/"}}}),
        ({"Filter": {"Tag": TAGS[1]}}, {"Filter": {"And": {"Prefix": "", "Tags": [TAGS[1]]}}}),
        (
            {"Filter": {"And": {"Prefix": "a", "Tags": list(TAGS)}}},
            {"Filter": {"And": {"Tags": list(reversed(TAGS)), "Prefix": "a"}}},
        ),
        ({"Filter": {"ObjectSizeLessThan": 5}}, {"Filter": {"And": {"ObjectSizeLessThan": 5}}}),
    ],
)
def test_filters_that_mean_the_same(one, other):
    rest = {"Status": "Enabled", "Expiration": {"Days": 3}}
    assert lifecycle_rule.equal({**rest, **one, "ID": "one"}, {**rest, **other, "ID": "other", "Transitions": []})


SMALL = {"ObjectSizeLessThan": 5}


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ({}, {"Prefix": ""}),
        ({"Prefix": "a/"}, {"Prefix": "a/"}),
        ({"Filter": {"Prefix": "a/"}}, {"Prefix": "a/"}),
        ({"Filter": {"And": {"Prefix": "a/"}}}, {"Prefix": "a/"}),
        ({"Filter": {"Tag": TAGS[0]}}, {"Tag": TAGS[0]}),
        ({"Filter": {"And": {"Tags": [TAGS[0]]}}}, {"Tag": TAGS[0]}),
        ({"Filter": SMALL}, SMALL),
        ({"Filter": {"And": {"Prefix": "a/", **SMALL}}}, {"And": {"Prefix": "a/", **SMALL}}),
        ({"Filter": {"And": {"Prefix": "a/", "Tags": [TAGS[0]]}}}, {"And": {"Prefix": "a/", "Tags": [TAGS[0]]}}),
        ({"Filter": {"And": {"Tags": [TAGS[0]], **SMALL}}}, {"And": {"Tags": [TAGS[0]], **SMALL}}),
        (
            {"Filter": {"And": {"Tags": [dict(reversed(TAGS[0].items())), TAGS[0]], **SMALL}}},
            {"And": {"Tags": [TAGS[0]], **SMALL}},
        ),
        ({"Filter": {"And": {"Prefix": "a/", "Tags": [], **SMALL}}}, {"And": {"Prefix": "a/", **SMALL}}),
    ],
)
def test_the_canonical_form_of_a_filter(written, canonical):
    assert lifecycle_rule.normalise({"ID": "x", **written}) == {"ID": "x", "Filter": canonical}


@pytest.mark.parametrize(
    "date",
    ["2030-01-01", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z", dt.date(2030, 1, 1), dt.datetime(2030, 1, 1)],  # noqa: DTZ001  YAML's dates have no zone
)
def test_dates_are_compared_as_dates(date):
    read = rule(Expiration={"Date": dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)})
    assert lifecycle_rule.equal(read, rule(Expiration={"Date": date}))
    assert not lifecycle_rule.equal(read, rule(Expiration={"Date": "2030-01-02"}))


def test_dates_do_not_depend_on_the_time_zone_of_this_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        shown = "2030-01-01T00:00:00+00:00"
        plus_two = dt.timezone(dt.timedelta(hours=2))
        for given_date in (dt.datetime(2030, 1, 1), "2030-01-01", dt.datetime(2030, 1, 1, 2, tzinfo=plus_two)):  # noqa: DTZ001
            assert lifecycle_rule.date(given_date) == shown
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rules_are_compared_with_members_in_any_order_and_of_any_type():
    """YAML reads a tag that looks like a date as one."""
    tagged = rule() | {"Filter": {"Tag": {"Key": "until", "Value": dt.date(2030, 1, 1)}}}
    assert lifecycle_rule.equal(tagged, dict(reversed(tagged.items())))
    other = rule() | {"Filter": {"Tag": {"Key": "until", "Value": dt.date(2030, 1, 2)}}}
    assert not lifecycle_rule.equal(tagged, other)


@pytest.mark.parametrize(
    ("actions", "effects"),
    [
        ({"Expiration": {"Days": 1}}, {"current"}),
        ({"Expiration": {"Date": DATES[0]}}, {"current"}),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, {"marker"}),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": False}}, {"current"}),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, {"noncurrent"}),
        ({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, {"multipart"}),
        ({"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, {"transition"}),
        ({"NoncurrentVersionTransitions": [{"NoncurrentDays": 1, "StorageClass": "GLACIER"}]}, {"transition"}),
    ],
)
def test_effects(actions, effects):
    assert lifecycle_rule.effects(rule(**actions)) == effects
    assert lifecycle_rule.effects(rule(status="Disabled", **actions)) == set()
    assert lifecycle_rule.expires(rule(**actions)) == ("current" in effects)


@pytest.mark.parametrize(
    ("prefix", "protected", "reached"),
    [
        ("", "king", True),
        ("king", "king", True),
        ("king", "kingfisher", True),
        ("king/archive", "king", True),
        ("kingfisher/", "king", False),
        ("kingfisher", "king", False),
        ("king/", "kingfisher", False),
        ("incremental/", "kingfisher", False),
        ("incremental/", "", True),
        ("/king", "king", False),
    ],
)
def test_overlaps_compares_letter_by_letter(prefix, protected, reached):
    assert lifecycle_rule.overlaps(prefix, protected) is reached


@given(rule_prefixes, directories)
def test_a_rule_overlaps_when_some_key_starts_with_both(prefix, protected):
    longer = max(prefix, f"{protected}/", key=len)
    assert lifecycle_rule.overlaps(prefix, protected) == (
        longer.startswith(prefix) and longer.startswith(f"{protected}/")
    )


def test_a_rule_found_over_a_repository_is_an_error_that_says_what_to_do():
    errors, warnings = lifecycle_dangers.dangers("ocp-db-backup", [rule("king", "old rule")], [], [KINGFISHER, SYNC])
    assert warnings == []
    assert errors == [
        (
            "Bucket ocp-db-backup: the lifecycle rule 'old rule' (prefix 'king'), found there, expires objects after 10 days and "
            "reaches the pgBackRest repository kingfisher/ (postgres:backup of kingfisher-main): narrow it, or remove it "
            "with `salt-call s3_lifecycle.delete_rule ocp-db-backup 'old rule'`."
        )
    ]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (KINGFISHER, "the pgBackRest repository kingfisher/ (postgres:backup of kingfisher-main)"),
        (Protected("", "sync", "x"), "the synced directory, which is the whole bucket (x)"),
        (Protected("a", "museum", "x"), "museum a/ (x)"),
    ],
)
def test_a_protected_place_in_words(place, told):
    assert str(place) == told


def test_the_whole_sentences_of_dangers():
    dated = rule("kingfisher/", "dated", Expiration={"Date": dt.date(2030, 1, 1)})
    mild = rule(
        "",
        "mild",
        NoncurrentVersionExpiration={"NoncurrentDays": 9},
        Transitions=[{"Days": 1, "StorageClass": "GLACIER"}],
    )
    place = "the pgBackRest repository kingfisher/ (postgres:backup of kingfisher-main)"
    errors, warnings = lifecycle_dangers.dangers("b", [dated, mild], [], [KINGFISHER], days=10)
    assert errors == [
        (
            "Bucket b: the lifecycle rule 'dated' (prefix 'kingfisher/'), found there, expires objects from "
            f"2030-01-01T00:00:00+00:00 on and reaches {place}: narrow it, or remove it with `salt-call s3_lifecycle.delete_rule b "
            "dated`."
        ),
        (
            "Bucket b: the lifecycle rule 'mild' (all objects), found there, deletes noncurrent versions after 9 days, and recovery "
            "keeps them for 10: give it 10 days or more, or remove it with `salt-call s3_lifecycle.delete_rule b mild`."
        ),
    ]
    assert warnings == [
        (
            "Bucket b: the lifecycle rule 'mild' (all objects), found there, deletes noncurrent versions and moves objects to another storage "
            f"class of {place}: if that is intended, name it in allow; otherwise narrow it, or remove it with `salt-call "
            "s3_lifecycle.delete_rule b mild`."
        )
    ]
    errors, warnings = lifecycle_dangers.dangers("b", [], [dated, mild], [KINGFISHER], days=10)
    assert errors == [
        (
            "Bucket b: the lifecycle rule 'dated' (prefix 'kingfisher/'), requested, would expire objects from 2030-01-01T00:00:00+00:00 on and "
            f"reaches {place}: narrow its prefix or leave it out."
        ),
        (
            "Bucket b: the lifecycle rule 'mild' (all objects), requested, deletes noncurrent versions and moves objects to another storage "
            f"class of {place}: if that is intended, name it in allow."
        ),
        (
            "Bucket b: the lifecycle rule 'mild' (all objects), requested, would delete noncurrent versions after 9 days, and recovery keeps "
            "them for 10: give it 10 days or more."
        ),
    ]
    assert warnings == []


def test_the_whole_sentences_of_disabled_rules():
    expiring = rule("", "idle", "Disabled")
    soon = rule("", "soon", "Disabled", NoncurrentVersionExpiration={"NoncurrentDays": 9})
    remove = "narrow it, or remove it with `salt-call s3_lifecycle.delete_rule b idle`"
    assert lifecycle_dangers.dangers("b", [expiring, soon], [], [SYNC], days=10) == (
        [],
        [
            (
                "Bucket b: the lifecycle rule 'idle' (all objects), found there, is disabled; enabled, it would expire objects of the "
                f"synced directory file-sync/ (sync of registry): {remove}, before that happens."
            ),
            (
                "Bucket b: the lifecycle rule 'soon' (all objects), found there, is disabled; enabled, it deletes noncurrent versions "
                "after 9 days, and recovery keeps them for 10: give it 10 days or more, or remove it with `salt-call "
                "s3_lifecycle.delete_rule b soon`."
            ),
        ],
    )
    assert lifecycle_dangers.dangers("b", [soon], [], [SYNC]) == ([], [])


def test_a_rule_wanted_over_a_synced_directory_is_an_error():
    errors, _ = lifecycle_dangers.dangers("b", [], [THIRTY], [SYNC], allow=[THIRTY["ID"]])
    assert len(errors) == 1
    assert "delete-after-30-days" in errors[0]
    assert "the synced directory file-sync/ (sync of registry)" in errors[0]
    assert lifecycle_dangers.dangers("b", [THIRTY], [THIRTY], [SYNC])[0][0].count("found there") == 1


@pytest.mark.parametrize(
    "actions",
    [
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ],
)
@pytest.mark.parametrize("place", [KINGFISHER, SYNC])
def test_what_spares_current_objects_is_allowed_by_name_and_reported_when_found(actions, place):
    mild = rule(place.prefix, "mild", **actions)
    errors, warnings = lifecycle_dangers.dangers("b", [mild], [], [place])
    assert (errors, len(warnings)) == ([], 1)
    assert "'mild'" in warnings[0]
    assert "name it in allow" in warnings[0]
    assert lifecycle_dangers.dangers("b", [mild], [], [place], allow=["mild"]) == ([], [])
    errors, warnings = lifecycle_dangers.dangers("b", [], [mild], [place])
    assert (len(errors), warnings) == (1, [])
    assert lifecycle_dangers.dangers("b", [], [mild], [place], allow=["mild"]) == ([], [])


def test_markers_are_harmless_and_disabled_rules_are_noted():
    assert lifecycle_dangers.dangers("b", [rule(Expiration={"ExpiredObjectDeleteMarker": True})], [], [KINGFISHER]) == (
        [],
        [],
    )
    errors, warnings = lifecycle_dangers.dangers(
        "b", [rule(status="Disabled")], [rule(status="Disabled")], [KINGFISHER]
    )
    assert errors == []
    assert len(warnings) == 1
    assert "is disabled; enabled, it would expire objects" in warnings[0]


def test_merge_leaves_equal_rules_as_they_are_under_any_id():
    theirs = {"ID": "by hand", "Prefix": "", **{name: THIRTY[name] for name in THIRTY if name not in ("ID", "Filter")}}
    found = [rule("logs/"), theirs]
    assert lifecycle_merge.merge(found, [THIRTY])[0] is found


def test_merge_adds_after_foreign_rules():
    found = [rule("logs/"), rule("tmp/", "tmp", Expiration={"Days": 1})]
    assert lifecycle_merge.merge(found, [THIRTY]) == ([*found, THIRTY], [])
    assert lifecycle_merge.merge(found, [THIRTY], purge=True) == ([THIRTY], [])


@pytest.mark.parametrize(
    "elder",
    [
        {**THIRTY, "Status": "Disabled"},
        {**THIRTY, "Expiration": {"Days": 90}},
        {**THIRTY, "ID": "delete-after-60-days", "Expiration": {"Days": 60}},
    ],
)
def test_merge_replaces_in_place_what_is_ours(elder):
    assert lifecycle_merge.merge([rule("a/", "a"), elder, rule("z/", "z")], [THIRTY]) == (
        [rule("a/", "a"), THIRTY, rule("z/", "z")],
        [],
    )


def test_merge_replaces_several_elders_by_one():
    elders = [{**THIRTY, "ID": f"delete-after-{days}-days", "Expiration": {"Days": days}} for days in (60, 90)]
    assert lifecycle_merge.merge(elders, [THIRTY]) == ([THIRTY], [])
    assert lifecycle_merge.merge([*elders, THIRTY], [THIRTY]) == ([THIRTY], [])


def test_merge_keeps_the_rule_of_a_retired_target_and_says_so():
    retired = rule("old/", "delete-after-60-days-old", Expiration={"Days": 60})
    wanted = rule("site/", "delete-after-30-days-site", Expiration={"Days": 30})
    merged, warnings = lifecycle_merge.merge([retired], [wanted], remove=lifecycle_dangers.remover("ocp-backup"))
    assert merged == [retired, wanted]
    assert warnings == [
        (
            "The lifecycle rule 'delete-after-60-days-old' (prefix 'old/') has a name like the rules of this project, but pillar does not "
            "declare it: it is kept, and continues to expire objects after 60 days. To remove it: `salt-call s3_lifecycle.delete_rule "
            "ocp-backup delete-after-60-days-old`."
        )
    ]
    assert lifecycle_merge.merge([retired], [wanted], retired=["old"]) == ([wanted], [])


def test_merge_without_a_bucket_names_none():
    retired = rule("old/", "delete-after-60-days-old")
    (warning,) = lifecycle_merge.merge([retired], [])[1]
    assert warning.endswith("To remove it: `salt-call s3_lifecycle.delete_rule BUCKET delete-after-60-days-old`.")


def test_a_retired_prefix_is_compared_without_slashes_at_its_ends():
    retired, beside = rule("/Xold/X/", "delete-after-60-days"), rule("Xold/", "delete-after-60-days-b")
    assert lifecycle_merge.merge([retired, beside], [], retired=["/Xold/X"])[0] == [beside]
    assert lifecycle_merge.merge([beside, retired], [], retired=["Xold/X/"])[0] == [beside]


def test_purge_goes_on_behind_a_rule_that_goes():
    assert lifecycle_merge.merge([rule("a/", "a"), THIRTY, rule("b/", "b")], [THIRTY], purge=True) == ([THIRTY], [])


OLD = {"ID": "old", "Prefix": "a/", "Status": "Enabled", "Expiration": {"Days": 3}}


def test_beside_rules_of_the_old_form_a_wanted_one_takes_it():
    """S3 refuses a mixture."""
    merged, _ = lifecycle_merge.merge([OLD], [rule("b/", "wanted"), {**OLD, "ID": "d", "Prefix": "d/"}])
    assert merged == [
        OLD,
        {"ID": "wanted", "Status": "Enabled", "Expiration": {"Days": 10}, "Prefix": "b/"},
        {**OLD, "ID": "d", "Prefix": "d/"},
    ]


TAGGED = {
    "ID": "tagged",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "c/", "Tags": [TAGS[0]]}},
    "Expiration": {"Days": 1},
}


@pytest.mark.parametrize(
    "wanted",
    [
        TAGGED,
        {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}},
        {"ID": "below", "Status": "Enabled", "Filter": {"Prefix": "a/b/"}, "Expiration": {"Days": 30}},
    ],
)
def test_where_s3_would_refuse_a_wanted_one_in_the_old_form_all_are_of_the_new(wanted):
    """It takes no filter there, and no two rules that expire the same objects."""
    merged, _ = lifecycle_merge.merge([OLD], [wanted])
    assert merged == [
        {"ID": "old", "Status": "Enabled", "Expiration": {"Days": 3}, "Filter": {"Prefix": "a/"}},
        wanted,
    ]
    assert lifecycle_merge.merge(merged, [wanted])[0] is merged


def test_rules_of_the_old_form_that_do_different_things_stay_of_it():
    aborting = {**OLD, "ID": "abort", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    del aborting["Expiration"]
    merged, _ = lifecycle_merge.merge([aborting], [rule("a/", "wanted")])
    assert merged == [aborting, {"ID": "wanted", "Status": "Enabled", "Expiration": {"Days": 10}, "Prefix": "a/"}]


def test_beside_the_rule_of_recovery_all_have_a_filter_and_mean_what_they_meant():
    tagged = rule(name="tagged") | {"Filter": {"And": {"Prefix": "c/", "Tags": [TAGS[0]]}}}
    keeping = expiry.keeping_rule(30)
    assert lifecycle_merge.merge([OLD, tagged], [keeping], days=30)[0] == [
        {"ID": "old", "Status": "Enabled", "Expiration": {"Days": 3}, "Filter": {"Prefix": "a/"}},
        tagged,
        keeping,
    ]


def test_which_rules_are_the_same():
    assert lifecycle_rule.is_same(OLD, rule("a/", "old", Expiration={"Days": 3}))
    assert not lifecycle_rule.is_same(OLD, rule("a/", "new", Expiration={"Days": 3}))
    assert not lifecycle_rule.is_same(OLD, rule("a/", "old", Expiration={"Days": 4}))
    assert not lifecycle_rule.is_same({"ID": "a"}, {"id": "a"})
    assert not lifecycle_rule.is_same({"id": "a"}, {"ID": "a"})


def test_merge_refuses_by_itself_what_deletes_versions_too_soon():
    found = rule("b/", "found", NoncurrentVersionExpiration={"NoncurrentDays": 1})
    soon = rule("a/", "soon", NoncurrentVersionExpiration={"NoncurrentDays": 29})
    with pytest.raises(UnsafeError) as raised:
        lifecycle_merge.merge([found], [soon], days=30)
    assert str(raised.value) == (
        "The lifecycle rule 'soon' (prefix 'a/') would delete noncurrent versions before 30 days are over; nothing was written."
    )
    for fine in (
        {**soon, "Status": "Disabled"},
        rule("a/", "soon", NoncurrentVersionExpiration={"NoncurrentDays": 30}),
    ):
        assert lifecycle_merge.merge([found], [fine], days=30)[0] == [found, fine]
    assert lifecycle_merge.merge([found], [soon])[0] == [found, soon]


def test_a_rule_left_over_from_recovery_is_reported():
    left = expiry.keeping_rule(30)
    elsewhere = {**left, "ID": "somebody's"}
    assert lifecycle_dangers.left_keeping([THIRTY, left, elsewhere]) == [
        (
            "The lifecycle rule 'keep-versions-for-30-days' (all objects) belongs to recovery, which pillar no longer declares: the bucket "
            "continues to keep versions, for 30 days. To manage them again, set aws:backup:recovery:days; to keep no new versions, set "
            "aws:backup:recovery:allow_suspend: True."
        )
    ]


@pytest.mark.parametrize("selection", [{"Prefix": "logs/"}, {"Tag": TAGS[0]}, {"ObjectSizeGreaterThan": 5}])
def test_merge_refuses_an_id_that_is_used_for_other_objects(selection):
    with pytest.raises(UnsafeError) as raised:
        lifecycle_merge.merge([{**THIRTY, "Filter": selection}], [THIRTY])
    beside = "prefix 'logs/'" if "Prefix" in selection else "all objects"
    assert str(raised.value) == (
        f"The lifecycle rule 'delete-after-30-days' (all objects) cannot be added: the lifecycle rule 'delete-after-30-days' ({beside}) has the "
        "same ID and covers other objects; rename or remove that one."
    )


@pytest.mark.parametrize("name", [None, "", "x" * 256, 5])
def test_merge_refuses_ids_that_s3_would_not_take(name):
    with pytest.raises(RunbookError, match="1 to 255 characters"):
        lifecycle_merge.merge([], [{**THIRTY, "ID": name}])


def test_merge_takes_an_id_of_the_greatest_length():
    longest = rule("a/", "x" * lifecycle_merge.MAX_ID)
    assert lifecycle_merge.MAX_ID == 255
    assert lifecycle_merge.merge([], [longest]) == ([longest], [])


def test_merge_replaces_a_rule_under_a_wanted_id_whatever_it_is():
    wanted = rule("a/", "theirs", Expiration={"Days": 20})
    assert lifecycle_merge.merge([rule("a/", "theirs"), rule("b/", "b")], [wanted]) == ([wanted, rule("b/", "b")], [])


def test_dangers_goes_on_behind_a_rule_that_is_there_already():
    errors, _ = lifecycle_dangers.dangers("b", [THIRTY], [THIRTY, rule("king", "other")], [KINGFISHER])
    assert ["found there" in error for error in errors] == [True, False]
    assert "'other'" in errors[1]


def test_merge_refuses_one_id_twice():
    with pytest.raises(RunbookError, match="unique"):
        lifecycle_merge.merge([], [THIRTY, {**THIRTY, "Filter": {"Prefix": "a/"}}])


def test_merge_refuses_a_rule_too_many(monkeypatch):
    assert lifecycle_merge.MAX_RULES == 1000
    monkeypatch.setattr(lifecycle_merge, "MAX_RULES", 10)  # a thousand take seconds
    found = [rule(f"{number}/", str(number)) for number in range(10)]
    assert lifecycle_merge.merge(found, [found[5]])[0] is found
    assert len(lifecycle_merge.merge(found[1:], [THIRTY])[0]) == 10
    with pytest.raises(RunbookError) as raised:
        lifecycle_merge.merge(found, [THIRTY])
    assert str(raised.value) == "There would be 11 lifecycle rules, and S3 allows 10 in a bucket."


def test_merge_refuses_danger_by_itself():
    with pytest.raises(UnsafeError) as raised:
        lifecycle_merge.merge([], [THIRTY], [KINGFISHER])
    assert str(raised.value) == (
        "The lifecycle rule 'delete-after-30-days' (all objects) would expire objects of the pgBackRest repository kingfisher/ "
        "(postgres:backup of kingfisher-main); nothing was written."
    )


def test_merge_leaves_a_danger_found_as_it_is():
    """It is not made here; dangers tells of it."""
    theirs = rule("king", "theirs")
    assert lifecycle_merge.merge([theirs], [rule("z/", "z")], [KINGFISHER])[0] == [theirs, rule("z/", "z")]


def test_a_rule_that_expires_sooner_is_reported():
    sooner = rule("", "sooner", Expiration={"Days": 5})
    dated = rule("site/", "dated", Expiration={"Date": DATES[0]})
    later = rule("", "later", Expiration={"Days": 31})
    alike = rule("", "alike", Expiration={"Days": 30})
    elsewhere = rule("else/", "elsewhere", Expiration={"Days": 5})
    ours = rule("site/", "delete-after-30-days-site", Expiration={"Days": 30})
    elder = rule("site/", "delete-after-20-days-site", Expiration={"Days": 20})
    warnings = lifecycle_dangers.shadowing([sooner, dated, later, alike, elsewhere, elder], [ours])
    assert [warning.split("'")[1] for warning in warnings] == ["sooner", "dated"]
    assert warnings[0].startswith(
        "The lifecycle rule 'sooner' (all objects), found there, expires objects after 5 days"
    )


def test_a_date_is_sooner_than_a_day():
    dated = rule("site/", "dated", Expiration={"Date": DATES[0]})
    assert len(lifecycle_dangers.shadowing([dated], [rule("site/", Expiration={"Days": 1})])) == 1


def test_the_runbooks_rule_where_all_targets_expire():
    wanted = json.dumps([THIRTY])
    for targets in (
        [target()],
        [target("database"), target("site")],
        [target("a"), target("a", "mysql", server="cms")],
    ):
        made, allow = expiry.backup_rules("ocp-db-backup", targets)
        assert json.dumps(made) == wanted
        assert allow == []


def test_each_prefix_has_a_rule_where_a_bucket_holds_more():
    made, allow = expiry.backup_rules(
        "ocp-db-backup", [target("kingfisher", "pgbackrest"), target("incremental"), target("files", "sync")]
    )
    assert made == [
        {**THIRTY, "ID": "delete-after-30-days-incremental", "Filter": {"Prefix": "incremental/"}},
    ]
    assert allow == []


def test_no_rule_where_nothing_expires():
    assert expiry.backup_rules("b", [target("kingfisher", "pgbackrest"), target("files", "sync")]) == ([], [])
    assert expiry.backup_rules("b", []) == ([], [])


def test_unfinished_uploads_of_a_repository_only_when_asked():
    made, allow = expiry.backup_rules("b", [target("kingfisher", "pgbackrest", abort=5)])
    assert made == [
        {
            "ID": "abort-multipart-after-5-days-kingfisher",
            "Filter": {"Prefix": "kingfisher/"},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 5},
        }
    ]
    assert allow == ["abort-multipart-after-5-days-kingfisher"]
    assert lifecycle_dangers.dangers("b", [], made, [KINGFISHER], allow) == ([], [])


def test_different_days_in_one_bucket():
    made, _ = expiry.backup_rules("b", [target("a", expire_days=30), target("b", expire_days=60)])
    assert [entry["ID"] for entry in made] == ["delete-after-30-days-a", "delete-after-60-days-b"]


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a", "a/b"), ("", "a"), ("", "")])
def test_targets_that_share_objects_agree_on_days(one, other):
    with pytest.raises(PillarError, match=r"registry .*expire_days 30.* cms .*expire_days 60.*share objects"):
        expiry.backup_rules("b", [target(one, expire_days=30), target(other, expire_days=60, server="cms")])


def shared(one, other):
    return [
        (
            f"Bucket b: backup of registry ({one}) and backup of cms ({other}) share objects; give both the same aws:backup:expire_days and "
            "aws:backup:abort_multipart_days, or separate prefixes."
        )
    ]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (
            target("a", expire_days=30),
            target("a/b", expire_days=60, server="cms"),
            (
                "prefix 'a', expire_days 30, abort_multipart_days 7",
                "prefix 'a/b', expire_days 60, abort_multipart_days 7",
            ),
        ),
        (
            target("", abort=5),
            target("a", server="cms"),
            (
                "no prefix, expire_days 30, abort_multipart_days 5",
                "prefix 'a', expire_days 30, abort_multipart_days 7",
            ),
        ),
        (
            target("king", "pgbackrest", abort=5),
            target("king", "pgbackrest", abort=6, server="cms"),
            ("prefix 'king', abort_multipart_days 5", "prefix 'king', abort_multipart_days 6"),
        ),
    ],
)
def test_what_targets_of_the_same_objects_disagree_about(one, other, told):
    with pytest.raises(PillarError) as raised:
        expiry.backup_rules("b", [one, other])
    assert raised.value.problems == shared(*told)


def test_each_pair_of_targets_is_compared_once():
    targets = [target("a"), target("z"), target("a", expire_days=60), target("a/b")]
    with pytest.raises(PillarError) as raised:
        expiry.backup_rules("b", targets)
    assert len(raised.value.problems) == 2
    with pytest.raises(PillarError):
        expiry.backup_rules("b", [target("a/b", expire_days=60), target("a")])


def test_repositories_within_each_other_may_have_uploads_aborted_after_other_days():
    made, allow = expiry.backup_rules("b", [target("a", "pgbackrest", abort=5), target("a/b", "pgbackrest", abort=6)])
    days = [entry["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for entry in made]
    assert [(entry["Filter"]["Prefix"], number) for entry, number in zip(made, days, strict=True)] == [
        ("a/", 5),
        ("a/b/", 6),
    ]
    assert allow == [entry["ID"] for entry in made]


def test_a_prefix_inside_another_needs_no_rule():
    made, _ = expiry.backup_rules("b", [target("a"), target("a/b"), target("ab"), target("s", "sync")])
    assert [entry["Filter"]["Prefix"] for entry in made] == ["a/", "ab/"]


def test_a_target_without_a_prefix_beside_a_repository_has_no_rule():
    with pytest.raises(PillarError) as raised:
        expiry.backup_rules("b", [target(), target("king", "pgbackrest"), target("s", "sync")])
    asked = "Bucket b: the lifecycle rule 'delete-after-30-days' (all objects), requested, would expire objects after 30 days and reaches"
    assert raised.value.problems == [
        f"{asked} {place} (backup of registry): narrow its prefix or leave it out."
        for place in ("the pgBackRest repository king/", "the synced directory s/")
    ]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300), min_size=2, max_size=5, unique=True))
def test_ids_are_unique_and_short_enough(prefixes):
    ids = [expiry.rule_id("delete-after-30-days", prefix) for prefix in [*prefixes, "a-b", "a/b"]]
    assert len(set(ids)) == len({*prefixes, "a-b", "a/b"})
    assert all(len(name) <= 255 for name in ids)


@pytest.mark.parametrize("over", [-1, 0, 1, 50])
def test_an_id_that_would_be_too_long_is_cut(over):
    stem = "delete-after-30-days"
    prefix = "p" * (lifecycle_merge.MAX_ID + over - len(f"{stem}-"))
    made = expiry.rule_id(stem, prefix)
    assert len(made) == min(lifecycle_merge.MAX_ID, lifecycle_merge.MAX_ID + over)
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    assert made == (
        f"{stem}-{prefix}" if over <= 0 else f"{stem}-{prefix}"[: lifecycle_merge.MAX_ID - 9] + f"-{digest}"
    )


def test_ids_are_readable_and_stable():
    assert expiry.rule_id("delete-after-30-days", "") == "delete-after-30-days"
    assert expiry.rule_id("delete-after-30-days", "file-sync") == "delete-after-30-days-file-sync"
    assert expiry.rule_id("delete-after-30-days", "a/b") == "delete-after-30-days-a-b-c14cddc0"


def test_search_prefixes_are_the_fewest_that_matter():
    found = [rule("king"), rule("kingfisher/"), rule("logs/"), rule("off/", status="Disabled")]
    marker = rule("marker/", Expiration={"ExpiredObjectDeleteMarker": True})
    aborting = rule("up/", AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
    assert lifecycle_rule.search_prefixes([*found, marker, aborting]) == ["king", "logs/", "up/"]
    assert lifecycle_rule.search_prefixes([*found, THIRTY]) == [""]
    assert lifecycle_rule.search_prefixes([]) == []
