"""For how long a bucket keeps what is overwritten or deleted."""

from datetime import datetime, timedelta, timezone

import pytest

from aws_runbook.backups.targets import Target
from aws_runbook.buckets import versions as bucket_versions
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import locations, retention

NOW = datetime(2030, 1, 31, tzinfo=timezone.utc)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)


def rule(name, days, *, status="Enabled", prefix="", **selection):
    return {
        "ID": name,
        "Status": status,
        "Filter": selection or {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
    }


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], (None, ())),
        ([rule("a", 30)], (30, ())),
        ([rule("a", 30, status="Disabled")], (None, ())),
        ([rule("a", 30), rule("b", 7)], (7, ())),
        ([rule("a", 30), rule("b", 7, prefix="other/")], (30, ())),
        ([rule("a", 30), rule("b", 7, prefix="root/")], (7, ())),
        ([rule("a", 30), rule("b", 7, prefix="root/inner/")], (30, (("b", 7),))),
        ([rule("a", 30), rule("b", 40, prefix="root/inner/")], (30, ())),
        ([rule("b", 7, Tag={"Key": "k", "Value": "v"})], (None, (("b", 7),))),
        ([rule("b", 7, And={"Prefix": "root/", "ObjectSizeGreaterThan": 5})], (None, (("b", 7),))),
        ([{"ID": "c", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 3}}], (None, ())),
    ],
)
def test_the_least_of_the_rules_for_all_of_it(rules, expected):
    assert retention.of_rules(rules, "root/") == expected


@pytest.mark.parametrize(
    ("days", "shorter", "since", "earliest"),
    [
        (None, (), None, None),
        (30, (), None, NOW - 30 * DAY + timedelta(minutes=1)),
        (30, (("b", 7),), None, NOW - 7 * DAY + timedelta(minutes=1)),
        (None, (("b", 7),), None, NOW - 7 * DAY + timedelta(minutes=1)),
        (None, (), NOW - 3 * DAY, NOW - 3 * DAY + QUARTER),
        (30, (("b", 7),), NOW - 3 * DAY, NOW - 3 * DAY + QUARTER),
        (2, (), NOW - 3 * DAY, NOW - 2 * DAY + timedelta(minutes=1)),
    ],
)
def test_the_earliest_moment_is_the_latest_that_anything_tells(days, shorter, since, earliest):
    assert retention.Keeping("Enabled", days, shorter, since).earliest(NOW) == earliest


(PLACE,) = locations.of_server("one", [Target("one", "files", "b", "root", "eu-west-2", expires=True)])
SINCE = datetime(2030, 1, 30, 23, 50, tzinfo=timezone.utc)
YOUNG = retention.Keeping("Enabled", 30, (), SINCE)


