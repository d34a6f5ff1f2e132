import copy
import json
from collections import Counter

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws_runbook.backups import lifecycle_dangers, lifecycle_merge
from aws_runbook.backups import plan as backups
from aws_runbook.backups.plan import Plan
from aws_runbook.backups.targets import Target
from aws_runbook.errors import PillarError
from aws_runbook.iam import backup_policy
from tests.unit.strategies import SERVERS, fleets, pillars

REPOSITORY = {
    "type": "pgbackrest",
    "stanza": "main",
    "configuration": "kingfisher-main1",
    "repo_path": "/kingfisher",
    "s3_bucket": "ocp-db-backup",
    "s3_region": "eu-west-2",
    "s3_endpoint": "s3.eu-west-2.amazonaws.com",
    "s3_key": "AKIAEXAMPLE",
    "s3_key_secret": "canary",
}
KINGFISHER = {
    "postgres": {"backup": REPOSITORY},
    "backup": {"location": "ocp-db-backup/incremental", "directories": {"/srv/data": None}},
}
REGISTRY = {
    "postgres": {"backup": {"type": "script", "location": "ocp-registry-backup/database", "databases": ["registry"]}},
    "sync": {"location": "ocp-registry-backup/file-sync", "directories": {"/srv/files": None}},
    "aws": {"region": "eu-west-2", "access_key": "AKIAEXAMPLE", "secret_key": "canary"},
}
CMS = {
    "mysql": {"backup": {"location": "ocp-coalition-backup/database"}},
    "backup": {"location": "ocp-coalition-backup/site", "directories": {"/srv/www": None}},
}
FLEET = {"registry": REGISTRY, "kingfisher-main": KINGFISHER, "cms": CMS, "control": {"aws": {"servers": ["cms"]}}}


def files(location, **settings_of_backup):
    return {"backup": {"location": location}, "aws": {"backup": settings_of_backup}}


def repository(path="/kingfisher", **settings_of_backup):
    return {"postgres": {"backup": {**REPOSITORY, "repo_path": path}}, "aws": {"backup": settings_of_backup}}


def sync(location):
    return {"sync": {"location": location}}


def refused(fleet):
    with pytest.raises(PillarError) as raised:
        backups.plan(fleet)
    return raised.value.problems


def test_the_runbooks_fleet():
    plan = backups.plan(FLEET)
    columns = ("server", "kind", "bucket", "prefix", "region", "expires", "policy", "user")
    after, pgbackrest, synced = "after 30 days", "never (pgBackRest expires)", "never (synced)"
    cms, main, registry = ("cms-backup",) * 2, ("kingfisher-main-backup",) * 2, ("registry-backup",) * 2
    assert [tuple(row[column] for column in columns) for row in plan.rows] == [
        ("cms", "mysql", "ocp-coalition-backup", "database", "us-east-1", after, *cms),
        ("cms", "files", "ocp-coalition-backup", "site", "us-east-1", after, *cms),
        ("kingfisher-main", "pgbackrest", "ocp-db-backup", "kingfisher", "eu-west-2", pgbackrest, *main),
        ("kingfisher-main", "files", "ocp-db-backup", "incremental", "eu-west-2", after, *main),
        ("registry", "script", "ocp-registry-backup", "database", "eu-west-2", after, *registry),
        ("registry", "sync", "ocp-registry-backup", "file-sync", "eu-west-2", synced, *registry),
    ]
    assert plan.buckets == {
        "ocp-coalition-backup": {"region": "us-east-1", "tags": {}},
        "ocp-db-backup": {"region": "eu-west-2", "tags": {}},
        "ocp-registry-backup": {"region": "eu-west-2", "tags": {}},
    }
    assert {bucket: [rule["ID"] for rule in wanted["rules"]] for bucket, wanted in plan.lifecycle.items()} == {
        "ocp-coalition-backup": ["delete-after-30-days"],
        "ocp-db-backup": ["delete-after-30-days-incremental"],
        "ocp-registry-backup": ["delete-after-30-days-database"],
    }
    assert plan.lifecycle["ocp-db-backup"]["protected"] == [
        {"prefix": "kingfisher", "kind": "repository", "source": "postgres:backup of kingfisher-main"}
    ]
    assert plan.lifecycle["ocp-registry-backup"]["protected"] == [
        {"prefix": "file-sync", "kind": "sync", "source": "sync of registry"}
    ]
    assert plan.groups == {}
    assert plan.users["cms-backup"] == {"policies": ["cms-backup"], "groups": [], "detached_policies": []}
    assert plan.keys["cms-backup"] == {"store": None, "rotate_days": None, "grace_days": None}
    assert plan.notes == []


