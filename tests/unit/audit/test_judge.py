import json
from datetime import datetime, timedelta, timezone
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.audit import access
from aws_runbook.audit import judge as audit
from aws_runbook.audit import render as audit_report
from aws_runbook.audit import whole_audit as audit_survey
from aws_runbook.audit.grouping import Stored, split
from aws_runbook.audit.judge import Expected, Found
from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError
from aws_runbook.pillar.check import problems
from sandbox.policies import _pattern
from tests.fixtures import naming
from tests.unit.evaluators import Need, allowed

NOW = datetime(2030, 3, 1, 12, tzinfo=timezone.utc)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = Expected(26 * HOUR)


def target(kind="script", prefix="database"):
    expires = kind in ("script", "mysql", "files")
    return Target("registry", kind, "ocp-b", prefix, "eu-west-2", expires, expire_days=30 if expires else None)


def dumps(*ages, sizes=None, name="registry", prefix="database/", scheme=naming.postgresql):
    return tuple(
        Stored(prefix + scheme(name, NOW - age), size, NOW - age)
        for age, size in zip(ages, sizes or [100] * len(ages), strict=True)
    )


def daily(count, **options):
    return dumps(*(number * DAY + 2 * HOUR for number in reversed(range(count))), **options)


def found(objects, of=None, expected=DAILY, uploads=()):
    return {
        (finding.level, finding.check)
        for finding in audit.judge(of or target(), expected, Found(tuple(objects), uploads), NOW).findings
    }


def repository(*labels, stanza="main", size=1000, manifest=True):
    objects = []
    for label, age in labels:
        place = f"king/backup/{stanza}/{label}"
        objects += [Stored(f"{place}/pg_data/base/1", size, NOW - age - HOUR / 2)]
        objects += [Stored(f"{place}/backup.manifest", 10, NOW - age)] if manifest else []
    return [Stored(f"king/backup/{stanza}/backup.info", 5, NOW), *objects]


FULL, INCREMENTAL = "20300228-100000F", "20300228-100000F_20300301-100000I"


SCHEMES = {
    "script": (naming.postgresql, "kingfisher-2023"),
    "mysql": (naming.mysql, "coalition"),
    "files": (naming.site, "/home/coalition/public_html/"),
}


@pytest.mark.parametrize("kind", SCHEMES)
def test_a_month_of_daily_backups_is_well(kind):
    scheme, name = SCHEMES[kind]
    assert found(daily(31, scheme=scheme, name=name), target(kind)) == set()


@pytest.mark.parametrize("kind", SCHEMES)
def test_a_scheme_that_stopped(kind):
    scheme, name = SCHEMES[kind]
    ages = [number * DAY for number in reversed(range(2, 31))]
    [finding] = audit.judge(target(kind), DAILY, Found(dumps(*ages, scheme=scheme, name=name)), NOW).findings
    assert (finding.level, finding.check) == ("critical", "age")
    assert f"is 48 hours old ({scheme(name, NOW - 2 * DAY)})" in finding.message


@pytest.mark.parametrize("name", ["notes.txt", "203-03-01.gz", "20269999.tar", "registry-8.20300301.tar"])
def test_other_names_are_odd(name):
    assert found([*daily(31), Stored(f"database/{name}", 1, NOW)]) == {("warning", "names")}


def test_a_date_that_lies_ahead_is_odd_and_hides_nothing():
    old = dumps(*(number * DAY for number in reversed(range(2, 31))))
    ahead = Stored(f"database/{naming.postgresql('registry', NOW + 300 * DAY)}", 100, NOW)
    assert found([*old, ahead]) == {("critical", "age"), ("warning", "names")}


def test_without_a_date_it_counts_when_it_was_written():
    fresh = Stored("database/registry.sql", 1, NOW - HOUR)
    [finding] = [
        finding for finding in audit.judge(target(), DAILY, Found((fresh,)), NOW).findings if finding.level != "note"
    ]
    assert (finding.level, finding.check) == ("warning", "names")
    assert "1 object, such as registry.sql; they are judged by when they were written" in finding.message
    assert ("critical", "age") in found([Stored("database/registry.sql", 1, NOW - 2 * DAY)])
    week = [Stored(f"database/registry-{NOW - age * DAY:%a}.sql", 1, NOW - age * DAY) for age in range(7)]
    assert found(week) == {("note", "retention")}


