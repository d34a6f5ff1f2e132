"""pgBackRest, with the bucket, policy, user and key that ``state.apply aws`` made: from the first backup to a restore."""

import json
from http import HTTPStatus

import pytest

from tests.real import scripts
from tests.real.pgbackrest import BUCKET, REPOSITORY, SERVER, Server, rows

DAY = 24 * 60 * 60

pytestmark = pytest.mark.pgbackrest

# More than pgBackRest sends at once (5 MiB), even compressed: so the upload has parts.
TABLES = """
CREATE TABLE collection (id integer PRIMARY KEY, source text);
INSERT INTO collection SELECT n, 'source ' || n FROM generate_series(1, 100) n;
CREATE TABLE release (id integer PRIMARY KEY, data text);
INSERT INTO release SELECT n, md5(n::text) || md5((-n)::text) FROM generate_series(1, 220000) n;
"""


@pytest.fixture(scope="module")
def server(aws, fleet, folder, endpoint):
    server = Server(folder / "server", fleet.minion(SERVER), endpoint)
    server.cluster.create()
    with server.running():
        yield server


def backups(server):
    return json.loads(server.pgbackrest("info", "--output=json"))[0]["backup"]


def add_rule_by_hand(s3, rule):
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [*rules, rule]})


def objects(aws, prefix):
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_the_configuration_is_closed_to_others_and_holds_the_key_from_the_store(server, fleet):
    assert server.configuration.stat().st_mode & 0o777 == 0o600
    key, secret = fleet.keys(SERVER)
    text = server.configuration.read_text()
    assert f"repo1-s3-key={key}\n" in text
    assert f"repo1-s3-key-secret={secret}\n" in text


def test_from_the_first_backup_to_a_restore(server, aws, folder):
    cluster = server.cluster
    server.pgbackrest("stanza-create")
    cluster.sql(TABLES)  # not before: PostgreSQL would wait before it tried again to archive
    server.pgbackrest("check")
    server.pgbackrest("backup", "--type=full")
    cluster.sql("INSERT INTO collection VALUES (101, 'after the full backup');")
    server.pgbackrest("backup", "--type=incr")
    server.pgbackrest("backup", "--type=full")
    cluster.sql("UPDATE collection SET source = 'changed' WHERE id = 7;")
    server.pgbackrest("backup", "--type=incr")
    assert [backup["type"] for backup in backups(server)] == ["full", "incr", "full", "incr"]

    before = objects(aws, f"{REPOSITORY}/")
    server.pgbackrest("expire", "--repo1-retention-full=1")
    assert [backup["type"] for backup in backups(server)] == ["full", "incr"]
    assert objects(aws, f"{REPOSITORY}/") < before

    cluster.sql("INSERT INTO collection VALUES (102, 'after the last backup');")
    expected = rows(cluster)
    server.pgbackrest("check")  # which archives the last of it
    copy = server.restored(folder / "restored")
    with copy.running():
        assert rows(copy) == expected


def test_the_audit_sees_what_pgbackrest_sees(server, aws, fleet):
    report = fleet.minion("control").call("aws_backup.audit", format="data")
    [seen] = [target for target in report["targets"] if (target["server"], target["kind"]) == (SERVER, "pgbackrest")]
    assert seen["count"] == len(backups(server))
    assert seen["worst"] is None
    archive = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{REPOSITORY}/archive/")["Contents"]
    segments = [entry["LastModified"] for entry in archive if "archive.info" not in entry["Key"]]
    assert seen["newest_wal"] == max(segments).isoformat()
    # With little in it but the rows, the newest backup is the incremental one: some of what the full one holds.
    assert 0 < seen["size"] < sum(entry["info"]["repository"]["delta"] for entry in backups(server))


def test_every_object_is_in_the_repository(aws):
    assert {key.split("/")[0] for key in objects(aws, "")} == {REPOSITORY}


def test_what_it_did_was_of_every_sort(aws):
    operations = {call["operation"] for call in aws.calls(service="s3")}
    assert {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "DeleteObjects"} <= operations


def test_nothing_was_refused(aws, fleet):
    key, _ = fleet.keys(SERVER)
    calls = [call for call in aws.calls(service="s3") if call["access_key_id"] == key]
    assert calls
    assert [call for call in calls if call["status"] == 403] == []


def test_the_bucket_itself_is_never_looked_at(aws, fleet):
    """The first statement of pgBackRest's sample policy allows what no command asks for."""
    key, _ = fleet.keys(SERVER)
    calls = [call for call in aws.calls(operation="ListObjectsV2") if call["access_key_id"] == key]
    looked = {call["parameters"].get("Prefix", "") for call in calls if call["status"] == HTTPStatus.OK}
    assert looked
    assert {prefix for prefix in looked if "/" not in prefix} == set()


@pytest.mark.awscli
def test_nothing_is_lost_in_a_bucket_that_others_expire_in(server, aws, fleet, folder, endpoint):
    """The bucket holds a repository, files that expire, a mirror, and what somebody else's rule is about."""
    machine = scripts.Server(folder / "kingfisher", fleet.minion(SERVER), endpoint)
    for name in ("var/lib/kingfisher", "etc/kingfisher", "srv/exports"):
        (machine.root / name).mkdir(parents=True)
        (machine.root / name / "file").write_text(name)
    s3 = aws.client("s3", region="eu-central-1")
    both = {"And": {"Prefix": "scratch/", "Tags": [{"Key": "keep", "Value": "no"}], "ObjectSizeGreaterThan": 1}}
    add_rule_by_hand(s3, {"ID": "scratch", "Status": "Enabled", "Filter": both, "Expiration": {"Days": 5}})
    for name, content, tagging in (("a", b"long", "keep=no"), ("b", b"long", "keep=yes"), ("c", b"s", "keep=no")):
        s3.put_object(Bucket=BUCKET, Key=f"scratch/{name}", Body=content, Tagging=tagging)

    machine.backup("sync.sh")
    machine.backup("backup-files.sh")
    first = objects(aws, "incremental/")
    aws.advance_clock(20 * DAY)
    machine.backup("backup-files.sh", days=20)  # the server's clock goes along
    second = objects(aws, "incremental/") - first
    assert (len(first), len(second)) == (2, 2), "an archive of each directory"
    repository, mirror = objects(aws, f"{REPOSITORY}/"), objects(aws, "mirror/")
    assert mirror == {"mirror/srv/exports/file"}

    aws.advance_clock(11 * DAY)  # day 31
    assert {key for bucket, key in aws.expire_objects() if bucket == BUCKET} == {*first, "scratch/a"}
    aws.advance_clock(369 * DAY)  # day 400
    assert {key for bucket, key in aws.expire_objects() if bucket == BUCKET} == second
    assert objects(aws, "") == {*repository, *mirror, "scratch/b", "scratch/c"}

    expected = rows(server.cluster)
    server.pgbackrest("check")
    copy = server.restored(folder / "restored-later")
    with copy.running():
        assert rows(copy) == expected
    machine.aws("s3", "sync", "--only-show-errors", "s3://ocp-db-backup/mirror", str(folder / "mirror"))
    assert scripts.tree(folder / "mirror") == {"srv/exports/file": b"srv/exports"}
