"""
Faults and delays on demand, each decided by a seed: the same test sees the same faults every time.

A fault is for one operation (``CreateUser`` or ``iam:CreateUser``), a service (``iam:*``) or everything (``*``).
"""

import fnmatch
import json
import random
import threading
from dataclasses import dataclass, field

from sandbox import principals
from sandbox.errors import AwsError
from sandbox.messages import Reply

# What each service says when it is asked too often.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_THROTTLED = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "sesv2": ("TooManyRequestsException", "Too many requests.", 429),
    "sns": ("Throttling", "Rate exceeded", 400),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
}
_BROKEN = {
    "s3": ("InternalError", "We encountered an internal error. Please try again.", 500),
    "iam": ("ServiceFailure", "The request processing has failed because of an unknown error.", 500),
    "ec2": ("InternalError", "An internal error has occurred.", 500),
}
_UNAVAILABLE = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "ec2": ("Unavailable", "The service is unavailable. Please try again shortly.", 503),
}

# What each says to a request that was signed by a clock that is wrong.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_SIGNED_LATE = "Signature expired: 20260101T000000Z is now earlier than 20260101T004500Z (20260101T010000Z - 15 min.)"
_SKEWED = {
    "s3": ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 403),
    "sesv2": ("InvalidSignatureException", _SIGNED_LATE, 403),
    "ec2": ("RequestExpired", "Request has expired.", 400),
}

# Both APIs of SES draw on one rate.
_SHARED_RATES = {"sesv2": "ses"}

KINDS = (
    *("throttling", "internal_error", "unavailable", "access_denied", "expired_token", "skewed_clock"),
    *("timeout", "reset_before", "reset_after"),
)


@dataclass
class Fault:
    """One thing that goes wrong: ``times`` times (``None``: always), with a ``probability`` at each matching call."""

    operation: str
    kind: str
    times: int | None = 1
    probability: float | None = None
    seed: int = 0
    skip: int = 0
    _met: dict = field(default_factory=dict)

    def strikes(self, service, name):
        """Whether it strikes this call; counts the call."""
        if not matches(self.operation, service, name) or self.times == 0:
            return False
        # Counted for each operation by itself, so that calls made at the same time by several threads do not decide
        # each other's fate.
        count = self._met.get((service, name), 0)
        self._met[service, name] = count + 1
        if count < self.skip:
            return False
        if self.probability is not None:
            draw = random.Random(f"{self.seed}:{service}:{name}:{count}").random()  # noqa: S311 - repeatable on purpose
            if draw >= self.probability:
                return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Meeting:
    """Calls of an operation wait for one another: for one that asks for the same, ``limit`` seconds at most."""

    operation: str
    limit: float
    waiting: dict = field(default_factory=dict)


