"""
The only access to AWS: every read goes through :meth:`Session.read`, every write through :meth:`Session.write`.

So the cache, paging, the retries for eventual consistency, and error sentences are implemented once.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from salt.utils.data import traverse_dict_and_list

from aws_runbook import polling, salt_commands, services
from aws_runbook.aws import connection as connections
from aws_runbook.aws import failures, pace, retries
from aws_runbook.aws.sdk import ParamValidator
from aws_runbook.errors import AwsError, RunbookError, UnreachableError, WrongAccountError
from aws_runbook.progress import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run import coalescing, invalidation, waiting
from aws_runbook.run.eventual_consistency import SETTLE_TIMEOUT

log = logging.getLogger(__name__)

# The only codes that S3 gives for an error in its answer to HEAD.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
_BODILESS = ("400", "403")


@dataclass(frozen=True)
class _Request:
    """One question to AWS: ``ask()`` makes the call, ``doing`` completes "Cannot …"."""

    client: Any
    service: str
    method: str
    doing: str
    parameters: dict
    ask: Callable
    absent: tuple = ()


def connect(opts, pillar, *, region=None, profile=None, keyid=None, key=None):
    """Return the session for a module function, from its last four arguments and the minion's configuration and pillar."""
    salt_commands.remember(opts)
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
    # Credentials in the call determine the account.
    account = settings.get("account") if profile is None and keyid is None else None
    session = Session(connection, account)
    session.given = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    session.again = partial(connect, opts, pillar)
    return session


