"""
Publish the DNS records of SES's identities. Missing records are added. An SPF record is extended if the DNS host can change a
single record. Nothing else is changed.

Pillar's ``aws:ses:dns`` names the DNS host. ``provider: rfc2136`` is a server that accepts dynamic updates
(https://www.rfc-editor.org/rfc/rfc2136):

.. code-block:: yaml

    dns:
      provider: rfc2136
      zone: example.org
      server: ns1.example.org          # or HOST:PORT
      key_name: aws-runbook            # of the TSIG key
      key_secret: sdb://vault/tsig     # base64; itself, in private pillar, or where Salt's sdb has it
      key_algorithm: hmac-sha256

``provider: godaddy`` is GoDaddy's API (https://developer.godaddy.com/doc/endpoint/domains):

.. code-block:: yaml

    dns: {provider: godaddy, zone: example.org, auth_key: sdb://vault/godaddy-key, auth_secret: sdb://vault/godaddy-secret}

Anything else is a provider of dns-lexicon with its own options (``salt-pip install dns-lexicon``):

.. code-block:: yaml

    dns: {provider: cloudflare, zone: example.org, auth_token: sdb://vault/cloudflare}

An inbound MX record is added only to a name that has none. A DMARC record is only suggested (``ses_identity.check_dns``), not
published. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: how to reach the account, which is read
in the same way as by ``ses_identity``. IAM actions: those of ``ses_identity`` to read.
"""

from collections.abc import Mapping
from functools import lru_cache, partial

from salt.utils import sdb
from salt.utils.data import traverse_dict_and_list

from aws_runbook.dns import check as dns_check
from aws_runbook.dns import names as email_names
from aws_runbook.dns import publish as dns_publish
from aws_runbook.dns import records as dns_records
from aws_runbook.dns import spf
from aws_runbook.errors import RunbookError
from aws_runbook.kinds.connected import connected
from aws_runbook.mail import identities
from aws_runbook.mail import plan as email_plan
from aws_runbook.stores.backends.sdb import read as read_sdb

_PUBLISHED = ("dkim", "mail_from_mx", "mail_from_spf", "inbound_mx", "spf")
_SPF = ("spf", "mail_from_spf")


def _settings(dns):
    found = traverse_dict_and_list(__pillar__, dns) if isinstance(dns, str) else dns
    if not isinstance(found, Mapping) or not found.get("provider"):
        raise RunbookError(
            f"dns is {repr(dns) if isinstance(dns, str) else 'a mapping'}, which names no provider; see aws:ses:dns."
        )
    return {name: _resolved(name, value) for name, value in found.items()}


def _resolved(name, value):
    if not isinstance(value, str) or not value.startswith("sdb://"):
        return value
    found = read_sdb(value, partial(sdb.sdb_get, opts=__opts__))
    if not isinstance(found, str) or not found:
        raise RunbookError(f"aws:ses:dns:{name} is {value}, which is not a text; store the value there.")
    return found


@connected
def plan(session, names, dns="aws:ses:dns"):
    """
    Return what ``ses_dns.published`` would do: ``changes``, and ``warnings`` about records that it does not change.

    names
        A list of identities: domains and addresses.
    dns
        The settings, or their pillar key, which keeps secrets out of Salt's logs.

    IAM actions: those of ``ses_identity`` to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_dns.plan '[example.org]'
    """
    found = _plan(session, names, _settings(dns))
    return {"changes": found["changes"], "warnings": found["warnings"]}


def _plan(session, names, settings):
    publisher = _publishers(session, settings)
    planned = {"changes": {}, "warnings": [], "steps": []}
    for given in names:
        name = email_names.check("ses_dns", "identities", given, email_names.identity)
        wanted, tokens_known = _wanted(session, name)
        dkim = [_step(record, publisher) for record in wanted if record.purpose == "dkim"]
        if not tokens_known and not email_names.is_address(name):
            planned["changes"][f"{name} DKIM"] = {"old": None, "new": "3 CNAME records"}
        _collect_dkim(planned, name, dkim)
        for record in wanted:
            if record.purpose != "dkim" and record.purpose in _PUBLISHED:
                _collect(planned, _step(record, publisher), settings)
    return planned


