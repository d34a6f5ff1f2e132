"""
Publishing DNS records: by RFC 2136 to a DNS server, by GoDaddy's API, or through another DNS host's API by dns-lexicon.

A publisher has ``values(name, kind)``, ``add(record)`` and ``replace(record, old)``, and does nothing else to a zone.
"""

import socket
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from aws_runbook import salt_commands
from aws_runbook.dns import check as dns_check
from aws_runbook.dns import godaddy, secrecy
from aws_runbook.dns import publisher_settings as dns_settings
from aws_runbook.dns.records import TTL, presentation
from aws_runbook.errors import RunbookError, UncertainError

_TIMEOUT = 10  # seconds
_UNKNOWN = "It is not known whether the server did it. Run this again: it first reads what exists."
_lock = threading.Lock()


def make(settings, zone, command=salt_commands.command):
    """The publisher for a zone that ``settings`` (pillar's ``aws:ses:dns``) describe; ``command`` is a session's."""
    found = dns_settings.problems(settings)
    if found:
        raise RunbookError(" ".join(found))
    given = {name: value for name, value in settings.items() if name not in dns_settings.COMMON and value is not None}
    ttl = settings.get("ttl") or TTL
    if settings["provider"] == dns_settings.RFC2136:
        return Rfc2136(zone, ttl, **given)
    if settings["provider"] == dns_settings.GODADDY:
        return godaddy.GoDaddy(zone, ttl, given, command)
    return Lexicon(settings["provider"], zone, ttl, given)


class Rfc2136:
    """
    A zone on a server that takes dynamic updates: PowerDNS, BIND, Knot.

    Every update has prerequisites, so that a record that another client has added in the meantime is never
    replaced. https://www.rfc-editor.org/rfc/rfc2136#section-2.4
    """

    unchangeable = None

    def __init__(self, zone, ttl, server, key_name=None, key_secret=None, key_algorithm=dns_settings.DEFAULT_ALGORITHM):
        self._zone = zone
        self._ttl = ttl
        self._server = server
        self._host, self._port = dns_check.address(server)
        self._signed = {}
        if key_name:
            keyring = dns.tsigkeyring.from_text({key_name: (key_algorithm, key_secret)})
            self._signed = {"keyring": keyring, "keyname": key_name, "keyalgorithm": key_algorithm}

    def values(self, name, kind):
        """What the server has for a name and type."""
        query = dns.message.make_query(name, kind)
        if self._signed:
            query.use_tsig(self._signed["keyring"], self._signed["keyname"], algorithm=self._signed["keyalgorithm"])
        return dns_check.values(self._ask(query, f"read {name}"), name, kind)

    def add(self, record):
        """Add a record, if the records at its name have not changed."""
        change = self._update(record, self.values(record.name, record.type))
        change.add(_absolute(record.name), self._ttl, record.type, presentation(record.type, record.value))
        self._ask(change, f"add the {record.type} record {record.name}")

    def replace(self, record, old):
        """Replace the value ``old``, if the records at its name have not changed. Others at that name stay."""
        change = self._update(record, self.values(record.name, record.type))
        change.delete(_absolute(record.name), record.type, presentation(record.type, old))
        change.add(_absolute(record.name), self._ttl, record.type, presentation(record.type, record.value))
        self._ask(change, f"change the {record.type} record {record.name}")

    def _update(self, record, found):
        change = dns.update.UpdateMessage(self._zone, **self._signed)
        if found:
            for value in found:
                change.present(_absolute(record.name), record.type, presentation(record.type, value))
        elif record.type == "CNAME":
            change.absent(_absolute(record.name))
        else:
            change.absent(_absolute(record.name), record.type)
        return change

    def _ask(self, message, doing):
        where = f"Cannot {doing}: the DNS server {self._server}"
        try:
            connected = socket.create_connection((self._host, self._port), timeout=_TIMEOUT)
        except OSError as error:
            raise RunbookError(f"{where}: {error}.") from error
        try:
            with connected:
                connected.setblocking(False)  # dnspython waits by itself
                reply = dns.query.tcp(message, self._host, timeout=_TIMEOUT, port=self._port, sock=connected)
        except dns.tsig.PeerError as error:
            raise RunbookError(f"{where}: {error}.") from error
        except EOFError:
            raise _unanswered(f"{where} closed the connection before it answered.", message) from None
        except (dns.exception.DNSException, OSError) as error:
            raise _unanswered(f"{where}: {str(error).rstrip('.') or type(error).__name__}.", message) from error
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) or (
            isinstance(message, dns.update.UpdateMessage) and reply.rcode() != dns.rcode.NOERROR
        ):
            raise RunbookError(
                f"Cannot {doing}: the DNS server {self._server} says {dns.rcode.to_text(reply.rcode())}."
            )
        return reply