def test_a_plan_is_plain_data_without_secrets():
    data = backups.plan(FLEET).as_data()
    assert yaml.safe_load(yaml.safe_dump(data)) == data
    assert json.loads(json.dumps(data)) == data
    assert "canary" not in json.dumps(data)
    assert set(data) == set(Plan.__dataclass_fields__)


def test_policies_are_made_from_the_plans_data():
    wanted = json.loads(json.dumps(backups.plan(FLEET).as_data()))["policies"]["kingfisher-main-backup"]
    made = backup_policy.document([Target.from_data(target) for target in wanted["targets"]])
    assert made["Statement"][2]["Resource"] == [
        "arn:aws:s3:::ocp-db-backup/incremental/*",
        "arn:aws:s3:::ocp-db-backup/kingfisher/*",
    ]


@given(st.sampled_from(SERVERS), pillars)
def test_targets_survive_as_data(server, pillar):
    for target in backups.targets(server, pillar)[0]:
        assert Target.from_data(json.loads(json.dumps(target.as_data()))) == target


@pytest.mark.parametrize(
    "pillar", [{}, {"backup": None}, {"aws": {"region": "eu-west-2"}}, {"postgres": {"version": 15}}]
)
def test_no_backup_needs_nothing(pillar):
    assert backups.targets("cms", pillar) == ([], [])
    assert backups.plan({"cms": pillar}) == Plan()


def test_the_leading_slash_of_a_repository_is_stripped():
    for path in ("/a/b", "a/b", "/a/b/"):
        assert backups.targets("x", repository(path))[0][0].prefix == "a/b"


def test_a_repository_elsewhere_than_at_aws_is_left_alone():
    pillar = {"postgres": {"backup": {**REPOSITORY, "s3_endpoint": "storage.example.org"}}}
    plan = backups.plan({"kingfisher-main": pillar})
    assert (plan.rows, plan.buckets, plan.users) == ([], {}, {})
    assert plan.notes == [
        (
            "kingfisher-main: postgres:backup:s3_endpoint is 'storage.example.org', which is not at AWS; that repository is not "
            "managed here."
        )
    ]


@pytest.mark.parametrize(
    ("aws", "region"),
    [
        ({"backup": {"buckets": {"ocp-db-backup": {"region": "eu-west-1"}}}, "region": "eu-west-3"}, "eu-west-1"),
        ({"region": "eu-west-3"}, "eu-west-2"),
        ({}, "eu-west-2"),
    ],
)
def test_a_bucket_takes_the_region_that_its_server_names(aws, region):
    pillar = {**KINGFISHER, "aws": aws}
    assert {target.region for target in backups.targets("kingfisher-main", pillar)[0]} == {region}
    assert backups.plan({"kingfisher-main": pillar}).buckets["ocp-db-backup"]["region"] == region


def test_a_server_that_names_no_region_follows_one_that_does():
    plan = backups.plan({"kingfisher-main": KINGFISHER, "cms": files("ocp-db-backup/cms")})
    assert {row["region"] for row in plan.rows} == {"eu-west-2"}
    named = {"aws": {"backup": {"buckets": {"ocp-coalition-backup": {"region": "eu-west-2", "tags": {"team": "a"}}}}}}
    plan = backups.plan({"cms": CMS, "control": named})
    assert plan.buckets == {"ocp-coalition-backup": {"region": "eu-west-2", "tags": {"team": "a"}}}


def test_one_bucket_in_two_regions_is_an_error():
    fleet = {"kingfisher-main": KINGFISHER, "cms": {**files("ocp-db-backup/cms"), "aws": {"region": "us-east-1"}}}
    assert refused(fleet) == [
        (
            "The bucket ocp-db-backup has more than one region: eu-west-2 (postgres:backup:s3_region of kingfisher-main), us-east-1 (aws:region "
            "of cms); a bucket has one: set aws:backup:buckets:ocp-db-backup:region for each of these servers."
        )
    ]


