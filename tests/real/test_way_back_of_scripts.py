"""
A thief at a server's shell deletes and overwrites, with its key and its own AWS CLI, all that its scripts have uploaded; it is brought
back, and restored.
"""

import gzip
import tarfile
from datetime import datetime

import pytest

from tests.real.programs import ProgramError
from tests.real.scripts import MYSQL_ROWS, Server, age, plant, tree
from tests.real.test_way_back import RECOVERY, now

pytestmark = pytest.mark.awscli

SITE = "home/coalition/public_html"
MIRROR = "data/storage/exporter"


@pytest.fixture(params=RECOVERY)
def made(request, aws, fleet, folder, endpoint, monkeypatch):
    """A function that sets up a server, whose buckets keep versions, with Object Lock or without."""
    monkeypatch.setattr("aws_runbook.clock.now", lambda: now(aws))

    def make(name, *buckets):
        fleet.amend(name, {"aws": {"backup": {"recovery": RECOVERY[request.param]}}})
        fleet.minion("control").apply("aws")
        s3 = aws.client("s3")
        assert {s3.get_bucket_versioning(Bucket=bucket)["Status"] for bucket in buckets} == {"Enabled"}
        aws.advance_clock(1800)  # versions are kept for certain
        return Server(folder / f"robbed-{name}-{request.param}", fleet.minion(name), endpoint)

    return make


def keys(server, location):
    """The names of all objects below a location, without it."""
    listed = server.aws("s3", "ls", "--recursive", f"s3://{location}/").splitlines()
    prefix = location.partition("/")[2]
    return [line.split(maxsplit=3)[-1].removeprefix(f"{prefix}/") for line in listed]


def steal(server, location):
    """Each object overwritten, then all deleted, and a note left; what there was, by name."""
    bucket, _, prefix = location.partition("/")
    found = keys(server, location)
    ransom = server.root / "ransom" / prefix
    for key in found:
        (ransom / key).parent.mkdir(parents=True, exist_ok=True)
        (ransom / key).write_text("ransom")
    server.aws("s3", "cp", "--only-show-errors", "--recursive", str(ransom), f"s3://{location}/")
    server.aws("s3", "rm", "--only-show-errors", "--recursive", f"s3://{location}/")
    server.aws("s3", "cp", "--only-show-errors", str(ransom / found[0]), f"s3://{location}/README")
    with pytest.raises(ProgramError, match="AccessDenied"):
        server.aws("s3api", "list-object-versions", "--bucket", bucket, "--prefix", prefix)
    return found


def rob_and_recover(aws, fleet, server, name, *locations):
    """All that a thief does, and what is done about it."""
    moment = now(aws).replace(microsecond=0)
    aws.advance_clock(3600)
    before = {location: steal(server, location) for location in locations}
    assert all(before.values())
    assert all(server.names(location) == ["README"] for location in locations)
    aws.advance_clock(3600)
    control = fleet.minion("control")
    lines = control.call("aws_backup.history", name, by="hour", format="data")["lines"]
    damaged = {line["location"] for line in lines if line["damage"] and datetime.fromisoformat(line["begin"]) > moment}
    assert damaged == set(locations)
    done = control.call("aws_backup.recover", name, as_of=moment.isoformat(sep=" "), format="data")
    assert (done["problems"], done["differing"]["count"]) == ({}, 0)
    assert {location: keys(server, location) for location in locations} == before


@pytest.mark.mariadb
def test_a_dump_and_an_archive(made, aws, fleet, mariadb):
    database, site = "ocp-coalition-backup/database", "ocp-coalition-backup/site"
    server = made("cms", "ocp-coalition-backup")
    plant(server.root / SITE, seed=3)
    server.backup("backup-mysql.sh", socket=mariadb.socket)
    server.backup("backup-files.sh")
    expected = mariadb.sql(MYSQL_ROWS, "coalition")
    rob_and_recover(aws, fleet, server, "cms", database, site)

    mariadb.sql("DROP DATABASE coalition")
    dump = server.fetch(f"{database}/{server.names(database)[-1]}", server.root / "dump")
    mariadb.sql(gzip.decompress(dump.read_bytes()).decode())
    assert mariadb.sql(MYSQL_ROWS, "coalition") == expected
    archive = server.fetch(f"{site}/{server.names(site)[-1]}", server.root / "archive")
    with tarfile.open(archive) as files:
        files.extractall(server.root / "copy", filter="data")
    assert tree(server.root / "copy" / SITE) == tree(server.root / SITE)


def test_a_mirror(made, aws, fleet):
    server = made("registry", "ocp-registry-backup")
    source, copy = server.root / MIRROR, server.root / "copy"
    plant(source, seed=4)
    age(source)
    server.backup("sync.sh")
    (source / "empty").unlink()
    for number in range(5):  # a mirror of fewer files may change as a whole
        (source / f"later {number}").write_text("later")
    age(source)
    server.backup("sync.sh")
    rob_and_recover(aws, fleet, server, "registry", "ocp-registry-backup/file-sync")

    server.aws("s3", "sync", "--only-show-errors", f"s3://ocp-registry-backup/file-sync/{MIRROR}", str(copy))
    assert [name for name, content in tree(source).items() if tree(copy).get(name) != content] == []
    assert sorted(tree(copy)) == sorted(tree(source))
