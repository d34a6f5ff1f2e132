"""
Retries: what is retried, how often and for how long; and the outcome of each attempt.

botocore's standard mode retries throttled calls, and errors of AWS's servers and of the network. This project adds refusals while
another run writes to the same resource (``busy`` of each file in :mod:`aws_runbook.services`), unreadable answers, and, for calls
that botocore must not repeat, refusals before anything was done. Resources that AWS does not show yet are handled in
:mod:`aws_runbook.run.eventual_consistency`.

https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""

import os
from contextvars import ContextVar
from typing import Any

from aws_runbook.errors import AwsError

# The code of an answer that is not from AWS, or incomplete; AWS has no such code.
UNREADABLE = "Unreadable"
# How long a read with an unreadable answer is retried. Seconds.
UNREADABLE_FOR = 1
# Throttled before anything was done: even a call that must not be made twice can be repeated safely.
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
# The same, from a service that answers this with the status of a server error.
REFUSED = (*THROTTLED, "SlowDown")
# The maximum number of attempts of botocore. A fleet's run makes hundreds of calls to services that throttle at a few per second.
_ATTEMPTS = 8

_current: ContextVar[Any] = ContextVar("aws_runbook_attempts", default=None)


def settings(*, once):
    """Return the retry settings of a boto3 client; with ``once`` there are no retries, as its calls must not be made twice."""
    if once:
        return {"mode": "standard", "total_max_attempts": 1}
    return (
        {"mode": "standard"}
        if "AWS_MAX_ATTEMPTS" in os.environ
        else {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    )


def of_write(service, *, once):
    """Return the error codes after which a write is retried, for as long as AWS may need to show earlier writes."""
    return (*service.busy, *(THROTTLED if once else ()))


def of_read(elapsed):
    """Return the error codes after which a read is retried, ``elapsed`` seconds after the first attempt."""
    return (UNREADABLE,) if elapsed < UNREADABLE_FOR else ()


def against_others(action, *, codes, times=3):
    """Call ``action()``, and repeat it if it fails with one of ``codes`` because another run was faster; at most ``times`` calls."""
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
    """Return a list that receives the outcomes of the next call in this thread: exceptions and HTTP statuses."""
    outcomes = []
    _current.set(outcomes)
    return outcomes


def _note(exception=None, response_dict=None, **_kwargs):
    outcomes = _current.get()
    if outcomes is not None:
        outcomes.append(exception if response_dict is None else response_dict["status_code"])