def test_tags_join_and_must_agree():
    fleet = {
        "a": files("ocp-backup/a", buckets={"ocp-backup": {"tags": {"team": "data", "year": "2024"}}}),
        "b": files("ocp-backup/b", buckets={"ocp-backup": {"tags": {"team": "data", "b": "yes"}}}),
    }
    assert backups.plan(fleet).buckets["ocp-backup"]["tags"] == {"b": "yes", "team": "data", "year": "2024"}
    fleet["b"]["aws"]["backup"]["buckets"]["ocp-backup"]["tags"]["team"] = "ops"
    assert refused(fleet) == [
        "aws:backup:buckets:ocp-backup:tags:team differs between servers: 'data' (a), 'ops' (b); name one value."
    ]


def test_settings_of_a_bucket_that_nothing_uses_are_noted():
    plan = backups.plan({"cms": files("ocp-backup", buckets={"ocp-bakcup": {"region": "eu-west-2"}})})
    assert plan.notes == [
        "cms: aws:backup:buckets:ocp-bakcup has settings, but no known backup is stored in that bucket."
    ]


OVERLAPS = [
    (files("ocp-db-backup/kingfisher"), "is the place of the pgBackRest repository"),
    (files("ocp-db-backup/kingfisher/backup"), "is inside the pgBackRest repository"),
    (files("ocp-db-backup"), "has no prefix, so it contains the pgBackRest repository"),
    (sync("ocp-db-backup/kingfisher"), "is the place of the pgBackRest repository"),
    (sync("ocp-db-backup"), "has no prefix, so it contains the pgBackRest repository"),
    ({"mysql": {"backup": {"location": "ocp-db-backup/kingfisher/a"}}}, "is inside the pgBackRest repository"),
]


@pytest.mark.parametrize(("other", "relation"), OVERLAPS)
def test_nothing_that_deletes_lies_over_a_repository_on_one_server_or_two(other, relation):
    one = {**repository(), **other, "aws": {}}
    two = {"kingfisher-main": repository(), "cms": other}
    for fleet in ({"kingfisher-main": one}, two):
        problems = refused(fleet)
        assert len(problems) == 1
        assert relation in problems[0]
        assert "postgres:backup:repo_path of kingfisher-main (ocp-db-backup/kingfisher)" in problems[0]
        assert f"of {max(fleet, key=lambda server: server == 'cms')} (ocp-db-backup" in problems[0]


@pytest.mark.parametrize(
    ("location", "relation"),
    [
        ("ocp-db-backup/sync", "is the place of"),
        ("ocp-db-backup/sync/a", "is inside"),
        ("ocp-db-backup", "has no prefix, so it contains"),
    ],
)
def test_nothing_expires_in_a_synced_directory(location, relation):
    fleet = {"registry": sync("ocp-db-backup/sync"), "cms": files(location)}
    assert refused(fleet) == [
        (
            f"backup:location of cms ({location}), where objects expire, {relation} the synced directory of sync:location of registry "
            "(ocp-db-backup/sync), where none may; give them separate prefixes."
        )
    ]


def test_a_prefix_that_contains_a_repository():
    problems = refused({"a": repository("/a/b"), "b": files("ocp-db-backup/a")})
    assert len(problems) == 1
    assert "backup:location of b (ocp-db-backup/a), where objects expire, contains the pgBackRest" in problems[0]


def test_a_synced_bucket_leaves_no_room_for_what_expires():
    problems = refused({"a": sync("ocp-db-backup"), "b": files("ocp-db-backup/b")})
    assert len(problems) == 1
    assert "is inside the synced directory of sync:location of a (ocp-db-backup)" in problems[0]


def test_prefixes_that_only_begin_alike_are_apart():
    plan = backups.plan(
        {"a": repository("/king"), "b": files("ocp-db-backup/kingfisher"), "c": sync("ocp-db-backup/kin")}
    )
    assert [rule["Filter"]["Prefix"] for rule in plan.lifecycle["ocp-db-backup"]["rules"]] == ["kingfisher/"]


def test_two_servers_with_one_location_are_no_error():
    plan = backups.plan({"a": CMS, "b": CMS})
    assert [rule["ID"] for rule in plan.lifecycle["ocp-coalition-backup"]["rules"]] == ["delete-after-30-days"]
    shared = backups.plan({"a": repository(), "b": repository()})
    assert shared.lifecycle["ocp-db-backup"]["protected"] == [
        {"prefix": "kingfisher", "kind": "repository", "source": "postgres:backup of a, b"}
    ]


