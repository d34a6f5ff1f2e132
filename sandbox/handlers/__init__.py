"""
The operations that the sandbox answers itself, because moto lacks them or gets them wrong.

A handler is a function of a :class:`~sandbox.messages.Call`. It returns the result as a dict in the form of the
operation's output, or a ready reply (such as moto's, from ``call.forward()``), or raises
:class:`~sandbox.errors.AwsError`. Once moto does it right, the handler is deleted and moto answers.
"""

from functools import cache
from importlib import import_module

from sandbox import wire
from sandbox.errors import AwsError
from sandbox.messages import Reply

SERVICES = ("s3", "iam", "sts", "ec2", "rds", "ses", "sesv2", "sns")
_handlers = {}


def handles(service, *operations, reference):
    """Register the decorated function for operations of a service; ``reference`` is the AWS page that it follows."""

    def register(function):
        for operation in operations:
            _handlers[service, operation] = function
        function.reference = reference
        return function

    return register


def load(service):
    """Import the handlers of a service, at its first use: a start must not pay for services that nobody calls."""
    if service in SERVICES:
        _load(service)


@cache
def _load(service):
    import_module(f"sandbox.handlers.{service}")


def registered():
    """Every handler by ``(service, operation)``."""
    for service in SERVICES:
        load(service)
    return dict(_handlers)


def handle(call, _=None):
    """Last step of the application: the handler's answer, or moto's."""
    load(call.service)
    handler = _handlers.get((call.service, call.name))
    try:
        result = call.forward() if handler is None else handler(call)
    except NotImplementedError as error:
        # 501, as botocore does not try that again.
        what = call.name or "this request"
        raise AwsError("NotImplemented", f"Neither the sandbox nor moto has {call.service} {what}.", 501) from error
    return result if isinstance(result, Reply) else wire.serialise(call, result)
