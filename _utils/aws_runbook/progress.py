"""
Report the progress of work that takes longer than some seconds, as log lines at the level that Salt shows by default.

https://docs.saltproject.io/en/latest/ref/configuration/logging/index.html
"""

import logging
import time

from aws_runbook.amounts import minutes_and_seconds

log = logging.getLogger(__name__)

# The first line comes after this time. Seconds.
FIRST_LINE = 5.0
# The interval between two lines. Seconds.
_INTERVAL = 20.0


class Progress:
    """
    The progress of one piece of work: call ``step()`` after each part.

    The first line is logged after :data:`FIRST_LINE` seconds. If the number of parts, ``of``, is known, a line has the number done and an
    estimate of the time left, otherwise the number done and the time taken. ``parts`` is the plural noun for the parts.
    """

    def __init__(self, doing, parts, of=None, *, clock=time.monotonic):
        self._doing, self._parts, self._of, self._clock = doing, parts, of, clock
        self._done, self._start, self._due = 0, clock(), FIRST_LINE

    def step(self, count=1):
        """Note that ``count`` more parts are done."""
        self._done += count
        taken = self._clock() - self._start
        if taken < self._due or (self._of and self._done >= self._of):
            return
        self._due = taken + _INTERVAL
        if self._of:
            left = minutes_and_seconds(taken / self._done * (self._of - self._done))
            log.warning("%s: %d of %d %s so far, about %s more", self._doing, self._done, self._of, self._parts, left)
        else:
            log.warning("%s: %d %s in %s so far", self._doing, self._done, self._parts, minutes_and_seconds(taken))
