"""The password that is made, and the line that is printed, with PostgreSQL itself in the instance's place."""

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from sandbox import tls
from tests.real.programs import PostgreSQL, own, unprivileged

pytestmark = [pytest.mark.postgresql, pytest.mark.xdist_group("real")]

# As RDS has it: encrypted, and with a password.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
HBA = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def server(port):
    """PostgreSQL on ``port``, which asks for a password. Its folder is one that its own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="rds-"))
    folder.chmod(0o755)
    user = unprivileged("postgres")
    postgresql = PostgreSQL(folder / "postgresql", user)
    postgresql.create()
    _, certificate, key = tls.make(folder / "tls", "localhost")
    hba = folder / "hba"
    hba.write_text(HBA)
    for path in (folder / "tls", certificate, key, hba):
        own(path, user)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "ssl": "on",
        "ssl_cert_file": certificate,
        "ssl_key_file": key,
        "hba_file": hba,
        # psql's own connection arguments name no port.
        "unix_socket_directories": postgresql.sockets,
    }
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPORT", str(port))
            with postgresql.running(**settings):
                yield postgresql
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def instance(sandbox, states, modules, tmp_path, port):
    """An instance's ``psql`` line, and the password in its store."""
    sandbox.stop_clock()
    private = tmp_path / "analysis.sls"
    states["ec2_security_group.present"](
        "postgresql-anywhere",
        description="PostgreSQL from anywhere",
        ingress=[{"service": "postgresql", "source": "anywhere"}],
    )
    made = states["rds_instance.present"](
        "analysis",
        preset="data-analysis",
        port=port,
        store={"pillar_file": str(private), "keys": {"password": "password"}},
    )
    assert made.result is True, made.comment
    sandbox.advance_clock(300)
    return modules["rds_instance.connection_details"]("analysis")["psql"], yaml.safe_load(private.read_text())[
        "password"
    ]


def connect(line, password):
    """Run the line as printed. The instance's name leads to this machine, and the password is given before it is asked for."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        [
            *shlex.split(line),
            "--no-password",
            "-XAtc",
            "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ],
        env={**known, "PGHOSTADDR": "127.0.0.1", "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_password_works_through_the_printed_line(server, instance):
    line, password = instance
    server.sql(f"ALTER ROLE postgres PASSWORD '{password}'")
    assert connect(line, password).stdout == "postgres|t\n"


def test_another_password_does_not(server, instance):
    line, password = instance
    server.sql(f"ALTER ROLE postgres PASSWORD '{password}'")
    refused = connect(line, password[:-1])
    assert refused.returncode
    assert "password authentication failed" in refused.stderr


def test_the_line_insists_on_encryption(server, instance):
    line, password = instance
    server.sql(f"ALTER ROLE postgres PASSWORD '{password}'")
    refused = connect(line.replace("sslmode=require", "sslmode=disable"), password)
    assert refused.returncode
    assert "no encryption" in refused.stderr


def test_the_password_works_from_a_password_file_and_in_an_address(server, instance, port, tmp_path):
    """Places where other characters would have to be quoted."""
    _, password = instance
    server.sql(f"ALTER ROLE postgres PASSWORD '{password}'")
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{port}:*:postgres:{password}\n")
    file.chmod(0o600)
    known = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    for address, passfile in (
        (f"postgresql://postgres@127.0.0.1:{port}/postgres", file),
        (f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres", os.devnull),
    ):
        done = subprocess.run(
            ["psql", address, "--no-password", "-XAtc", "SELECT 1"],
            env={**known, "PGPASSFILE": str(passfile)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "1\n", done.stderr
