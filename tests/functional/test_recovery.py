"""``aws:backup:recovery`` from pillar to AWS: versions, the one rule for them, Object Lock; and what stops it."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from aws_runbook import clock
from aws_runbook.backups.expiry import keeping_rule

BUCKET, REGION = "ocp-db-backup", "eu-west-2"
START = datetime(2030, 3, 1, 12, tzinfo=timezone.utc)
REPOSITORY = {"postgres": {"backup": {"type": "pgbackrest", "repo_path": "/kingfisher", "s3_bucket": BUCKET}}}
FILES = {"backup": {"location": f"{BUCKET}/incremental"}}
LOCK = {"lock": "COMPLIANCE", "lock_days": 65, "retention_days": 35}
CHANGED = {f"aws-bucket-{BUCKET}", f"aws-lifecycle-{BUCKET}"}


def pillar(recovery=None, **more):
    settings = {} if recovery is None else {"recovery": recovery}
    return {**REPOSITORY, **FILES, "aws": {"region": REGION, "backup": settings}, **more}


@pytest.fixture
def s3(sandbox):
    return sandbox.client("s3", region=REGION)


@pytest.fixture
def now(sandbox, monkeypatch):
    """Set the time, here and at AWS."""
    sandbox.stop_clock()

    def at(moment):
        sandbox.set_clock(moment)
        monkeypatch.setattr(clock, "now", lambda: moment)

    at(START)
    return at


@pytest.fixture
def fleet(account, now):
    return lambda recovery=None: account(pillar(recovery))


def buckets(fleet, **options):
    return fleet.apply("aws.buckets", **options)


def changes(states):
    return {name: state["changes"] for name, state in states.items() if state["changes"]}


def told(states):
    return [line for state in states.values() for line in state.get("warnings", [])]


def failures(states):
    return [state["comment"] for state in states.values() if state["result"] is False]


def rules(s3):
    return s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]


def write_rules(s3, *added):
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [*rules(s3), *added]})


def versioning(s3):
    return s3.get_bucket_versioning(Bucket=BUCKET).get("Status")


def converged(fleet, sandbox):
    """Apply with a plan before and another run after it: what the plan said, and that the second changes nothing."""
    sandbox.refuse_writes()
    planned = buckets(fleet, test=True)
    sandbox.refuse_writes(False)
    applied = buckets(fleet)
    assert failures(planned) == failures(applied) == []
    assert changes(applied) == changes(planned)
    sandbox.clear_calls()
    assert changes(buckets(fleet)) == {}
    assert sandbox.calls(write=True) == []
    return planned


def test_a_bucket_keeps_versions_by_one_rule_and_the_others_stay(fleet, sandbox, s3):
    planned = converged(fleet({"days": 30}), sandbox)
    assert changes(planned).keys() == CHANGED
    assert versioning(s3) == "Enabled"
    assert [rule["ID"] for rule in rules(s3)] == ["delete-after-30-days-incremental", "keep-versions-for-30-days"]
    assert rules(s3)[-1] == keeping_rule(30)
    growth = next(line for line in told(planned) if " grows " in line)
    assert growth.startswith(
        f"How much the bucket {BUCKET} grows is unknown without recovery:retention_days: all but kingfisher/ grows to at most 2.0 times "
        "its size without recovery"
    )
    assert "incremental/: (30 + 30) / 30" in growth
    assert "kingfisher/: unknown without recovery:retention_days" in growth


def test_until_it_is_in_force_everywhere_a_line_waits_and_nothing_changes(fleet, now, sandbox):
    kept = fleet({"days": 30})
    buckets(kept)
    now(START + timedelta(minutes=14))
    waiting = buckets(kept)
    [line] = told(waiting)
    assert line.startswith(
        f"Waiting: it takes up to 15 minutes until versioning of the bucket {BUCKET} is in effect everywhere"
    )
    assert changes(waiting) == {}
    [entry] = kept.call("s3_bucket.pending")
    assert (entry["on"], entry["since"]) == ("AWS", START.isoformat())
    assert any(entry.items() <= known.items() for known in kept.call("aws_account.pending", format="data"))
    now(START + timedelta(minutes=15))
    assert told(buckets(kept)) == []
    assert kept.call("s3_bucket.pending") == []
    assert changes(buckets(kept)) == {}


def test_a_bucket_that_keeps_versions_already_does_not_wait(fleet, s3):
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert not any(line.startswith("Waiting:") for line in told(buckets(fleet({"days": 30}))))
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=BUCKET)


@pytest.mark.parametrize("theirs", [{"cost": "1"}, {}], ids=["tagged", "without tags"])
def test_since_when_is_noted_beside_other_tags_and_put_back_when_aws_refuses(fleet, sandbox, s3, theirs):
    def tags():
        try:
            return {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
        except s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchTagSet"
            return {}

    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    if theirs:
        tag_set = [{"Key": key, "Value": value} for key, value in theirs.items()]
        s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tag_set})
    sandbox.fault("PutBucketVersioning", "access_denied")
    [comment, *_] = failures(buckets(fleet({"days": 30})))
    assert "s3:PutBucketVersioning" in comment
    assert tags() == theirs
    buckets(fleet({"days": 30}))
    assert tags() == {**theirs, "aws-runbook:versions-since": START.isoformat()}


@pytest.mark.parametrize("mode", ["COMPLIANCE", "GOVERNANCE"])
def test_object_lock_and_what_cannot_be_undone(fleet, sandbox, s3, mode):
    planned = converged(fleet({"days": 30, **LOCK, "lock": mode}), sandbox)
    retention = s3.get_object_lock_configuration(Bucket=BUCKET)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": mode, "Days": 65}
    [line] = [line for line in told(planned) if line.startswith("This cannot be undone: ")]
    assert "65 days" in line
    assert ("root user" in line) == (mode == "COMPLIANCE")
    growth = next(line for line in told(planned) if " grows " in line)
    assert "kingfisher/: (35 + 30) / 35" in growth
    assert "incremental/: 65 locked days / 30" in growth


def test_drift_is_found_and_mended(fleet, sandbox, s3):
    kept = fleet({"days": 30})
    buckets(kept)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    shortened = [{**rule, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}} for rule in rules(s3)[-1:]]
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [*rules(s3)[:-1], *shortened]}
    )
    assert changes(converged(kept, sandbox)).keys() == CHANGED
    assert (versioning(s3), rules(s3)[-1]) == ("Enabled", keeping_rule(30))


def test_a_shorter_lock_by_hand_is_mended(fleet, sandbox, s3):
    kept = fleet({"days": 30, **LOCK})
    buckets(kept)
    shorter = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": shorter}
    )
    planned = converged(kept, sandbox)
    assert changes(planned)[f"aws-bucket-{BUCKET}"] == {
        "object_lock_mode": {"old": "GOVERNANCE", "new": "COMPLIANCE"},
        "object_lock_days": {"old": 1, "new": 65},
    }


def test_days_are_changed_in_place(fleet, sandbox, s3):
    buckets(fleet({"days": 30}))
    longer = converged(fleet({"days": 60}), sandbox)
    assert any("all but kingfisher/ grows to at most 3.0 times" in line for line in told(longer))
    shorter = converged(fleet({"days": 10}), sandbox)
    [line] = [line for line in told(shorter) if "S3's next run" in line]
    assert "more than 10 days ago" in line
    assert "kept for 60 days" in line
    assert [rule["ID"] for rule in rules(s3)][1:] == ["keep-versions-for-10-days"]


@pytest.mark.parametrize(
    "selection",
    [
        {"Prefix": ""},
        {"Prefix": "kingfisher/archive"},
        {"Tag": {"Key": "k", "Value": "v"}},
        {"ObjectSizeGreaterThan": 5},
    ],
)
def test_a_rule_that_deletes_versions_sooner_stops_everything(fleet, sandbox, s3, selection):
    kept = fleet({"days": 30})
    buckets(kept)
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": selection}
    theirs["NoncurrentVersionExpiration"] = {"NoncurrentDays": 29, "NewerNoncurrentVersions": 10}
    write_rules(s3, theirs)
    sandbox.clear_calls()
    [comment] = failures(buckets(kept))
    assert "the lifecycle rule 'theirs'" in comment
    assert "deletes noncurrent versions after 29 days, and recovery keeps them for 30" in comment
    assert sandbox.calls("s3", write=True) == []


@pytest.mark.runs_command("lifecycle_dangers.remove", "s3_lifecycle.delete_rule")
def test_the_command_that_removes_such_a_rule_works(fleet, s3, obey):
    kept = fleet({"days": 30})
    buckets(kept)
    theirs = {"ID": "their rule", "Status": "Enabled", "Filter": {"Prefix": ""}}
    write_rules(s3, {**theirs, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    [comment] = failures(buckets(kept))
    obey(comment, "s3_lifecycle.delete_rule", "their rule", call=kept.call)
    assert failures(buckets(kept)) == []
    assert [rule["ID"] for rule in rules(s3)][1:] == ["keep-versions-for-30-days"]


def test_a_rule_of_the_old_form_is_written_in_the_new_one_and_means_the_same(fleet, sandbox, s3):
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    theirs = {"ID": "theirs", "Prefix": "logs/", "Status": "Enabled", "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})
    s3.put_object(Bucket=BUCKET, Key="logs/a", Body=b"x")
    converged(fleet({"days": 30}), sandbox)
    assert rules(s3)[0] == {
        **{name: theirs[name] for name in theirs if name != "Prefix"},
        "Filter": {"Prefix": "logs/"},
    }
    assert rules(s3)[-1] == keeping_rule(30)


def test_a_rule_that_keeps_them_as_long_or_is_disabled_stays(fleet, s3):
    kept = fleet({"days": 30})
    buckets(kept)
    noncurrent = {"Filter": {"Prefix": "x/"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}
    disabled = {"Filter": {"Prefix": "y/"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3}}
    write_rules(
        s3, {"ID": "long", "Status": "Enabled", **noncurrent}, {"ID": "short", "Status": "Disabled", **disabled}
    )
    again = buckets(kept)
    assert failures(again) == []
    assert changes(again) == {}
    assert any("'short'" in line and "is disabled" in line for line in told(again))


def test_pillar_that_no_longer_asks_leaves_it_as_it_is_and_says_what_to_do(fleet, sandbox, s3, now):
    buckets(fleet({"days": 30}))
    now(START + timedelta(days=1))
    planned = converged(fleet(), sandbox)
    assert changes(planned) == {}
    [line] = told(planned)
    assert "'keep-versions-for-30-days'" in line
    assert "aws:backup:recovery:allow_suspend: True" in line
    assert versioning(s3) == "Enabled"
    assert rules(s3)[-1] == keeping_rule(30)


def test_suspended_only_when_allowed_and_what_there_is_goes_by_its_days(fleet, sandbox, s3, now):
    buckets(fleet({"days": 2}))
    s3.put_object(Bucket=BUCKET, Key="kingfisher/a", Body=b"1")
    s3.delete_object(Bucket=BUCKET, Key="kingfisher/a")
    planned = converged(fleet({"allow_suspend": True}), sandbox)
    assert versioning(s3) == "Suspended"
    assert changes(planned).keys() == {f"aws-bucket-{BUCKET}"}
    [line] = told(planned)
    assert "keeps no new versions" in line
    assert sandbox.expire_objects() == []
    sandbox.pass_time(3 * 86_400)
    assert "Versions" not in s3.list_object_versions(Bucket=BUCKET)


def test_a_bucket_with_object_lock_cannot_be_suspended(fleet, sandbox, s3):
    buckets(fleet({"days": 30, **LOCK}))
    sandbox.clear_calls()
    for options in ({"test": True}, {}):
        [comment, *_] = failures(buckets(fleet({"allow_suspend": True}), **options))
        assert "has Object Lock, which cannot be removed" in comment
        assert "allow_suspend" in comment
    assert sandbox.calls("s3", write=True) == []
    assert versioning(s3) == "Enabled"


def test_mode_and_days_go_together(modules, s3):
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(Exception, match="object_lock_mode and object_lock_days go together; give both"):
        modules["s3_bucket.update"](BUCKET, object_lock_mode="GOVERNANCE", region=REGION)
    with pytest.raises(Exception, match="at most 36500 days"):
        modules["s3_bucket.update"](BUCKET, object_lock_mode="GOVERNANCE", object_lock_days=36501, region=REGION)
    with pytest.raises(Exception, match="Object Lock needs versions: leave out one"):
        modules["s3_bucket.normalise"](BUCKET, {"versioning": "Suspended", "object_lock_mode": "GOVERNANCE"})


def test_retention_in_years_is_read_in_days(modules, s3):
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectLockEnabledForBucket=True
    )
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 2}}
    s3.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    described = modules["s3_bucket.describe"](BUCKET, ["object_lock_mode", "object_lock_days"], region=REGION)
    assert described == {"region": REGION, "object_lock_mode": "GOVERNANCE", "object_lock_days": 730}


@pytest.fixture
def versioned(s3):
    """Make the bucket, with versions kept or suspended and perhaps a rule for them; what was overwritten is in it."""

    def make(status=None, noncurrent=None, key="kingfisher/a"):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        if status == "Suspended":
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})
        if noncurrent:
            theirs = {
                "ID": "theirs",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "NoncurrentVersionExpiration": noncurrent,
            }
            s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})

    return make


KEPT = {
    "without a rule": ("Enabled", None, "kept for good"),
    "suspended": ("Suspended", None, "kept for good"),
    "by another rule": ("Enabled", {"NoncurrentDays": 90}, "kept for 90 days"),
    "by number": ("Enabled", {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5}, "kept for good"),
}


@pytest.mark.parametrize(("status", "noncurrent", "kept"), KEPT.values(), ids=KEPT)
def test_versions_that_were_kept_longer_do_not_go_unasked(account, now, sandbox, versioned, status, noncurrent, kept):
    versioned(status, noncurrent)
    sandbox.clear_calls()
    for options in ({"test": True}, {}):
        [comment] = failures(buckets(account(pillar({"days": 30})), **options))
        assert (
            f"its versions are {kept}, and the lifecycle rule 'keep-versions-for-30-days' would delete those" in comment
        )
        assert ("give aws:backup:recovery:days 90 or more" in comment) == ("90" in kept)
        assert f"aws:backup:buckets:{BUCKET}:expire_all: True" in comment
    assert "PutBucketLifecycleConfiguration" not in str(sandbox.calls("s3", write=True))
    allowed = pillar({"days": 30})
    allowed["aws"]["backup"]["buckets"] = {BUCKET: {"expire_all": True}}
    [line] = [line for line in told(converged(account(allowed), sandbox)) if "S3's next run" in line]
    assert line.endswith(f"they were {kept}.")


def test_a_rule_for_versions_that_was_deleted_comes_back_where_nothing_can_go_by_it(fleet, sandbox, s3, now):
    kept = fleet({"days": 30})
    buckets(kept)
    for later, refused in ((30, False), (31, True)):
        now(START + timedelta(days=later))
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules(s3)[:1]})
        states = buckets(kept)
        assert bool(failures(states)) == refused
        assert [rule["ID"] for rule in rules(s3)][1:] == ([] if refused else ["keep-versions-for-30-days"])


def test_enabled_again_it_is_noted_that_there_may_be_older_versions(fleet, s3, versioned):
    versioned("Suspended")
    buckets(fleet({"days": 30}))
    noted = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
    assert noted == {"aws-runbook:versions-since": f"{START.isoformat()} again"}
    assert any(line.startswith("Waiting:") for line in told(buckets(fleet({"days": 30}))))


def test_what_no_pillar_puts_there_is_named_where_no_versions_can_go(fleet, sandbox, s3):
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="legal/contract.pdf", Body=b"1")
    [line] = [line for line in told(converged(fleet({"days": 30}), sandbox)) if "no known pillar" in line]
    assert "'keep-versions-for-30-days' also covers objects that no known pillar accounts for (legal/)" in line
    assert "it deletes noncurrent versions and aborts unfinished uploads there" in line


def test_versions_of_what_no_pillar_puts_there_do_not_go_sooner(fleet, sandbox, s3, now):
    buckets(fleet({"days": 60}))
    for body in (b"1", b"2"):
        s3.put_object(Bucket=BUCKET, Key="legal/contract.pdf", Body=body)
    now(START + timedelta(days=50))
    sandbox.clear_calls()
    for options in ({"test": True}, {}):
        [comment] = failures(buckets(fleet({"days": 10}), **options))
        assert "would also delete noncurrent versions of objects that no known pillar accounts for: legal/." in comment
        assert f"aws:backup:buckets:{BUCKET}:expire_all: True" in comment
    assert sandbox.calls("s3", write=True) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lock": "GOVERNANCE"}, "less strictly (GOVERNANCE instead of COMPLIANCE)"),
        ({"lock_days": 65}, "for a shorter time (65 instead of 265 days)"),
        (
            {"lock": "GOVERNANCE", "lock_days": 65},
            "for a shorter time (65 instead of 265 days) and less strictly (GOVERNANCE instead of COMPLIANCE)",
        ),
        ({"lock_days": 300}, None),
    ],
)
def test_what_a_change_of_the_lock_brings(fleet, sandbox, changed, said):
    buckets(fleet({"days": 30, **LOCK, "lock_days": 265}))
    planned = told(converged(fleet({"days": 30, **LOCK, "lock_days": 265, **changed}), sandbox))
    [line] = [line for line in planned if "delete a version" in line]
    assert not any("cannot be undone" in each for each in planned)
    assert ("locked for a shorter time" in line or "locked less" in line) == (said is not None)
    if said:
        assert f"new objects are locked {said}, and can be deleted sooner" in line
    assert f"in its first {changed.get('lock_days', 265)} days" in line
    assert ("root user" in line) == (changed.get("lock") is None)


def test_object_lock_without_a_default_retention_is_there_already(fleet, sandbox, s3):
    buckets(fleet({"days": 30}))
    s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    planned = told(converged(fleet({"days": 30, **LOCK}), sandbox))
    assert not any("cannot be undone" in line for line in planned)
    assert any("in its first 65 days" in line for line in planned)
