"""
The faults of the matrix: what goes wrong with a call, and for how long.

``FAULTS`` has each by its name. What the sandbox says by itself, it is asked to say (:mod:`sandbox.faults`); what a network or a proxy
does is done to its answer (:mod:`chaos.answers`), or raised as botocore's HTTP library raises it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from chaos import answers
from chaos.lapse import lapse

# For how long a client waits for an answer: botocore's default.
_PATIENCE = 60
# What a fault is for: the first call at its site, all calls there, or all calls whatsoever from that one on.
ONCE, ALWAYS, EVERYWHERE = "once", "always", "everywhere"


@dataclass(frozen=True)
class Fault:
    """
    ``way(call)`` gives an answer or raises: ``call.carry()`` lets the request be carried out, ``call.refuse(kind)`` lets the sandbox
    refuse it, ``call.recall()`` is the answer as of before.
    """

    name: str
    way: Callable
    lasts: str = ONCE
    # Of which calls: "reads", "writes", or all.
    of: str = ""

    def is_for(self, *, writes):
        """Whether it can strike such a call."""
        return self.of in ("", "writes" if writes else "reads")


def _refused(kind):
    return lambda call: call.refuse(kind)


def _spoilt(spoil):
    return lambda call: spoil(call.carry())


def _reset_before(call):
    raise ConnectionClosedError(endpoint_url=call.url)


def _reset_after(call):
    call.carry()
    raise ConnectionClosedError(endpoint_url=call.url)


def _hang(call):
    call.carry()
    lapse.sleep(_PATIENCE)
    raise ReadTimeoutError(endpoint_url=call.url)


def _cut(answer):
    """In the middle, as where a connection breaks off."""
    return answers.cut(len(answer.body) // 2)(answer)


_PASSING = {
    "throttled": _refused("throttling"),
    "500": _refused("internal_error"),
    "503": _refused("unavailable"),
    "reset before": _reset_before,
    "reset after": _reset_after,
    "cut": _spoilt(_cut),
    "empty": _spoilt(answers.empty()),
    "html": _spoilt(answers.html()),
    "error in a 200": _spoilt(answers.error_inside()),
    "hang": _hang,
}
FAULTS = {
    fault.name: fault
    for fault in (
        # To a read, a connection that ends before and one that ends after are the same.
        *(Fault(name, way, ONCE, "writes" if name == "reset after" else "") for name, way in _PASSING.items()),
        *(
            Fault(f"{name}, always", way, ALWAYS, "writes" if name == "reset after" else "")
            for name, way in _PASSING.items()
        ),
        Fault("denied", _refused("access_denied"), ALWAYS),
        Fault("expired token", _refused("expired_token"), EVERYWHERE),
        Fault("skewed clock", _refused("skewed_clock"), EVERYWHERE),
        Fault("stale read", lambda call: call.recall(), ONCE, "reads"),
    )
}
