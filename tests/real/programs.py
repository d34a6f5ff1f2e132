"""The programs that servers back up with, each in a folder of the test's own and on no port."""

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from aws_runbook.run.waiting import until

_SMALL_LOG = "--innodb-log-file-size=4M"  # in place of 96


class ProgramError(AssertionError):
    """A program failed; the text is what it printed."""


def run(*command, user=None, env=None, cwd=None, stdin=None, check=True):
    """Run a program, as ``user`` where this process may choose, and return what it printed."""
    if user and os.geteuid() == 0:
        command = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command)
    done = subprocess.run(
        [str(part) for part in command], env=env, cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise ProgramError(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout if check else done


def unprivileged(name):
    """``name`` where the test runs as root and there is such a user: database servers refuse to run as root."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        return "nobody"


def own(path, user):
    """Give a folder to the user that a program runs as."""
    if user:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid)


def postgresql_bin():
    """The folder of PostgreSQL's newest programs; Debian keeps the server's out of ``PATH``."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which("initdb")
    return Path(program).parent if program else None


class PostgreSQL:
    """A cluster that can be reached through a socket in its folder only."""

    def __init__(self, folder, user=None):
        self.user = user
        self.data, self.sockets = folder / "data", folder / "sockets"
        self._bin = postgresql_bin()
        for path in (folder, self.data, self.sockets):
            path.mkdir(mode=0o700 if path == self.data else 0o755, exist_ok=True)
            own(path, user)

    def _run(self, program, *arguments, **options):
        return run(self._bin / program, *arguments, user=self.user, cwd=self.sockets, **options)

    def create(self):
        """Make an empty cluster."""
        self._run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self, **settings):
        """The cluster, started with ``settings``; ``pg_ctl`` waits until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.sockets,
            "fsync": "off",
            # Few segments are kept for later: to delete large files can take longer than the tests.
            "min_wal_size": "32MB",
            "max_wal_size": "64MB",
            **settings,
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.sockets / "log"
        try:
            self._run("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-w", "-t", "60", "start")
        except ProgramError as error:
            raise ProgramError(f"{error}\n{log.read_text()[-3000:] if log.exists() else ''}") from error
        try:
            # pg_ctl is content with a server that still replays its log.
            until(self._is_recovered, what="the end of recovery", timeout=60)
            yield self
        finally:
            self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def _is_recovered(self):
        return self.sql("SELECT pg_is_in_recovery()").strip() == "f"

    def sql(self, statements, database="postgres"):
        """What ``psql`` answers, without decoration."""
        return run(
            self._bin / "psql", *self.connection, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", stdin=statements
        )  # fmt: skip

    @property
    def connection(self):
        """Arguments that lead PostgreSQL's programs here."""
        return ("-h", str(self.sockets), "-U", "postgres")


class MariaDB:
    """A server that can be reached through a socket in its folder only."""

    def __init__(self, folder, user=None):
        self.user = user
        self.data, self.socket = folder / "data", folder / "socket"
        folder.mkdir(mode=0o755, exist_ok=True)
        own(folder, user)

    @contextlib.contextmanager
    def running(self):
        """The server, made and started; it has told systemd's socket, here ours, when it answers."""
        run(
            "mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db", "--skip-name-resolve",
            "--auth-root-authentication-method=normal", _SMALL_LOG, user=self.user,
        )  # fmt: skip
        command = [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.data}",
            f"--socket={self.socket}", "--skip-networking", "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0",
            _SMALL_LOG, f"--pid-file={self.data}/pid", f"--log-error={self.data}/log",
        ]  # fmt: skip
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--", *command]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                self._wait(process)
                yield self
            finally:
                process.terminate()

    def _wait(self, process):
        # mariadb-admin --wait would ask again after five seconds only.
        until(lambda: self._answers() or process.poll() is not None, what="an answer of MariaDB", timeout=60)
        if not self._answers():
            raise ProgramError((self.data / "log").read_text()[-3000:])

    def _answers(self):
        return run("mariadb-admin", "--no-defaults", *self.connection, "ping", check=False).returncode == 0

    def sql(self, statements, database=None):
        """What the client answers, without decoration."""
        chosen = [database] if database else []
        return run("mariadb", "--no-defaults", *self.connection, "-BN", *chosen, stdin=statements)

    @property
    def connection(self):
        """Arguments that lead MariaDB's programs here."""
        return (f"--socket={self.socket}", "--user=root")
