"""The way back: what was done to a server's backups, and bringing them back, with the sandbox's versions."""

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.fixtures import naming
from tests.functional.conftest import TREE, Fleet

BEGIN = datetime(2030, 1, 1, 3, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUCKET, REGION = "ocp-registry-backup", "eu-west-2"
RULE = {
    "ID": "recovery",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
PART = 5 * 1024 * 1024

pytestmark = pytest.mark.parametrize("fleet", ["registry"], indirect=True)


class Server:
    """The registry server, whose bucket keeps versions, and in which time passes."""

    def __init__(self, fleet, sandbox, monkeypatch):
        self.fleet, self.sandbox, self.now = fleet, sandbox, BEGIN
        monkeypatch.setattr("aws_runbook.clock.now", lambda: self.now)
        sandbox.stop_clock()
        self.wait(timedelta())
        self.s3 = sandbox.client("s3", region=REGION)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.since("2026-01-01T00:00:00+00:00")
        self.rules(RULE)
        sandbox.settle()

    def since(self, *moments):
        tags = [{"Key": "aws-runbook:versions-since", "Value": moment} for moment in moments]
        self.s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})

    def rules(self, *rules):
        configuration = {"Rules": list(rules)}
        self.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=configuration)

    def wait(self, span):
        self.now += span
        self.sandbox.set_clock(self.now)

    def put(self, key, body, **given):
        self.wait(timedelta(seconds=1))
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **given)

    def upload(self, key, *parts, **given):
        self.wait(timedelta(seconds=1))
        upload = {"Bucket": BUCKET, "Key": key}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload, **given)["UploadId"]
        done = [
            {"PartNumber": number, "ETag": self.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
            for number, body in enumerate(parts, start=1)
        ]
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})

    def delete(self, *keys):
        self.wait(timedelta(seconds=1))
        self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})

    def contents(self, bucket=BUCKET):
        """What is there now: content, metadata, tags and storage class of each object."""
        found = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                place = {"Bucket": bucket, "Key": entry["Key"]}
                got = self.s3.get_object(**place)
                tags = {tag["Key"]: tag["Value"] for tag in self.s3.get_object_tagging(**place)["TagSet"]}
                found[entry["Key"]] = (
                    got["Body"].read(),
                    got["Metadata"],
                    got["ContentType"],
                    tags,
                    entry["StorageClass"],
                    entry["ETag"],
                )
        return found

    def versions(self):
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
        return {
            entry["VersionId"]
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for entry in page.get(kind, [])
        }

    def recover(self, as_of, **given):
        return self.fleet.call("aws_backup.recover", "registry", as_of=as_of, **given)

    def history(self, **given):
        return self.fleet.call("aws_backup.history", "registry", **given)

    def back_up(self, days=3):
        """Dumps of so many days, and a mirror; the names of the dumps."""
        names = []
        for day in range(days):
            self.wait(DAY if day else timedelta())
            names.append(f"database/{naming.postgresql('registry', self.now)}")
            self.put(names[-1], b"dump %d" % day)
            self.put("file-sync/data/log", b"log %d" % day)
        return names


@pytest.fixture
def server(fleet, sandbox, monkeypatch):
    return Server(fleet, sandbox, monkeypatch)


