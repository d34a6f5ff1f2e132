"""
Servers' own programs against the embedded AWS, over TLS and with IAM enforced.

What is here takes seconds to set up, so it is made once, and what the tests do adds up.
"""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox import Sandbox
from tests.real.fleet import Fleet
from tests.real.programs import MariaDB, unprivileged

GROUP = pytest.mark.xdist_group("real")


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items):
    """One worker runs all of these: two database servers at a time would slow down the rest of the suite."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(GROUP)


@pytest.fixture(scope="package")
def sandbox_server():
    """One process for all of these, reached over TLS."""
    with Sandbox("--tls") as sandbox:
        yield sandbox


@pytest.fixture(scope="package")
def aws(sandbox_server):
    """The sandbox, empty at first, and deciding by IAM's policies."""
    sandbox_server.reset()
    sandbox_server.enforce_iam()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        isolated = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        for name, value in {**sandbox_server.environment, **isolated}.items():
            patch.setenv(name, value)
        yield sandbox_server


def _memory():
    """Where files are kept in memory, if there is room: to delete all those of five databases takes a busy disk a while."""
    if not Path("/dev/shm").is_dir():
        return None
    found = os.statvfs("/dev/shm")
    # Scripts are run from there too, which containers often forbid.
    suits = found.f_bavail * found.f_frsize > 2**30 and not found.f_flag & os.ST_NOEXEC
    return "/dev/shm" if suits else None


@pytest.fixture(scope="package")
def folder():
    """
    A folder that database servers, which run as users of their own, can reach too.

    pytest's own are closed to others, and sockets need a short path.
    """
    path = Path(tempfile.mkdtemp(prefix="real-", dir=_memory()))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="package")
def fleet(aws, folder, nameserver):
    """
    The sample fleet after ``state.apply aws``.

    One server also mirrors a directory into the bucket that its repository and its expiring files are in.
    """
    fleet = Fleet(folder, nameserver)
    fleet.amend(
        "kingfisher-main", {"sync": {"location": "ocp-db-backup/mirror", "directories": {"/srv/exports": None}}}
    )
    fleet.minion("control").apply("aws")
    return fleet


@pytest.fixture(scope="package")
def mariadb(folder):
    """A server with the database ``coalition``."""
    server = MariaDB(folder / "mariadb", unprivileged("mysql"))
    with server.running():
        server.sql(
            "CREATE DATABASE coalition; USE coalition; CREATE TABLE entry (id integer PRIMARY KEY, note text);"
            "INSERT INTO entry SELECT seq, concat('note ', seq) FROM seq_1_to_5000;"
        )
        yield server


@pytest.fixture(scope="package")
def endpoint(aws, folder):
    """Where programs find the sandbox: host, port, and the authority that vouches for it."""
    authority = folder / "authority.pem"
    shutil.copy(aws.environment["AWS_CA_BUNDLE"], authority)
    authority.chmod(0o644)
    # By name, as pgBackRest looks for the host among a certificate's names only.
    return {"host": "localhost", "port": urlsplit(aws.url).port, "authority": authority}
