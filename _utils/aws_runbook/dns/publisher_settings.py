"""
Check the settings of the publisher of DNS records (pillar's ``aws:ses:dns``) before any request.

A setting that is an ``sdb://`` address is looked up when records are published, and checked again then.
"""

import dns.exception
import dns.name
import dns.tsigkeyring

from aws_runbook.dns import servers

RFC2136 = "rfc2136"
GODADDY = "godaddy"
# Settings that are not the provider's own.
COMMON = ("provider", "zone", "ttl", "nameserver")
_RFC2136_KEYS = ("server", "key_name", "key_secret", "key_algorithm")
# https://www.rfc-editor.org/rfc/rfc8945#section-6, without those that must not be used any more.
_ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1")
DEFAULT_ALGORITHM = _ALGORITHMS[0]
_GODADDY_KEYS = ("auth_key", "auth_secret")
# What GoDaddy refuses below.
_GODADDY_TTL = 600
_PATH = "aws:ses:dns"


def problems(settings):
    """Sentences, each with the key, what it holds (of a secret only that) and what is allowed."""
    own = {name: value for name, value in settings.items() if name not in COMMON and value is not None}
    check = {RFC2136: _rfc2136, GODADDY: _godaddy}.get(settings.get("provider"))
    found = list(check(own, settings.get("ttl"))) if check else []
    return [*found, *_server("nameserver", settings.get("nameserver"))]


def _server(key, value):
    if value in (None, "") or _is_address(value):
        return
    try:
        servers.parse(value)
    except ValueError as error:
        yield f"{_PATH}:{key} is {value!r}: {error}."


def _rfc2136(own, _ttl):
    yield from _unknown(own, RFC2136, _RFC2136_KEYS)
    if own.get("server") in (None, ""):
        yield f"{_PATH}:server is missing; give HOST or HOST:PORT of the server that accepts updates ({RFC2136})."
    yield from _server("server", own.get("server"))
    algorithm = own.get("key_algorithm", DEFAULT_ALGORITHM)
    if not _is_address(algorithm) and algorithm not in _ALGORITHMS:
        yield f"{_PATH}:key_algorithm is {algorithm!r}: allowed are {', '.join(_ALGORITHMS)}."
    name, secret = own.get("key_name"), own.get("key_secret")
    if bool(name) != bool(secret):
        there, lacking = ("key_name", "key_secret") if name else ("key_secret", "key_name")
        yield f"{_PATH}:{lacking} is missing; {there} needs it, since a TSIG key has a name and a secret."
    if name and not _is_address(name) and not _is_name(name):
        yield f"{_PATH}:key_name is {name!r}: give the name of the TSIG key, which is formed like a domain."
    if secret and not _is_address(secret) and not _is_base64(secret):
        yield f"{_PATH}:key_secret is a text: give the secret of the TSIG key in base64."


def _godaddy(own, ttl):
    yield from _unknown(own, GODADDY, _GODADDY_KEYS)
    for key in _GODADDY_KEYS:
        if not own.get(key):
            yield f"{_PATH}:{key} is missing; {GODADDY} needs {' and '.join(_GODADDY_KEYS)}."
    if ttl is not None and ttl < _GODADDY_TTL:
        yield f"{_PATH}:ttl is {ttl}: GoDaddy allows {_GODADDY_TTL} seconds or more."


def _unknown(own, provider, known):
    for name in sorted(set(own) - set(known), key=str):
        yield f"{_PATH}:{name} is not a key that is known for {provider}; allowed are {', '.join((*COMMON, *known))}."


def _is_address(value):
    return isinstance(value, str) and value.startswith("sdb://")


def _is_name(name):
    try:
        dns.name.from_text(name)
    except (dns.exception.DNSException, TypeError, ValueError):
        return False
    return True


def _is_base64(secret):
    try:
        dns.tsigkeyring.from_text({"key.": secret})
    except (ValueError, TypeError, AttributeError):
        return False
    return True
