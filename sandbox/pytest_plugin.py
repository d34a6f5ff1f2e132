"""
Fixtures: a sandbox for the session, and for each test the same one, empty.

With ``--sandbox-lag``, ``--sandbox-page-size`` and ``--sandbox-throttle`` the same tests meet an AWS on a worse day.
"""

import os

import pytest

from sandbox import Sandbox, lag

_CONDITIONS = ("lag", "page-size", "throttle")


def pytest_addoption(parser):
    """The conditions under which the tests meet the sandbox."""
    group = parser.getgroup("sandbox", "the embedded AWS")
    group.addoption("--sandbox-lag", type=int, metavar="LOOKS", help="hide what is made for so many looks")
    group.addoption("--sandbox-page-size", type=int, metavar="N", help="give listings in pages of N at most")
    group.addoption("--sandbox-throttle", type=float, metavar="SHARE", help="refuse this share of calls as too many")
    group.addoption("--sandbox-seed", type=int, default=0, metavar="N", help="what chance is drawn from")


def pytest_report_header(config):
    """Say under which conditions the tests ran."""
    given = {name: config.getoption(f"--sandbox-{name}") for name in _CONDITIONS}
    worse = [f"{name} {value}" for name, value in given.items() if value is not None]
    return f"sandbox: {', '.join(worse)}, seed {config.getoption('--sandbox-seed')}" if worse else None


@pytest.fixture(scope="session")
def sandbox_server():
    """One process for the session; with xdist, one for each worker."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox_conditions(request):
    """A function that puts the conditions of the command line in force; tests of the sandbox itself have none."""
    option = request.config.getoption

    def put_in_force(sandbox):
        if any(option(f"--sandbox-{name}") is not None for name in _CONDITIONS):
            sandbox.stand_aside()
        if option("--sandbox-lag") is not None:
            for service in lag.SERVICES:
                sandbox.lag(service, looks=option("--sandbox-lag"))
        if option("--sandbox-page-size") is not None:
            sandbox.page_size(option("--sandbox-page-size"))
        if option("--sandbox-throttle") is not None:
            sandbox.throttle(option("--sandbox-throttle"), seed=option("--sandbox-seed"))

    return put_in_force


@pytest.fixture
def sandbox(sandbox_server, sandbox_conditions, monkeypatch):
    """The session's sandbox, empty, and the environment of a machine that knows no other AWS."""
    sandbox_server.reset()
    sandbox_conditions(sandbox_server)
    surround(monkeypatch, sandbox_server)
    return sandbox_server


def surround(monkeypatch, sandbox):
    """The environment of a machine that knows no other AWS than ``sandbox``."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    isolated = {
        **sandbox.environment,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in isolated.items():
        monkeypatch.setenv(name, value)
