"""
Check whether the records of an identity are in DNS, at the zone's authoritative servers and at the resolver.
"""

import socket
from functools import lru_cache

try:
    import dns.exception
    import dns.message
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver
except ImportError as error:
    raise ImportError(
        f"saltext.aws-runbook needs dnspython ({error}): install it with 'salt-pip install dnspython'"
    ) from error

from aws_runbook.dns import dmarc, servers, spf
from aws_runbook.dns.records import relative
from aws_runbook.errors import RunbookError
from aws_runbook.tables import table

COLUMNS = ("status", "type", "name", "relative", "value", "detail")
_TIMEOUT = 3  # seconds for each server
_LIFETIME = 6  # seconds for the resolver, all its servers together


class UnansweredError(RunbookError):
    """No DNS server could be found, or none answered: the content of DNS is unknown."""


class Dns:
    """
    DNS as seen from this machine: ``authoritative`` queries the servers of a zone, ``cached`` the resolver.

    ``nameserver`` (HOST or HOST:PORT) is the resolver to begin with; left out, it is the machine's. The servers of a zone
    are asked on the same port.
    """

    def __init__(self, nameserver=None):
        if nameserver:
            host, port = address(nameserver)
            self._resolver = dns.resolver.Resolver(configure=False)
            self._resolver.nameservers = [host]
            self._resolver.port = port
        else:
            try:
                self._resolver = dns.resolver.Resolver()
            except dns.exception.DNSException as error:
                raise UnansweredError(f"This machine has no DNS resolver ({error}); name one as nameserver.") from error
        self._resolver.lifetime = _LIFETIME
        self._resolver.timeout = _TIMEOUT
        self._silent = None
        self.zone = lru_cache(maxsize=None)(self._zone)
        self._servers = lru_cache(maxsize=None)(self._find_servers)

    def cached(self, name, kind):
        """``(values, seconds)``: what the resolver says, and for how long it will go on saying so."""
        try:
            answer = self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return [], None
        except (dns.exception.DNSException, OSError) as error:
            raise UnansweredError(f"The resolver did not answer for {name}: {error}.") from error
        if answer.rrset is None:
            return [], None
        return sorted(text(record) for record in answer.rrset), answer.rrset.ttl

    def authoritative(self, name, kind):
        """The values that the zone's own servers have for a name and type, sorted."""
        problem = "it has none"
        for server in self._servers(self.zone(name)):
            try:
                query = dns.message.make_query(name, kind)
                reply, _ = dns.query.udp_with_fallback(query, server, timeout=_TIMEOUT, port=self._resolver.port)
            except (dns.exception.DNSException, OSError) as error:
                problem = str(error) or type(error).__name__
                continue
            if reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return values(reply, name, kind)
            problem = dns.rcode.to_text(reply.rcode())
        raise UnansweredError(f"No server of the zone {self.zone(name)} answered for {name}: {problem}.")

    def _zone(self, name):
        """The zone that a name is in: the nearest that has an SOA record."""
        if self._silent:  # one wait for a resolver that does not answer is enough
            raise self._silent
        try:
            found = dns.resolver.zone_for_name(name, resolver=self._resolver, lifetime=_LIFETIME)
        except dns.resolver.LifetimeTimeout as error:
            self._silent = UnansweredError(f"The resolver does not answer: {error}")
            raise self._silent from error
        except (dns.exception.DNSException, OSError) as error:
            raise UnansweredError(f"The zone of {name} could not be found: {error or type(error).__name__}.") from error
        return found.to_text(omit_final_dot=True).lower()

    def _find_servers(self, zone):
        names, _ = self.cached(zone, "NS")
        found = [place for name in names for kind in ("A", "AAAA") for place in self.cached(name, kind)[0]]
        if not found:
            raise UnansweredError(f"The zone {zone} has no server with an address.")
        return found


def address(server) -> tuple[str, int]:
    """``(IP address, port)`` of a server that is given as HOST or HOST:PORT."""
    try:
        host, port = servers.parse(server)
    except ValueError as error:
        raise RunbookError(f"nameserver is {server!r}: {error}.") from None
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise UnansweredError(f"The DNS server {host} could not be found: {error}.") from error
    return str(found[0][4][0]), port


def values(reply, name, kind):
    """The values of a name and type in an answer, sorted: not of what a CNAME leads to."""
    wanted = dns.rdatatype.from_text(kind)
    return sorted(
        text(record)
        for entry in reply.answer
        if entry.rdtype == wanted and entry.name.to_text(omit_final_dot=True).lower() == name.lower()
        for record in entry
    )


def text(record):
    """A value as :class:`aws_runbook.dns.records.Record` has it: hosts in small letters, texts in one piece."""
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode(errors="replace")
    return record.to_text().lower().rstrip(".")


def check(wanted, source):
    """
    For each of ``wanted`` (:class:`aws_runbook.dns.records.Record`) its ``status``, and in ``detail`` what was found.

    ``source`` is a :class:`Dns`.
    """
    return [_checked(record, source) for record in wanted]


