"""
Wait for AWS in a run: parallel threads do not wait for one that pauses, and AWS is asked again, not the cache.
"""

import time
from functools import partial

from aws_runbook import polling
from aws_runbook.run import cache, coalescing, eventual_consistency

# How long to wait for AWS to show what was written. Seconds.
SETTLE_TIMEOUT = eventual_consistency.SETTLE_TIMEOUT


def pause(seconds):
    """Sleep before asking again; parallel threads wait only briefly for this one meanwhile."""
    with coalescing.pausing():
        time.sleep(seconds)


# ``aws_runbook.polling.until``, asking AWS.
until = partial(polling.until, pause=pause, between=cache.forget)
