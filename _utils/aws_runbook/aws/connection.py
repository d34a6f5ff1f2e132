"""
The connection to an AWS account: credentials, region and endpoint.

An explicit argument overrides the profile, the profile overrides pillar ``aws:admin``, and that overrides botocore's own chain
(environment, shared configuration, SSO, container, instance role). ``aws:access_key`` and ``aws:secret_key`` belong to
the servers' scripts and are never used here.
"""

import logging
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache

from aws_runbook import urls
from aws_runbook.aws import answers, failures, retries
from aws_runbook.aws.sdk import (
    AssumeRoleCredentialFetcher,
    BotoCoreError,
    Config,
    DeferredRefreshableCredentials,
    boto3,
)
from aws_runbook.errors import RunbookError, UnreachableError

DEFAULT_REGION = "us-east-1"

# CreateAccessKey's reply and AssumeRole's hold secrets. botocore logs every body, header and signature at DEBUG, which
# `salt-call -l trace` would print, and warns with tracebacks about answers that it cannot parse; urllib3 warns with the header text
# that it cannot parse. The actions of this project are logged by session.py instead.
_TALKATIVE = {"boto3": logging.INFO, "botocore": logging.INFO, "s3transfer": logging.INFO, "urllib3": logging.ERROR}

# Values in the headers of a request; an HTTP library quotes headers that it refuses.
_VISIBLE = re.compile(r"[!-~]*")
_NO_ENDPOINT = (
    "The endpoint in use (endpoint_url, or AWS_ENDPOINT_URL in the environment) is not a valid URL; give one such as https://localhost:4566, or "
    "leave it out to reach AWS."
)

# The number of open connections that a recovery of backups uses at a time; botocore's default is ten.
_CONNECTIONS = 100

_clients = {}
# boto3's sessions are cached, because each new one reads all endpoints of AWS, and requests its credentials.
_sessions = {}
_lock = threading.RLock()  # boto3's clients are thread-safe; sessions, and creating clients, are not


@dataclass(frozen=True)
class Connection:
    """The settings that determine the account, region and endpoint of a call. botocore decides those that are ``None``."""

    region: str | None = None
    keyid: str | None = None
    key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    aws_profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint_url: str | None = field(default=None, repr=False)


_FIELDS = tuple(entry.name for entry in fields(Connection))
_CREDENTIALS = ("keyid", "key", "session_token")


def resolve(*, region=None, profile=None, keyid=None, key=None, admin=None, fallback_region=None, lookup=None):
    """
    Return the connection for a function's arguments and pillar.

    ``profile`` and ``admin`` are mappings of :class:`Connection`'s fields, or names that ``lookup`` (a function of the
    name) turns into one. ``fallback_region`` is pillar's ``aws:region``.
    """
    layers = [
        ("the arguments", _layer("the arguments", {"region": region, "keyid": keyid, "key": key}, lookup)),
        ("profile", _layer("profile", profile, lookup)),
        ("aws:admin", _layer("aws:admin", admin, lookup)),
    ]
    resolved = {}
    for where, layer in layers:
        _check_pair(where, layer)
        # Credentials belong together: a key of one layer must not be used with the session token of another, nor be
        # overridden by a shared-configuration profile that a lower layer names.
        settled = _holds_credentials(resolved) or resolved.get("aws_profile")
        for name in _FIELDS:
            if settled and name in (*_CREDENTIALS, "aws_profile"):
                continue
            if resolved.get(name) is None and layer.get(name) is not None:
                resolved[name] = layer[name]
    if resolved.get("region") is None:
        resolved["region"] = _layer("aws", {"region": fallback_region}, None)["region"]
    return Connection(**resolved)


def holds_secrets(layer):
    """Whether a mapping of :class:`Connection`'s fields contains credentials, which must not be shown."""
    return _holds_credentials(layer) or urls.has_userinfo(layer.get("endpoint_url") or "")


def _holds_credentials(layer):
    return any(layer.get(name) for name in _CREDENTIALS)


def _layer(where, value, lookup):
    if value is None:
        return {}
    if isinstance(value, str):
        found = lookup(value) if lookup else None
        if not isinstance(found, Mapping):
            raise RunbookError(
                f"{where} is {urls.without_userinfo(repr(value))}, but neither pillar nor the minion's configuration has a mapping of that name."
            )
        value = found
    if not isinstance(value, Mapping):
        raise RunbookError(f"{where} is a {type(value).__name__}; give a mapping or the name of one.")
    unknown = sorted(str(name) for name in value if name not in _FIELDS)
    if unknown:
        raise RunbookError(f"{where} has the unknown key {unknown[0]!r}; allowed are {', '.join(_FIELDS)}.")
    for name, given in value.items():
        if given is not None:
            _check_field(where, name, given)
    return value


def _check_field(where, name, given):
    if name in _CREDENTIALS and not isinstance(given, str):
        raise RunbookError(f"{where} has a {name} that is not a text; write it in quotes.")
    if name in _CREDENTIALS and not _VISIBLE.fullmatch(given):
        raise RunbookError(f"{where} has a {name} with a space, a line break or another character that it cannot have.")
    if not isinstance(given, str):
        shown = "a URL such as https://localhost:4566" if name == "endpoint_url" else "a text"
        raise RunbookError(f"{where} has the {name} {given!r}; give {shown}.")
    if name == "endpoint_url" and not urls.is_http(given):
        raise RunbookError(
            f"{where} has the endpoint_url {urls.shown(given)!r}; give a URL such as https://localhost:4566."
        )