def as_table(found):
    """The answer of :func:`check` for a person."""
    return table(found, COLUMNS)


def _checked(record, source):
    zone = None
    try:
        zone = source.zone(record.name)
        status, detail = _status(record, zone, source)
    except UnansweredError as error:
        status, detail = "unknown", str(error)
    return {**record.as_data(zone), "zone": zone, "status": status, "detail": detail}


def _status(record, zone, source):
    found = source.authoritative(record.name, record.type)
    status, detail = judge(record, found)
    if status == "present":
        return _as_seen(record, found, detail, source)
    if status != "missing":
        return status, detail
    in_the_way = _in_the_way(record, source)
    if in_the_way:
        return "conflicting", in_the_way
    # What a DNS host makes of a full name where it wants one relative to the zone.
    doubled = f"{record.name}.{zone}"
    if judge(record, source.authoritative(doubled, record.type))[0] == "present":
        return "duplicated suffix", f"it is at {doubled}: give the DNS host the name {relative(record.name, zone)}"
    if record.purpose == "dmarc":
        return _inherited(record, source)
    return ("suggested" if record.optional else "missing"), detail


def judge(record, found):
    """``(status, detail)`` of a record by what is at its name: ``present``, ``missing``, ``wrong`` or ``conflicting``."""
    if record.purpose in ("spf", "mail_from_spf"):
        return _judge_spf(found)
    if record.purpose == "dmarc":
        return _judge_dmarc(found)
    there = "; ".join(found)
    if record.value.lower() not in found:
        return _unequal(record, there)
    if record.purpose == "mail_from_mx" and len(found) > 1:
        # https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
        return "conflicting", f"there is more than one MX record: {there}. SES wants its own, and no other"
    return "present", ""


def _unequal(record, there):
    """What it means that a value is not there."""
    if not there:
        return "missing", ""
    if record.purpose == "mail_from_mx":
        return "conflicting", f"the domain receives mail at {there}; choose a MAIL FROM domain that does not"
    if record.purpose == "inbound_mx":
        return "conflicting", f"mail goes to {there}, and that is not changed"
    return "wrong", f"there is {there}"


def _judge_spf(found):
    records = [value for value in found if spf.is_spf(value)]
    if not records:
        return "missing", ""
    if len(records) > 1:
        return "conflicting", f"there is more than one SPF record, so none is valid: {'; '.join(records)}"
    if spf.includes_amazon(records[0]):
        return "present", ""
    return "wrong", f"there is {records[0]}; make it {spf.extended(records[0])}"


def _judge_dmarc(found):
    for value in found:
        try:
            policy = dmarc.parse(value)
        except ValueError as error:
            return "wrong", f"there is {value}, but {error}"
        if policy:
            return "present", f"p={policy.p}"
    return "missing", ""


def _as_seen(record, found, detail, source):
    """Correct at the zone's servers; the resolver may still have an old value, and an SPF record may need too many lookups."""
    try:
        cached, seconds = source.cached(record.name, record.type)
    except UnansweredError as error:
        return "present", str(error)
    if judge(record, cached)[0] != "present":
        answers = "; ".join(cached) or "nothing"
        wait = f" for at most {seconds} seconds more" if seconds is not None else ""
        return "still cached", f"the resolver still says {answers}{wait}"
    if record.purpose == "spf":
        detail = too_many_lookups(next(value for value in found if spf.is_spf(value)), source)
    return "present", detail


def too_many_lookups(record, source):
    """A sentence when an SPF record needs more lookups than receivers make; ``""`` when it does not."""
    count = spf.lookups(record, lambda domain: _spf_of(domain, source))
    if count <= spf.MOST_LOOKUPS:
        return ""
    return f"it needs {count} DNS lookups, and receivers give up after {spf.MOST_LOOKUPS}: SPF fails for the domain"


def _spf_of(domain, source):
    try:
        found, _ = source.cached(domain, "TXT")
    except UnansweredError:
        return None
    return next((value for value in found if spf.is_spf(value)), None)


def _in_the_way(record, source):
    """What else is at the name: a CNAME excludes every other record. https://www.rfc-editor.org/rfc/rfc1034#section-3.6.2"""
    for kind in ("TXT", "MX", "A") if record.type == "CNAME" else ("CNAME",):
        found = source.authoritative(record.name, kind)
        if found:
            return f"there is a {kind} record at that name ({'; '.join(found)}), which excludes a {record.type} record"
    return ""


def _inherited(record, source):
    """A domain without a DMARC record has that of its organization."""
    domain = record.name.removeprefix("_dmarc.")
    organization = dmarc.organizational_domain(domain)
    if organization != domain:
        status, detail = judge(record, source.authoritative(f"_dmarc.{organization}", "TXT"))
        if status == "present":
            return "present", f"{detail}, from {organization}"
    return "suggested", "there is none for the domain"
