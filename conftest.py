"""
What holds for the whole suite: tests that need a program are left out where it is not installed, and said so.

Debian's minimal system has none of them, so ``make test`` must not depend on them. A test names its programs with markers
of the same names.
"""

import os
import shutil
from pathlib import Path

from tests.fixtures import spoken

# Before anything loads the product, as what is imported next does.
EAR = spoken.listen() if spoken.is_asked_for() else None
pytest_addoption = spoken.pytest_addoption

from sandbox import powerdns  # noqa: E402
from tests.doubles.ceph import Ceph  # noqa: E402
from tests.doubles.localstack import LocalStack  # noqa: E402
from tests.node import simulator  # noqa: E402

# By marker: what is not tested without it, and how to get it.
PROGRAMS = {
    "git": ("states and modules from git", "Debian: apt install git"),
    "gpg": ("what encrypts", "Debian: apt install gnupg"),
    "pgbackrest": ("backups with pgBackRest", "Debian: apt install pgbackrest postgresql"),
    "postgresql": ("backups with pg_dump and passwords of databases", "Debian: apt install postgresql"),
    "mariadb": ("backups of MySQL", "Debian: apt install mariadb-server"),
    "powerdns": ("records published to a DNS server", "Debian: apt install pdns-server pdns-backend-sqlite3"),
    "promtool": ("metrics, alerts and the dashboard by Prometheus' own linter", "Debian: apt install prometheus"),
    "awscli": ("uploads with the AWS CLI", "Debian: apt install awscli"),
    "ceph": ("recovery on another S3", Ceph.INSTALL),
    "localstack": ("states on another AWS", LocalStack.INSTALL),
    "sshd": ("salt-ssh", "Debian: apt install openssh-server; mkdir -p /run/sshd"),
    "chromium": ("the report's page in a browser", "Debian: apt install chromium"),
    "simulator": ("policies by a second evaluator, and the report's page by axe", "make node"),
}
_NEEDED = {
    "awscli": ("aws",),
    "mariadb": ("mariadb-install-db", "mariadb-dump", "mariadb-admin"),
    "postgresql": ("psql",),
    "sshd": ("ssh", "scp", "ssh-keygen"),
}
_OWN = {
    "ceph": Ceph.is_installed,
    "localstack": LocalStack.is_installed,
    "powerdns": powerdns.is_installed,
    "simulator": simulator.is_installed,
}
_NEEDED["pgbackrest"] = ("pgbackrest", *_NEEDED["postgresql"])


def _missing():
    return [name for name in PROGRAMS if not _is_installed(name)]


def _is_installed(name):
    if name in _OWN:
        return _OWN[name]()
    programs = all(shutil.which(program) for program in _NEEDED.get(name, (name,)))
    # Debian keeps the database servers out of PATH.
    if name in ("postgresql", "pgbackrest"):
        server = shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return programs and bool(server)
    if name == "sshd":
        # Started by root, it wants a folder that its service makes.
        return programs and Path("/usr/sbin/sshd").exists() and (os.geteuid() != 0 or Path("/run/sshd").is_dir())
    if name == "mariadb":
        return programs and bool(shutil.which("mariadbd") or Path("/usr/sbin/mariadbd").exists())
    return programs


def pytest_configure(config):
    """Listen to what the product says, if that is asked for."""
    if EAR is not None:
        config.pluginmanager.register(spoken.Listener(config, EAR, _missing))


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked with a program that is not there."""
    missing = _missing()
    without = [item for item in items if not any(item.get_closest_marker(name) for name in missing)]
    config.hook.pytest_deselected(items=[item for item in items if item not in without])
    items[:] = without


def pytest_terminal_summary(terminalreporter):
    """Say so, in one line each."""
    for name in _missing():
        what, how = PROGRAMS[name]
        terminalreporter.write_line(f"{name} is not installed, so this was not tested: {what} ({how}).", yellow=True)
