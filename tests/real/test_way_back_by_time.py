"""pgBackRest 2.54 and later restores from the past of a repository by itself, with ``--repo-target-time``, as docs/recovering.md shows."""

import json

import pytest

from tests.real.pgbackrest import SERVER, rows
from tests.real.programs import ProgramError, run
from tests.real.test_way_back import backed_up, now, steal

pytestmark = pytest.mark.pgbackrest

LEAST = (2, 54)


@pytest.fixture
def server(aws, fleet, folder, endpoint, monkeypatch):
    """A repository in a bucket that keeps versions, on a server that may read them."""
    version = run("pgbackrest", "version").split()[1]
    if tuple(map(int, version.removesuffix("dev").split(".")[:2])) < LEAST:
        pytest.skip(f"pgBackRest is {version} here, and --repo-target-time came with 2.54.")
    with_versions = {"recovery": {"days": 30}, "pgbackrest": {"target_time": True}}
    made = backed_up(aws, fleet, folder / "read-by-time", endpoint, monkeypatch, with_versions)
    yield made
    fleet.amend(SERVER, {"aws": {"backup": {"pgbackrest": {"target_time": False}}}})
    fleet.minion("control").apply("aws")


def test_it_restores_what_was_there_before_the_theft(server, aws, fleet, folder):
    aws.advance_clock(1800)
    then = ("--repo=1", f"--repo-target-time={now(aws):%Y-%m-%d %H:%M:%S+00}")
    aws.advance_clock(3600)
    steal(aws, fleet, may_list_versions=True)
    with pytest.raises(ProgramError):
        server.restored(folder / "not-restored-by-time")
    [stanza] = json.loads(server.pgbackrest("info", *then, "--output=json"))
    assert [backup["type"] for backup in stanza["backup"]] == ["full", "incr"]
    copy = server.restored(folder / "restored-by-time", *then)
    with copy.running():
        assert rows(copy) == server.rows
