"""
The sample fleet and its AWS in this one process, without network and without waiting; what a test of it does takes a fraction of a second.

``World`` holds both. The fleet is cut into its parts: what depends on nothing of the others, a server's bucket, policy, user and key,
say. A phase is what a run of the states meets: nothing, all as it should be, or another pillar and an account in which people have
been at work.
"""

from chaos import lapse  # isort: skip - before whatever asks for the time

lapse.put_in_force()

import copy  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import uuid  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from functools import cache  # noqa: E402
from pathlib import Path  # noqa: E402

import botocore.session  # noqa: E402
import dns.query  # noqa: E402
import salt.state  # noqa: E402
from salt._logging import impl as salt_logging  # noqa: E402

import sandbox.clock  # noqa: E402
from aws_runbook import clock, polling  # noqa: E402
from aws_runbook.run import prefetch  # noqa: E402
from chaos import in_process  # noqa: E402
from sandbox.application import Application  # noqa: E402
from sandbox.client import Sandbox  # noqa: E402
from sandbox.server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY  # noqa: E402
from sandbox.state import State  # noqa: E402
from sandbox.zone import Zone  # noqa: E402
from tests.chaos import invariants, people  # noqa: E402
from tests.fixtures import loaders, sample  # noqa: E402

TREE = Path(__file__).resolve().parents[2]
# A server of the sandbox's interest only: nobody listens there, as DNS is in this process too.
_NAMESERVER = "127.0.0.1:53"
_PRODUCT = tuple(f"{TREE}{os.sep}{folder}{os.sep}" for folder in ("_modules", "_states", "_utils"))
# What every call goes through, whoever makes it.
_COMMON = tuple(f"aws_runbook{os.sep}{name}" for name in (f"aws{os.sep}", f"run{os.sep}", "polling.py"))


def place():
    """Where in the product's code a call comes from: the function that asks its session for it."""
    frame = sys._getframe(1)
    while frame:
        path = frame.f_code.co_filename
        if path.startswith(_PRODUCT) and not any(part in path for part in _COMMON):
            module = path.removeprefix(f"{TREE}{os.sep}").removeprefix(f"_utils{os.sep}").removesuffix(".py")
            return f"{module.replace(os.sep, '.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


@dataclass(frozen=True)
class Phase:
    """
    ``before(world)`` is what happens before the run, of the states as of ``pillar`` (``sample`` or ``changed``). ``of_keys``: for parts
    with users and their keys only.
    """

    name: str
    pillar: str
    before: Callable
    of_keys: bool = False


PHASES = {
    phase.name: phase
    for phase in (
        Phase("first apply", "sample", people.have_an_account),
        Phase("second apply", "sample", people.work_beside),
        Phase("change", "changed", people.change_things),
        Phase("rotation", "changed", people.rotate_keys, of_keys=True),
        Phase("rotation's end", "changed", people.wait_a_week, of_keys=True),
    )
}


@dataclass
class Returned:
    """What a run of states returned, by id, all that it logged, and the operations that it wrote with."""

    states: dict
    log: str
    writes: list

    @property
    def failed(self):
        """The comments of the states that failed by themselves."""
        return {
            name: ret["comment"]
            for name, ret in self.states.items()
            if ret["result"] is False and not ret.get("__requisite__")
        }

    @property
    def is_good(self):
        """Whether all states say that all is as wanted."""
        return all(ret["result"] is True for ret in self.states.values())

    @property
    def changed(self):
        """The changes, by id."""
        return {name: ret["changes"] for name, ret in self.states.items() if ret["changes"]}


class _Log(logging.Handler):
    """Keeps what is logged, as it would be printed."""

    def __init__(self):
        super().__init__(1)
        self.lines = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record):
        self.lines.append(self.format(record))


