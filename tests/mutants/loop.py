"""
A plugin of pytest that runs the tests once, to see which function each of them calls, and then those of its function with each mutant.

Each mutant has a process of its own, forked when all is imported and collected: to start pytest for each would take ten times as
long. Of each property there are few examples, the same ones each time, and none is made smaller.
"""

import gc
import json
import os
import signal
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from tests.mutants import rooms

EXAMPLES = 3
# Seconds: of the processor, beyond what the tests took without a mutant; and on the clock, for what waits for ever.
_MORE, _TIMES, _ASLEEP = 2, 2, 60


def pytest_addoption(parser):
    """Where the names of the mutants are, and where their fates go."""
    parser.addoption("--mutants", type=Path)


def pytest_collection_modifyitems(config, items):
    """Override what the tests ask for, which is meant for a whole run; what kills most in the least time comes first."""
    left_out = [item for item in items if item.originalname in rooms.LEFT_OUT]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: _settings(item) is not None)
    for item in items:
        own = _settings(item)
        if own is not None:
            item.obj._hypothesis_internal_use_settings = settings(
                own,
                max_examples=min(EXAMPLES, own.max_examples),
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )


def _settings(item):
    return getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)


def pytest_runtestloop(session):
    """In place of pytest's own."""
    path = session.config.getoption("mutants")
    callers, seconds = _observed(session)
    if session.testsfailed:
        raise session.Failed("a test fails without any mutant")
    # From here on tests are meant to fail.
    session.config.pluginmanager.unregister(name="terminalreporter")
    if _fate(session, "", session.items, sum(seconds.values())) != "survived":
        raise session.Failed("a test fails without any mutant when it runs again")
    # The collector of garbage would copy the memory that the forks share.
    gc.collect()
    gc.freeze()
    fates = {}
    for name in json.loads(path.read_text()):
        items = callers.get(name.partition("__mutmut_")[0])
        fates[name] = _fate(session, name, items, sum(seconds[item] for item in items)) if items else "not reached"
        print(f"{len(fates)}: {name} {fates[name]}", flush=True)  # noqa: T201 - the log of the run
    path.write_text(json.dumps(fates))
    return True


def _observed(session):
    """By function, the tests that call it, the fastest first; and how many seconds of the processor each test takes."""
    set_mutant_under_test("stats")
    callers, seconds, waits = defaultdict(list), {}, {}
    # Fixtures of the session stay, for the mutants: after the last test comes the session, and not the end.
    for item, after in pairwise([*session.items, session]):
        state()._stats.clear()
        began, started = time.process_time(), time.monotonic()
        _run(item, after)
        seconds[item], waits[item] = time.process_time() - began, time.monotonic() - started
        for function in state()._stats:
            callers[function].append(item)
    set_mutant_under_test("")
    return {function: sorted(items, key=waits.get) for function, items in callers.items()}, seconds


def _run(item, after):
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)


def _fate(session, name, items, seconds):
    child = os.fork()
    if not child:
        _end_alone(session, name, items, seconds)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status in (-signal.SIGPROF, -signal.SIGALRM):
        return "timed out"
    return "survived" if status == 0 else "killed"


def _end_alone(session, name, items, seconds):
    """Run the tests until one fails, and end this process."""
    try:
        signal.setitimer(signal.ITIMER_PROF, _MORE + _TIMES * seconds)
        signal.setitimer(signal.ITIMER_REAL, _ASLEEP)
        set_mutant_under_test(name)
        session.config.pluginmanager.register(_FirstFailure())
        for item, after in pairwise([*items, session]):
            _run(item, after)
    except BaseException:
        os._exit(1)
    os._exit(0)


class _FirstFailure:
    """Ends the process at once: a report takes longer than the test."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Before the report is made."""
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            print(f"    {call.when} of {item.nodeid}", flush=True)  # noqa: T201
            os._exit(1)