def written(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def test_after_a_theft_all_is_as_it_was(server, sandbox):
    """Overwritten, deleted and added to by a thief; brought back with all that belongs to it; and nothing is left to do."""
    names = server.back_up()
    more = {
        "Metadata": {"made-by": "us"},
        "ContentType": "text/x-dump",
        "StorageClass": "STANDARD_IA",
        "Tagging": "k=v&a%20b=c%2B",
    }
    server.put("database/tagged", b"tagged", **more)
    server.upload("database/large", b"a" * PART, b"b" * PART, b"end", **more)
    server.upload("database/uneven", b"a" * (PART + 1), b"b" * PART, b"end")
    server.put("file-sync/ü/a b+c%2B&d=?", "Zürich".encode())
    server.put("elsewhere/x", b"not the server's")
    before, moment = server.contents(), server.now
    server.wait(3 * DAY)
    theft = server.now
    server.put(names[0], b"encrypted", Metadata={"of": "a thief"})
    server.put("database/tagged", b"tagged", StorageClass="DEEP_ARCHIVE")
    server.put("database/README", b"pay")
    server.put("elsewhere/y", b"not the server's either")
    server.delete(*names[1:], "database/large", "database/uneven", "file-sync/data/log", "file-sync/ü/a b+c%2B&d=?")
    server.wait(HOUR)
    versions = server.versions()

    sandbox.refuse_writes()
    sandbox.clear_calls()
    planned = server.recover(written(moment), test=True, format="data")
    assert sandbox.calls(write=True) == []
    sandbox.refuse_writes(False)
    done = server.recover(written(moment), format="data")
    assert done["places"] == planned["places"]
    assert [(entry["location"], entry["copy"], entry["hide"], entry["same"]) for entry in done["places"]] == [
        ("ocp-registry-backup/database", 6, 1, 0),
        ("ocp-registry-backup/file-sync", 2, 0, 0),
    ]
    assert done["problems"] == {}
    assert done["differing"] == {"count": 0, "examples": []}
    after = server.contents()
    assert after.pop("elsewhere/y")[0] == b"not the server's either"
    assert after == before
    assert versions < server.versions(), "no version is deleted"

    sandbox.clear_calls()
    again = server.recover(written(moment), format="data")
    assert sandbox.calls(write=True) == []
    assert {entry["copy"] + entry["hide"] for entry in again["places"]} == {0}
    assert "All objects are as they were then." in server.recover(written(moment))

    server.wait(HOUR)
    server.recover(written(theft + HOUR))
    assert "database/README" in server.contents(), "it can be taken back"


def test_one_that_was_broken_off_goes_on(server, sandbox):
    # Twenty refusals without one success break it off: far more than the copies that are on their way when the first is refused.
    for number in range(200):
        server.put(f"file-sync/{number}", b"%d" % number)
    server.upload("file-sync/large", b"a" * PART, b"b")
    before, moment = server.contents(), server.now
    server.wait(HOUR)
    server.delete(*[f"file-sync/{number}" for number in range(200)], "file-sync/large")
    server.wait(HOUR)
    sandbox.fault("CopyObject", "access_denied", times=1000, skip=15)
    with pytest.raises(CommandExecutionError, match="Cannot bring back ocp-registry-backup/file-sync/"):
        server.recover(written(moment))
    sandbox.clear_faults()
    done = server.recover(written(moment), format="data")
    assert 0 < done["places"][1]["copy"] < 201
    assert server.contents() == before


def test_what_is_in_an_archive_is_named_and_the_rest_is_brought_back(server):
    server.put("database/a", b"cold", StorageClass="GLACIER")
    server.put("database/b", b"warm")
    moment = server.now
    server.wait(HOUR)
    server.delete("database/a", "database/b")
    server.wait(HOUR)
    sentence = (
        "NOT BROUGHT BACK: 1 object in an archive: restore them first (aws s3api restore-object with the version), then run this again:\n"
        "  ocp-registry-backup/database/a"
    )
    assert sentence in server.recover(written(moment), test=True)
    said = server.recover(written(moment))
    assert sentence in said
    assert "Compared with the listing as of then: the rest is equal." in said
    assert list(server.contents()) == ["database/b"]


def test_elsewhere(server, sandbox):
    server.back_up()
    server.upload("database/large", b"a" * PART, b"b")
    before, moment = server.contents(), server.now
    server.wait(HOUR)
    server.delete(*before)
    server.wait(HOUR)
    sandbox.client("s3").create_bucket(Bucket="recovered")
    with pytest.raises(
        CommandExecutionError, match="to is 'nowhere/x', but there is no bucket nowhere: create it first"
    ):
        server.recover(written(moment), to="nowhere/x")
    with pytest.raises(
        CommandExecutionError, match="which would write into the backups of registry at ocp-registry-backup/database"
    ):
        server.recover(written(moment), to=BUCKET)
    done = server.recover(written(moment), to="recovered/then", format="data")
    assert done["differing"]["count"] == 0
    assert server.contents() == {}
    there = {key.removeprefix("then/"): found for key, found in server.contents("recovered").items()}
    assert there == before
    sandbox.clear_calls()
    assert "All objects are there as they were then." in server.recover(written(moment), to="recovered/then")
    assert sandbox.calls(write=True) == []


@pytest.mark.runs_command("recover._too_early", "aws_backup.recover")
def test_a_moment_before_all_is_kept_is_refused_with_the_earliest(server, obey):
    server.put("database/a", b"a")
    server.wait(40 * DAY)
    with pytest.raises(CommandExecutionError) as raised:
        server.recover("2030-01-05")
    message = str(raised.value)
    assert message.startswith(
        "as_of is 2030-01-05 00:00 UTC, but overwritten and deleted objects in ocp-registry-backup/database are kept for only 30 days"
    )
    assert "All objects are as they were then." in obey(message, "aws_backup.recover", call=server.fleet.call)


@pytest.mark.parametrize("days", [40, 3])
@pytest.mark.runs_command("recover._too_early", "aws_backup.recover")
def test_a_moment_before_versions_were_kept_is_refused_with_the_earliest(server, obey, days):
    """However long the rule keeps them: what was overwritten before is lost, and did exist."""
    server.s3.delete_bucket_lifecycle(Bucket=BUCKET)
    server.put("file-sync/data/log", b"a")
    server.since((BEGIN + DAY).isoformat())
    server.wait(days * DAY)
    with pytest.raises(CommandExecutionError) as raised:
        server.recover("2030-01-01 12:00")
    message = str(raised.value)
    assert message.startswith(
        "as_of is 2030-01-01 12:00 UTC, but the bucket ocp-registry-backup has kept versions only since 2030-01-02 03:00 UTC, and AWS needs up to "
        "15 minutes until that is in effect, so what existed before 2030-01-02 03:15 UTC is not known"
    )
    assert "all versions of ocp-registry-backup/database are known from 2030-01-02 03:15 UTC on" in server.history()
    assert "All objects are as they were then." in obey(message, "aws_backup.recover", call=server.fleet.call)


def test_the_shortest_rule_that_reaches_the_place_counts(server):
    short = {
        "ID": "short",
        "Filter": {"Prefix": "file-sync/data/"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
    }
    server.rules(RULE, {**RULE, **short})
    server.put("file-sync/data/log", b"a")
    server.wait(10 * DAY)
    with pytest.raises(
        CommandExecutionError, match="deleted objects in ocp-registry-backup/file-sync are kept for only 2 days"
    ):
        server.recover("2030-01-05")


def test_in_the_first_minutes_of_versions_nothing_is_brought_back(server, sandbox):
    server.put("database/a", b"a")
    server.since(server.now.isoformat())
    sandbox.clear_calls()
    with pytest.raises(CommandExecutionError, match="nothing is recovered before 2030-01-01 03:15:01 UTC"):
        server.recover(written(server.now))
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize("moments", [(), ("of no calendar",)])
def test_without_a_known_beginning_nothing_is_hidden(server, moments):
    """A year mistyped, and no rule that limits it: what is there stays, and is named."""
    server.since(*moments)
    server.s3.delete_bucket_lifecycle(Bucket=BUCKET)
    server.back_up()
    before = server.contents()
    said = server.recover("2003-01-03")
    assert server.contents() == before
    assert "NOT HIDDEN: 4 objects, because it is not known whether they existed then." in said
    assert "  ocp-registry-backup/file-sync/data/log" in said
    assert "Compared with the listing as of then: the rest is equal." in said
    assert (
        "It is not known since when the bucket ocp-registry-backup keeps versions, because it has no tag aws-runbook:versions-since"
        in said
    )
    moment = server.now
    server.wait(HOUR)
    server.put("database/new", b"")
    server.put("file-sync/data/log", b"of a thief")
    server.wait(HOUR)
    server.recover(written(moment))
    assert {key: found for key, found in server.contents().items() if key != "database/new"} == before


def test_a_place_is_not_left_with_nothing(server, sandbox):
    server.put("database/a", b"a")
    moment = server.now
    server.wait(DAY)
    server.put("file-sync/data/log", b"a")
    server.wait(HOUR)
    sandbox.clear_calls()
    with pytest.raises(
        CommandExecutionError, match="No object is known to have existed in ocp-registry-backup/file-sync at"
    ):
        server.recover(written(moment))
    assert sandbox.calls(write=True) == []


def test_one_part_is_brought_back_once_and_as_doubtful_as_more(server, sandbox):
    server.upload("database/x", b"abc")
    server.upload("database/empty", b"")
    server.put("file-sync/a", b"")
    before, moment = server.contents(), server.now
    server.wait(DAY)
    server.delete("database/x", "database/empty")
    server.wait(HOUR)
    assert "NOTE: 2 objects uploaded in parts, started in the 2 days before" in server.recover(written(moment))
    assert server.contents() == before
    server.wait(HOUR)
    sandbox.clear_calls()
    assert "All objects are as they were then." in server.recover(written(moment))
    assert sandbox.calls(write=True) == []


def test_objects_of_other_servers_are_reported_or_left_alone(server, sandbox, tmp_path):
    """A location that two servers name, and a directory below it that none does."""
    server.fleet = Fleet(tmp_path, "control", pillar=server.fleet.pillar)
    docs = Path(server.fleet.pillar, "public", "docs.sls")
    text = docs.read_text().replace("location: ocp-docs-backup", f"location: {BUCKET}/database")
    docs.write_text(
        text.replace("region: us-east-1", f"region: {REGION}").replace("expire_days: 90", "expire_days: 30")
    )
    server.put("database/a", b"a")
    server.put("file-sync/a", b"a")
    moment = server.now
    server.wait(DAY)
    server.put("database/docs.tar.gz", b"of docs")
    server.put("database/another/a", b"of a server that pillar does not know")
    server.wait(HOUR)
    for testing in (True, False):
        said = server.recover(written(moment), test=testing)
        assert (
            f"{BUCKET}/database holds the backups of docs too: their objects there are restored or hidden as well."
            in said
        )
        assert (
            f"hidden:\n  {BUCKET}/database/docs.tar.gz\nNOT HIDDEN: objects created since then below these directories"
            in said
        )
        assert f"declares:\n  {BUCKET}/database/another/\n" in said
    assert list(server.contents()) == ["database/a", "database/another/a", "file-sync/a"]
    sandbox.clear_calls()
    assert "All objects that are known to have existed then are unchanged." in server.recover(written(moment))
    assert sandbox.calls(write=True) == []


def test_keys_that_xml_cannot_hold_are_hidden_too(server):
    server.put("database/a", b"a")
    server.put("file-sync/a", b"a")
    before, moment = server.contents(), server.now
    server.wait(DAY)
    for key in ("database/+ &%20ü<x>", "database/\x01", "database/plain"):
        server.put(key, b"of a thief")
    server.wait(HOUR)
    assert "Compared with the listing as of then: equal." in server.recover(written(moment))
    assert server.contents() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"as_of": "yesterday"}, "as_of is 'yesterday'; give a moment such as"),
        (
            {"as_of": "2030-01-02"},
            "as_of is 2030-01-02 00:00 UTC, which is in the future: it is 2030-01-01 03:00 UTC now.",
        ),
        ({"as_of": "2030-01-01 03:00 CET"}, "as_of is '2030-01-01 03:00 CET'; give a moment"),
        ({"as_of": "2030-01-01", "to": 7}, "aws_backup.recover: to is 7; give a text"),
        ({"as_of": "2030-01-01", "test": "yes"}, "recover: test is 'yes'; allowed are True, False."),
        ({"as_of": "2030-01-01", "format": "xml"}, "recover: format is 'xml'; allowed are table, data."),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_before_any_call(server, sandbox, arguments, sentence):
    sandbox.clear_calls()
    with pytest.raises(CommandExecutionError) as raised:
        server.recover(**arguments)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert sandbox.calls() == []


