"""Lifecycle rules: what is not ours stays, and what could delete a backup is refused before anything is written."""

from dataclasses import replace

import pytest
from salt.exceptions import CommandExecutionError

BUCKET = "ocp-db-backup"
REPOSITORY = "kingfisher/archive/main/archive.info"
EXPIRING = {
    "ID": "delete-after-30-days-incremental",
    "Status": "Enabled",
    "Filter": {"Prefix": "incremental/"},
    "Expiration": {"Days": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
EVERYTHING = {**EXPIRING, "ID": "delete-after-30-days", "Filter": {"Prefix": ""}}
FOREIGN = {
    "ID": "to-glacier",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "no"}], "ObjectSizeGreaterThan": 1000}},
    "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
    "NoncurrentVersionExpiration": {"NoncurrentDays": 9, "NewerNoncurrentVersions": 2},
}


@pytest.fixture
def s3(sandbox):
    client = sandbox.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def put(s3, *rules, **extra):
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": list(rules)}, **extra)


def rules(s3):
    return s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]


def managed(converge, *wanted, **arguments):
    return converge("s3_lifecycle.managed", name=BUCKET, rules=list(wanted), **arguments)


def test_a_rule_that_is_not_ours_stays_as_it_is(converge, s3):
    put(s3, FOREIGN)
    before = rules(s3)
    assert managed(converge, EXPIRING).result is True
    assert rules(s3)[0] == before[0]
    assert rules(s3)[1]["ID"] == EXPIRING["ID"]


def test_a_rule_that_only_a_later_boto3_knows_whole_is_not_written_again(states, modules, sandbox, proxy, s3):
    """What botocore leaves out may be what keeps the rule away from backups."""
    put(s3, FOREIGN)
    proxy.fault("s3:GetBucketLifecycleConfiguration", _with_a_later_member, calls=None)
    sandbox.clear_calls()
    for test in (True, False):
        ret = states["s3_lifecycle.managed"](name=BUCKET, rules=[EXPIRING], test=test)
        assert ret.result is False
        assert ret.comment == (
            f"A lifecycle rule of the bucket {BUCKET} has LaterFilter, which the installed boto3 does not know, and a write "
            "would remove it. Install a later boto3, and run this again."
        )
        assert states["s3_lifecycle.managed"](name=BUCKET, rules=[], test=test).result is True
    with pytest.raises(CommandExecutionError, match="LaterFilter"):
        modules["s3_lifecycle.update"](BUCKET, [EXPIRING])
    assert proxy.struck
    assert sandbox.calls(write=True) == []


def _with_a_later_member(answer):
    body = answer.body.replace(b"</And>", b"<LaterFilter>x</LaterFilter></And>")
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    return replace(answer, headers=headers, body=body)


def test_beside_a_rule_in_the_old_form_that_expires_a_part_ours_covers_all(converge, s3):
    """S3 took neither a mixture nor, in the old form, two expirations of the same objects: each run failed."""
    put(s3, {"ID": "logs", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 3}})
    assert managed(converge, EVERYTHING).result is True
    assert [(entry["ID"], entry["Filter"], entry["Expiration"]) for entry in rules(s3)] == [
        ("logs", {"Prefix": "logs/"}, {"Days": 3}),
        (EVERYTHING["ID"], {"Prefix": ""}, {"Days": 30}),
    ]


def test_beside_a_rule_in_the_old_form_ours_has_it_too(converge, s3):
    """S3 refuses a configuration that mixes the two."""
    put(s3, {"ID": "logs", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 90}})
    before = rules(s3)
    assert managed(converge, EXPIRING).result is True
    assert rules(s3)[0] == before[0]
    assert rules(s3)[1]["Prefix"] == "incremental/"


def test_purge_removes_what_is_not_ours(converge, s3):
    put(s3, FOREIGN)
    managed(converge, EXPIRING, purge=True)
    assert [rule["ID"] for rule in rules(s3)] == [EXPIRING["ID"]]