def test_what_was_copied_later_is_not_new():
    copied = [Stored(stored.key, stored.size, NOW - HOUR) for stored in dumps(40 * DAY, 39 * DAY)]
    findings = audit.judge(target(), DAILY, Found(tuple(copied)), NOW).findings
    assert [(finding.level, finding.check) for finding in findings] == [("critical", "age")]
    assert (
        "is 39 days old by its name (20300121T120000Z_registry.tar), though it was written 1 hour ago"
        in findings[0].message
    )


def test_age_is_looked_at_for_each_database():
    stopped = dumps(*(number * DAY + 2 * HOUR for number in reversed(range(3, 31))), name="spoonbill")
    assert found([*daily(31), *stopped]) == {("warning", "age")}
    assert found(stopped) == {("critical", "age")}
    assert found([]) == {("critical", "age")}
    assert found(dumps(26 * HOUR)) == {("note", "retention")}
    assert found(dumps(27 * HOUR), expected=Expected(170 * HOUR)) == {("note", "retention")}


def test_a_size_that_collapsed():
    sizes = [100] * 30
    assert found(daily(31, sizes=[*sizes, 50])) == set()
    assert found(daily(31, sizes=[*sizes, 49])) == {("critical", "size")}
    assert found(daily(2, sizes=[100, 1])) == {("note", "retention")}, "two do not say what is usual"
    assert ("critical", "size") in found(daily(2, sizes=[100, 0]))


def test_gaps_and_retention():
    assert found(dumps(29 * DAY, 28 * DAY, 2 * HOUR)) == {("warning", "count")}
    assert found(daily(34)) == {("warning", "retention")}
    assert found(daily(20)) == {("note", "retention")}


def test_unfinished_uploads():
    assert found(daily(31), uploads=(NOW - 7 * DAY,)) == set()
    assert found(daily(31), uploads=(NOW - 9 * DAY,)) == {("warning", "uploads")}


def test_a_mirror_has_no_age():
    mirror = target("sync", "file-sync")
    assert found([Stored("file-sync/a", 0, NOW - 900 * DAY)], mirror) == set()
    assert found([], mirror) == {("critical", "age")}


def test_the_backups_of_a_repository_are_found_by_their_manifests():
    king = target("pgbackrest", "king")
    healthy = repository((FULL, DAY), (INCREMENTAL, HOUR))
    assert found(healthy, king) == set()
    backups, odd = split(king, healthy)
    assert [(backup.name, backup.full, backup.size) for backup in backups] == [
        (FULL, True, 1010),
        (INCREMENTAL, False, 1010),
    ]
    assert odd == []
    assert found(repository((FULL, HOUR), manifest=False), king) == {("critical", "age")}
    assert found(repository((INCREMENTAL, HOUR)), king) == {("critical", "retention")}
    many = repository(*((f"203002{day}-100000F", (30 - day) * DAY) for day in range(20, 29)), (FULL, HOUR))
    assert found(many, king, Expected(72 * HOUR, retention_full=4)) == {("warning", "retention")}
    assert found(many, king, Expected(72 * HOUR, retention_full=8)) == set()


def archived(moment, **options):
    """What is found of a healthy repository whose newest WAL is of a moment."""
    king = target("pgbackrest", "king")
    objects = tuple(repository((FULL, DAY), (INCREMENTAL, 2 * HOUR)))
    return [
        (finding.level, finding.check, finding.message)
        for finding in audit.judge(
            king, Expected(26 * HOUR, **options), Found(objects, archived={"main": moment}), NOW
        ).findings
    ]


def test_the_archive_holds_what_the_newest_backup_needs():
    assert archived(NOW - HOUR) == []
    assert archived(NOW - 2.4 * HOUR) == [], "archived while the backup was made"
    [(level, check, message)] = archived(NOW - 3 * HOUR)
    assert (level, check) == ("critical", "archive")
    assert f"needs ({INCREMENTAL}) is not in the archive: the newest is of 3 hours ago" in message
    assert "not in the archive: none at all" in archived(None)[0][2]


