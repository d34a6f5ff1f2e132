"""
Playing cases of the matrix: which there are, a share of them drawn by a seed, and several processes that play them.
"""

import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import wait

from tests.chaos import matrix, pasts
from tests.chaos.cases import cases_of
from tests.chaos.fleet import PHASES, World


@dataclass
class Found:
    """The cases that there are, and the sites, calls and writes that they were found by."""

    cases: list = field(default_factory=list)
    sites: dict = field(default_factory=lambda: defaultdict(set))
    problems: list = field(default_factory=list)


def discovered(parts=None):
    """All cases of the matrix, or of some parts of the fleet, found by healthy runs in a process of their own."""

    def look(send):
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            send(_discover(World(folder, parts), parts))

    (found,) = _streamed(look)
    return found


def _discover(world, parts):
    found = Found()
    for part in parts or world.parts:
        cases, problems, found.sites = matrix.apart(lambda: _of_part(world, part, found.sites))  # noqa: B023
        found.cases += cases
        found.problems += problems
    return found


def _of_part(world, part, known):
    cases, problems = [], []
    for phase, stage in matrix.stages(world, part):
        wrong, sites = stage.reference()
        problems += [f"{phase.name} / {part} / nothing goes wrong: {problem}" for problem in wrong]
        cases += cases_of(part, phase.name, sites, known, of_keys=phase.of_keys)
    return cases, problems, known


def share(cases, number, seed):
    """So many of the cases, drawn by a seed, in the order in which they are played: part by part, and phase by phase."""
    drawn = random.Random(seed).sample(range(len(cases)), min(number, len(cases)))
    return [cases[place] for place in sorted(drawn)]


def play(world, cases, tell):
    """Play the cases, part by part and phase by phase; ``tell(outcome)`` hears each at once."""
    wanted = defaultdict(lambda: defaultdict(list))
    for case in cases:
        wanted[case.part][case.phase].append(case)
    for part, phases in wanted.items():
        for case in phases.pop(pasts.PHASE, ()):
            tell(matrix.apart(lambda: pasts.play(world, case)))  # noqa: B023
        if phases:
            for outcome in _streamed(lambda send: _play_part(world, part, phases, send)):  # noqa: B023
                tell(outcome)


def _play_part(world, part, phases, send):
    last = list(PHASES)[max(list(PHASES).index(phase) for phase in phases)]
    for phase, stage in matrix.stages(world, part, until=last):
        if phase.name in phases:
            stage.reference()
            for case in phases[phase.name]:
                send(stage.play(case))


def _streamed(job):
    """What ``job(send)`` sends, from a process that is forked for it."""
    ours, theirs = Pipe()
    pid = os.fork()
    if not pid:
        ours.close()
        try:
            job(theirs.send)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    theirs.close()
    try:
        while True:
            yield ours.recv()
    except EOFError:
        pass
    _, status = os.waitpid(pid, 0)
    if status:
        raise RuntimeError("the process that played the cases of a part failed")


def side_by_side(cases, jobs, tell):
    """Play the cases in so many processes, each with a world of its own."""
    parts = Counter(case.part for case in cases)
    loads = [[] for _ in range(jobs)]
    for part, _ in parts.most_common():
        min(loads, key=lambda load: sum(parts[each] for each in load)).append(part)
    pipes = []
    for load in filter(None, loads):
        ours, theirs = Pipe()
        if not os.fork():
            ours.close()
            code = 1
            try:
                with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
                    play(
                        World(folder, [part for part in load if part != pasts.PART]),
                        [case for case in cases if case.part in load],
                        theirs.send,
                    )
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            os._exit(code)
        theirs.close()
        pipes.append(ours)
    while pipes:
        for pipe in wait(pipes):
            try:
                tell(pipe.recv())
            except EOFError:
                pipes.remove(pipe)