def test_different_days():
    fleet = {"a": files("ocp-backup/a", expire_days=60), "b": files("ocp-backup/b")}
    plan = backups.plan(fleet)
    assert [rule["ID"] for rule in plan.lifecycle["ocp-backup"]["rules"]] == [
        "delete-after-60-days-a",
        "delete-after-30-days-b",
    ]
    assert [row["expires"] for row in plan.rows] == ["after 60 days", "after 30 days"]
    fleet["b"]["backup"]["location"] = "ocp-backup"
    assert "aws:backup:expire_days" in refused(fleet)[0]


@pytest.mark.parametrize(
    ("pillar", "ids"),
    [
        (repository(), []),
        (repository(abort_multipart_days=5), ["abort-multipart-after-5-days-kingfisher"]),
        (
            {**repository(abort_multipart_days=5), "backup": KINGFISHER["backup"]},
            ["delete-after-30-days-incremental"],
        ),
        (
            {**repository(pgbackrest={"abort_multipart_days": 5}), "backup": KINGFISHER["backup"]},
            ["delete-after-30-days-incremental", "abort-multipart-after-5-days-kingfisher"],
        ),
        (
            {**sync("ocp-db-backup/s"), "aws": {"backup": {"abort_multipart_days": 5}}},
            ["abort-multipart-after-5-days-s"],
        ),
        (sync("ocp-db-backup/s"), []),
    ],
)
def test_unfinished_uploads_where_nothing_expires_only_when_asked(pillar, ids):
    wanted = backups.plan({"x": pillar}).lifecycle["ocp-db-backup"]
    assert [rule["ID"] for rule in wanted["rules"]] == ids
    assert wanted["allow"] == [name for name in ids if name.startswith("abort")]
    protected = [lifecycle_dangers.Protected(**place) for place in wanted["protected"]]
    assert lifecycle_dangers.dangers("ocp-db-backup", [], wanted["rules"], protected, wanted["allow"]) == ([], [])
    assert lifecycle_merge.merge([], wanted["rules"], protected)[0] == wanted["rules"]


def test_features_of_pgbackrest_are_options():
    pillar = {**repository(pgbackrest={"tags": True, "target_time": False}), "backup": KINGFISHER["backup"]}
    assert [target.options for target in backups.targets("x", pillar)[0]] == [{"tags"}, set()]


def test_a_group_has_the_policy_of_all_its_members():
    plan = backups.plan(
        {
            "a": files("ocp-backup/a", group="backup"),
            "b": files("ocp-backup/b", group="backup"),
            "c": files("ocp-backup/c"),
        }
    )
    assert plan.groups == {"backup": {"policies": ["backup"]}}
    moved = {"policies": [], "groups": ["backup"], "detach_backups_only": True}
    assert plan.users == {
        "a-backup": {**moved, "detached_policies": ["a-backup"]},
        "b-backup": {**moved, "detached_policies": ["b-backup"]},
        "c-backup": {"policies": ["c-backup"], "groups": [], "detached_policies": []},
    }
    assert sorted(plan.policies) == ["backup", "c-backup"]
    assert [target["prefix"] for target in plan.policies["backup"]["targets"]] == ["a", "b"]
    assert plan.policies["backup"]["holders"] == {"users": ["a-backup", "b-backup"], "groups": ["backup"]}
    assert plan.policies["c-backup"]["holders"] == {"users": ["c-backup"], "groups": []}


def test_servers_that_share_a_user_share_its_policy_and_its_key():
    here, there = {"pillar_file": "/srv/a.sls"}, {"pillar_file": "/srv/b.sls"}
    fleet = {
        "a": files("ocp-backup/a", user="writer", store=here, rotate_days=90),
        "b": files("ocp-backup/b", user="writer", store=there),
        "c": files("ocp-backup/c", user="writer", store=here),
        "d": files("ocp-backup/d", user="writer"),
    }
    plan = backups.plan(fleet)
    assert list(plan.users) == list(plan.policies) == ["writer"]
    assert len(plan.policies["writer"]["targets"]) == 4
    keys = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}
    assert plan.keys == {
        "writer": {"store": [{**here, "keys": keys}, {**there, "keys": keys}], "rotate_days": 90, "grace_days": None}
    }
    assert plan.notes == [
        "d: the user writer is shared, but this pillar names no aws:backup:store, so a new key does not reach it."
    ]


