"""
Asking the DNS server that ``--dns`` names.
"""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

_TIMEOUT = 2


class LookupFailed(Exception):  # noqa: N818 - named for what happened
    """Why there is no such record, as SES's ``VerificationInfo.ErrorType`` names it."""

    def __init__(self, error_type):
        super().__init__(error_type)
        self.error_type = error_type


def lookup(server, name, kind):
    """
    The values of the records of a name: host names in small letters without the last dot, texts joined.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_VerificationInfo.html
    """
    host, port = server
    query = dns.message.make_query(name, kind)
    try:
        answer = dns.query.udp(query, host, port=port, timeout=_TIMEOUT)
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed("DNS_SERVER_ERROR") from error
    if answer.rcode() == dns.rcode.NXDOMAIN:
        raise LookupFailed("HOST_NOT_FOUND")
    if answer.rcode() != dns.rcode.NOERROR:
        raise LookupFailed("DNS_SERVER_ERROR")
    wanted = dns.rdatatype.from_text(kind)
    values = [_text(record) for entry in answer.answer if entry.rdtype == wanted for record in entry]
    if not values:
        raise LookupFailed("TYPE_NOT_FOUND")
    return values


def _text(record):
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode()
    return record.to_text().lower().rstrip(".")
