"""
The one way to AWS: every read goes through :meth:`Session.read`, every write through :meth:`Session.write`.

So the cache, the paging, the retry of what AWS does not show yet, and the sentence for an error live once.
"""

import logging
import time
from contextlib import contextmanager
from functools import cached_property

from salt.utils.data import traverse_dict_and_list

from aws_runbook import connection as connections
from aws_runbook import pace, reader, staleness
from aws_runbook.errors import AwsError, RunbookError
from aws_runbook.permissions import iam_action
from aws_runbook.sdk import BotoCoreError, ClientError, NoCredentialsError, ParamValidator
from aws_runbook.waiting import until

log = logging.getLogger(__name__)

# What one write made can be invisible to the next for some seconds.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
_NOT_YET = {
    "iam": ("NoSuchEntity", "InvalidClientTokenId"),
    "s3": ("NoSuchBucket",),
    "sns": ("NotFound",),
    "ec2": (
        "InvalidVpcID.NotFound",
        "InvalidSubnetID.NotFound",
        "InvalidGroup.NotFound",
        "InvalidInternetGatewayID.NotFound",
    ),
    "rds": ("DBClusterNotFoundFault",),
}
# Somebody else, another run perhaps, writes to the same thing at the same moment.
_BUSY = {
    "iam": ("ConcurrentModification", "EntityTemporarilyUnmodifiable"),
    "s3": ("OperationAborted",),
    "sns": ("ConcurrentAccess",),
    "sesv2": ("ConcurrentModificationException",),
}
# Two APIs to the same things: what one writes, the other shows.
_KIN = {"ses": ("ses", "sesv2"), "sesv2": ("ses", "sesv2")}
# How long AWS may take to show a write, and how long after one an error can still be its shadow. Seconds.
SETTLE_TIMEOUT = 60

# Refused before anything was done: safe to try again even for what must not be done twice.
_THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")

_last_write = {}


def connect(opts, pillar, *, region=None, profile=None, keyid=None, key=None):
    """The session for a module function: its last four arguments, and the minion's configuration and pillar."""
    settings = pillar.get("aws") or {}
    connection = connections.resolve(
        region=region,
        profile=profile,
        keyid=keyid,
        key=key,
        admin=settings.get("admin"),
        fallback_region=settings.get("region"),
        lookup=lambda name: traverse_dict_and_list(pillar, name) or traverse_dict_and_list(opts, name),
    )
    return Session(connection)


