"""States and modules through Salt's own loader, against the embedded AWS."""

import re
from pathlib import Path

import pytest
import salt._logging
import salt.config
import yaml

from aws_runbook import salt_commands
from sandbox.zone import Zone
from tests.fixtures import commands, sample
from tests.fixtures.dns_hosts import Cloudflare, standing_in
from tests.fixtures.loaders import Loaders
from tests.functional.adopting import Runner
from tests.functional.cases import CLOUDFLARE, Account

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _no_queued_log():
    """Salt keeps what is logged before logging is set up, and would print it all when the suite has ended."""
    salt._logging.shutdown_temp_handler()


@pytest.fixture(autouse=True)
def _refused_by_chance(request, monkeypatch):
    """With ``--sandbox-throttle`` calls are refused by chance: SES's own limit, once a second, is not what is tried then."""
    if request.config.getoption("--sandbox-throttle") is not None:
        monkeypatch.setattr("aws_runbook.aws.pace._INTERVAL", 0.01)


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
        # The commands in messages name another folder than this one.
        conf_file="/etc/salt/minion",
        file_client="local",
        pillar={},
        file_roots={"base": [str(TREE / "salt")]},
        pillar_roots={"base": []},
        sdb_dirs=[str(TREE / "tests" / "functional" / "sdb")],
        vault={"driver": "json_file", "path": str(root / "vault.json")},
        undriven={"driver": "absent"},
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
    # For each call of a state Salt would compile one that is empty anew. https://github.com/saltstack/salt/blob/master/salt/state.py
    pillar.setdefault("roles", ["server"])
    loaders.opts["pillar"] = pillar
    for functions in (loaders.modules, loaders.states):
        # In place, because Salt 3006 gives each module options of its own when it loads it.
        functions.opts["pillar"].clear()
        functions.opts["pillar"].update(pillar)
        functions.pack["__pillar__"] = pillar
    yield
    loaders.reset_state()


class Settled:
    """Salt's functions; what runs before one of them have made has settled when it is called."""

    def __init__(self, functions, sandbox):
        self._functions, self._sandbox = functions, sandbox

    def __getitem__(self, name):
        function = self._functions[name]

        def call(*args, **kwargs):
            self._sandbox.settle()
            return function(*args, **kwargs)

        return call

    def __getattr__(self, name):
        return getattr(self._functions, name)


@pytest.fixture
def _settled(request):
    """With ``--sandbox-lag`` it is the run's own making that AWS does not show: runs do not follow each other that fast."""
    if request.config.getoption("--sandbox-lag") is None:
        return lambda functions: functions
    sandbox = request.getfixturevalue("sandbox")
    return lambda functions: Settled(functions, sandbox)


@pytest.fixture
def modules(loaders, _settled):
    return _settled(loaders.modules)


@pytest.fixture
def states(loaders, _settled):
    return _settled(loaders.states)


@pytest.fixture(scope="module")
def runner(loaders):
    """Whole runs of states, faster than one after the other."""
    return Runner(loaders)


class Fleet:
    """A masterless minion of the sample fleet, within the test's own process."""

    def __init__(self, root, identity, nameserver=None, file_roots=(TREE / "salt",), pillar=None):
        self.pillar = pillar or sample.copy(root / "pillar", nameserver)
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
def account(sandbox, tmp_path, nameserver):
    """A minion whose pillar a test writes."""

    def with_pillar(pillar):
        fleet = Fleet(tmp_path, "control", nameserver)
        for path in Path(fleet.pillar).rglob("*.sls"):
            path.unlink()
        (Path(fleet.pillar) / "top.sls").write_text(yaml.safe_dump({"base": {"control": ["own"]}}))
        (Path(fleet.pillar) / "own.sls").write_text("#!yaml\n" + yaml.safe_dump(pillar))
        return fleet

    return with_pillar


@pytest.fixture
def quick(monkeypatch):
    """AWS, or another run, is not waited for as long as it may really take."""
    monkeypatch.setattr("aws_runbook.access_keys.rotation.STORING", 1)


@pytest.fixture
def obey(request, monkeypatch, tmp_path, modules):
    """
    Do what a message says: the command in it is typed into a shell as it stands, and what Salt is given is called.

    ``obey(message, "iam_access_key.delete", "AKIA…")`` is about the one command of that function that holds the last.
    ``filled`` replaces words in capital letters; ``call`` is the minion's. Each command that a marker ``runs_command`` of the
    test names, by where in the code it is made, must be among them, and no other.
    """
    made, obeyed, command = {}, set(), salt_commands.command

    def noted(*arguments, **named):
        text = command(*arguments, **named)
        made.setdefault(text, set()).add(commands.caller())
        return text

    monkeypatch.setattr(salt_commands, "command", noted)

    def do(message, function, about="", filled=(), call=None):
        (text,) = [text for text in made if text in message and f" {function} " in f"{text[:-1]} " and about in text]
        obeyed.update((place, function) for place in made[text])
        for word, value in dict(filled).items():
            text = text.replace(f" {word}", f" {value}")
        ((called, arguments, named),) = commands.pasted([text], tmp_path, modules)
        assert called == function
        return call(called, *arguments, **named) if call else modules[called](*arguments, **named)

    yield do
    assert obeyed == {marker.args for marker in request.node.iter_markers("runs_command")}


@pytest.fixture
def surroundings(sandbox, states, tmp_path, monkeypatch):
    """The account, a zone that SES asks, and a DNS host that records are published to: what the cases build upon."""
    with Zone() as zone, standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch) as host:
        account = Account(sandbox, states, tmp_path, zone)
        account.host, account.dns_settings = host, CLOUDFLARE
        yield account
        sandbox.dns(None)


def told_truly(ret):
    """``ret``, whose comment says that all is done if there is nothing that is waited for, and only then; that of a failure is its own."""
    if ret.result is False:
        return ret
    waits = any(warning.startswith("Waiting:") for warning in getattr(ret, "warnings", None) or ())
    assert not (waits and re.search(r"as it should be|is absent", ret.comment)), (ret.comment, ret.warnings)
    assert waits or not re.search(r"is pending, as the warning says|is being deleted", ret.comment), ret.comment
    return ret


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
        planned = told_truly(state(**arguments, test=True))
        assert sandbox.calls(write=True) == [], "written under test"
        sandbox.refuse_writes(False)
        sandbox.clear_calls()
        real = told_truly(state(**arguments))
        assert real.changes == planned.changes, planned.comment
        if real.result is False:
            assert planned.result is False, planned.comment
            assert planned.comment == real.comment
            assert sandbox.calls(write=True) == [], "written although it was to fail"
            assert real.changes == {}
            return real
        assert planned.result is (None if real.changes else True), planned.comment
        sandbox.settle()  # what AWS does not show yet, a second run cannot know
        sandbox.clear_calls()
        again = told_truly(state(**arguments))
        assert again.result is True, again.comment
        assert again.changes == {}
        assert sandbox.calls(write=True) == [], "written by a second run"
        return real

    return run
