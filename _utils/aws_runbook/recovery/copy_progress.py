"""
The progress of copying: a log line at intervals, at the level that Salt shows by default.

``aws_runbook.progress.Progress`` counts parts of one size. Here objects are from some bytes to many gigabytes, so bytes are reported too, and the
time left follows from the calls that copies take.
"""

import logging
import time

from aws_runbook.amounts import size

log = logging.getLogger(__name__)

_EVERY = 10.0  # seconds
_SHARE = 1000  # the smallest share after which the time left is estimated


class Progress:
    """Counts what is done of ``calls``, ``objects`` and ``volume`` (bytes); ``clock`` gives seconds."""

    def __init__(self, what, objects, volume, calls, clock=time.monotonic):
        self._what, self._objects, self._volume, self._calls = what, objects, volume, calls
        self._clock = clock
        self._begun = self._logged = clock()
        self.done = self._bytes = self._made = 0

    def add(self, objects, volume, calls):
        """Add completed work."""
        self.done += objects
        self._bytes += volume
        self._made += calls
        if self._clock() - self._logged >= _EVERY:
            self._logged = self._clock()
            log.warning("%s: %s", self._what, self.line())

    def line(self):
        """Objects and bytes of all, and the time left."""
        amount = f"{self.done:,} of {self._objects:,} objects, {size(self._bytes)} of {size(self._volume)}"
        if self._made * _SHARE < self._calls or not self._made:
            return amount
        left = (self._clock() - self._begun) * (self._calls - self._made) / self._made
        return f"{amount}, about {_length(left)} left"


def _length(seconds):
    minutes = round(seconds / 60)
    if not minutes:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
