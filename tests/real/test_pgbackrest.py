"""pgBackRest, with the bucket, policy, user and key that ``state.apply aws`` made: from the first backup to a restore."""

import json

import pytest

from tests.real.pgbackrest import BUCKET, REPOSITORY, SERVER, Server, rows

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
    with server.running() as cluster:
        cluster.sql(TABLES)
        yield server


def backups(server):
    return json.loads(server.pgbackrest("info", "--output=json"))[0]["backup"]


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


def test_every_object_is_in_the_repository(aws):
    assert {key.split("/")[0] for key in objects(aws, "")} == {REPOSITORY}
    operations = {call["operation"] for call in aws.calls(service="s3")}
    assert {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "DeleteObjects"} <= operations


def test_nothing_was_refused(aws, fleet):
    key, _ = fleet.keys(SERVER)
    calls = [call for call in aws.calls(service="s3") if call["access_key_id"] == key]
    assert calls
    assert [call for call in calls if call["status"] == 403] == []