class Session:
    """Calls to one account and region, with this run's cache."""

    def __init__(self, connection):
        self.connection = connection
        self._cache = reader.current() or reader.Cache()

    @cached_property
    def region(self):
        """The region that calls go to when they name none."""
        return connections.region_of(self.connection)

    @property
    def account_id(self):
        """The twelve digits of the account that the credentials belong to (one call in a run)."""
        return self.identity()["Account"]

    @property
    def partition(self):
        """``aws``, ``aws-cn`` or ``aws-us-gov``: what ARNs in this region begin with."""
        return connections.partition_of(self.region)

    def identity(self):
        """``Account``, ``Arn`` and ``UserId`` of the credentials in use."""
        return self.read("sts", "get_caller_identity", "find out whose credentials these are")

    def read(self, service, method, doing, *, absent=(), region=None, **parameters):
        """
        One read, of all its pages.

        ``doing`` completes "Cannot …" in an error. ``absent`` are AWS's error codes that mean "there is none": the
        answer is then ``None``. Any other error is raised: what could not be read is never taken for absent.
        """

        def load():
            client = self._client(service, region, doing)
            with self._translated(client, service, method, doing, absent) as call:
                if client.can_paginate(method):
                    call.answer = client.get_paginator(method).paginate(**parameters).build_full_result()
                else:
                    call.answer = getattr(client, method)(**parameters)
            return call.answer

        return self._cache.get((self.connection, service, region, method), parameters, load)

    def read_with(self, service, method, doing, name, others, *, asked, answered, region=None):
        """
        What a read that can tell of many things says of ``name``; ``None`` when it leaves that out.

        ``asked`` is the parameter that takes the names, ``answered`` the key of the answer. What is not known of ``others``
        is asked along: later it is remembered.
        """

        def load(names):
            client = self._client(service, region, doing)
            with self._translated(client, service, method, doing, ()) as call:
                call.answer = getattr(client, method)(**{asked: names})
            return call.answer[answered]

        return self._cache.get_with((self.connection, service, region, method), name, others, load)

    def unknown(self, service, method, names, *, region=None):
        """Those of ``names`` that ``read_with`` would have to ask about."""
        return self._cache.missing((self.connection, service, region, method), names)

    def stream(self, service, method, doing, *, absent=(), region=None, **parameters):
        """One read whose answer holds a stream, so that it is not remembered: of an object's contents."""
        client = self._client(service, region, doing)
        with self._translated(client, service, method, doing, absent) as call:
            call.answer = getattr(client, method)(**parameters)
        return call.answer

    def recall(self, what, load):
        """The answer of ``load()`` when it was first asked for in this run: a hint, which may be out of date."""
        return self._cache.get((self.connection, "hints", self.region, what), {}, load)

    def searched(self, service, search, **parameters):
        """
        The outcome of ``search()``, of many pages of ``service`` that are not remembered, and which follows from
        ``parameters``; forgotten like any answer.
        """
        return self._cache.get((self.connection, service, self.region, "search"), parameters, search)

    def forget(self):
        """Forget what was read: for who waits until AWS's answer is another one."""
        self._cache.clear()

    def endpoint(self, service):
        """The address that calls of a service go to."""
        return self._client(service, self.region, f"find {service}").meta.endpoint_url

    def pages(self, service, method, doing, *, region=None, **parameters):
        """The pages of a listing one by one, uncached: for who may stop early, or must not hold them all."""
        client = self._client(service, region, doing)
        iterator = iter(client.get_paginator(method).paginate(**parameters))
        while True:
            with self._translated(client, service, method, doing, ()) as call:
                call.answer = next(iterator, None)
            if call.answer is None:
                return
            yield call.answer

    def write(self, service, method, doing, *, absent=(), region=None, once=False, stale=(), **parameters):
        """
        One write. What a write of the last minute made may not be there yet for AWS: then the same call is made again.

        ``absent`` are error codes that mean "already so" or "already gone": the answer is then ``None``. ``once`` is
        for what must not be done twice: after an error that leaves open whether AWS did it, it is not tried again.
        What was read of the same things is forgotten; with ``stale``, ``(methods, name)``, only what these reads tell of
        that one thing: for who knows exactly what the write changes.
        """
        client = self._client(service, region, doing, once=once)
        slot = (self.connection, service)
        is_old = staleness.of_one(*stale) if stale else staleness.after(service, parameters)
        since = time.monotonic() - _last_write.get(slot, float("-inf"))
        retried = _BUSY.get(service, ()) + (_NOT_YET.get(service, ()) if since < SETTLE_TIMEOUT else ())
        if once:
            retried += _THROTTLED

        def attempt():
            with self._translated(client, service, method, doing, absent, retried) as call:
                call.answer = getattr(client, method)(**parameters)
            return call

        try:
            call = until(attempt, what=f"AWS to let me {doing}", timeout=SETTLE_TIMEOUT)
        finally:
            for kin in _KIN.get(service, (service,)):
                self._cache.drop(kin, is_old)
            _last_write[slot] = time.monotonic()
        if call.refused:
            raise call.refused
        return call.answer

    def validate(self, service, method, where, **parameters):
        """Check the parameters of a call against AWS's own model of it, without making it: one sentence, or nothing."""
        client = self._client(service, None, f"check {where}")
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise RunbookError(f"{where}: {' '.join(report.generate_report().split())}.")

    def _client(self, service, region, doing, *, once=False):
        try:
            client = connections.client(self.connection, service, region, once=once)
            return pace.attach(client, self.connection) if service in pace.SERVICES else client
        except BotoCoreError as error:
            raise RunbookError(f"Cannot {doing}: {_plain(error)}") from error

    @contextmanager
    def _translated(self, client, service, method, doing, absent, retried=()):
        """Run one call; an AWS error becomes ``None`` (absent), "ask again" (retried) or one sentence."""
        operation = client.meta.method_to_api_mapping[method]
        call = _Call()
        started = time.monotonic()
        try:
            yield call
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code in absent:
                return
            translated = _sentence(doing, iam_action(service, operation), error)
            if code not in retried:
                raise translated from error
            call.refused = translated
        except BotoCoreError as error:
            raise RunbookError(f"Cannot {doing}: {_plain(error)}") from error
        finally:
            elapsed = (time.monotonic() - started) * 1000
            log.debug("%s %s in %s: %.0f ms", service, operation, client.meta.region_name, elapsed)


class _Call:
    """The answer of one call; false while AWS refuses for a reason that passes."""

    answer = None
    refused = None

    def __bool__(self):
        return self.refused is None


def _sentence(doing, action, error):
    detail = error.response["Error"]
    code, message = detail.get("Code", ""), detail.get("Message", "") or "no message"
    text = f"Cannot {doing}: AWS says {code}: {message.rstrip('.')}."
    if code in _DENIED:
        text += f" The credentials in use need {action}."
    translated = AwsError(text, code)
    translated.response = error.response
    return translated


def _plain(error):
    if isinstance(error, NoCredentialsError):
        return (
            "there are no AWS credentials. Name them in pillar (aws:admin), or in the environment as for the AWS CLI "
            "(AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)."
        )
    return " ".join(str(error).split()).rstrip(".") + "."
