"""What the audit reads of a repository's archive, written here as pgBackRest names it."""

from datetime import datetime, timedelta, timezone

import pytest
import yaml

NOW = datetime(2030, 1, 9, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
BUCKET = "ocp-db-backup"
LABEL = "20300109-100000F"

pytestmark = pytest.mark.parametrize("fleet", ["kingfisher-main"], indirect=True)


class Repository:
    """The bucket of the server, in which objects of any age can be put."""

    def __init__(self, fleet, sandbox, monkeypatch):
        self.fleet, self.sandbox = fleet, sandbox
        monkeypatch.setattr("aws_runbook.clock.now", lambda: NOW)
        self.at(40 * 24 * HOUR)
        fleet.apply("aws")
        self.s3 = sandbox.client("s3", region="eu-central-1")
        self.put(2.5 * HOUR, f"backup/kingfisher/{LABEL}/bundle/1")
        self.put(2 * HOUR, f"backup/kingfisher/{LABEL}/backup.manifest")

    def at(self, age):
        self.sandbox.set_clock(NOW - age)

    def put(self, age, name, body=b"x"):
        self.at(age)
        self.s3.put_object(Bucket=BUCKET, Key=f"kingfisher/{name}", Body=body)

    def archive(self, age, segment, cluster="15-1"):
        self.put(age, f"archive/kingfisher/{cluster}/{segment[:16]}/{segment}-{'0' * 40}.gz")

    def expect(self, settings):
        """Set ``aws:backup:audit`` in the private half of the server's pillar."""
        path = self.fleet.pillar / "private" / "kingfisher-main.sls"
        known = yaml.safe_load(path.read_text())
        known["aws"]["backup"] = {"audit": settings}
        path.write_text(yaml.safe_dump(known))

    def audit(self):
        """When the newest WAL was archived, and what is wrong with the repository."""
        report = self.fleet.call("aws_backup.audit", format="data")
        about = "kingfisher-main pgbackrest"
        row = next(row for row in report["targets"] if row["kind"] == "pgbackrest")
        return row["newest_wal"], {finding["check"] for finding in report["findings"] if finding["about"] == about}


@pytest.fixture
def repository(fleet, sandbox, monkeypatch):
    sandbox.stop_clock()
    return Repository(fleet, sandbox, monkeypatch)


def moment(age):
    return (NOW - age).isoformat()


def test_a_repository_without_its_archive(repository):
    assert repository.audit() == (None, {"archive"})
    repository.put(HOUR, "archive/kingfisher/archive.info")
    assert repository.audit() == (None, {"archive"})
    repository.archive(3 * HOUR, "000000010000000000000001")
    assert repository.audit() == (moment(3 * HOUR), {"archive"})
    repository.archive(2.1 * HOUR, "000000010000000000000002")
    assert repository.audit() == (moment(2.1 * HOUR), set())


def test_the_newest_is_that_of_the_last_cluster_and_timeline(repository, sandbox):
    for number in range(1, 12):
        repository.archive(90 * HOUR, f"0000000100000000000000{number:02X}", cluster="9.6-1")
    repository.archive(80 * HOUR, "000000010000000100000001", cluster="15-9")
    repository.archive(9 * HOUR, "000000010000000100000001", cluster="15-10")
    repository.archive(2 * HOUR, "000000020000000100000002", cluster="15-10")
    repository.put(2 * HOUR, "archive/kingfisher/15-10/00000002.history")
    sandbox.clear_calls()
    assert repository.audit() == (moment(2 * HOUR), set())
    listed = [call["parameters"]["Prefix"] for call in sandbox.calls(operation="ListObjectsV2")]
    assert [prefix for prefix in listed if "archive" in prefix] == [
        "kingfisher/archive/kingfisher/",
        "kingfisher/archive/kingfisher/15-10/",
        "kingfisher/archive/kingfisher/15-10/0000000200000001/",
    ]


def test_how_old_it_may_be_is_in_the_servers_pillar(repository):
    repository.archive(2 * HOUR, "000000010000000000000002")
    repository.expect({"max_wal_age_hours": 1})
    assert repository.audit() == (moment(2 * HOUR), {"archive"})
    repository.archive(HOUR, "000000010000000000000003")
    assert repository.audit() == (moment(HOUR), set())
