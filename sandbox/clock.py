"""
The sandbox's time: real time, moved and stopped by tests.
"""

import threading
from datetime import datetime, timedelta, timezone


class Clock:
    """Runs with real time, from wherever it was set."""

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        """Back to real time."""
        with self._lock:
            self._offset = timedelta()
            self._stopped_at = None

    def now(self):
        """The time in the sandbox, with UTC as its zone."""
        with self._lock:
            return self._stopped_at or _real() + self._offset

    def set(self, moment):
        """Jump to ``moment`` (with a zone)."""
        with self._lock:
            self._offset = moment - _real()
            if self._stopped_at is not None:
                self._stopped_at = moment

    def advance(self, seconds):
        """Move on by ``seconds``."""
        self.set(self.now() + timedelta(seconds=seconds))

    def stop(self):
        """Stand still until :meth:`start`: ``set`` and ``advance`` still move it."""
        moment = self.now()
        with self._lock:
            self._stopped_at = moment

    def start(self):
        """Run again, from where it stood."""
        moment = self.now()
        with self._lock:
            self._stopped_at = None
            self._offset = moment - _real()


def _real():
    return datetime.now(tz=timezone.utc)