@pytest.mark.parametrize(
    ("pillar", "keys"),
    [
        (repository(), ("postgres:backup:s3_key", "postgres:backup:s3_key_secret")),
        (files("ocp-backup"), ("aws:access_key", "aws:secret_key")),
        (sync("ocp-backup"), ("aws:access_key", "aws:secret_key")),
        (
            KINGFISHER,
            (["postgres:backup:s3_key", "aws:access_key"], ["postgres:backup:s3_key_secret", "aws:secret_key"]),
        ),
    ],
)
def test_a_key_goes_where_the_servers_tools_read_it(pillar, keys):
    store = {"pillar_file": "/srv/x.sls", "gpg": {"recipients": ["ops"]}}
    plan = backups.plan({"x": {**pillar, "aws": {"backup": {"store": store}}}})
    assert plan.keys["x-backup"]["store"] == [
        {**store, "keys": dict(zip(("access_key", "secret_key"), keys, strict=True))}
    ]


@pytest.mark.parametrize(
    "store",
    ["sdb://vault/x", {"sdb": "sdb://v/x"}, {"pillar_file": "/x.sls", "keys": {"access_key": "a", "secret_key": "b"}}],
)
def test_a_store_that_says_where_is_passed_on(store):
    assert backups.plan({"x": files("ocp-backup", store=store)}).keys["x-backup"]["store"] == [store]


@pytest.mark.parametrize(
    ("fleet", "sentence"),
    [
        (
            {"a": files("ocp-backup", user="w", group="g"), "b": files("ocp-backup", user="w")},
            "The user w is in aws:backup:group g by the pillar of a, and in none by that of b",
        ),
        (
            {"a": files("ocp-backup", user="w"), "b": files("ocp-backup", user="W")},
            "aws:backup:user gives the users W and w, which differ only by case",
        ),
        (
            {"a": files("ocp-backup", group="g"), "b": files("ocp-backup", group="G")},
            "aws:backup:group gives the groups G and g, which differ only by case",
        ),
        (
            {"a": files("ocp-backup", group="w"), "b": files("ocp-backup", user="w")},
            "aws:backup:group w of a and the user w of b would have one policy w between them",
        ),
        ({"x" * 60: files("ocp-backup")}, "aws:backup:user is by default"),
        ({"a/b": files("ocp-backup")}, "aws:backup:user is by default 'a/b-backup'"),
        (
            {"a": files("ocp-backup", user="w", rotate_days=1), "b": files("ocp-backup", user="w", rotate_days=2)},
            "aws:backup:rotate_days differs between servers that share the user w: 1 (a), 2 (b); name one value.",
        ),
    ],
)
def test_names_that_cannot_be(fleet, sentence):
    problems = refused(fleet)
    assert sentence in problems[0]


def test_a_policy_too_large_for_iam_is_an_error_of_the_pillar():
    fleet = {f"server-{number:03}": files(f"ocp-backup/server-{number:03}", group="all") for number in range(120)}
    assert "The policy all has" in refused(fleet)[0]


def test_a_wide_grant_beside_a_repository_is_noted():
    pillar = {**KINGFISHER, "aws": {"backup": {"scope": "bucket"}}}
    assert backups.plan({"kingfisher-main": pillar}).notes == [
        (
            "kingfisher-main: aws:backup:scope is bucket, so the policy kingfisher-main-backup also allows deleting the "
            "pgBackRest repository of kingfisher-main (ocp-db-backup/kingfisher)."
        )
    ]


def test_a_server_without_backups_is_noted():
    ids = {"kingfisher_main": "kingfisher-main", "nothing": None}
    fleet = {"control": {}, "cms": CMS, "kingfisher_main": {"motd": "hello"}, "nothing": {}}
    assert backups.plan(fleet, ["cms", *ids], ids.get).notes == [
        (
            "kingfisher_main: aws:servers names it, but its pillar defines no backup; did you mean kingfisher-main? If not, remove it."
        ),
        "nothing: aws:servers names it, but its pillar defines no backup; name minions by their ID, or remove it.",
    ]


def test_a_server_whose_repository_is_elsewhere_has_a_backup():
    elsewhere = {**KINGFISHER["postgres"]["backup"], "s3_endpoint": "s3.example.org"}
    [note] = backups.plan({"x": {"postgres": {"backup": elsewhere}}}, ["x"]).notes
    assert "not at AWS" in note


def test_all_problems_of_all_servers_at_once():
    problems = refused({"b": {"backup": {}}, "a": {"sync": {"location": ""}, "aws": {"x": 1}}})
    assert [problem.split(" ")[:2] for problem in problems] == [
        ["a:", "aws:x"],
        ["a:", "sync:location"],
        ["b:", "backup:location"],
    ]


