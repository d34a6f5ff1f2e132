"""A double that is one server for several services of AWS."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import boto3
from botocore.config import Config

from tests.doubles import starting

_REGION = "us-east-1"


class Served:
    """
    ``with Moto() as double: double.client("s3")``; a subclass says how it is started.

    ``SERVICES`` are those, by botocore's names, that it is asked for; ``account`` is the number of the account.
    """

    NAME = TITLE = INSTALL = HEALTH = ""
    SERVICES = frozenset()
    # What pytest is told of its tests: by these they are left out where it is not installed.
    MARKS = ()
    key = ("AKIADOUBLEADMIN00000", "double-needs-no-secret")
    account = "123456789012"

    def __init__(self):
        self._process = self._folder = self.url = None

    @staticmethod
    def is_installed():
        """Whether it can be started."""
        raise NotImplementedError

    def command(self, port, folder):
        """The command that starts it, and its environment."""
        raise NotImplementedError

    def reset(self):
        """Forget all that there is."""
        raise NotImplementedError

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self.NAME}-"))
        try:
            (port,) = starting.free_ports(1)
            self.url = f"http://127.0.0.1:{port}"
            command, environment = self.command(port, self._folder)
            output = self._folder / "output"
            self._process = starting.start(command, output, env=environment, cwd=self._folder)
            starting.until_it_answers(self._process, f"{self.url}{self.HEALTH}", output)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if self._process is not None:
            self._process.kill()  # nothing is to be kept
            self._process.wait()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)

    @property
    def environment(self):
        """What a program must have in its environment to use this for all of AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key[0],
            "AWS_SECRET_ACCESS_KEY": self.key[1],
            "AWS_DEFAULT_REGION": _REGION,
        }

    def client(self, service, region=None, key=None, config=None):
        """A boto3 client, of the administrator or of who has ``key``."""
        key_id, secret = key or self.key
        return boto3.client(
            service,
            region_name=region or _REGION,
            endpoint_url=self.url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=config or Config(),
        )
