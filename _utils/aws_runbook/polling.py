"""
Poll a condition until it is true, with a deadline. A wait of more than some seconds is logged at the level that Salt shows by default.

https://docs.saltproject.io/en/latest/ref/configuration/logging/index.html
"""

import logging
import time

from aws_runbook.amounts import minutes_and_seconds
from aws_runbook.progress import FIRST_LINE

log = logging.getLogger(__name__)

# The interval between two log lines. Seconds.
_INTERVAL = 60.0


def until(
    question,
    *,
    what,
    timeout,
    first=0.2,
    most=5.0,
    said_after=FIRST_LINE,
    between=lambda: None,
    clock=time.monotonic,
    pause=time.sleep,
):
    """
    Call ``question`` until it returns something true, and return that; after ``timeout`` seconds, return the last result.

    ``what`` is what is waited for, or a function that returns it. It is logged as a warning with the time left, after ``said_after``
    seconds and then each minute. The pauses grow from ``first`` to ``most`` seconds; ``between`` is called after each pause.
    """
    start = clock()
    interval, due = first, said_after
    while True:
        answer = question()
        waited = clock() - start
        remaining = timeout - waited
        if answer or remaining <= 0:
            return answer
        subject = what() if callable(what) else what
        if waited >= due:
            log.warning(
                "Waiting for %s: %s so far, for %s more at most",
                subject,
                minutes_and_seconds(waited),
                minutes_and_seconds(remaining),
            )
            due = waited + _INTERVAL
        else:
            log.info("Waiting for %s: asking again in %.1f s, for %.0f s at most", subject, interval, remaining)
        pause(min(interval, remaining, max(due - waited, first)))
        between()
        interval = min(interval * 2, most)