# What must never expire, and what rules do, told from pillar and plan without the code under test.


def must_stay(fleet):
    for pillar in fleet.values():
        backup = pillar.get("postgres", {}).get("backup", {})
        if backup.get("type") == "pgbackrest":
            yield backup["s3_bucket"], backup["repo_path"].removeprefix("/") + "/"
        if "sync" in pillar:
            bucket, _, prefix = pillar["sync"]["location"].partition("/")
            yield bucket, prefix + "/" if prefix else ""


def may_go(fleet):
    for pillar in fleet.values():
        postgres = pillar.get("postgres", {}).get("backup", {})
        for backup in (postgres, pillar.get("mysql", {}).get("backup", {}), pillar.get("backup", {})):
            if "location" in backup:
                bucket, _, prefix = backup["location"].partition("/")
                days = pillar.get("aws", {}).get("backup", {}).get("expire_days", 30)
                yield bucket, f"{prefix}/2024-01-01.tar.gz".removeprefix("/"), days


def planned(fleet):
    try:
        return backups.plan(fleet)
    except PillarError:
        return None


@given(fleets)
@settings(max_examples=300)
def test_no_plan_has_a_rule_that_reaches_what_must_stay(fleet):
    plan = planned(fleet)
    for bucket, root in must_stay(fleet) if plan else ():
        for rule in plan.lifecycle[bucket]["rules"]:
            prefix = rule["Filter"]["Prefix"]
            if "Expiration" in rule:
                assert not root.startswith(prefix)
                assert not prefix.startswith(root)


@given(fleets)
@settings(max_examples=300)
def test_every_plan_expires_what_should_go_after_its_days_and_not_before(fleet):
    plan = planned(fleet)
    for bucket, key, days in may_go(fleet) if plan else ():
        expiring = [rule for rule in plan.lifecycle[bucket]["rules"] if "Expiration" in rule]
        assert {rule["Expiration"]["Days"] for rule in expiring if key.startswith(rule["Filter"]["Prefix"])} == {days}


def test_fleets_are_drawn_with_plans_and_without():
    """Of those that have a bucket both for what must stay and for what goes."""
    seen = Counter()

    @given(fleets)
    @settings(max_examples=300, derandomize=True, database=None)
    def count(fleet):
        if {bucket for bucket, _ in must_stay(fleet)} & {bucket for bucket, *_ in may_go(fleet)}:
            seen["planned" if planned(fleet) else "refused"] += 1

    count()
    assert seen["planned"] >= 3, seen
    assert seen["refused"] >= 3, seen


@given(fleets, st.randoms())
def test_the_order_of_servers_does_not_matter(fleet, random):
    servers = list(fleet)
    random.shuffle(servers)
    shuffled = {server: fleet[server] for server in servers}
    try:
        expected = backups.plan(fleet)
    except PillarError as error:
        assert refused(shuffled) == error.problems
    else:
        assert json.dumps(backups.plan(shuffled).as_data()) == json.dumps(expected.as_data())


junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=4),
        st.dates(),
        st.sampled_from(["/", "a//b"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def spoilt(draw):
    """A fleet with junk somewhere: in place of a value, or beside one."""
    fleet = copy.deepcopy(draw(fleets))
    for _ in range(draw(st.integers(1, 3))):
        inner = fleet
        while isinstance(inner, dict) and inner:
            key = draw(st.sampled_from(sorted(inner, key=str)))
            if inner is not fleet and (not isinstance(inner[key], dict) or draw(st.integers(0, 3)) == 0):
                new = draw(st.sampled_from([key, "unknown", 5, "location", "repo_path", "aws", "backup"]))
                inner[new] = draw(junk)
                break
            inner = inner[key]
    return fleet


@given(spoilt())
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_any_pillar_gives_a_plan_or_sentences_that_name_a_key(fleet):
    try:
        data = backups.plan(fleet).as_data()
    except PillarError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.endswith(".")
            assert any(key in problem for key in ("aws", "backup", "postgres", "mysql", "sync", "the pillar"))
    else:
        json.dumps(data)


@pytest.mark.parametrize("pillar", [None, "x", [], 5, {"aws": []}, {"backup": "x"}, {"postgres": {"backup": 5}}])
def test_what_is_no_pillar_is_refused(pillar):
    assert refused({"a": pillar})[0].startswith("a: ")
