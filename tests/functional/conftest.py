"""States and modules through Salt's own loader, against the embedded AWS."""

from pathlib import Path

import pytest
import salt._logging
import salt.config
from saltfactories.utils.functional import Loaders

from tests.fixtures import sample

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _no_queued_log():
    """Salt keeps what is logged before logging is set up, and would print it all when the suite has ended."""
    salt._logging.shutdown_temp_handler()


@pytest.fixture(autouse=True)
def _refused_by_chance(request, monkeypatch):
    """With ``--sandbox-throttle`` calls are refused by chance: SES's own limit, once a second, is not what is tried then."""
    if request.config.getoption("--sandbox-throttle") is not None:
        monkeypatch.setattr("aws_runbook.pace._INTERVAL", 0.01)


@pytest.fixture
def pillar():
    """The minion's pillar; a module or a test gives its own."""
    return {}


def minion(root, identity):
    """The configuration of a masterless minion that has the tree in its ``file_roots``."""
    opts = salt.config.minion_config(None)
    opts.update(
        id=identity,
        # Salt 3006 hands the pillar on to states only on its own command line; elsewhere it compiles it anew.
        __cli="salt-call",
        root_dir=str(root),
        cachedir=str(root / "cache"),
        conf_file=str(root / "minion"),
        file_client="local",
        pillar={},
        file_roots={"base": [str(TREE / "salt")]},
        pillar_roots={"base": []},
        sdb_dirs=[str(TREE / "tests" / "functional" / "sdb")],
        vault={"driver": "json_file", "path": str(root / "vault.json")},
        module_dirs=[str(TREE / "_modules")],
        states_dirs=[str(TREE / "_states")],
    )
    return opts


@pytest.fixture(scope="module")
def minion_opts(tmp_path_factory):
    return minion(tmp_path_factory.mktemp("minion"), "registry")


@pytest.fixture(scope="module")
def loaders(minion_opts):
    return Loaders(minion_opts)


@pytest.fixture(autouse=True)
def _with_pillar(loaders, pillar):
    loaders.opts["pillar"] = pillar
    for functions in (loaders.modules, loaders.states):
        # In place, because Salt 3006 gives each module options of its own when it loads it.
        functions.opts["pillar"].clear()
        functions.opts["pillar"].update(pillar)
        functions.pack["__pillar__"] = pillar
    yield
    loaders.reset_state()


@pytest.fixture
def modules(loaders):
    return loaders.modules


@pytest.fixture
def states(loaders):
    return loaders.states


class Fleet:
    """A masterless minion of the sample fleet, within the test's own process."""

    def __init__(self, root, identity, nameserver, file_roots=(TREE / "salt",)):
        self.pillar = sample.copy(root / "pillar", nameserver)
        opts = minion(root, identity)
        opts["file_roots"] = {"base": [str(folder) for folder in file_roots]}
        opts["pillar_roots"] = {"base": [str(self.pillar)]}
        self._loaders = Loaders(opts)

    def call(self, function, *args, **kwargs):
        """What an execution module function answers, with pillar as it is now."""
        self._loaders.reload_all()
        return self._loaders.modules[function](*args, **kwargs)

    def apply(self, sls, **kwargs):
        """Each state's return by its id, of ``state.apply``."""
        done = self.call("state.apply", sls, **kwargs).raw
        assert isinstance(done, dict), done
        return {key.split("_|-")[1]: state for key, state in done.items()}


@pytest.fixture
def fleet(request, sandbox, tmp_path, nameserver):
    """The minion that manages the whole sample fleet, or the one that a test names."""
    return Fleet(tmp_path, getattr(request, "param", "control"), nameserver)


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