def test_how_late_the_archive_may_be_is_asked_only_when_pillar_says_so():
    old = archived(NOW - HOUR, max_wal_age=timedelta(minutes=59))
    assert [entry[:2] for entry in old] == [("critical", "archive")]
    assert archived(NOW - HOUR, max_wal_age=HOUR) == []


def test_a_name_that_is_an_ending_only_is_not_said():
    def message(name):
        objects = [Stored(f"database/2030-02-01{name}", 1, NOW - 28 * DAY)]
        return audit.judge(target(), DAILY, Found(tuple(objects)), NOW).findings[0].message

    assert message(".tar.gz").startswith("the newest backup is 28 days old")
    assert message("_coalition.sql.gz").startswith("the newest backup of coalition.sql.gz is 28 days old")


def key(age=10 * DAY, used=HOUR, status="Active"):
    return {
        "access_key_id": "AKIA1",
        "status": status,
        "create_date": (NOW - age).isoformat(),
        "last_used_date": used and (NOW - used).isoformat(),
    }


@pytest.mark.parametrize(
    ("keys", "rotate_days", "message"),
    [
        ([key()], None, None),
        ([key(age=366 * DAY)], None, "366 days old; 365 days are allowed"),
        ([key(age=91 * DAY)], 90, "91 days old; 90 days are allowed"),
        ([key(used=None)], None, "was ever used"),
        ([key(used=3 * DAY)], None, "last used 3 days ago"),
        ([key(used=3 * DAY), key()], None, None),
        ([key(status="Inactive")], None, "no active access key"),
        ([], None, "no active access key"),
        (None, None, "no active access key"),
    ],
)
def test_keys(keys, rotate_days, message):
    findings = audit.judge_keys("u", keys, rotate_days, 50 * HOUR, NOW)
    assert [message in finding.message for finding in findings] == ([True] if message else [])


def test_a_policy_for_everybody_matters_where_it_is_in_force():
    on = dict.fromkeys(
        ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"), True
    )
    assert audit.judge_public(on, {"read"}) == []
    assert len(audit.judge_public({**on, "restrict_public_buckets": False}, {"read"})) == 2
    assert len(audit.judge_public({**on, "block_public_policy": False}, frozenset())) == 1


def test_the_exit_status_is_the_worst():
    assert [audit.worst([audit.Finding(level, "c", "m") for level in levels]) for levels in ((), ("note",), ("note", "warning"), audit.LEVELS)] == [0, 0, 1, 2]  # fmt: skip


def test_times_and_sizes_as_a_person_says_them():
    assert [audit.duration(span * HOUR) for span in (1, 71, 72, 1000)] == ["1 hour", "71 hours", "3 days", "41 days"]
    assert [audit.size(count) for count in (0, 1023, 1024, 5 * 2**20, 3 * 2**40)] == ["0 bytes", "1023 bytes", "1 KiB", "5 MiB", "3072 GiB"]  # fmt: skip


# What patterns are made of, and everything that begins with ``start`` and is not much longer.
patterns = st.text("ab*?", max_size=5)
starts = st.text("ab", max_size=4)
TAILS = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]


@given(patterns, starts)
def test_whether_a_pattern_can_match_what_begins_so(pattern, start):
    assert access.could_match(pattern, start) is any(_pattern(pattern).fullmatch(start + tail) for tail in TAILS)


@given(patterns, starts)
def test_whether_a_pattern_matches_all_that_begins_so(pattern, start):
    if access._contains(pattern, start):
        assert all(_pattern(pattern).fullmatch(start + tail) for tail in TAILS)


statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Allow", "Deny"])},
).flatmap(
    lambda statement: st.builds(
        lambda action, resource: {**statement, **action, **resource},
        st.sampled_from(
            [
                {"Action": "*"},
                {"Action": ["s3:GetObject"]},
                {"Action": "s3:Delete*"},
                {"NotAction": "s3:Get*"},
                {"Action": "s3:List*"},
                {"Action": "s3:Put*"},
            ]
        ),
        st.sampled_from(
            [
                {"Resource": "*"},
                {"Resource": "arn:aws:s3:::ocp-b/*"},
                {"Resource": ["arn:aws:s3:::ocp-b", "arn:aws:s3:::ocp-b/*"]},
                {"Resource": ["arn:aws:s3:::ocp-?/database/x"]},
                {"Resource": "arn:aws:s3:::${aws:PrincipalTag/bucket}/database/x"},
                {"Resource": "arn:aws:s3:::${aws:PrincipalTag/bucket}"},
                {"NotResource": "arn:aws:s3:::ocp-b"},
                {"NotResource": "arn:aws:s3:::${aws:PrincipalTag/bucket}"},
                {"NotResource": "arn:aws:s3:::ocp-b/${aws:PrincipalTag/folder}/x"},
                {"Resource": "arn:aws:s3:::other/*"},
                {"NotResource": "arn:aws:s3:::ocp-b/*"},
                {"NotResource": "arn:aws:s3:::ocp-b/database/x"},
            ]
        ),
    )
)


TAGS = [(("aws:PrincipalTag/bucket", bucket), ("aws:PrincipalTag/folder", "database")) for bucket in ("ocp-b", "other")]
ATTEMPTS = [
    ("read", "s3:GetObject", "ocp-b/database/x"),
    ("read", "s3:GetObject", "ocp-b/database/y/z"),
    ("delete", "s3:DeleteObject", "ocp-b/database/x"),
    ("delete", "s3:DeleteObjectVersion", "ocp-b/database/y/z"),
    ("expire", "s3:PutLifecycleConfiguration", "ocp-b"),
]


@settings(max_examples=200, deadline=None)  # the first one starts the simulator
@given(st.lists(statements, min_size=1, max_size=3))
def test_nobody_who_can_is_overlooked(drawn):
    document = {"Version": "2012-10-17", "Statement": drawn}
    able = access.able([document], "ocp-b", "database")
    for (ability, action, resource), tags in product(ATTEMPTS, TAGS):
        if allowed(document, Need(action, f"arn:aws:s3:::{resource}", tags)):
            assert ability in able, action


