"""
Waiting until something is so: by asking again, with a deadline, and a log line for the person who watches.
"""

import logging
import time

from aws_runbook import reader

log = logging.getLogger(__name__)


def until(question, *, what, timeout, first=0.2, most=5.0, clock=time.monotonic, pause=time.sleep):
    """
    Ask ``question`` until its answer is true, and return the answer; the last answer when ``timeout`` seconds are over.

    ``what`` says, for the log, what is being waited for. The pauses between two questions grow from ``first`` to
    ``most`` seconds. What this run has read is forgotten before each: the answer is to come from AWS.
    """
    deadline = clock() + timeout
    interval = first
    while True:
        answer = question()
        remaining = deadline - clock()
        if answer or remaining <= 0:
            return answer
        log.info("Waiting for %s: asking again in %.1f s, for %.0f s at most", what, interval, remaining)
        pause(min(interval, remaining))
        reader.forget()
        interval = min(interval * 2, most)