def _check_pair(where, layer):
    if bool(layer.get("keyid")) != bool(layer.get("key")):
        given, missing = ("keyid", "key") if layer.get("keyid") else ("key", "keyid")
        raise RunbookError(f"{where} has {given} without {missing}; give both or neither.")


def client(connection, service, region=None, *, once=False):
    """
    Return the cached boto3 client of ``service`` for ``connection``; ``region`` overrides the connection's.

    With ``once``, botocore does not retry.
    """
    slot = (connection, _surroundings(), service, region, once)
    with _lock:
        if slot not in _clients:
            _hush()
            _clients[slot] = _make(connection, service, region, once=once)
        return _clients[slot]


def forget(service):
    """Drop the cached clients of ``service``, because what they have cached is outdated."""
    with _lock:
        for slot in [slot for slot in _clients if slot[2] == service]:
            del _clients[slot]


def _surroundings():
    """Return the environment variables that botocore reads, as a part of the cache key."""
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))


def _make(connection, service, region, *, once):
    session = _session(connection)
    region = region or connection.region or session.region_name or DEFAULT_REGION
    if connection.role_arn:
        # Not one session for all regions: credentials issued in some regions are not accepted in others.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
        session = _kept((replace(connection, region=region), _surroundings()), _assumed, session, connection, region)
    config = _config(once=once)
    try:
        return session.client(service, region_name=region, endpoint_url=connection.endpoint_url, config=config)
    except ValueError as error:
        if not str(error).startswith(
            "Invalid endpoint:"
        ):  # botocore's own errors; others quote the output of a credential process
            raise
        # The error quotes the endpoint, which can contain a password.
        failed = RunbookError(_NO_ENDPOINT)
    raise failed


def _session(connection):
    """Return the cached boto3 session of a connection's credentials."""
    credentials = {
        "aws_access_key_id": connection.keyid,
        "aws_secret_access_key": connection.key,
        "aws_session_token": connection.session_token,
        "profile_name": connection.aws_profile,
    }
    return _kept((*credentials.values(), _surroundings()), _new_session, **credentials)


def _kept(slot, make, *args, **kwargs):
    if slot not in _sessions:
        _sessions[slot] = make(*args, **kwargs)
    return _sessions[slot]


def _new_session(**how):
    return answers.watch(boto3.Session(**how))


def _config(*, once=False):
    # botocore waits a minute, and retries. If AWS cannot be reached, the operator should learn it earlier.
    return Config(
        retries=retries.settings(once=once),
        connect_timeout=10,
        max_pool_connections=_CONNECTIONS,
        user_agent_extra="saltext.aws-runbook",
    )


def _assumed(session, connection, region):
    """Return a session with the credentials of ``role_arn``, which botocore renews before they expire."""
    source = session.get_credentials()
    if source is None:
        raise RunbookError(f"Cannot assume {connection.role_arn}: there are no credentials to assume it with.")

    def sts_client(service, **_):
        with _lock:
            return session.client(service, region_name=region, endpoint_url=connection.endpoint_url, config=_config())

    extra = {"RoleSessionName": "saltext-aws-runbook"}
    if connection.external_id:
        extra["ExternalId"] = connection.external_id
    fetcher = AssumeRoleCredentialFetcher(sts_client, source, connection.role_arn, extra_args=extra)
    assumed = _new_session(region_name=region)
    # boto3 has no public interface for renewable credentials; botocore's own assume-role provider does the same.
    assumed._session._credentials = DeferredRefreshableCredentials(  # noqa: SLF001
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return assumed


def region_of(connection):
    """Return the region of ``connection``'s calls that name none."""
    try:
        return connection.region or _region_of_session(connection, _surroundings()) or DEFAULT_REGION
    except BotoCoreError as error:
        failed = UnreachableError(f"Cannot determine the AWS region: {failures.plain(error)}.")
    raise failed


@cache
def _region_of_session(connection, _surroundings):
    with _lock:
        return _session(connection).region_name


@cache
def partition_of(region):
    """Return the partition (``aws``, ``aws-cn``…) of a region, from botocore's data."""
    try:
        with _lock:
            session = next(iter(_sessions.values()), None) or boto3.Session()  # all have the same data
            return session.get_partition_for_region(region)
    except BotoCoreError as error:
        raise RunbookError(f"There is no AWS region {region!r}: {error}.") from error


def _hush():
    """Prevent the libraries that handle answers from logging them, at any log level of the minion."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _TALKATIVE]
    for name in {*known, *_TALKATIVE}:
        logger, level = logging.getLogger(name), _TALKATIVE[name.partition(".")[0]]
        # Loggers that are created later inherit the level. The filter also applies if the configuration sets another level.
        if logger.level < level:
            logger.setLevel(level)
        if _discreet not in logger.filters:
            logger.addFilter(_discreet)


def _discreet(record):
    # A traceback ends with the text of its error, which may quote an unreadable answer.
    record.exc_info = record.exc_text = None
    return record.levelno >= _TALKATIVE[record.name.partition(".")[0]]