def test_a_server_without_backups(server):
    with pytest.raises(CommandExecutionError, match="server is 'registri', for which pillar declares no backup in S3"):
        server.fleet.call("aws_backup.history", "registri")


def test_the_minions_test_mode_writes_nothing(server, sandbox, monkeypatch):
    server.put("database/a", b"a")
    moment = server.now
    server.wait(HOUR)
    server.delete("database/a")
    server.wait(HOUR)
    monkeypatch.setitem(server.fleet._loaders._original_opts, "test", True)
    sandbox.clear_calls()
    assert "would be copied into place" in server.recover(written(moment))
    assert sandbox.calls(write=True) == []
    server.recover(written(moment), test=False)
    assert list(server.contents()) == ["database/a"]


def test_a_bucket_that_keeps_no_versions(server):
    s3 = server.s3
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    server.put("database/a", b"a")
    moment = server.now
    server.wait(HOUR)
    with pytest.raises(
        CommandExecutionError,
        match="Versioning of the bucket ocp-registry-backup is Suspended: objects that are overwritten or deleted",
    ):
        server.recover(written(moment))
    assert "objects that were overwritten since then cannot be recovered" in server.history()


def test_a_bucket_that_never_kept_versions(fleet, sandbox):
    s3 = sandbox.client("s3", region=REGION)
    with pytest.raises(CommandExecutionError, match="There is no bucket ocp-registry-backup"):
        fleet.call("aws_backup.history", "registry")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for function, given in (("history", {}), ("recover", {"as_of": "2026-01-01"})):
        with pytest.raises(CommandExecutionError, match="The bucket ocp-registry-backup has never kept versions"):
            fleet.call(f"aws_backup.{function}", "registry", **given)


