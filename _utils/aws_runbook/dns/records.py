"""
The DNS records that an identity needs, and how they are shown: as data, as a zone file's lines, as a table.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
"""

from dataclasses import asdict, dataclass

from aws_runbook.dns import spf
from aws_runbook.dns.names import domain_of, is_address
from aws_runbook.tables import table

# A TXT record is made of strings of at most 255 bytes. https://www.rfc-editor.org/rfc/rfc1035#section-3.3
_STRING = 255
TTL = 3600

# SES publishes the keys of its first regions in one zone, those of later regions in one of their own. The API tells which
# (SigningHostedZone), but did not always: https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
_SHARED_ZONE = "dkim.amazonses.com"
_OWN_ZONE = frozenset(
    {
        "af-south-1",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-5",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "il-central-1",
        "me-central-1",
        "us-gov-east-1",
    }
)

# Where SES receives mail. https://docs.aws.amazon.com/ses/latest/dg/regions.html#region-receive-email
RECEIVING_REGIONS = frozenset(
    {
        "af-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)

COLUMNS = ("purpose", "type", "name", "relative", "value")


@dataclass(frozen=True)
class Record:
    """
    A DNS record that is wanted. Names are absolute, without the dot at the end.

    ``purpose`` is ``dkim``, ``mail_from_mx``, ``mail_from_spf``, ``inbound_mx``, ``spf`` or ``dmarc``; ``optional`` is
    what SES works without.
    """

    purpose: str
    type: str
    name: str
    value: str
    optional: bool = False

    def as_data(self, zone=None):
        """As a mapping, with the name relative to ``zone`` where that is known."""
        return {**asdict(self), "relative": relative(self.name, zone)}


def dkim_zone(region):
    """The zone of a region's DKIM keys, for when the API does not say."""
    return f"dkim.{region}.amazonses.com" if region in _OWN_ZONE else _SHARED_ZONE


def inbound_host(region):
    """The host that receives mail for SES in a region."""
    return f"inbound-smtp.{region}.{'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'}"


def records(identity, region, *, tokens=(), signing_zone=None, mail_from=None, receives=False):
    """
    All :class:`Record` of an identity, in the order of their importance.

    ``tokens`` are those of Easy DKIM. An address has records only for its MAIL FROM domain: the others are its
    domain's.
    """
    domain = domain_of(identity)
    found = []
    if not is_address(identity):
        signing_zone = signing_zone or dkim_zone(region)
        found += [
            Record("dkim", "CNAME", f"{token}._domainkey.{domain}", f"{token}.{signing_zone}") for token in tokens
        ]
    if mail_from:
        found += [
            Record("mail_from_mx", "MX", mail_from, f"10 feedback-smtp.{region}.amazonses.com"),
            Record("mail_from_spf", "TXT", mail_from, spf.NEW),
        ]
    if not is_address(identity):
        if receives:
            found.append(Record("inbound_mx", "MX", domain, f"10 {inbound_host(region)}"))
        found += [
            Record("spf", "TXT", domain, spf.NEW, optional=True),
            Record("dmarc", "TXT", f"_dmarc.{domain}", "v=DMARC1; p=none;", optional=True),
        ]
    return found


def relative(name, zone):
    """A name as the form of a DNS host wants it: without the zone, ``@`` for the zone itself; ``None`` if outside it."""
    if not zone:
        return None
    if name == zone:
        return "@"
    return name.removesuffix(f".{zone}") if name.endswith(f".{zone}") else None


def zone_file(wanted, zone=None, ttl=TTL):
    """The records as lines to paste into a zone file: below ``$ORIGIN`` where the zone is known, else absolute."""
    lines = [f"$ORIGIN {zone}."] if zone else []
    for record in wanted:
        name = relative(record.name, zone) or f"{record.name}."
        lines.append(f"{name}\t{ttl}\tIN\t{record.type}\t{presentation(record.type, record.value)}")
    return "\n".join(lines)


def as_table(wanted, zone=None):
    """The records as a table for a person."""
    return table([record.as_data(zone) for record in wanted], COLUMNS)


def console(wanted, zone=None):
    """
    The records as a table for the console of a DNS host: its names are without the zone, where that is known, and an
    MX record's priority is separate.
    """
    rows = []
    for record in wanted:
        priority, _, host = record.value.partition(" ") if record.type == "MX" else ("", "", record.value)
        name = relative(record.name, zone) or record.name
        rows.append({"type": record.type, "name": name, "value": host, "priority": priority})
    return table(rows, ("type", "name", "value", "priority"))


def presentation(kind, value):
    """A value as a zone file has it: hosts with the dot at the end, texts quoted in strings of at most 255 bytes."""
    if kind == "TXT":
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return " ".join(f'"{escaped[start : start + _STRING]}"' for start in range(0, len(escaped), _STRING))
    return value if value.endswith(".") else f"{value}."
