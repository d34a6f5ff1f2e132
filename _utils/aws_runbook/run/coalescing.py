"""
Batch reads across threads: threads that each need one resource wait for one another, and one listing answers all of them.

Fifty users that were created in parallel are confirmed by one call. The last thread makes it, when all others wait or have ended.
A thread that is delayed, for instance because AWS does not show a resource yet, is waited for only briefly.
"""

import threading
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

# How long to wait for delayed threads. Seconds.
_PATIENCE = 1.0
# The number of simultaneous calls that throttling services accept from a run.
AT_ONCE = 10

_active: ContextVar[Any] = ContextVar("aws_runbook_group", default=None)


class Group:
    """A group of parallel threads."""

    def __init__(self, number):
        self.number = number
        self._running = number
        # The request of each waiting thread: a name, and the function that answers it.
        self._waiting = {}
        self._leading = False
        self._changed = threading.Condition()
        self.calls = threading.BoundedSemaphore(AT_ONCE)

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
                self._changed.notify_all()

    def ask(self, name, load):
        """Call ``load()`` once for all threads that ask for ``name``, after all of them have asked."""
        me, in_time = threading.get_ident(), True
        with self._changed:
            self._waiting[me] = (name, load)
            self._changed.notify_all()
            while me in self._waiting and not self._is_due(in_time):
                in_time = self._changed.wait(_PATIENCE)
            if me not in self._waiting:
                return
            self._leading = True
            asking = dict(self._waiting)
        try:
            for once in dict(asking.values()).values():
                once()
        finally:
            with self._changed:
                self._leading = False
                for thread in asking:
                    self._waiting.pop(thread, None)
                self._changed.notify_all()

    def _is_due(self, in_time):
        return not self._leading and (len(self._waiting) >= self._running or not in_time)


def current():
    """Return the :class:`Group` of this thread, if any."""
    return _active.get()


def turn():
    """Hold this during a call; it limits the simultaneous calls of parallel threads."""
    group = _active.get()
    return group.calls if group else nullcontext()