class World:
    """AWS, the minion that manages the fleet, and the files that it writes, in ``folder``, of all ``parts`` or of some."""

    def __init__(self, folder, parts=None):
        if polling.until.__kwdefaults__["pause"] != lapse.lapse.sleep:
            raise RuntimeError("The product was imported before its clock was put in force, and would really wait.")
        self.folder = Path(folder)
        self._surround()
        self.state = State()
        self.application = Application(self.state)
        self.line = in_process.Line(self.carry, place)
        self.line.connect()
        self.aws = Sandbox(url=in_process.URL)
        self.zone = Zone()
        self._log = _Log()
        logging.root.addHandler(self._log)
        logging.root.setLevel(1)
        self.lows = {}
        files = {}
        for name, edit in (("sample", lambda _: None), ("changed", people.edit)):
            self._read(name, edit)
            files = self.files()
        self._keep_time()
        self.parts = _parts(self.lows["sample"])
        self.names = set()
        self.secrets = invariants.Secrets(self)
        self._files = files
        for part in self.parts if parts is None else parts:
            self.run(self.chosen(part, "sample"))  # once, so that what is read at the first time is read
        gc.freeze()

    def _surround(self):
        environment = {
            "AWS_ENDPOINT_URL": in_process.URL,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(environment)
        salt_logging.shutdown_temp_handler()
        botocore.session.create_loader = cache(botocore.session.create_loader)
        loaders.remember_what_stays()
        # One after the other, so that the same case is the same each time.
        prefetch.AT_ONCE = 1

        def answered(query, *_args, **_options):
            return dns.message.from_wire(self.zone.answer(dns.message.from_wire(query.to_wire())).to_wire())

        dns.query.udp = answered
        dns.query.udp_with_fallback = lambda *args, **options: (answered(*args, **options), False)

    def _keep_time(self):
        sandbox.clock._real = lapse.lapse.now
        clock.now = lapse.lapse.now

    def _read(self, name, edit):
        """The states that follow from the sample pillar, edited."""
        from tests.functional.conftest import Fleet  # it imports Salt's loaders, which takes a while

        pillar = sample.copy(self.folder / "pillar", _NAMESERVER)
        edit(pillar)
        self.minion = Fleet(self.folder, "control", pillar=pillar)
        found = self.minion.call("state.show_low_sls", "aws")
        self.lows[name] = [_plain(chunk) for chunk in getattr(found, "raw", found)]
        opts = self.minion._loaders.opts
        self._salt = salt.state.State(dict(opts), initial_pillar=dict(opts["pillar"]))

    def run(self, chunks):
        """Run states, given as Salt's low chunks."""
        chunks = copy.deepcopy(chunks)
        self._salt.instance_id = uuid.uuid4().hex
        if hasattr(self._salt, "dependency_dag"):  # Salt 3006 sorts elsewhere
            self._salt.dependency_dag = type(self._salt.dependency_dag)()
            self._salt.order_chunks(chunks)
        self._log.lines.clear()
        before = len(self.state.log.entries(write=True))
        running = self._salt.call_chunks(chunks)
        states = {}
        for tag, ret in running.items():
            kept = {name: ret.get(name) for name in ("result", "changes", "comment", "warnings")}
            kept["__requisite__"] = str(ret.get("comment", "")).startswith("One or more requisite failed")
            states[tag.split("_|-")[1]] = _plain(kept)
        written = [f"{call['service']}:{call['operation']}" for call in self.state.log.entries(write=True)[before:]]
        return Returned(states, "\n".join(self._log.lines), written)

    def chosen(self, part, pillar):
        """The chunks of a part, and those that its pillar has added to it."""
        chunks = self.lows[pillar]
        wanted = set(self.parts[part])
        found = next(ids for ids in _parts(chunks).values() if wanted & set(ids) - {chunks[0]["__id__"]})
        return [chunk for chunk in chunks if chunk["__id__"] in found]

    def carry(self, request):
        """The answer of AWS to a request; what is secret in either is noted."""
        answer = in_process.ask(self.application, request)
        self.secrets.note(request, answer)
        return answer

    def begin(self, part):
        """An account with nothing of ours, and files as they were, for a part of the fleet."""
        self.aws.reset()
        self.put_back(self._files)
        self.names = {chunk["name"] for pillar in self.lows for chunk in self.chosen(part, pillar)} if part else set()

    def files(self):
        """All files that there are, but for what Salt caches of the states' texts."""
        return {
            path.relative_to(self.folder): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    def put_back(self, files):
        """The files as they were."""
        for path in self.files().keys() - files.keys():
            (self.folder / path).unlink()
        for path, content in files.items():
            place = self.folder / path
            if not place.exists() or place.read_bytes() != content:
                place.write_bytes(content)

    def ours(self, names):
        """Those of ``names`` that the states of the present part are called by."""
        return [name for name in names if name in self.names]

    def pass_time(self, seconds):
        """Let time go by, here and for AWS."""
        lapse.lapse.passed += seconds

    def function(self, name):
        """An execution module function of the minion."""
        return self.minion._loaders.modules[name]


def _plain(data):
    return json.loads(json.dumps(data, default=str))


def _parts(chunks):
    """The ids of the states of each part, which is called as the last of them: what depends on nothing of the others."""
    first, *others = (chunk["__id__"] for chunk in chunks)
    part = {name: {name} for name in others}
    for chunk in chunks:
        for entry in chunk.get("require", ()):
            for required in entry.values():
                name = required.replace("[[]", "[").replace("[]]", "]")
                if name in part and name != chunk["__id__"]:
                    whole = part[name] | part[chunk["__id__"]]
                    part.update(dict.fromkeys(whole, whole))
    found = {}
    for name in others:
        ids = [other for other in others if other in part[name]]
        found[ids[-1].removeprefix("aws-")] = [first, *ids]
    return found
