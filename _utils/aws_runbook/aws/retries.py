"""
Retries: what is retried, how often and for how long; and the outcome of each attempt.

botocore's standard mode retries throttled calls, and errors of AWS's servers and of the network. This project adds what AWS refuses
while another run writes to the same resource (``busy`` of each file in :mod:`aws_runbook.services`), answers that
cannot be read, and, for calls that botocore must not repeat, what was refused before anything was done. What AWS does not show yet
is in :mod:`aws_runbook.run.recent`.

https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""

import os
from contextvars import ContextVar

from aws_runbook.errors import AwsError

# The code of an answer that AWS did not give, or not whole; none of AWS's own.
UNREADABLE = "Unreadable"
# For how long a read is made again whose answer cannot be read. Seconds.
UNREADABLE_FOR = 1
# Refused before anything was done, because there are too many calls: it is safe to repeat even what must not be done twice.
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
# The same from a service that answers so with the status of an error of its own.
REFUSED = (*THROTTLED, "SlowDown")
# How often botocore makes a call. A fleet's run makes hundreds of calls to services that throttle at a few a second.
_ATTEMPTS = 8

_current = ContextVar("aws_runbook_attempts", default=None)


def settings(*, once):
    """The retries of a boto3 client; with ``once`` there are none, as its calls must not be made twice."""
    if once:
        return {"mode": "standard", "total_max_attempts": 1}
    return (
        {"mode": "standard"}
        if "AWS_MAX_ATTEMPTS" in os.environ
        else {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    )


def of_write(service, *, once):
    """The codes of errors after which a write is made again, for as long as AWS may need to show what was written before."""
    return (*service.busy, *(THROTTLED if once else ()))


def of_read(elapsed):
    """The codes of errors after which a read is made again, ``elapsed`` seconds after the first attempt."""
    return (UNREADABLE,) if elapsed < UNREADABLE_FOR else ()


def against_others(action, *, codes, times=3):
    """Call ``action()``, and again while it fails with one of ``codes`` because another run was quicker; at most ``times``."""
    for left in reversed(range(times)):
        try:
            return action()
        except AwsError as error:
            if error.code not in codes or not left:
                raise
    return None


def watch(session):
    """Record the outcome of each attempt of all calls that clients of this boto3 session make."""
    session.events.register("response-received", _note, unique_id="aws-runbook-attempts")


def begin():
    """A list that receives the outcomes of the next call in this thread: exceptions and HTTP statuses."""
    outcomes = []
    _current.set(outcomes)
    return outcomes


def _note(exception=None, response_dict=None, **_kwargs):
    outcomes = _current.get()
    if outcomes is not None:
        outcomes.append(exception if response_dict is None else response_dict["status_code"])
