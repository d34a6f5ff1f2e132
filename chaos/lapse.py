"""
Time that passes without anybody waiting: whoever sleeps in this process is awake at once, and the clocks are as much later.

It is put in force before whatever asks for the time is imported, as many keep ``time.sleep`` and ``time.monotonic`` at hand.
"""

import time
from datetime import datetime, timedelta, timezone

_real_sleep, _real_monotonic = time.sleep, time.monotonic


class Lapse:
    """How many seconds have ``passed`` that nobody waited for."""

    def __init__(self):
        self.passed = 0.0
        # Who is told of each sleep, in a process that shares its time with others.
        self.share = None

    def sleep(self, seconds):
        """Let ``seconds`` pass."""
        if self.share:
            self.share(max(0.0, seconds))
        else:
            self.passed += max(0.0, seconds)

    def monotonic(self):
        """The monotonic clock, with what has passed."""
        return _real_monotonic() + self.passed

    def now(self):
        """This moment, with what has passed."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.passed)


lapse = Lapse()


def put_in_force():
    """From now on nobody in this process waits."""
    time.sleep = lapse.sleep
    time.monotonic = lapse.monotonic


def really_sleep(seconds):
    """Wait for something outside of this process."""
    _real_sleep(seconds)
