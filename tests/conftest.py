"""Fixtures of the whole suite."""

import os
import re
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from socketserver import BaseServer

import botocore.session
import pytest
from salt._logging import impl as salt_logging

from aws_runbook import salt_commands
from sandbox.zone import Zone
from tests.fixtures import loaders

pytest_plugins = ["sandbox.pytest_plugin", "chaos.pytest_plugin"]

# Salt keeps what is logged before it is set up, and writes it when the process ends, to what pytest has closed by then.
salt_logging.shutdown_temp_handler()

# botocore reads its models anew for each session, of which the tests make thousands; a second for EC2's.
botocore.session.create_loader = cache(botocore.session.create_loader)

loaders.remember_what_stays()

# A test without the sandbox must not find credentials on the machine that it runs on.
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


@pytest.fixture(autouse=True)
def _form_of_commands():
    """Commands in messages have the form of the present call, which must not be that of another test."""
    salt_commands.remember({"__cli": "salt-call"}, ["salt-call"])


@pytest.fixture(autouse=True)
def _no_server_without_a_socket():
    """A server that is closed and not shut down keeps a core busy until the suite ends: its socket is always ready, and never accepts."""
    yield
    servers = [getattr(getattr(thread, "_target", None), "__self__", None) for thread in threading.enumerate()]
    closed = [each for each in servers if isinstance(each, BaseServer) and each.socket.fileno() == -1]
    assert not closed, "closed, but not shut down"


@pytest.fixture(scope="session")
def salt_factories_config():
    """
    Masters and minions run this environment's own Salt, and keep their files in a folder of this session.

    The scripts that pytest-salt-factories makes instead would be shared with whatever else is tested on this machine, and
    run the Salt that came first. The folder's name is short, because names of sockets must be.
    """
    with tempfile.TemporaryDirectory(prefix="salt-") as folder:
        yield {"root_dir": folder, "scripts_dir": Path(sys.executable).parent}


@pytest.fixture(scope="session")
def nameserver():
    """A DNS server that has no records, as HOST:PORT."""
    with Zone() as server:
        yield server.address


@pytest.fixture(scope="session")
def keyring(tmp_path_factory):
    """A folder with a key pair, as on a master; its fingerprint; and a folder with only the public half."""
    root = tmp_path_factory.mktemp("gpg")
    both, public = root / "master", root / "public"
    for folder in (both, public):
        folder.mkdir(mode=0o700)

    def run(folder, *arguments, **options):
        command = ["gpg", "--batch", "--homedir", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, **options).stdout

    run(both, "--passphrase", "", "--quick-generate-key", "salt@example.org", "future-default", "default", "never")
    run(public, "--import", input=run(both, "--armor", "--export"))
    listing = run(both, "--with-colons", "--list-keys").decode()
    yield both, re.search(r"^fpr:+([0-9A-F]{40}):", listing, re.MULTILINE)[1], public
    for folder in (both, public):
        subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "all"], check=False)