def test_administrators_readers_and_others():
    def able(**statement):
        return access.able(
            [{"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}], "ocp-b", "database"
        )

    assert able(Action="*", Resource="*") == {"read", "delete", "expire"}
    assert able(Action="s3:Get*", Resource="*") == {"read"}
    assert able(Action="s3:*", Resource="arn:aws:s3:::ocp-b/file-sync/*") == frozenset()
    assert able(Action="s3:*", Resource="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}) == {
        "read",
        "delete",
        "expire",
    }
    assert able(Action="s3:Put*", Resource="arn:aws:s3:::ocp-?") == {"expire"}
    assert able(NotAction=["iam:*", "s3:Get*"], Resource="*") == {"delete", "expire"}
    assert able(Action="s3:GetObject", Resource="arn:aws:s3:::ocp-b/${aws:username}/*") == {"read"}
    assert able(Action="iam:*", Resource="*") == frozenset()


def test_what_is_for_a_place_of_ones_own_is_not_about_the_places_around_it():
    def able(prefix, *apart, resource="arn:aws:s3:::ocp-b/site/*"):
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
        return access.able([{"Version": "2012-10-17", "Statement": statement}], "ocp-b", prefix, apart=apart)

    assert able("") == able("site") == {"read"}
    assert able("", "site") == frozenset()
    assert able("", "sit") == able("site", "site") == able("site", "") == {"read"}
    assert (
        able("", "site", resource="arn:aws:s3:::ocp-b/*")
        == able("", "site", resource="arn:aws:s3:::ocp-b/site*")
        == {"read"}
    )


def test_policies_of_groups_roles_and_those_unseen():
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    arn, aws_arn = "arn:aws:iam::123456789012:policy/wide", "arn:aws:iam::aws:policy/Unseen"
    details = {
        "Policies": [{"Arn": arn, "PolicyVersionList": [{"IsDefaultVersion": True, "Document": document}]}],
        "GroupDetailList": [
            {"GroupName": "g", "AttachedManagedPolicies": [{"PolicyArn": arn}]},
            {"GroupName": "inline", "GroupPolicyList": [{"PolicyDocument": quote(json.dumps(document))}]},
        ],
        "UserDetailList": [
            {"UserName": "u", "GroupList": ["g"]},
            {"UserName": "v", "GroupList": []},
            {"UserName": "w", "GroupList": ["inline"]},
        ],
        "RoleDetailList": [
            {
                "RoleName": "r",
                "RolePolicyList": [{"PolicyDocument": document}],
                "AttachedManagedPolicies": [{"PolicyArn": aws_arn}],
            }
        ],
    }
    able = {holder.name: access.able(holder.documents, "ocp-b", "") for holder in access.holders(details)}
    every = {"read", "delete", "expire"}
    assert able == {"u": every, "v": frozenset(), "w": every, "r": every}
    assert access.unknown_policies(details) == ["arn:aws:iam::aws:policy/Unseen"]


@pytest.mark.parametrize(
    ("principal", "kind"),
    [
        ("*", "everybody"),
        ({"AWS": "*"}, "everybody"),
        ({"AWS": "arn:aws:iam::123456789012:user/staff/ann"}, "user"),
        ({"AWS": "arn:aws:iam::123456789012:role/ann"}, "principal"),
        ({"AWS": "arn:aws:iam::999999999999:user/ann"}, "other account"),
        ({"AWS": "123456789012"}, "principal"),
        ({"AWS": "arn:aws:iam::999999999999:root"}, "other account"),
        ({"AWS": "arn:aws:iam::999999999999:role/of-123456789012"}, "other account"),
        ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "other account"),
        ({"Service": "cloudfront.amazonaws.com"}, "service"),
    ],
)
def test_principals_of_a_buckets_policy(principal, kind):
    allow = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ocp-b/*"}
    deny = {"Effect": "Deny", "Principal": {"AWS": "999999999999"}, "Action": "s3:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow, deny]}
    [(holder, abilities)] = access.by_bucket_policy(document, "123456789012", "ocp-b", "database").items()
    assert (holder.kind, abilities) == (kind, {"read"})
    assert access.by_bucket_policy(document, "123456789012", "ocp-c", "") == {}


def test_a_statement_for_all_but_some_is_for_everybody():
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": "123456789012"}, "Action": "s3:Delete*", "Resource": "*"}
    found = access.by_bucket_policy({"Version": "2012-10-17", "Statement": statement}, "123456789012", "ocp-b", "")
    assert {holder.kind: abilities for holder, abilities in found.items()} == {"everybody": {"delete"}}


def test_who_may_everywhere_is_one_line_of_the_table():
    rows = [
        {"bucket": "b", "prefix": prefix, "who": "user", "name": name, "may": ["read"]}
        for name, prefixes in (("ann", ("x", "y")), ("bob", ("x",)))
        for prefix in prefixes
    ]
    places = [{"bucket": "b", "prefix": prefix} for prefix in ("x", "y")]
    shown = audit_report._who({"access": rows, "targets": places})
    assert [(row["name"], row["where"]) for row in shown] == [("ann", "everywhere"), ("bob", ["b/x"])]


def test_a_textfile_that_cannot_be_written_leaves_nothing(tmp_path):
    folder = tmp_path / "aws.prom"
    folder.mkdir()
    (folder / "in-the-way").touch()
    with pytest.raises(RunbookError, match=r"prometheus_file is '.*aws\.prom'.*cannot be written \(Is a directory\)"):
        audit_report.write(folder, "text")
    with pytest.raises(RunbookError, match="No such file or directory"):
        audit_report.write(tmp_path / "missing" / "aws.prom", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["aws.prom"]


def test_what_is_expected_is_in_the_servers_pillar():
    settings = {"max_age_hours": 170, "max_wal_age_hours": 2}
    pillar = {"aws": {"backup": {"audit": settings}}, "postgres": {"backup": {"retention_full": 4}}}
    assert audit_survey.expected({}) == DAILY
    assert audit_survey.expected(pillar) == Expected(170 * HOUR, retention_full=4, max_wal_age=2 * HOUR)
    assert audit_survey.expected(pillar, max_age_hours=5).max_age == 5 * HOUR


def test_what_is_expected_is_checked():
    assert problems({"aws": {"backup": {"audit": {"max_age_hours": 0}}}}, "registry") == [
        "registry: aws:backup:audit:max_age_hours is 0: give a whole number of hours, 1 or more."
    ]