class Faults:
    """The faults, delays, meetings and rates that are in force."""

    def __init__(self):
        self._lock = threading.Lock()
        # Set when the server stops or is reset, so that no thread is left with a call that is being held.
        self.released = threading.Event()
        self._meetings = []
        self.reset()

    def reset(self):
        """Nothing goes wrong any more."""
        with self._lock:
            self.released.set()
            self.released = threading.Event()
            self._faults = []
            self._latencies = []
            for meeting in self._meetings:
                for other in meeting.waiting.values():
                    other.set()
            self._meetings = []
            self._rates = {}

    def add(self, fault):
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def set_latency(self, operation, milliseconds, jitter=0, seed=0):
        """Delay matching calls; ``jitter`` adds up to so many milliseconds, drawn from ``seed``."""
        with self._lock:
            self._latencies.append([operation, milliseconds, jitter, random.Random(seed)])  # noqa: S311 - repeatable

    def add_meeting(self, operation, milliseconds):
        """Hold each matching call until another one asks for the same, at most so long."""
        with self._lock:
            self._meetings.append(Meeting(operation, milliseconds / 1000))

    def meet(self, call):
        """Wait for the call that ``call`` is to meet, if there is to be one."""
        asked = json.dumps([call.service, call.name, call.region, call.parameters], sort_keys=True, default=str)
        with self._lock:
            fitting = (each for each in self._meetings if matches(each.operation, call.service, call.name))
            meeting = next(fitting, None)
            if meeting is None:
                return
            other = meeting.waiting.pop(asked, None)
            if other:
                other.set()
                return
            mine = meeting.waiting[asked] = threading.Event()
        mine.wait(meeting.limit)
        with self._lock:
            if meeting.waiting.get(asked) is mine:
                del meeting.waiting[asked]

    def set_rate(self, service, per_second):
        """Let through so many calls of a service in a second, as SES does for everything but sending."""
        with self._lock:
            self._rates[service] = [per_second, None]

    def struck(self, call):
        """The kind of fault that strikes ``call``, or ``None``: what strikes by chance takes no turn of another's."""
        with self._lock:
            faults = sorted(self._faults, key=lambda fault: fault.probability is not None)
            return next((fault.kind for fault in faults if fault.strikes(call.service, call.name)), None)

    def delay(self, call):
        """For how many seconds ``call`` must wait."""
        with self._lock:
            return sum(
                (milliseconds + (generator.random() * jitter if jitter else 0)) / 1000
                for operation, milliseconds, jitter, generator in self._latencies
                if matches(operation, call.service, call.name)
            )

    def too_fast(self, call):
        """Whether ``call`` comes sooner after the last one of its service than the service's rate allows."""
        with self._lock:
            rate = self._rates.get(_SHARED_RATES.get(call.service, call.service))
            if rate is None or (call.name or "").startswith("Send"):
                return False
            per_second, last = rate
            now = call.now
            if last is not None and 0 <= (now - last).total_seconds() < 1 / per_second:
                return True
            rate[1] = now
            return False


def matches(pattern, service, name):
    """Whether ``pattern`` (``*``, ``iam:*``, ``iam:Create*`` or ``CreateUser``) means this operation."""
    wanted_service, _, wanted_name = pattern.rpartition(":")
    return fnmatch.fnmatchcase(service or "", wanted_service or "*") and fnmatch.fnmatchcase(name or "", wanted_name)


def inject(call, proceed):
    """Step of the application: let what was asked for go wrong."""
    if call.spared:
        return proceed(call)
    faults = call.state.faults
    faults.meet(call)
    faults.released.wait(faults.delay(call))
    kind = faults.struck(call)
    if faults.too_fast(call) or kind == "throttling":
        raise AwsError(*_THROTTLED.get(call.service, ("Throttling", "Rate exceeded", 400)))
    if kind is None:
        return proceed(call)
    return _FAULTS[kind](call, proceed)


def _internal_error(call, _):
    default = ("InternalFailure", "The request processing has failed because of an unknown error.", 500)
    raise AwsError(*_BROKEN.get(call.service, default))


def _unavailable(call, _):
    default = ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503)
    raise AwsError(*_UNAVAILABLE.get(call.service, default))


def _access_denied(call, _):
    raise principals.denied(call)


def _expired_token(call, _):
    raise principals.expired(call)


def _skewed_clock(call, _):
    raise AwsError(*_SKEWED.get(call.service, ("SignatureDoesNotMatch", _SIGNED_LATE, 403)))


def _timeout(call, _):
    # Held for longer than any client waits; the client has gone by then, so nothing is answered.
    call.state.faults.released.wait(300)
    return Reply(0, error_code="timeout", cut=True)


def _reset_before(_, __):
    return Reply(0, error_code="reset", cut=True)


def _reset_after(call, proceed):
    proceed(call)
    return Reply(0, error_code="reset", cut=True)


_FAULTS = {
    "internal_error": _internal_error,
    "unavailable": _unavailable,
    "access_denied": _access_denied,
    "expired_token": _expired_token,
    "skewed_clock": _skewed_clock,
    "timeout": _timeout,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
}
