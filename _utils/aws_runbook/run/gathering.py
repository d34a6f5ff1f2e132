"""
Asking together: threads that each need to know of one thing wait for one another, and one listing answers them all.

Fifty users that have been created side by side are confirmed by one call. The last of the threads to need it makes it, when all
others wait or have ended; one that is held up, for instance since AWS does not show a thing yet, is waited for only a moment.
"""

import threading
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

# How long to wait for those that are held up. Seconds.
_PATIENCE = 1.0
# As many calls at a time as services that throttle take from a run.
AT_ONCE = 10

_active = ContextVar("aws_runbook_gathering", default=None)


class Gathering:
    """So many threads that work side by side."""

    def __init__(self, number):
        self.number = number
        self._running = number
        # What each thread that waits has asked for: a name, and what answers it.
        self._waiting = {}
        self._leading = False
        self._changed = threading.Condition()
        self.calls = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def member(self):
        """Be one of the threads."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def ask(self, name, load):
        """Have ``load()`` called once for all that ask for ``name``, after each of them has asked."""
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
    """The :class:`Gathering` of this thread, if any."""
    return _active.get()


def turn():
    """Hold this while a call is made: threads that work side by side make so many at a time."""
    together = _active.get()
    return together.calls if together else nullcontext()
