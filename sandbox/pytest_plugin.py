"""
Fixtures: a sandbox for the session, and for each test the same one, empty.
"""

import os

import pytest

from sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox_server():
    """One process for the session; with xdist, one for each worker."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_server, monkeypatch):
    """The session's sandbox, empty, and the environment of a machine that knows no other AWS."""
    sandbox_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    isolated = {
        **sandbox_server.environment,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in isolated.items():
        monkeypatch.setenv(name, value)
    return sandbox_server
