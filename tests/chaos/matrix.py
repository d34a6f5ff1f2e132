"""
The matrix: every call that a run of the sample fleet makes, each fault, and each phase; a run that is killed at each write; runs at once.

The calls are found by recording a healthy run of each part of the fleet in each phase (:func:`record`). A case is played in a process
of its own, forked from one in which everything is as it is before the run (:class:`Stage`), so none has to be built up, and none leaves
anything behind but files, which are put back.
"""

import gc
import json
import os
import random
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe

from chaos import processes
from chaos.faults import FAULTS
from tests.chaos import invariants, people
from tests.chaos.cases import Case
from tests.chaos.fleet import PHASES
from tests.chaos.sites import Killer, Recorder, Striker
from tests.fixtures import snapshot

# How long a case may take before it counts as hanging. Seconds.
_PATIENCE = 600
# Longer than RDS takes for anything, and than a note of a run counts. Seconds.
_A_WHILE = 1200
_OF_SNAPSHOT = {"sesv2": "ses", "sts": "iam"}


@dataclass
class Outcome:
    """What became of a case: sentences about what does not hold, and what was struck."""

    case: Case
    problems: list
    struck: int
    seconds: float


def record(world, chunks):
    """The sites of a healthy run of states, in the order of the calls, and what it returned."""
    recorder = world.line.carry = Recorder(world)
    returned = world.run(chunks)
    world.line.carry = world.carry
    return recorder.sites, returned


class Stage:
    """States (``chunks``) right before their run, with what healthy runs make of them."""

    def __init__(self, world, chunks):
        self._world, self._chunks = world, chunks
        self._files = world.files()
        # What fails although nothing goes wrong: some pillars and pasts are refused.
        self._refused = {}
        self._wanted = None
        self.services = ()

    def reference(self):
        """What is to come of every case: that of runs in which nothing goes wrong. The sites of the first."""
        problems, sites, self.services, self._refused, self._wanted = apart(self._healthy)
        self._world.put_back(self._files)
        return problems, sites

    def _healthy(self):
        sites, returned = record(self._world, self._chunks)
        self._refused = returned.failed
        used = {site.operation.split(":")[0] for site in sites}
        self.services = tuple(sorted({_OF_SNAPSHOT.get(service, service) for service in used}))
        problems = list(self._afterwards([]))
        return problems, sites, self.services, self._refused, self._state()

    def _state(self):
        if "rds" in self.services:
            self._world.pass_time(_A_WHILE)
        files = {str(path): content.decode() for path, content in self._world.files().items() if path.suffix == ".sls"}
        for secret in self._world.secrets.all:
            files = {path: text.replace(secret, "(a secret)") for path, text in files.items()}
        return invariants.account({**snapshot.take(self._world.aws, self.services), **files})

    def play(self, case):
        """The outcome of a case."""
        began = time.perf_counter()
        try:
            problems, struck = apart(partial(self._play, case))
        except HangingError:
            problems, struck = ["it hangs"], 0
        self._world.put_back(self._files)
        return Outcome(case, problems, struck, time.perf_counter() - began)

    def _play(self, case):
        returned, struck = self._broken(case)
        problems = list(self._afterwards(returned))
        problems += invariants.difference(self._wanted, self._state())
        return problems, struck

    def _broken(self, case):
        """The run in which it goes wrong; what those returned that came to their end."""
        world, job = self._world, partial(self._world.run, self._chunks)
        if case.what.endswith("at once"):
            draw = random.Random(str(case))
            number = int(case.what.split()[0])
            returned = processes.run([job] * number, world.line, draw.randrange)
            return [each or "it died" for each in returned], 1
        if case.what.startswith("killed"):
            number = int(case.where.split(":")[0].removeprefix("write "))
            killer = Killer(world, number, case.what.removeprefix("killed "))
            return [each for each in processes.run([job], world.line, lambda _: 0, killer) if each], killer.struck
        fault = FAULTS[case.what]
        past = processes.Past(world.line) if fault.name == "stale read" else None
        striker = world.line.carry = Striker(world, fault, case.where, past)
        returned = [job()]
        world.line.carry = world.carry
        if past:
            past.end()
        return returned, striker.struck

    def _is_good(self, returned):
        """Whether all states say that all is as wanted, but for those that are refused whatever happens."""
        return returned.failed.keys() == self._refused.keys()

    def _afterwards(self, returned):
        """What does not hold after the broken runs, and after two more in which nothing goes wrong."""
        world = self._world
        for number, each in enumerate(returned):
            if each == "it died":
                yield f"run {number + 1} of those at once died"
                continue
            yield from invariants.told(each)
        run = partial(world.run, self._chunks)
        second = run()
        if len(returned) == 1 and self._is_good(returned[0]) and second.changed:
            yield f"it was said to be done, and was not: {_shown(second.changed)}"
        if not self._is_good(second) or "rds" in self.services:
            # What a run notes for the next ones, and what RDS is at, comes to rest.
            world.pass_time(_A_WHILE)
            second = run()
        if not self._is_good(second):
            yield f"the next run does not converge: {_shown(second.failed)}"
        # One that changes and writes nothing is the last one too.
        third = run() if second.changed or second.writes else second
        if not self._is_good(third) or third.changed:
            yield f"the last run changes something: {_shown(third.failed)} {_shown(third.changed)}"
        if third.writes:
            yield f"the last run writes: {', '.join(third.writes)}"
        runs = [*(each for each in returned if each != "it died"), second, third]
        texts = {f"the return of run {number}": json.dumps(each.states) for number, each in enumerate(runs, 1)}
        texts |= {f"the log of run {number}": each.log for number, each in enumerate(runs, 1)}
        private = world.folder / "pillar" / "private"
        for path, content in world.files().items():
            if (world.folder / path).parent != private:
                texts[f"the file {path}"] = content.decode(errors="replace")
        yield from world.secrets.leaked(texts)
        yield from world.secrets.stored(world.folder)


class HangingError(Exception):
    """A case that does not end."""


def _shown(told):
    return json.dumps(told, default=str)[:1500]


def apart(job):
    """The result of ``job()`` in a process that is forked for it."""
    ours, theirs = Pipe()
    pid = os.fork()
    if not pid:
        gc.disable()  # what it makes goes with it; what it was forked from is not touched
        try:
            theirs.send(job())
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    theirs.close()
    try:
        if not ours.poll(_PATIENCE):
            os.kill(pid, 9)
            raise HangingError
        return ours.recv()
    finally:
        ours.close()
        os.waitpid(pid, 0)


def stages(world, part, until=None):
    """``(phase, stage)`` of a part, one after the other, in a process of its own: each is left by a healthy run."""
    world.begin(part)
    has_keys = bool(world.ours(people.USERS))
    for phase in PHASES.values():
        if phase.of_keys and not has_keys:
            return
        phase.before(world)
        chunks = world.chosen(part, phase.pillar)
        yield phase, Stage(world, chunks)
        if phase.name == until:
            return
        world.run(chunks)
