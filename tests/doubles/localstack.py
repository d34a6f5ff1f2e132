"""
LocalStack, from a virtual environment of its own, for the services that its core has.

``make doubles`` makes that environment. ``python -m tests.doubles.localstack`` starts one and prints what to export; it stops with the
program. It asks nobody: events and the download of a certificate are switched off.

https://docs.localstack.cloud/aws/capabilities/config/configuration/
"""

import itertools
from pathlib import Path

import pytest

from tests.doubles import starting
from tests.doubles.served import Served

ENVIRONMENT = Path(__file__).resolve().parents[2] / "build" / "doubles" / "localstack"
_PYTHON = ENVIRONMENT / "bin" / "python"
_SETTINGS = {
    "DISABLE_EVENTS": "1",
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    # It would be a DNS server, too.
    "DNS_ADDRESS": "0",
    "STRICT_SERVICE_LOADING": "1",
    # Ids of keys begin as those of AWS do, and not with LKIA.
    "PARITY_AWS_ACCESS_KEY_ID": "1",
    # The other server listens at all addresses, whatever GATEWAY_LISTEN says.
    "GATEWAY_SERVER": "hypercorn",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


class LocalStack(Served):
    """A running server. An access key id of twelve digits is the account: each reset takes another one."""

    NAME, TITLE, INSTALL = "localstack", "LocalStack", "make doubles"
    MARKS = (pytest.mark.localstack,)
    HEALTH = "/_localstack/health"
    SERVICES = frozenset(("ec2", "iam", "s3", "sns", "sts"))

    def __init__(self):
        super().__init__()
        self._numbers = itertools.count(111111111111)
        self.account = str(next(self._numbers))

    @property
    def key(self):
        """The account's, with which all is allowed."""
        return self.account, "double-needs-no-secret"

    @staticmethod
    def is_installed():
        """Whether its environment is made."""
        return (ENVIRONMENT / "bin" / "localstack").exists()

    @staticmethod
    def version():
        """Which release it is."""
        (folder,) = ENVIRONMENT.glob("lib/python*/site-packages/localstack_core-*.dist-info")
        return folder.name.removesuffix(".dist-info").rpartition("-")[2]

    def command(self, port, folder):
        """Nothing of this process' environment but where programs are: LocalStack has hundreds of settings."""
        environment = {
            "PATH": f"{ENVIRONMENT / 'bin'}:/usr/bin:/bin",
            "HOME": str(folder),
            "FILESYSTEM_ROOT": str(folder),
            "GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "SERVICES": ",".join(sorted(self.SERVICES)),
            **_SETTINGS,
        }
        return [_PYTHON, "-m", "localstack.runtime.main"], environment

    def reset(self):
        """Take another account. Names of buckets are of all accounts: they are removed."""
        s3 = self.client("s3")
        for bucket in s3.list_buckets().get("Buckets", ()):
            name = bucket["Name"]
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
            s3.delete_bucket(Bucket=name)
        self.account = str(next(self._numbers))


DOUBLE = LocalStack

if __name__ == "__main__":
    starting.main(LocalStack)
