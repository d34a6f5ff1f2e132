"""A minion of its own in the test's process, with the credentials of the environment; and what was asked of AWS."""

import os
from pathlib import Path

import boto3
import pytest

from tests.aws import account
from tests.aws.recording import Recording
from tests.fixtures.loaders import Loaders
from tests.functional.conftest import minion

# `make test` must not find these: see __main__.py.
if account.VARIABLE not in os.environ:
    collect_ignore_glob = ["test_*.py"]


def pytest_addoption(parser):
    """What ``python -m tests.aws`` hands on."""
    parser.addoption("--read-only", action="store_true")
    parser.addoption("--record")


def pytest_collection_modifyitems(config, items):
    """Leave out what writes."""
    if config.getoption("--read-only"):
        writing = [item for item in items if item.get_closest_marker("writes")]
        config.hook.pytest_deselected(items=writing)
        items[:] = [item for item in items if item not in writing]


@pytest.fixture(scope="session", autouse=True)
def recording(request):
    """What is asked of AWS in this session."""
    with Recording().running() as running:
        yield running
    if request.config.getoption("--record"):
        running.save(Path(request.config.getoption("--record")))


@pytest.fixture(scope="session")
def region():
    """The region of the environment, where all is made."""
    return boto3.session.Session().region_name


@pytest.fixture(scope="session")
def prefix():
    """What the names of this session begin with."""
    return account.prefix()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where the minion and its stores are."""
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(scope="session")
def loaders(folder):
    """Salt's own loader."""
    opts = minion(folder, "aws-runbook-test")
    opts["pillar"] = {"roles": ["server"]}
    return Loaders(opts)


@pytest.fixture
def _fresh(loaders):
    yield
    loaders.reset_state()


@pytest.fixture
def states(loaders, _fresh):
    """States, as Salt calls them."""
    return loaders.states


@pytest.fixture
def modules(loaders, _fresh):
    """Functions of execution modules, as Salt calls them."""
    return loaders.modules
