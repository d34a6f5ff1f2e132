"""Each double in turn, started once for all that is asked of it; a minion in the test's process; and what was asked."""

import contextlib
from pathlib import Path

import pytest

from sandbox.pytest_plugin import surround
from sandbox.zone import Zone
from tests import doubles
from tests.aws.recording import Recording
from tests.doubles.completing import Completing
from tests.fixtures.dns_hosts import Cloudflare, standing_in
from tests.fixtures.loaders import Loaders
from tests.functional.cases import CLOUDFLARE, Account
from tests.functional.conftest import minion


def pytest_addoption(parser):
    """What ``python -m tests.doubles`` hands on."""
    parser.addoption("--doubles", action="store_true", help="ask all doubles everything")


def pytest_collection_modifyitems(config, items):
    """Without ``--doubles`` only moto and the sandbox are asked, and for the rows of the table: that takes seconds."""
    if config.getoption("--doubles", default=False):
        return
    here = Path(__file__).parent
    left_out = [item for item in items if item.path.parent == here and not _is_short(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_short(item):
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return item.path.stem == "test_differences" and given.get("name", "moto") == "moto"


@pytest.fixture(scope="session")
def servers():
    """A function that gives the double of a name, started at the first use."""
    with contextlib.ExitStack() as stack:
        running = {}

        def started(name):
            if name not in running:
                running[name] = stack.enter_context(doubles.found()[name]())
            return running[name]

        yield started


@pytest.fixture
def double(servers, name, monkeypatch):
    """The double of the test's ``name``, empty, and the environment of a machine that knows no other AWS."""
    double = servers(name)
    double.reset()
    surround(monkeypatch, double)
    # What a double does not stand in for is asked of nobody.
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.environment.get("AWS_ENDPOINT_URL", "http://127.0.0.1:9"))
    return double


@pytest.fixture
def recording():
    """What is asked of the double."""
    with Recording().running() as running:
        yield running


@pytest.fixture
def completed():
    """The double's answers have the form of AWS's, so that what comes behind them is tried too."""
    with Completing().running() as running:
        yield running


@pytest.fixture(scope="module")
def loaders(tmp_path_factory):
    """Salt's own loader."""
    opts = minion(tmp_path_factory.mktemp("minion"), "registry")
    opts["pillar"] = {"roles": ["server"]}
    return Loaders(opts)


@pytest.fixture
def states(loaders):
    """States, as Salt calls them."""
    yield loaders.states
    loaders.reset_state()


class Uncontrolled:
    """A double in the place of the sandbox, of which the cases of ``tests/functional`` ask more: nobody moves its clock."""

    def __init__(self, double):
        self.client = double.client

    def stop_clock(self):
        """Databases are made at once."""

    def advance_clock(self, seconds):
        """Nothing waits for a time."""

    def verify(self, identity):
        """Identities are verified at once, where there are any."""

    def dns(self, server):
        """No double looks for records."""


@pytest.fixture
def account(double, states, tmp_path, monkeypatch):
    """What the cases build upon."""
    with Zone() as zone, standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch) as host:
        account = Account(Uncontrolled(double), states, tmp_path, zone)
        account.host, account.dns_settings = host, CLOUDFLARE
        yield account
