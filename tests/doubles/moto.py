"""
moto's own server, as it is: what the sandbox is without its handlers.

``python -m tests.doubles.moto`` starts one and prints what to export; it stops with the program.

https://docs.getmoto.org/en/latest/docs/server_mode.html
"""

import importlib.util
import os
import sys
from importlib import metadata

import urllib3

from tests.doubles import starting
from tests.doubles.served import Served


class Moto(Served):
    """A running server."""

    NAME, TITLE, INSTALL = "moto", "moto", "pip install 'moto[server]'"
    HEALTH = "/moto-api/data.json"
    SERVICES = frozenset(("ec2", "iam", "rds", "s3", "ses", "sesv2", "sns", "sts"))

    @staticmethod
    def is_installed():
        """Whether its package is here."""
        return importlib.util.find_spec("moto") is not None

    @staticmethod
    def version():
        """Which release it is."""
        return metadata.version("moto")

    def command(self, port, _folder):
        """Without images, of which it makes 1,300 in each region otherwise."""
        environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], environment

    def reset(self):
        """Forget all that there is."""
        urllib3.request("POST", f"{self.url}/moto-api/reset")


DOUBLE = Moto

if __name__ == "__main__":
    starting.main(Moto)
