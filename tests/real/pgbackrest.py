"""A server that backs up its PostgreSQL cluster with pgBackRest, set up from pillar."""

import contextlib

from tests.real.programs import PostgreSQL, own, run, unprivileged

STANZA = "kingfisher"
SERVER = "kingfisher-main"
BUCKET = "ocp-db-backup"
REPOSITORY = "kingfisher"


class Server:
    """The server ``kingfisher-main``: its cluster, and pgBackRest configured by the template beside this file."""

    def __init__(self, folder, minion, endpoint):
        self.user = unprivileged("postgres")
        folder.mkdir(mode=0o755)
        own(folder, self.user)
        self.folder = folder
        self.cluster = PostgreSQL(folder / "postgresql", self.user)
        self.configuration = minion.place(
            folder / "pgbackrest.conf", "pgbackrest.conf", user=self.user, folder=folder, **endpoint
        )

    def pgbackrest(self, command, *options):
        """Run a command of pgBackRest; what it printed."""
        return run("pgbackrest", *self._options, *options, command, user=self.user, cwd=self.folder)

    @property
    def _options(self):
        return (f"--config={self.configuration}", f"--stanza={STANZA}")

    @contextlib.contextmanager
    def running(self):
        """The cluster, archiving what it writes."""
        command = f"pgbackrest {' '.join(self._options)} archive-push %p"
        with self.cluster.running(archive_mode="on", archive_command=command, wal_level="replica"):
            yield self.cluster

    def restored(self, folder, *options):
        """A second cluster, restored from the repository; not running yet."""
        copy = PostgreSQL(folder, self.user)
        self.pgbackrest("restore", f"--pg1-path={copy.data}", "--archive-mode=off", *options)
        return copy


def rows(cluster):
    """All rows, as one line for each table."""
    return cluster.sql(
        "SELECT count(*), md5(string_agg(release::text, '' ORDER BY id)) FROM release;"
        "SELECT count(*), md5(string_agg(collection::text, '' ORDER BY id)) FROM collection;"
    )
