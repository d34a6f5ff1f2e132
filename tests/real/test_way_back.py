"""A thief who has a server's key overwrites and deletes all its backups; they are brought back, and restored."""

from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from tests.real.pgbackrest import BUCKET, REPOSITORY, SERVER, Server, rows
from tests.real.programs import ProgramError
from tests.real.test_pgbackrest import TABLES

pytestmark = pytest.mark.pgbackrest


def now(aws):
    return datetime.fromisoformat(aws.ask("health")["time"])


def keys(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{REPOSITORY}/")
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


RECOVERY = {
    "versions": {"days": 30},
    # It cannot be undone, so it comes last.
    "locked": {"days": 30, "lock": "COMPLIANCE", "lock_days": 65, "retention_days": 35},
}


@pytest.fixture(params=RECOVERY)
def server(request, aws, fleet, folder, endpoint, monkeypatch):
    """A repository in a bucket that keeps versions."""
    name = request.param
    made = backed_up(aws, fleet, folder / f"robbed-{name}", endpoint, monkeypatch, {"recovery": RECOVERY[name]})
    made.name = name
    return made


def backed_up(aws, fleet, folder, endpoint, monkeypatch, backup):
    """A server with a full backup, an incremental one, and WAL after it; ``backup`` is what its pillar says of them."""
    s3 = aws.client("s3")
    for key in keys(s3):  # of another cluster's tests
        s3.delete_object(Bucket=BUCKET, Key=key)
    monkeypatch.setattr("aws_runbook.clock.now", lambda: now(aws))
    fleet.amend(SERVER, {"aws": {"backup": backup}})
    fleet.minion("control").apply("aws")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    made = Server(folder, fleet.minion(SERVER), endpoint)
    made.cluster.create()
    with made.running() as cluster:
        made.pgbackrest("stanza-create")
        cluster.sql(TABLES)
        made.pgbackrest("backup", "--type=full")
        cluster.sql("INSERT INTO collection VALUES (101, 'after the full backup');")
        made.pgbackrest("backup", "--type=incr")
        cluster.sql("INSERT INTO collection VALUES (102, 'after the last backup');")
        made.rows = rows(cluster)
        made.pgbackrest("check")  # which archives the last of it
    return made


def steal(aws, fleet, *, may_list_versions=False):
    """Everything that the server's key can do to the repository."""
    thief = aws.client("s3", region="eu-central-1", key=fleet.keys(SERVER))
    found = keys(thief)
    for number, key in enumerate(found):
        if number % 3 == 0:
            thief.put_object(Bucket=BUCKET, Key=key, Body=b"ransom")
    thief.put_object(Bucket=BUCKET, Key=f"{REPOSITORY}/README", Body=b"pay")
    thief.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in found[1:1000]]})
    listed = {"Bucket": BUCKET, "Prefix": f"{REPOSITORY}/"}
    if may_list_versions:
        for entry in thief.list_object_versions(**listed)["Versions"][:20]:
            with pytest.raises(ClientError, match="AccessDenied"):
                thief.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            thief.list_object_versions(**listed)
    for method, more in (
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("delete_bucket_lifecycle", {}),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(thief, method)(Bucket=BUCKET, **more)
    return found


def test_nothing_is_lost(server, aws, fleet, folder):
    aws.advance_clock(1800)  # versions must be kept for certain
    moment = now(aws).strftime("%Y-%m-%d %H:%M:%S")
    aws.advance_clock(3600)
    before = steal(aws, fleet)
    with pytest.raises(ProgramError):
        server.restored(folder / f"not-restored-{server.name}")
    aws.advance_clock(3600)
    control = fleet.minion("control")
    assert "that pgBackRest never writes anew" in control.call("aws_backup.history", SERVER, by="hour")
    done = control.call("aws_backup.recover", SERVER, as_of=moment, format="data")
    assert done["problems"] == {}
    assert done["differing"]["count"] == 0
    assert sorted(keys(aws.client("s3"))) == sorted(before)
    copy = server.restored(folder / f"restored-after-theft-{server.name}")
    with copy.running():
        assert rows(copy) == server.rows
