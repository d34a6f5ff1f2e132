"""
How to reach an AWS account: which credentials, which region, which endpoint.

An explicit argument beats the profile, the profile beats pillar ``aws:admin``, and that beats botocore's own chain
(environment, shared configuration, SSO, container, instance role). ``aws:access_key`` and ``aws:secret_key`` belong to
the servers' scripts and are never used here.
"""

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache

from aws_runbook.errors import RunbookError
from aws_runbook.sdk import (
    AssumeRoleCredentialFetcher,
    BotoCoreError,
    Config,
    DeferredRefreshableCredentials,
    boto3,
)

DEFAULT_REGION = "us-east-1"

# CreateAccessKey's reply and AssumeRole's hold secrets, and botocore logs every body, header and signature at DEBUG,
# which `salt-call -l trace` would print. What this project did is logged by session.py instead.
_TALKATIVE = ("botocore", "botocore.auth", "botocore.endpoint", "botocore.hooks", "botocore.parsers", "boto3")

_clients = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Connection:
    """Everything that decides which account, region and endpoint a call goes to. ``None`` is left to botocore."""

    region: str | None = None
    keyid: str | None = None
    key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    aws_profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    endpoint_url: str | None = None


_FIELDS = tuple(entry.name for entry in fields(Connection))
_CREDENTIALS = ("keyid", "key", "session_token")


def resolve(*, region=None, profile=None, keyid=None, key=None, admin=None, fallback_region=None, lookup=None):
    """
    The connection that follows from a function's arguments and from pillar.

    ``profile`` and ``admin`` are mappings of :class:`Connection`'s fields, or names that ``lookup`` (a function of the
    name) turns into one. ``fallback_region`` is pillar's ``aws:region``.
    """
    layers = [
        ("the arguments", {"region": region, "keyid": keyid, "key": key}),
        ("profile", _layer("profile", profile, lookup)),
        ("aws:admin", _layer("aws:admin", admin, lookup)),
    ]
    resolved = {}
    for where, layer in layers:
        _check_pair(where, layer)
        # Credentials go together: a key of one layer must not be signed with the session token of another, nor be
        # set aside for a shared-configuration profile that a lower layer names.
        holds_credentials = any(resolved.get(name) for name in (*_CREDENTIALS, "aws_profile"))
        for name in _FIELDS:
            if holds_credentials and name in (*_CREDENTIALS, "aws_profile"):
                continue
            if resolved.get(name) is None and layer.get(name) is not None:
                resolved[name] = layer[name]
    if resolved.get("region") is None:
        resolved["region"] = fallback_region
    return Connection(**resolved)


def _layer(where, value, lookup):
    if value is None:
        return {}
    if isinstance(value, str):
        found = lookup(value) if lookup else None
        if not isinstance(found, Mapping):
            raise RunbookError(
                f"{where} is {value!r}, but neither pillar nor the minion's configuration has a mapping of that name."
            )
        value = found
    if not isinstance(value, Mapping):
        raise RunbookError(f"{where} is a {type(value).__name__}; give a mapping or the name of one.")
    unknown = sorted(str(name) for name in value if name not in _FIELDS)
    if unknown:
        raise RunbookError(f"{where} has the unknown key {unknown[0]!r}; allowed are {', '.join(_FIELDS)}.")
    return value


def _check_pair(where, layer):
    if bool(layer.get("keyid")) != bool(layer.get("key")):
        given, missing = ("keyid", "key") if layer.get("keyid") else ("key", "keyid")
        raise RunbookError(f"{where} has {given} without {missing}; give both or neither.")


def client(connection, service, region=None, *, once=False):
    """
    The boto3 client of ``service`` for ``connection``, made once; ``region`` overrides the connection's.

    With ``once`` botocore never sends a request again.
    """
    slot = (connection, _surroundings(), service, region, once)
    with _lock:  # boto3's clients are safe in threads; making one is not
        if slot not in _clients:
            _hush()
            _clients[slot] = _make(connection, service, region, once=once)
        return _clients[slot]


def forget(service):
    """Make the clients of ``service`` anew when they are asked for next: what they have learnt no longer holds."""
    with _lock:
        for slot in [slot for slot in _clients if slot[2] == service]:
            del _clients[slot]


def _surroundings():
    """What botocore takes from the environment, credentials and endpoint, is part of what was resolved."""
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))


def _make(connection, service, region, *, once):
    session = _session(connection)
    region = region or connection.region or session.region_name or DEFAULT_REGION
    if connection.role_arn:
        session = _assumed(session, connection, region)
    return session.client(service, region_name=region, endpoint_url=connection.endpoint_url, config=_config(once=once))


def _session(connection):
    return boto3.Session(
        aws_access_key_id=connection.keyid,
        aws_secret_access_key=connection.key,
        aws_session_token=connection.session_token,
        profile_name=connection.aws_profile,
    )


def _config(*, once=False):
    retries = {"mode": "standard"}
    if once:
        retries["total_max_attempts"] = 1
    elif "AWS_MAX_ATTEMPTS" not in os.environ:
        # A fleet's run makes hundreds of calls to services that throttle at a few a second.
        retries["total_max_attempts"] = 8
    # botocore waits a minute, and asks again: where AWS cannot be reached a person should hear of it sooner.
    return Config(retries=retries, connect_timeout=10, user_agent_extra="saltext.aws-runbook")


def _assumed(session, connection, region):
    """A session whose credentials are those of ``role_arn``, renewed by botocore before they run out."""
    source = session.get_credentials()
    if source is None:
        raise RunbookError(f"Cannot assume {connection.role_arn}: there are no credentials to assume it with.")

    def sts_client(service, **_):
        return session.client(service, region_name=region, endpoint_url=connection.endpoint_url, config=_config())

    extra = {"RoleSessionName": "saltext-aws-runbook"}
    if connection.external_id:
        extra["ExternalId"] = connection.external_id
    fetcher = AssumeRoleCredentialFetcher(sts_client, source, connection.role_arn, extra_args=extra)
    assumed = boto3.Session(region_name=region)
    # boto3 has no public way to hand over renewable credentials; botocore's own assume-role provider ends here too.
    assumed._session._credentials = DeferredRefreshableCredentials(  # noqa: SLF001
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return assumed


def region_of(connection):
    """The region that calls of ``connection`` go to when they name none."""
    try:
        return connection.region or _region_of_session(connection, _surroundings()) or DEFAULT_REGION
    except BotoCoreError as error:
        raise RunbookError(f"Cannot tell the AWS region: {error}.") from error


@cache
def _region_of_session(connection, _surroundings):
    return _session(connection).region_name


@cache
def partition_of(region):
    """The partition (``aws``, ``aws-cn``…) that a region belongs to, from what botocore knows of AWS."""
    try:
        return boto3.Session().get_partition_for_region(region)
    except BotoCoreError as error:
        raise RunbookError(f"There is no AWS region {region!r}: {error}.") from error


def _hush():
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _no_debug not in logger.filters:
            logger.addFilter(_no_debug)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)


def _no_debug(record):
    return record.levelno >= logging.INFO