def _unanswered(sentence, message):
    """The error where a server that was sent ``message`` did not answer it."""
    if not isinstance(message, dns.update.UpdateMessage):
        return RunbookError(sentence)
    return UncertainError(f"{sentence} {_UNKNOWN}")


def _absolute(name):
    return f"{name}."


class Lexicon:
    """
    A zone at a DNS host, by one of dns-lexicon's providers: ``cloudflare`` and dozens of others.

    ``options`` are the provider's own: https://dns-lexicon.readthedocs.io/en/latest/configuration_reference.html
    """

    unchangeable = None

    def __init__(self, provider, zone, ttl, options):
        self._provider = provider
        self._zone = zone
        self._ttl = ttl
        self._options = options

    def values(self, name, kind):
        """What the DNS host has for a name and type."""
        return sorted(_value(entry) for entry in self._list(name, kind))

    def add(self, record):
        """Add a record."""
        priority, content = _split(record)
        with self._client(f"add the {record.type} record {record.name}", priority) as operations:
            operations.create_record(record.type, record.name, content)

    def replace(self, record, old):
        """Put a value in place of ``old``."""
        found = next((entry for entry in self._list(record.name, record.type) if _value(entry) == old), None)
        if found is None:
            raise RunbookError(f"The {record.type} record {record.name} was changed in the meantime; run this again.")
        with self._client(f"change the {record.type} record {record.name}") as operations:
            operations.update_record(found["id"], record.type, record.name, record.value)

    def _list(self, name, kind):
        with self._client(f"read {name}") as operations:
            found = operations.list_records(kind, name)
        return [entry for entry in found if entry["name"].rstrip(".").lower() == name]

    @contextmanager
    def _client(self, doing, priority=None):
        try:
            from lexicon import client, config
        except ImportError as error:
            raise RunbookError(
                f"aws:ses:dns:provider is {self._provider!r}, which needs dns-lexicon ({error}): install it with "
                "'salt-pip install dns-lexicon'."
            ) from error
        settings = {
            "provider_name": self._provider,
            "domain": self._zone,
            "ttl": self._ttl,
            **({"priority": priority} if priority else {}),
            self._provider: self._options,
        }
        try:
            resolver = config.ConfigResolver().with_dict(settings)
            with _alone(self._zone), secrecy.hushed(), client.Client(resolver) as operations:
                yield operations
        except RunbookError:
            raise
        except Exception as error:  # any exception of its dozens of providers
            raise RunbookError(f"Cannot {doing}: {self._provider} says {self._without_secrets(error)}.") from None

    def _without_secrets(self, error):
        text = secrecy.redact(f"{type(error).__name__}: {error}", self._options)
        return " ".join(text.split()).rstrip(".")


@contextmanager
def _alone(zone):
    """
    Lexicon guesses the zone by a list of public suffixes, which it fetches from the network. The zone is known, so the guess
    is answered with it. That, and what is logged, is for all of the process: so one provider at a time.
    """
    import tldextract

    name, _, suffix = zone.partition(".")
    parts = SimpleNamespace(subdomain="", domain=name, suffix=suffix)
    with _lock:
        before = tldextract.TLDExtract, tldextract.extract
        tldextract.TLDExtract = lambda **_: lambda _domain: parts
        tldextract.extract = lambda *_, **__: parts
        try:
            yield
        finally:
            tldextract.TLDExtract, tldextract.extract = before


def _split(record):
    """``(priority, host)`` of an MX record; DNS hosts keep them apart."""
    if record.type == "MX":
        priority, _, host = record.value.partition(" ")
        return priority, host
    return None, record.value


def _value(entry):
    """Convert a record of lexicon. The priority of an MX record is in the content, separate, or missing."""
    content = str(entry["content"]).strip()
    if entry["type"] == "TXT":
        return content.replace('" "', "").strip('"')
    content = content.rstrip(".").lower()
    if entry["type"] == "MX" and " " not in content:
        priority = entry.get("priority") or (entry.get("options") or {}).get("mx", {}).get("priority")
        return f"{priority} {content}" if priority is not None else content
    return content