def _wanted(session, name):
    """Return the records of an identity, and whether the DKIM tokens are known. SES returns them once it exists."""
    planned = email_plan.plan(__pillar__)["identities"]
    settings = planned.get(name, {})
    current = identities.read(session, name, identities.of_records(name), planned)
    known = current or {}
    wanted = dns_records.records(
        name,
        session.region,
        tokens=known.get("dkim_tokens", ()),
        signing_zone=known.get("signing_hosted_zone"),
        mail_from=settings.get("mail_from", known.get("mail_from")),
        receives=settings.get("receives", False),
    )
    return wanted, current is not None


def _publishers(session, settings):
    """Return a function that maps a name to the publisher of its zone."""
    make = lru_cache(maxsize=None)(lambda zone: dns_publish.make(settings, zone, session.command))
    source = lru_cache(maxsize=None)(lambda: dns_check.Dns(settings.get("nameserver")))

    def publisher(name):
        zone = settings.get("zone") or source().zone(name)
        return make(zone) if f".{name}".endswith(f".{zone}") else None

    return publisher


def _step(record, publisher):
    """Return ``(action, record, old, publisher, why)`` of a record: ``add``, ``replace``, ``leave`` or nothing."""
    place = publisher(record.name)
    if place is None:
        return "leave", record, None, None, "it is not in the zone of aws:ses:dns"
    found = place.values(record.name, record.type)
    status, detail = dns_check.judge(record, _with_priority(record, found))
    if status == "present":
        return None, record, None, place, ""
    if status == "missing":
        return "add", record, None, place, ""
    if status == "wrong" and record.purpose in _SPF:
        old = next(value for value in found if spf.is_spf(value))
        extended = dns_records.Record(record.purpose, record.type, record.name, spf.extended(old), record.optional)
        if place.unchangeable:
            return "leave", extended, None, place, f"it is {old}, and {place.unchangeable}"
        return "replace", extended, old, place, ""
    return "leave", record, None, place, detail


def _with_priority(record, found):
    """Add the wanted priority to an MX record from dns-lexicon, which does not return priorities."""
    if record.type != "MX":
        return found
    host = record.value.partition(" ")[2]
    return [record.value if value == host else value for value in found]


def _collect_dkim(planned, name, steps):
    """Combine the three DKIM records into one change, because their names are unknown until the identity exists."""
    todo = [step for step in steps if step[0] == "add"]
    if todo:
        there = len([step for step in steps if step[0] is None])
        old = f"{there} of {len(steps)} CNAME records" if there else None
        planned["changes"][f"{name} DKIM"] = {"old": old, "new": f"{len(steps)} CNAME records"}
        planned["steps"] += todo
    for step in steps:
        if step[0] == "leave":
            _leave(planned, step)


def _collect(planned, step, settings):
    action, record, old, _, _ = step
    if action in ("add", "replace"):
        planned["changes"][f"{record.name} {record.type}"] = {"old": old, "new": record.value}
        planned["steps"].append(step)
        if record.purpose == "spf" and old:
            problem = dns_check.too_many_lookups(record.value, dns_check.Dns(settings.get("nameserver")))
            planned["warnings"] += [f"The SPF record of {record.name}: {problem}."] if problem else []
    elif action == "leave":
        _leave(planned, step)


def _leave(planned, step):
    _, record, _, _, why = step
    planned["warnings"].append(f"Waiting: {record.type} {record.name} should be {record.value}: {why}.")


@connected
def apply(session, names, dns="aws:ses:dns"):
    """
    Carry out what ``plan`` returns for the same arguments.

    names, dns
        As in ``plan``. A record that has been changed in the meantime is an error, and is not changed.

    IAM actions: those of ``ses_identity`` to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_dns.apply '[example.org]'
    """
    for action, record, old, place, _ in _plan(session, names, _settings(dns))["steps"]:
        if action == "add":
            place.add(record)
        else:
            place.replace(record, old)
    return True
