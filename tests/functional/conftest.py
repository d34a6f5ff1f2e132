"""States and modules through Salt's own loader, against the embedded AWS."""

from pathlib import Path

import pytest
import salt._logging
import salt.config
from saltfactories.utils.functional import Loaders

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _no_queued_log():
    """Salt keeps what is logged before logging is set up, and would print it all when the suite has ended."""
    salt._logging.shutdown_temp_handler()


@pytest.fixture
def pillar():
    """The minion's pillar; a module or a test gives its own."""
    return {}


@pytest.fixture(scope="module")
def minion_opts(tmp_path_factory):
    root = tmp_path_factory.mktemp("minion")
    opts = salt.config.minion_config(None)
    opts.update(
        id="registry",
        root_dir=str(root),
        cachedir=str(root / "cache"),
        conf_file=str(root / "minion"),
        file_client="local",
        file_roots={"base": [str(TREE / "salt")]},
        pillar_roots={"base": []},
        module_dirs=[str(TREE / "_modules")],
        states_dirs=[str(TREE / "_states")],
    )
    return opts


@pytest.fixture(scope="module")
def loaders(minion_opts):
    return Loaders(minion_opts)


@pytest.fixture(autouse=True)
def _with_pillar(loaders, pillar):
    loaders.opts["pillar"] = pillar
    for functions in (loaders.modules, loaders.states):
        functions.opts["pillar"] = pillar
        functions.pack["__pillar__"] = pillar
    yield
    loaders.reset_state()


@pytest.fixture
def modules(loaders):
    return loaders.modules


@pytest.fixture
def states(loaders):
    return loaders.states


@pytest.fixture
def converge(sandbox, states):
    """
    Run a state as an operator would: under test, for real, and again; and check what must hold for every state.

    Returns the real run's return.
    """

    def run(function, **arguments):
        state = states[function]
        sandbox.refuse_writes(True)
        sandbox.clear_calls()
        planned = state(**arguments, test=True)
        assert sandbox.calls(write=True) == [], "written under test"
        sandbox.refuse_writes(False)
        real = state(**arguments)
        assert real.changes == planned.changes, planned.comment
        if real.result is False:
            assert planned.result is False, planned.comment
            assert planned.comment == real.comment
            return real
        assert planned.result is (None if real.changes else True), planned.comment
        sandbox.clear_calls()
        again = state(**arguments)
        assert again.result is True, again.comment
        assert again.changes == {}
        assert sandbox.calls(write=True) == [], "written by a second run"
        return real

    return run
