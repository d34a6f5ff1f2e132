"""pg_dump, mysqldump, tar and ``aws s3 sync``, with what ``state.apply aws`` made: uploaded, listed, restored, compared."""

import gzip
import re
import tarfile

import pytest

from tests.real.programs import PostgreSQL, ProgramError, run, unprivileged
from tests.real.scripts import MYSQL_ROWS, Server, age, plant, tree

pytestmark = pytest.mark.awscli

DATABASE = "registry"
MIRROR = "data/storage/exporter"
TIMESTAMP = r"\d{8}T\d{6}Z"
ROWS = "SELECT count(*), md5(string_agg(note, '' ORDER BY id)) FROM entry;"


@pytest.fixture(scope="module")
def registry(fleet, folder, endpoint):
    return Server(folder / "registry", fleet.minion("registry"), endpoint)


@pytest.fixture(scope="module")
def cms(fleet, folder, endpoint):
    return Server(folder / "cms", fleet.minion("cms"), endpoint)


@pytest.fixture(scope="module")
def postgresql(folder):
    cluster = PostgreSQL(folder / "postgresql", unprivileged("postgres"))
    cluster.create()
    with cluster.running():
        cluster.sql("CREATE DATABASE registry;")
        cluster.sql("CREATE DATABASE spoonbill;")
        cluster.sql(
            "CREATE TABLE entry (id integer PRIMARY KEY, note text);"
            "INSERT INTO entry SELECT n, 'note ' || n FROM generate_series(1, 5000) n;",
            DATABASE,
        )
        yield cluster


@pytest.mark.postgresql
def test_databases_dumped_and_restored(registry, postgresql):
    registry.backup("backup-postgres.sh", sockets=postgresql.sockets)
    names = registry.names("ocp-registry-backup/database")
    assert len(names) == 2
    for name, database in zip(names, ("registry", "spoonbill"), strict=True):
        assert re.fullmatch(rf"{TIMESTAMP}_{database}\.tar", name)

    dump = registry.fetch(f"ocp-registry-backup/database/{names[0]}", registry.root / "dump")
    postgresql.sql("CREATE DATABASE restored;")
    registry_rows = postgresql.sql(ROWS, DATABASE)
    run("pg_restore", *postgresql.connection, "--dbname=restored", dump)
    assert postgresql.sql(ROWS, "restored") == registry_rows


def test_a_directory_mirrored_and_restored(registry, aws):
    source = registry.root / MIRROR
    plant(source, seed=1)
    age(source)
    registry.backup("sync.sh")
    (source / "empty").unlink()
    (source / "later").write_text("later")
    age(source)
    registry.backup("sync.sh")
    copy = registry.root / "copy"
    registry.aws("s3", "sync", "--only-show-errors", f"s3://ocp-registry-backup/file-sync/{MIRROR}", str(copy))
    assert tree(copy) == tree(source)

    written = aws.calls(write=True)
    registry.backup("sync.sh")
    assert aws.calls(write=True) == written


@pytest.mark.mariadb
def test_mysql_dumped_and_restored(cms, mariadb):
    cms.backup("backup-mysql.sh", socket=mariadb.socket)
    [name] = cms.names("ocp-coalition-backup/database")
    assert re.fullmatch(rf"{TIMESTAMP}_coalition\.sql\.gz", name)

    expected = mariadb.sql(MYSQL_ROWS, "coalition")
    dump = cms.fetch(f"ocp-coalition-backup/database/{name}", cms.root / "dump")
    mariadb.sql("DROP DATABASE coalition")
    mariadb.sql(gzip.decompress(dump.read_bytes()).decode())
    assert mariadb.sql(MYSQL_ROWS, "coalition") == expected


def test_files_archived_and_restored(cms):
    source = cms.root / "home/coalition/public_html"
    plant(source, seed=2)
    cms.backup("backup-files.sh")
    [name] = cms.names("ocp-coalition-backup/site")
    assert re.fullmatch(rf"home_coalition_public_html_backup_{TIMESTAMP}\.tar\.gz", name)

    archive = cms.fetch(f"ocp-coalition-backup/site/{name}", cms.root / "archive")
    with tarfile.open(archive) as files:
        files.extractall(cms.root / "copy", filter="data")
    assert tree(cms.root / "copy/home/coalition/public_html") == tree(source)


@pytest.mark.postgresql
@pytest.mark.mariadb
def test_the_audit_finds_nothing_wrong_with_the_first_backups(fleet):
    report = fleet.minion("control").call("aws_backup.audit", format="data")
    counts = {
        (row["server"], row["kind"]): row["count"] for row in report["targets"] if row["server"] in ("registry", "cms")
    }
    # The databases registry and spoonbill; two files in the mirror and one in parts.
    assert counts == {("registry", "script"): 2, ("registry", "sync"): 3, ("cms", "mysql"): 1, ("cms", "files"): 1}
    wrong = {finding["check"] for finding in report["findings"] if finding["about"].split()[0] in ("registry", "cms")}
    assert wrong == {"retention"}  # a note: the backups do not reach back yet


def test_nothing_was_refused(aws, fleet):
    keys = {fleet.keys(server)[0] for server in ("registry", "cms")}
    calls = [call for call in aws.calls(service="s3") if call["access_key_id"] in keys]
    assert calls
    assert [call for call in calls if call["status"] == 403] == []


def test_another_servers_backups_are_out_of_reach(cms):
    with pytest.raises(ProgramError, match="AccessDenied"):
        cms.aws("s3", "ls", "s3://ocp-registry-backup/database/")