PAGE = (TREE / "docs" / "recovering.md").read_text()


@pytest.mark.runs_command("history.advice", "aws_backup.recover")
@pytest.mark.runs_command("recover._data", "aws_backup.recover")
def test_the_history_shows_when_and_the_commands_in_the_messages_bring_it_back(server, obey):
    """As the page shows it, word for word."""
    server.wait(datetime(2026, 11, 15, 3, tzinfo=timezone.utc) - BEGIN)
    names = server.back_up(5)
    server.wait(12 * HOUR)
    before = server.contents()
    server.put(names[0], b"encrypted")
    server.put("database/README", b"pay")
    server.delete(*names[1:])
    server.wait(HOUR)
    said = server.history()
    assert f"$ salt-call aws_backup.history registry\n{said}\n" in PAGE
    data = server.history(format="data", by="hour")
    assert data["first_damage"] == "2026-11-19T15:00:11+00:00"
    assert data["safe"] == "2026-11-17T15:00:11+00:00"
    assert [line["begin"] for line in data["lines"] if line["damage"]] == ["2026-11-19T15:00:00+00:00"]
    planned = obey(said, "aws_backup.recover", call=server.fleet.call)
    assert f"test=True\n{planned}\n" in PAGE
    done = obey(planned, "aws_backup.recover", call=server.fleet.call)
    assert f"as_of='2026-11-17 15:00:11 UTC'\n{done}\n" in PAGE
    assert server.contents().keys() == {*names[:3], "file-sync/data/log"}
    server.recover("2026-11-19 15:00")
    assert server.contents() == before


def test_a_quiet_history(server):
    server.back_up(2)
    assert "Nothing in it looks like damage." in server.history()


def test_how_far_it_is_is_shown_by_default(server, caplog, monkeypatch):
    monkeypatch.setattr("aws_runbook.recovery.copy_progress._EVERY", 0)
    server.back_up()
    moment = server.now
    server.wait(HOUR)
    server.delete("file-sync/data/log")
    server.wait(HOUR)
    with caplog.at_level(logging.WARNING):
        server.recover(written(moment))
    assert (
        "Recovering registry as of 2030-01-03 03:00:06 UTC: 1 of 1 objects, 5 bytes of 5 bytes, about 1 s left"
        in caplog.text
    )
