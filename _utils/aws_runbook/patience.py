"""
Asking again until something is so, with a deadline; and words for the person who watches whatever takes longer than some seconds.
"""

import logging
import time

log = logging.getLogger(__name__)

# Seconds between two lines at the level that Salt shows by default.
# https://docs.saltproject.io/en/latest/ref/configuration/logging/index.html
_A_MINUTE = 60.0
# After so many seconds somebody who watches wants to know.
_SOON = 5.0
# Seconds between two lines about something that gets on.
_AGAIN = 20.0


def until(
    question,
    *,
    what,
    timeout,
    first=0.2,
    most=5.0,
    said_after=_SOON,
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


class Progress:
    """
    How far something is that takes its time: ``step()`` after each part of it.

    After some seconds, and then again and again, a warning says what is done, how many parts of ``of`` there have been, and for how
    long yet at that speed; where nobody knows ``of`` how many, how many and for how long so far. ``parts`` is what they are called.
    """

    def __init__(self, doing, parts, of=None, *, clock=time.monotonic):
        self._doing, self._parts, self._of, self._clock = doing, parts, of, clock
        self._done, self._start, self._due = 0, clock(), _SOON

    def step(self, count=1):
        """Another part is done, or several."""
        self._done += count
        taken = self._clock() - self._start
        if taken < self._due or (self._of and self._done >= self._of):
            return
        self._due = taken + _AGAIN
        if self._of:
            left = taken / self._done * (self._of - self._done)
            log.warning(
                "%s: %d of %d %s so far, about %s more", self._doing, self._done, self._of, self._parts, _length(left)
            )
        else:
            log.warning("%s: %d %s in %s so far", self._doing, self._done, self._parts, _length(taken))
