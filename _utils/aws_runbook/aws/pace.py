"""
SES's request rate: about one per second, in one account and region, for everything except sending mail.

https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html

SES tolerates short bursts, so nothing is slowed down until it refuses a request. From then on requests keep the rate, until there
have been few for a while. This takes as long as SES needs; exponential backoff takes several times as long.
"""

import threading
import time
from functools import partial

from aws_runbook.aws.retries import THROTTLED

_INTERVAL = 1.0  # seconds
_MEMORY = 60.0  # seconds for which a refusal counts, after the last request that had to wait

_paces = {}
_lock = threading.Lock()


class Pace:
    """The request rate to SES in one account and region: call ``wait`` before each request, ``note`` after it."""

    def __init__(self, *, clock=time.monotonic, pause=time.sleep):
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._last = float("-inf")
        self._refused = float("-inf")

    def wait(self):
        """Wait for this request's turn, if SES has recently refused one."""
        with self._lock:
            now = self._clock()
            remaining = self._last + _INTERVAL - now
            if now - self._refused < _MEMORY and remaining > 0:
                self._pause(remaining)
                self._refused = now

    def note(self, code=None):
        """Note SES's answer; ``code`` is its error code, if any."""
        now = self._clock()
        if code in THROTTLED:
            self._refused = now
        else:
            # SES counted the request on arrival, at the latest now, so the next one is not too early, regardless of network delay.
            # Counting from halfway between request and answer saves a few milliseconds each, and loses whole seconds to refusals.
            self._last = now


def attach(client, connection):
    """Make a boto3 client of SES keep the rate in every request, including pages and botocore's retries."""
    with _lock:
        pace = _paces.setdefault((connection, client.meta.region_name), Pace())
    service = client.meta.service_model.service_id.hyphenize()
    events = client.meta.events
    # botocore keeps one handler for each unique_id, however often it is registered.
    events.register(f"before-send.{service}", partial(_before, pace), unique_id="aws-runbook-pace-before")
    events.register(f"response-received.{service}", partial(_after, pace), unique_id="aws-runbook-pace-after")
    return client


def _before(pace, **_):
    pace.wait()


def _after(pace, parsed_response=None, **_):
    pace.note(((parsed_response or {}).get("Error") or {}).get("Code"))
