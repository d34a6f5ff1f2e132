"""
Asking again until something is so: with a deadline, and words for the person who watches.
"""

import logging
import time

log = logging.getLogger(__name__)

# Seconds between two lines at the level that Salt shows by default.
# https://docs.saltproject.io/en/latest/ref/configuration/logging/index.html
_A_MINUTE = 60.0


def until(
    question,
    *,
    what,
    timeout,
    first=0.2,
    most=5.0,
    said_after=_A_MINUTE,
    between=lambda: None,
    clock=time.monotonic,
    pause=time.sleep,
):
    """
    Ask ``question`` until its answer is true, and return the answer; the last answer when ``timeout`` seconds are over.

    ``what`` says what is waited for, or is a function that does. It is logged as a warning, which is what Salt shows
    by default, after ``said_after`` seconds and then each minute, with the time that is left. The pauses between two
    questions grow from ``first`` to ``most`` seconds; ``between`` is called after each.
    """
    start = clock()
    interval, due = first, said_after
    while True:
        answer = question()
        waited = clock() - start
        remaining = timeout - waited
        if answer or remaining <= 0:
            return answer
        said = what() if callable(what) else what
        if waited >= due:
            log.warning("Waiting for %s: %s so far, for %s more at most", said, _length(waited), _length(remaining))
            due = waited + _A_MINUTE
        else:
            log.info("Waiting for %s: asking again in %.1f s, for %.0f s at most", said, interval, remaining)
        pause(min(interval, remaining, max(due - waited, first)))
        between()
        interval = min(interval * 2, most)


def _length(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return " ".join([*([f"{minutes} min"] if minutes else []), *([f"{rest} s"] if rest or not minutes else [])])
