"""A server that backs up with scripts and the AWS CLI, set up from pillar."""

import os
import random
import shutil

from tests.real.programs import postgresql_bin, run

# The AWS CLI of Debian 12 takes its endpoint from an argument only.
_WRAPPER = '#!/bin/sh\nexec "{program}" --endpoint-url "{url}" "$@"\n'

# How many rows the database coalition has, and what is in them.
MYSQL_ROWS = "SELECT count(*), sum(crc32(note)) FROM entry"


class Server:
    """A server of the fleet; ``root`` is what its directories are below."""

    def __init__(self, folder, minion, endpoint):
        self._folder, self._minion = folder, minion
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        credentials = minion.place(folder / "credentials", "aws-credentials")
        programs = folder / "bin"
        programs.mkdir()
        wrapper = programs / "aws"
        url = f"https://127.0.0.1:{endpoint['port']}"
        wrapper.write_text(_WRAPPER.format(program=shutil.which("aws"), url=url))
        wrapper.chmod(0o755)
        path = [str(programs), str(postgresql_bin() or ""), os.environ["PATH"]]
        self._environment = {
            "PATH": os.pathsep.join(filter(None, path)),
            "HOME": str(folder),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_CA_BUNDLE": str(endpoint["authority"]),
        }

    def backup(self, script, **context):
        """Run one of the server's scripts."""
        program = self._minion.place(self._folder / script, script, mode="0700", root=self.root, **context)
        run(program, env=self._environment)

    def aws(self, *arguments, **options):
        """Run the AWS CLI with the server's key."""
        return run("aws", *arguments, env=self._environment, **options)

    def names(self, location):
        """The names directly below a location, as ``aws s3 ls`` shows them to a person."""
        return [line.split(maxsplit=3)[-1] for line in self.aws("s3", "ls", f"s3://{location}/").splitlines()]

    def fetch(self, location, target):
        """Download one object."""
        self.aws("s3", "cp", "--only-show-errors", f"s3://{location}", str(target))
        return target


def plant(folder, seed):
    """
    Some files: with odd names, empty, and one that the AWS CLI uploads in parts (8 MiB and more).

    Its size is the seed's own: ``aws s3 sync`` does not upload what is as large as an object that is newer.
    """
    chance = random.Random(seed)
    (folder / "a folder" / "inner").mkdir(parents=True)
    (folder / "empty").touch()
    (folder / "a folder" / "naïve+name & more.txt").write_text("text")
    (folder / "a folder" / "inner" / "large").write_bytes(chance.randbytes(9 * 2**20 + seed))


def age(folder):
    """Let every file below a folder be an hour old: what changed in the second of its upload is uploaded again."""
    for path in folder.rglob("*"):
        moment = path.stat().st_mtime - 3600
        os.utime(path, (moment, moment))


def tree(folder):
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