def test_a_rule_of_any_form_is_about_a_prefix():
    old = {"ID": "a", "Status": "Enabled", "Prefix": "other/", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    assert retention.of_rules([old], "root/") == (None, ())
    assert retention.of_rules([{**old, "Prefix": "root/inner/"}], "root/") == (None, (("a", 1),))
    assert retention.of_rules([{**old, "Prefix": None}], "root/") == (1, ())
    nameless = {name: value for name, value in old.items() if name not in ("ID", "Prefix")}
    assert retention.of_rules([nameless], "root/") == (1, ())
    assert retention.of_rules([{**nameless, "Prefix": "root/inner"}], "root/") == (None, (("", 1),))
    assert retention.of_rules(
        [rule("z", 5, prefix="root/x"), rule("a", 4, prefix="root/y"), rule("w", 6)], "root/"
    ) == (
        6,
        (("a", 4), ("z", 5)),
    )


def test_an_equal_rule_for_a_part_is_no_shorter_one():
    assert retention.of_rules([rule("a", 30), rule("b", 30, prefix="root/inner/")], "root/") == (30, ())


def test_a_bucket_that_has_never_kept_versions():
    with pytest.raises(RunbookError) as raised:
        retention.check_source(PLACE, retention.Keeping(None, None))
    assert str(raised.value) == (
        "The bucket b has never kept versions, so nothing of b/root can be recovered. To keep them from now on, set aws:backup:recovery in "
        "pillar."
    )
    retention.check_source(PLACE, retention.Keeping("Suspended", None))
    retention.check_source(PLACE, YOUNG)


def test_a_bucket_that_has_just_begun_to_keep_versions():
    for now in (SINCE, SINCE + QUARTER - timedelta(seconds=1)):
        with pytest.raises(RunbookError) as raised:
            retention.check_in_force(PLACE, YOUNG, now)
        assert str(raised.value) == (
            "The bucket b has kept versions since 2030-01-30 23:50 UTC, and AWS needs up to 15 minutes until that is in effect everywhere: nothing "
            "is recovered before 2030-01-31 00:05 UTC."
        )
    retention.check_in_force(PLACE, YOUNG, SINCE + QUARTER)
    retention.check_in_force(PLACE, retention.Keeping("Enabled", 30), SINCE)


@pytest.mark.parametrize("status", [None, "Suspended"])
def test_nothing_is_written_over_where_that_is_not_kept(status):
    with pytest.raises(RunbookError) as raised:
        retention.check_writable(PLACE, retention.Keeping(status, 30))
    assert str(raised.value) == (
        f"Versioning of the bucket b is {status}: objects that are overwritten or deleted there now would be lost. Enable it first, or restore "
        "to another place, with to=BUCKET/PREFIX."
    )
    retention.check_writable(PLACE, YOUNG)


@pytest.mark.parametrize(
    ("kept", "first", "sentence"),
    [
        (
            YOUNG,
            SINCE + QUARTER,
            "The bucket b has kept versions since 2030-01-30 23:50 UTC: all versions of b/root are known from 2030-01-31 00:05 UTC on.",
        ),
        (YOUNG, NOW, "Overwritten and deleted objects in b/root are kept for 30 days: since 2030-01-31 00:00 UTC."),
        (
            retention.Keeping("Enabled", None),
            None,
            "No lifecycle rule deletes noncurrent versions in b/root.",
        ),
        (
            retention.Keeping("Enabled", 30, (("x", 7),)),
            NOW,
            "Overwritten and deleted objects in b/root are kept for 7 days: since 2030-01-31 00:00 UTC.",
        ),
    ],
)
def test_how_far_the_past_goes_back(kept, first, sentence):
    assert retention.limits(PLACE, kept, first) == sentence


def test_why_a_moment_is_the_earliest():
    assert retention.why(PLACE, YOUNG, SINCE + QUARTER) == (
        "the bucket b has kept versions only since 2030-01-30 23:50 UTC, and AWS needs up to 15 minutes until that is in effect"
    )
    assert retention.why(PLACE, YOUNG, NOW) == "overwritten and deleted objects in b/root are kept for only 30 days"


def test_what_of_the_past_cannot_be_had_back():
    assert list(retention.warnings(PLACE, YOUNG)) == []
    shorter = (("x", 7), ("y", 3))
    assert list(retention.warnings(PLACE, retention.Keeping("Suspended", 30, shorter, None))) == [
        "Versioning of the bucket b is Suspended: objects that were overwritten since then cannot be recovered.",
        (
            f"It is not known since when the bucket b keeps versions, because it has no tag {bucket_versions.NOTE}: objects without a version from that "
            "time may have existed then, and are not hidden. If you know the moment, give the bucket that tag, with a value such as "
            "2026-11-20T03:00:00+00:00."
        ),
        "The lifecycle rule x of the bucket b deletes some of them after 7 days already.",
        "The lifecycle rule y of the bucket b deletes some of them after 3 days already.",
    ]


class Account:
    """A session in us-east-1, with AWS's answers by method; one that is left out is of what is absent."""

    region = "us-east-1"

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def read(self, service, method, doing, *, absent=(), region=None, Bucket):  # noqa: N803 - as AWS's
        self.asked.append((service, method, region, doing, Bucket, absent))
        return self.answers.get(method)


HEAD = {"BucketRegion": "eu-west-2", "ResponseMetadata": {"HTTPHeaders": {}}}


def test_what_a_bucket_keeps_is_read_in_its_region():
    session = Account(
        head_bucket=HEAD,
        get_bucket_versioning={"Status": "Enabled"},
        get_bucket_lifecycle_configuration={
            "Rules": [rule("a", 30), rule("b", 7, prefix="root/x/"), rule("c", 3, prefix="z")]
        },
        get_bucket_tagging={"TagSet": [{"Key": bucket_versions.NOTE, "Value": "2030-01-02T03:04:05.678+00:00"}]},
    )
    assert retention.read(session, PLACE) == retention.Keeping(
        "Enabled", 30, (("b", 7),), datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    )
    region = "eu-west-2"
    assert session.asked[1:] == [
        ("s3", "get_bucket_versioning", region, "read the versioning of the bucket b", "b", ()),
        (
            "s3",
            "get_bucket_lifecycle_configuration",
            region,
            "read the lifecycle rules of the bucket b",
            "b",
            ("NoSuchLifecycleConfiguration",),
        ),
        ("s3", "get_bucket_tagging", region, "read the tags of the bucket b", "b", ("NoSuchTagSet",)),
    ]
    assert session.asked[0][4] == "b"


def test_a_bucket_without_rules_tags_and_versions():
    session = Account(head_bucket=HEAD, get_bucket_versioning={})
    assert retention.read(session, PLACE) == retention.Keeping(None, None)
    session.answers["get_bucket_lifecycle_configuration"] = {}
    assert retention.read(session, PLACE) == retention.Keeping(None, None)


def test_a_bucket_that_is_missing():
    with pytest.raises(RunbookError) as raised:
        retention.read(Account(), PLACE)
    assert str(raised.value) == "There is no bucket b, where b/root would be."


def test_a_filter_that_only_joins_a_prefix_is_about_all_below_it():
    assert retention.of_rules([rule("a", 3, And={"Prefix": "root/"})], "root/") == (3, ())


def test_rules_behind_one_that_is_not_about_it_count_too():
    assert retention.of_rules([rule("x", 1, prefix="z"), rule("a", 30)], "root/") == (30, ())
