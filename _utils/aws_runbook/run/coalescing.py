"""
Batch reads across threads: threads that each need one resource wait for one another, and one listing answers all of them.

Fifty users that were created in parallel are confirmed by one call, when all threads wait or have ended. One of them leads: it makes
the call, and the others sleep until then, so that each request wakes one thread at most. A thread that pauses, for instance because AWS
does not show a resource yet, is waited for only briefly. One that has not had its turn yet, of the processor or to call AWS, is waited
for: if it were not, the number of listings would grow with the number of threads.
"""

import threading
import time
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

# How long to wait for threads that pause, since another one last made progress. Seconds.
_PATIENCE = 1.0
# The same for any other thread: a call may hang.
_LONG_PATIENCE = 30.0
# The number of simultaneous calls that throttling services accept from a run.
AT_ONCE = 10

_active: ContextVar[Any] = ContextVar("aws_runbook_group", default=None)


class _Request:
    """What a thread waits for: ``load()`` answers all requests of one ``name``."""

    def __init__(self, name, load):
        self.name, self.load = name, load
        # Set when it is answered, or its thread is to lead.
        self.woken = threading.Event()
        self.answered = False


class Group:
    """A group of parallel threads."""

    def __init__(self, number):
        self.number = number
        self._running = number
        self._waiting, self._leader = [], None
        # Only the leader waits for it.
        self._changed = threading.Condition()
        self.calls = threading.BoundedSemaphore(AT_ONCE)
        # The number of threads that pause, and when a thread last made progress.
        self._pausing, self._last = 0, time.monotonic()

    @contextmanager
    def member(self):
        """Join the group of threads."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)
            with self._changed:
                self._running -= 1
                self._check()

    @contextmanager
    def pausing(self):
        """Meanwhile the others wait only briefly for this thread."""
        self._count_pausing(1)
        try:
            yield
        finally:
            self._count_pausing(-1)

    def without(self, number):
        """Do not wait for ``number`` threads that could not be started."""
        with self._changed:
            self.number -= number
            self._running -= number
            self._check()

    def _count_pausing(self, number):
        with self._changed:
            self._pausing += number
            self._check()

    def ask(self, name, load):
        """Call ``load()`` once for all threads that ask for ``name``, after all of them have asked."""
        request = _Request(name, load)
        with self._changed:
            self._waiting.append(request)
            self._appoint()
            self._check()
        try:
            request.woken.wait()
            if not request.answered:
                self._lead()
        finally:
            if not request.answered:
                self._withdraw(request)

    def _withdraw(self, request):
        """Let another thread lead: this one was interrupted while it waited."""
        with self._changed:
            self._waiting = [other for other in self._waiting if other is not request]
            if self._leader is request:
                self._leader = None
            self._appoint()

    def _appoint(self):
        """Let the first waiting thread lead, unless one leads already."""
        if self._leader is None and self._waiting:
            self._leader = self._waiting[0]
            self._leader.woken.set()

    def _check(self):
        """Wake the leader if it need not wait for anybody who is getting on, after a thread has asked, paused or ended."""
        self._last = time.monotonic()
        if len(self._waiting) >= self._running - self._pausing:
            self._changed.notify()

    def _lead(self):
        """Wait for the others, answer all requests, and wake their threads."""
        requests = []
        try:
            with self._changed:
                while (left := self._left()) > 0:
                    self._changed.wait(left)
                requests = list(self._waiting)
            for load in {request.name: request.load for request in requests}.values():
                load()
        finally:
            with self._changed:
                requests = requests or self._waiting  # all go on if this one is interrupted
                for request in requests:
                    request.answered = True
                    request.woken.set()
                self._waiting = [request for request in self._waiting if not request.answered]
                self._leader = None
                self._appoint()

    def _left(self):
        """Return how many seconds the leader waits yet; none if all threads wait or have ended."""
        absent = self._running - len(self._waiting)
        if absent <= 0:
            return 0
        patience = _PATIENCE if absent <= self._pausing else max(_PATIENCE, _LONG_PATIENCE)
        return self._last + patience - time.monotonic()


def current():
    """Return the :class:`Group` of this thread, if any."""
    return _active.get()


@contextmanager
def held(lock):
    """Hold ``lock``; parallel threads wait only briefly for this one meanwhile: who has it may be waiting for all."""
    if not lock.acquire(blocking=False):
        with pausing():
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def pausing():
    """Parallel threads wait only briefly for this one while it holds this."""
    group = _active.get()
    return group.pausing() if group else nullcontext()


def turn():
    """Hold this during a call; it limits the simultaneous calls of parallel threads."""
    group = _active.get()
    return group.calls if group else nullcontext()