def test_the_minimum_size_for_transitions_stays(converge, s3):
    put(s3, FOREIGN, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    managed(converge, EXPIRING)
    kept = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["TransitionDefaultMinimumObjectSize"]
    assert kept == "varies_by_storage_class"


@pytest.mark.parametrize(
    "found",
    [
        {**{key: value for key, value in EVERYTHING.items() if key != "Filter"}, "Prefix": ""},
        {**EVERYTHING, "ID": "somebody-elses-name"},
        {**EVERYTHING, "Filter": {}},
    ],
    ids=["old Prefix form", "other ID", "empty Filter"],
)
def test_a_rule_that_means_the_same_is_no_change(converge, s3, sandbox, found):
    put(s3, found)
    sandbox.clear_calls()
    assert managed(converge, EVERYTHING).changes == {}
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize(
    "filter_",
    [
        {"Prefix": ""},
        {"Prefix": "king"},
        {"Prefix": "kingfisher/"},
        {"Prefix": "kingfisher/archive/main/1"},
        {"And": {"Prefix": "kingfisher/", "ObjectSizeLessThan": 10}},
        {"Tag": {"Key": "team", "Value": "data"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["declared", "discovered"])
@pytest.mark.parametrize("whose", ["found", "wanted"])
def test_no_rule_may_expire_a_repository(converge, s3, sandbox, filter_, where, whose):
    rule = {"ID": "spring-cleaning", "Status": "Enabled", "Filter": filter_, "Expiration": {"Days": 30}}
    arguments = {}
    if where == "declared":
        arguments["protected"] = [
            {"prefix": "kingfisher", "kind": "repository", "source": "postgres:backup of kingfisher-main"}
        ]
    else:
        s3.put_object(Bucket=BUCKET, Key=REPOSITORY, Body=b"[backrest]")
    if whose == "found":
        put(s3, rule)
    sandbox.clear_calls()
    ret = managed(converge, *([rule] if whose == "wanted" else [EXPIRING]), **arguments)
    assert ret.result is False
    assert sandbox.calls(write=True) == []
    assert "spring-cleaning" in ret.comment
    assert "repository" in ret.comment
    assert "kingfisher" in ret.comment
    assert (REPOSITORY in ret.comment) is (where == "discovered")
    if whose == "found":
        assert f"salt-call --local s3_lifecycle.delete_rule {BUCKET}" in ret.comment


def test_no_rule_may_expire_a_synced_directory(converge, s3):
    protected = [{"prefix": "file-sync", "kind": "sync", "source": "sync of registry"}]
    ret = managed(converge, EVERYTHING, protected=protected)
    assert ret.result is False
    assert "file-sync" in ret.comment


def test_a_dangerous_rule_is_found_although_none_is_wanted(converge, s3):
    put(s3, EVERYTHING)
    s3.put_object(Bucket=BUCKET, Key=REPOSITORY, Body=b"[backrest]")
    ret = managed(converge)
    assert ret.result is False
    assert REPOSITORY in ret.comment


@pytest.mark.parametrize(("name", "given"), [("123", 123), ("true", True), ("[1]", [1]), ("1.50", 1.5), ("null", None)])
def test_a_rule_whose_id_salt_reads_as_something_else_can_be_deleted(modules, s3, name, given):
    put(s3, {**EXPIRING, "ID": name}, FOREIGN)
    assert modules["s3_lifecycle.delete_rule"](BUCKET, given) is True
    assert [rule["ID"] for rule in rules(s3)] == ["to-glacier"]


def test_of_two_rules_that_salt_reads_alike_none_is_deleted(modules, s3):
    put(s3, {**EXPIRING, "ID": "0777"}, {**FOREIGN, "ID": "777"})
    with pytest.raises(
        CommandExecutionError, match="has the lifecycle rules 0777 and 777; name one of them, in quotes"
    ):
        modules["s3_lifecycle.delete_rule"](BUCKET, 777)
    assert len(rules(s3)) == 2
    with pytest.raises(CommandExecutionError, match="has no lifecycle rule 1; it has: 0777, 777"):
        modules["s3_lifecycle.delete_rule"](BUCKET, 1)


@pytest.mark.runs_command("lifecycle_dangers.remove", "s3_lifecycle.delete_rule")
@pytest.mark.parametrize(
    "name", ["delete-after-30-days", "it's $(touch x)", "123", "true", "[1]", "x=y#z", "x=y", "--help"]
)
def test_what_the_sentence_says_works(converge, obey, s3, name):
    put(s3, {**EVERYTHING, "ID": name}, FOREIGN)
    s3.put_object(Bucket=BUCKET, Key=REPOSITORY, Body=b"[backrest]")
    ret = managed(converge, EXPIRING)
    assert ret.result is False
    obey(ret.comment, "s3_lifecycle.delete_rule")
    assert managed(converge, EXPIRING).result is True
    assert [rule["ID"] for rule in rules(s3)] == ["to-glacier", EXPIRING["ID"]]


@pytest.mark.parametrize(
    "action",
    [
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ],
    ids=["noncurrent", "multipart"],
)
def test_what_touches_no_current_object_is_allowed_by_name_and_reported_when_found(converge, s3, action):
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": "kingfisher/"}, **action}
    protected = [{"prefix": "kingfisher", "kind": "repository", "source": "postgres:backup of kingfisher-main"}]
    refused = managed(converge, rule, protected=protected)
    assert refused.result is False
    assert "name it in allow" in refused.comment
    allowed = managed(converge, rule, protected=protected, allow=["tidy"])
    assert allowed.result is True
    assert allowed.warnings == []
    reported = managed(converge, protected=protected)
    assert reported.result is True
    assert "tidy" in reported.warnings[0]


@pytest.mark.parametrize(
    ("declared", "stranger"),
    [
        (["database"], "file-sync/"),
        (["database", "file-sync/a"], "file-sync/b/"),
        (["database", "file-sync"], None),
        ([""], None),
    ],
)
def test_a_new_rule_on_everything_spares_what_no_pillar_names(converge, s3, declared, stranger):
    for key in ("database/2024.sql.gz", "file-sync/a/1", "file-sync/b/2"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
    ret = managed(converge, EVERYTHING, declared=declared)
    assert ret.result is (stranger is None), ret.comment
    if stranger:
        assert f"would also expire objects that no known pillar accounts for: {stranger}." in ret.comment
        assert "aws:servers" in ret.comment
        assert "expire_all: True" in ret.comment


def test_a_rule_that_is_there_already_is_not_asked_about_again(converge, s3, sandbox):
    put(s3, EVERYTHING)
    s3.put_object(Bucket=BUCKET, Key="old.tar.gz", Body=b"1")
    assert managed(converge, EVERYTHING, declared=["database"]).changes == {}


def test_absent_removes_the_rules_it_names_and_no_other(converge, s3):
    put(s3, FOREIGN, EXPIRING)
    assert converge("s3_lifecycle.absent", name=BUCKET, ids=[EXPIRING["ID"]]).result is True
    assert [rule["ID"] for rule in rules(s3)] == ["to-glacier"]
    converge("s3_lifecycle.absent", name=BUCKET, ids=["to-glacier"])
    assert s3.list_buckets()["Buckets"]


def test_delete_rule_names_the_existing_rules(modules, s3):
    put(s3, FOREIGN)
    with pytest.raises(Exception, match="has no lifecycle rule nothing; it has: to-glacier"):
        modules["s3_lifecycle.delete_rule"](BUCKET, "nothing")


def test_a_bucket_that_is_not_there_yet_is_planned_the_same(states, sandbox):
    planned = states["s3_lifecycle.managed"](name="not-there-yet", rules=[EVERYTHING], test=True)
    assert planned.result is None
    assert planned.changes == {"rules": {"old": [], "new": [EVERYTHING]}}


def test_not_even_the_bare_write_expires_a_repository(modules, s3, sandbox):
    """From the command line, where no pillar says what must stay; a rule that is there already does not stand in the way."""
    s3.put_object(Bucket=BUCKET, Key=REPOSITORY)
    sandbox.clear_calls()
    with pytest.raises(CommandExecutionError, match=rf"would expire .*found in the bucket \({REPOSITORY}\)"):
        modules["s3_lifecycle.update"](BUCKET, [EXPIRING, EVERYTHING])
    assert sandbox.calls(write=True) == []
    assert modules["s3_lifecycle.update"](BUCKET, [EXPIRING]) is True
    put(s3, EXPIRING, EVERYTHING)
    assert modules["s3_lifecycle.delete_rule"](BUCKET, EXPIRING["ID"]) is True
    assert [rule["ID"] for rule in rules(s3)] == [EVERYTHING["ID"]]


def test_a_change_of_a_rule_is_shown_as_a_diff(converge, s3):
    put(s3, FOREIGN, EXPIRING)
    ret = managed(converge, {**EXPIRING, "Expiration": {"Days": 60}})
    assert set(ret.changes) == {"rules"}
    assert set(ret.changes["rules"]) == {"diff"}
    assert [line for line in ret.changes["rules"]["diff"].splitlines()[3:] if line[0] != " "] == [
        "-  Expiration: {Days: 30}",
        "+  Expiration: {Days: 60}",
    ]


def test_a_rule_that_goes_is_shown_as_a_diff(converge, s3):
    put(s3, FOREIGN, EXPIRING)
    diff = converge("s3_lifecycle.absent", name=BUCKET, ids=[EXPIRING["ID"]]).changes["rules"]["diff"]
    assert f"-- ID: {EXPIRING['ID']}" in diff.splitlines()
    assert not any(line.startswith("+") for line in diff.splitlines()[2:])


@pytest.mark.parametrize("prefix", ["kingfisher", "/kingfisher", "kingfisher/", "/kingfisher/"])
@pytest.mark.parametrize("covered", ["kingfisher/", "kingfisher/archive/main/", "/kingfisher/x/"])
def test_a_place_is_protected_with_and_without_slashes_around_it(converge, s3, prefix, covered):
    """The setting of pgBackRest begins with one, and names of objects do not."""
    place = {"prefix": prefix, "kind": "repository", "source": "postgres:backup of kingfisher"}
    if covered.startswith("/") and not prefix.startswith("/"):
        covered = covered[1:]
    ret = managed(converge, {**EXPIRING, "Filter": {"Prefix": covered}}, protected=[place])
    assert ret.result is False
    assert "reaches the pgBackRest repository" in ret.comment


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"protected": {"prefix": "a"}},
            "protected is {'prefix': 'a'}; give a list of mappings of prefix, kind, source",
        ),
        ({"protected": ["a"]}, "protected has 'a'; give a mapping of prefix, kind, source, each a text"),
        (
            {"protected": [{"prefix": None, "kind": "sync", "source": "x"}]},
            "give a mapping of prefix, kind, source, each",
        ),
        (
            {"protected": [{"prefix": "a", "kind": "mirror", "source": "x"}]},
            "kind is 'mirror'; allowed are repository, sy",
        ),
        ({"allow": EXPIRING["ID"]}, f"allow is '{EXPIRING['ID']}'; give a list of names"),
        ({"declared": "incremental"}, "declared is 'incremental'; give a list of names"),
        ({"recovery": {"allow_suspend": "no"}}, "recovery:allow_suspend is 'no'; allowed are True, False"),
    ],
)
def test_an_argument_of_another_shape_is_one_sentence(converge, s3, arguments, told):
    ret = managed(converge, EXPIRING, **arguments)
    assert ret.result is False
    assert told in ret.comment


def test_a_rule_that_s3_would_not_take_is_told_by_the_plan_too(converge, s3):
    ret = managed(converge, {**EXPIRING, "Expiration": {"Days": 0}})
    assert ret.result is False
    assert ret.comment == (
        f"bucket {BUCKET}: rules: the rule '{EXPIRING['ID']}': Expiration:Days is 0; give a whole number, 1 or more."
    )


def test_ids_to_remove_are_a_list_and_no_parts_of_a_text(converge, s3):
    put(s3, {**EXPIRING, "ID": "delete-after-30-days"})
    ret = converge("s3_lifecycle.absent", name=BUCKET, ids="delete-after-30-days-incremental")
    assert ret.result is False
    assert "ids is 'delete-after-30-days-incremental'; give a list of names" in ret.comment
    assert len(rules(s3)) == 1