class Session:
    """Calls to one account and region, with this run's cache."""

    def __init__(self, connection, account=None):
        self.connection = connection
        self.given = {}
        # Makes another one, for other arguments of the connection.
        self.again: Any = None
        self._account = account
        self._cache = run_cache.current() or run_cache.Cache()
        # The time on AWS's clock, and when it was noted.
        self._clock = None

    def set_clock(self, moment):
        """Note that AWS's clock shows ``moment`` now."""
        self._clock = moment, time.monotonic()

    def clock(self):
        """Return the time on AWS's clock, if it was noted."""
        if self._clock is None:
            return None
        moment, since = self._clock
        return moment + timedelta(seconds=time.monotonic() - since)

    def within(self, region):
        """Return the session for ``region``, the region of a resource in pillar, unless the call itself named one."""
        return self if region is None or self.given["region"] else self.again(**{**self.given, "region": region})

    @cached_property
    def region(self):
        """Return the region of calls that name none."""
        return connections.region_of(self.connection)

    @property
    def account_id(self):
        """Return the number of the account that the credentials belong to (one call per run)."""
        return self.identity()["Account"]

    @property
    def partition(self):
        """Return the partition in the ARNs of this region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return connections.partition_of(self.region)

    def command(self, function, region=None, **arguments):
        """Return the command for a message (see :mod:`aws_runbook.salt_commands`) that calls ``function`` with this session's account and region."""
        return salt_commands.command(function, **arguments, **self._connection_arguments(region or self.region))

    def _connection_arguments(self, region):
        """
        Return the arguments by which a command reaches ``region`` and the account, without defaults.

        Words in capital letters are placeholders for credentials, so that the command is not run with other ones.
        """
        profile, keyid = self.given.get("profile"), self.given.get("keyid")
        secret = isinstance(profile, Mapping) and connections.holds_secrets(profile)
        return {
            "region": None if region == self.again(profile=profile).region else region,
            "profile": "PROFILE" if secret else profile,
            "keyid": keyid and "KEYID",
            "key": keyid and "KEY",
        }

    def identity(self) -> Any:
        """Return ``Account``, ``Arn`` and ``UserId`` of the credentials in use."""
        return self._cache.get((self.connection, "sts", None, "get_caller_identity"), {}, self._identify)

    def _identify(self):
        doing = "identify the account and user of the credentials"
        client = self._client("sts", None, doing)
        return self._look(_Request(client, "sts", "get_caller_identity", doing, {}, client.get_caller_identity))

    def _identify_again(self):
        """Check the credentials once per run, after S3's first refusal without a reason: they may have expired."""
        self._cache.get((self.connection, "sts", None, "again"), {}, self._identify)

    def check_account(self):
        """Raise if ``aws:account`` in pillar is not the account that the credentials belong to."""
        identity = self.identity() if self._account else None
        if identity and identity["Account"] != self._account:
            raise WrongAccountError(identity["Arn"], identity["Account"], self._account)

    def read(self, service, method, doing, *, absent=(), region=None, listed=True, **parameters):
        """
        Make one read, including all its pages.

        ``doing`` completes "Cannot …" in an error. ``absent`` are AWS's error codes for a missing resource: the answer is then
        ``None``. Any other error is raised, so that a failed read never looks like a missing resource. If ``listed`` is false, a
        listing of the account is not used instead of the read.
        """
        whole = services.of(service).whole
        covered = whole and method in whole.covers
        if covered and listed:
            again = not self._cache.holds((self.connection, service, region, method), parameters)
            listed_answer = self._cache.from_listing(
                *self._listing(service), method, parameters, absent=bool(absent), again=again
            )
            if listed_answer:
                return listed_answer[0]

        def load():
            if covered:
                self._cache.ask_again(*self._listing(service), method, parameters)
            client = self._client(service, region, doing)

            def ask():
                if client.can_paginate(method):
                    return client.get_paginator(method).paginate(**parameters).build_full_result()
                return getattr(client, method)(**parameters)

            return self._look(_Request(client, service, method, doing, parameters, ask, absent))

        return self._cache.get((self.connection, service, region, method), parameters, load)

    def _listing(self, service):
        """Return the arguments of a service's listing in this account, for :meth:`aws_runbook.run.cache.Cache.from_listing`."""
        return replace(self.connection, region=None), service, partial(self._list, service)

    def _list(self, service):
        """Return the pages of a service's listing; ``None`` if the credentials may not list, which is reported once."""
        whole: Any = services.of(service).whole
        try:
            return list(self.pages(service, whole.method, whole.doing, **whole.parameters))
        except UnreachableError:
            raise
        except AwsError as error:
            if error.code in failures.DENIED:
                log.warning("%s Each resource is read by itself instead, which takes longer.", error)
            else:
                log.debug("Not listed: %s", error)
            return None

    def read_with(self, service, method, doing, name, others, *, asked, answered, region=None):
        """
        Return the answer about ``name`` from a read that takes several names; ``None`` if the answer does not contain it.

        ``asked`` is the parameter that takes the names, ``answered`` the key of the answer. Those of ``others`` that are not cached are
        read in the same call, and cached.
        """

        def load(names):
            client = self._client(service, region, doing)
            parameters = {asked: names}
            request = _Request(
                client, service, method, doing, parameters, lambda: getattr(client, method)(**parameters)
            )
            return self._look(request)[answered]

        return self._cache.get_with((self.connection, service, region, method), name, others, load)

    def unknown(self, service, method, names, *, region=None):
        """Return the ``names`` that are not cached for ``read_with``."""
        return self._cache.missing((self.connection, service, region, method), names)

    def unread(self, service, method, names, *, region=None):
        """Return the ``names`` that ``read_with`` has not read since the cache was last cleared."""
        return self._cache.unread((self.connection, service, region, method), names)

    def stream(self, service, method, doing, *, absent=(), region=None, **parameters):
        """Return an object's contents as bytes, uncached; ``None`` if it is absent."""
        client = self._client(service, region, doing)

        def ask():
            answer = getattr(client, method)(**parameters)
            return answer["Body"].read()  # read completely here, so that a broken connection is noticed

        return self._look(_Request(client, service, method, doing, parameters, ask, absent))

    def look(self, service, method, doing, *, absent=(), region=None, **parameters):
        """Make one uncached read, for callers that read very many resources once each; ``None`` if it is absent."""
        client = self._client(service, region, doing)
        return self._look(
            _Request(client, service, method, doing, parameters, lambda: getattr(client, method)(**parameters), absent)
        )

    def recall(self, what, load):
        """Return the answer of the first ``load()`` in this run: a hint, which may be outdated."""
        return self._cache.get((self.connection, "hints", self.region, what), {}, load)

    def searched(self, service, search, **parameters):
        """
        Return the outcome of ``search()``, which reads many uncached pages of ``service`` and depends only on ``parameters``. The
        outcome is cached, and invalidated like any answer.
        """
        return self._cache.get((self.connection, service, self.region, "search"), parameters, search)

    def lacks(self, service, method, *, region=None, **parameters):
        """Whether this run already knows that the subject of a read with ``method`` is missing; makes no call."""
        if self._cache.lacks((self.connection, service, region, method), parameters):
            return True
        return self._cache.from_listing(*self._listing(service), method, parameters, absent=True, own=True) == [None]

    def forget(self, service=None, **about):
        """Clear the cache, or the answers of a service ``about`` one resource; used while polling."""
        if service is None:
            self._cache.clear()
        else:
            self._cache.drop(service, invalidation.after(service, about), about)

    def learn(self, service, method, answer, *, region=None, **parameters):
        """
        Cache ``answer`` for a read of a resource that this run has just created. It is valid until the run writes to the resource,
        or clears the answers about it in particular.
        """
        self._cache.learn((self.connection, service, region, method), parameters, answer)

    def brought_along(self, kind, name, by):
        """Note that AWS has created ``name``, a ``kind`` (``route_table``), together with ``by``, if this run has created that."""
        self._cache.recent.brought_along(kind, name, by)

    def endpoint(self, service):
        """Return the endpoint URL of a service."""
        return self._client(service, self.region, f"find {service}").meta.endpoint_url

    def pages(self, service, method, doing, *, region=None, **parameters):
        """Yield the pages of a listing, uncached, for callers that stop early or must not keep them all."""
        client = self._client(service, region, doing)

        def begin():
            iterator = iter(client.get_paginator(method).paginate(**parameters))
            return iterator, next(iterator, None)

        request = _Request(client, service, method, doing, parameters, begin)
        iterator, page = self._look(request)
        rest = replace(request, ask=lambda: next(iterator, None))
        progress = Progress(f"Reading the pages of an answer, to {doing}", "entries")
        while page is not None:
            yield page
            progress.step(sum(len(entries) for entries in page.values() if isinstance(entries, list)))
            page = self._ask(rest).answer

    def write(self, service, method, doing, *, absent=(), region=None, once=False, stale=(), **parameters):
        """
        Make one write. It is repeated while AWS does not know yet a resource that a write of the last minute has created.

        ``absent`` are error codes that mean "already so" or "already gone": the answer is then ``None``. ``once`` is
        for calls that must not be made twice: after an error that leaves the outcome open, the call is not retried. If the
        outcome is unknown, :class:`~aws_runbook.errors.UncertainError` is raised, and the call is not repeated here. Cached
        answers about the same resources are invalidated; with ``stale``, ``(methods, name)``, only those of these reads about that
        resource, for callers that know exactly what the write changes.
        """
        client, known = self._client(service, region, doing, once=once), services.of(service)
        outdated = invalidation.of_one(*stale) if stale else invalidation.after(service, parameters, method)
        retried = retries.of_write(known, once=once)
        request = _Request(
            client, service, method, doing, parameters, lambda: getattr(client, method)(**parameters), absent
        )

        def attempt():
            return self._ask(request, retried=retried, writing=True, once=once)

        try:
            call = self._until(attempt, f"AWS to accept the request to {doing}")
        finally:
            for kin in known.kin or (service,):
                self._cache.drop(kin, outdated, parameters)
        if call.refused:
            raise call.refused
        self._cache.recent.note(self._place(client), method, parameters, call.answer)
        return call.answer

    def validate(self, service, method, where, **parameters):
        """Check the parameters of a call against AWS's model of it, without making the call; an error is one sentence."""
        client = self._client(service, None, f"check {where}")
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise RunbookError(f"{where}: {' '.join(report.generate_report().split())}.")

    def _client(self, service, region, doing, *, once=False):
        try:
            client = connections.client(self.connection, service, region, once=once)
            return pace.attach(client, self.connection) if services.of(service).paced else client
        except Exception as error:  # botocore may ask for credentials here
            failed = failures.translated(error, doing, service, "", profile=self._profile)
        raise failed

    def _place(self, client):
        """Return the account and region of a client."""
        return replace(self.connection, region=None), client.meta.region_name

    def _look(self, request) -> Any:
        """
        Return the answer of one read.

        A read with an unreadable answer is retried briefly: the network may be the cause. A read whose answer lacks a resource
        that this run has created is retried for as long as AWS may need to show it.
        """
        since = time.monotonic()

        def attempt():
            return self._ask(request, retried=retries.of_read(time.monotonic() - since))

        call = self._until(attempt, f"a valid answer of AWS to the request to {request.doing}")
        if call.refused:
            raise call.refused
        return call.answer

    @staticmethod
    def _until(attempt, what):
        return polling.until(attempt, what=what, timeout=SETTLE_TIMEOUT, pause=waiting.pause)

    def _ask(self, request, *, retried=(), writing=False, once=False):
        """
        Make one call; an error becomes ``None`` (absent), a request to retry (retried, or in doubt) or one sentence.

        The sentence is raised outside of the handler of the original error: otherwise a traceback would also print that, and it
        can quote the answer.
        """
        meta, service = request.client.meta, request.service
        operation = meta.method_to_api_mapping[request.method]
        model = meta.service_model.operation_model(operation)
        if service != "sts":
            self.check_account()
        call, code = _Call(), None
        started, outcomes = time.monotonic(), retries.begin()
        try:
            with coalescing.turn():
                call.answer = request.ask()
        except Exception as error:
            code = failures.code(error)
            call.in_doubt = self._cache.recent.doubts(code, failures.message(error), request.parameters)
            if not code or code not in request.absent:
                call.refused = failures.translated(
                    error,
                    request.doing,
                    service,
                    operation,
                    writing=writing,
                    once=once,
                    outcomes=outcomes,
                    profile=self._profile,
                    hidden=failures.secrets(model, request.parameters),
                )
        else:
            where = self._place(request.client)
            call.in_doubt = self._cache.recent.lacks(where, request.method, request.parameters, call.answer)
        finally:
            elapsed = (time.monotonic() - started) * 1000
            log.debug("%s %s in %s: %.0f ms", service, operation, meta.region_name, elapsed)
        if code in _BODILESS and model.http["method"] == "HEAD":
            self._identify_again()
        if call.refused and code not in retried and not call.in_doubt:
            raise call.refused
        return call

    @property
    def _profile(self):
        """Return the AWS profile in use, if any, for the command that renews its login."""
        return self.connection.aws_profile or os.environ.get("AWS_PROFILE")


class _Call:
    """The answer of one call; false if AWS refuses temporarily, or does not show an existing resource yet."""

    answer: Any = None
    refused: Exception | None = None
    in_doubt = False

    def __bool__(self):
        return self.refused is None and not self.in_doubt
