"""
Publish the DNS records of SES's identities: what is missing is added, an SPF record is extended, nothing else is touched.

Where to, pillar's ``aws:ses:dns`` says. With ``provider: rfc2136`` it is a server that takes dynamic updates
(https://www.rfc-editor.org/rfc/rfc2136):

.. code-block:: yaml

    dns:
      provider: rfc2136
      zone: example.org
      server: ns1.example.org          # or HOST:PORT
      key_name: aws-runbook            # of the TSIG key
      key_secret: sdb://vault/tsig     # base64; itself, in private pillar, or where Salt's sdb has it
      key_algorithm: hmac-sha256

Anything else is a provider of dns-lexicon with its own options (``salt-pip install dns-lexicon``):

.. code-block:: yaml

    dns: {provider: cloudflare, zone: example.org, auth_token: sdb://vault/cloudflare}
    dns: {provider: godaddy, zone: example.org, auth_key: sdb://vault/godaddy-key, auth_secret: sdb://vault/godaddy-secret}

An inbound MX record is added only to a name that has none; a DMARC record is suggested (``ses_identity.check_dns``), and not
published. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: how to reach the account, which is read
as ``ses_identity`` does. IAM actions: those of ``ses_identity`` to read.
"""

from collections.abc import Mapping
from functools import lru_cache

from salt.utils import sdb
from salt.utils.data import traverse_dict_and_list

from aws_runbook import dns_check, dns_publish, dns_records, email_names, email_plan, identities, spf
from aws_runbook.errors import RunbookError
from aws_runbook.session import connect

_PUBLISHED = ("dkim", "mail_from_mx", "mail_from_spf", "inbound_mx", "spf")
_SPF = ("spf", "mail_from_spf")


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def _settings(dns):
    found = traverse_dict_and_list(__pillar__, dns) if isinstance(dns, str) else dns
    if not isinstance(found, Mapping) or not found.get("provider"):
        raise RunbookError(
            f"dns is {dns if isinstance(dns, str) else 'a mapping'!r}, which names no provider; see aws:ses:dns."
        )
    return {name: _resolved(value) for name, value in found.items()}


def _resolved(value):
    is_address = isinstance(value, str) and value.startswith("sdb://")
    return sdb.sdb_get(value, __opts__) if is_address else value


def plan(names, dns="aws:ses:dns", region=None, profile=None, keyid=None, key=None):
    """
    What ``ses_dns.published`` would do for the identities ``names`` (a list): ``changes``, and in ``warnings`` what it leaves
    alone.

    dns
        The settings, or the pillar key of them, which keeps secrets out of Salt's logs.

    IAM actions: those of ``ses_identity`` to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_dns.plan '[example.org]'
    """
    found = _plan(names, _settings(dns), {"region": region, "profile": profile, "keyid": keyid, "key": key})
    return {"changes": found["changes"], "warnings": found["warnings"]}


def _plan(names, settings, connection):
    session = _session(**connection)
    publisher = _publishers(settings)
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
    """The records of an identity; and whether SES has told the DKIM tokens, which it does when the identity is there."""
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


def _publishers(settings):
    """A function of a name: the publisher of the zone that it is in."""
    make = lru_cache(maxsize=None)(lambda zone: dns_publish.make(settings, zone))
    source = lru_cache(maxsize=None)(lambda: dns_check.Dns(settings.get("nameserver")))

    def publisher(name):
        zone = settings.get("zone") or source().zone(name)
        return make(zone) if f".{name}".endswith(f".{zone}") else None

    return publisher


def _step(record, publisher):
    """``(action, record, old, publisher, why)`` of a record: ``add``, ``replace``, ``leave`` or nothing."""
    place = publisher(record.name)
    if place is None:
        return "leave", record, None, None, "it is not in the zone of aws:ses:dns"
    found = place.values(record.name, record.type)
    status, detail = dns_check.judge(record, _with_priority(record, found))
    if status == "present":
        return None, record, None, place, ""
    if status == "missing":
        if record.type == "MX" and not place.can_set_priority:
            return "leave", record, None, place, "dns-lexicon cannot set its priority at this DNS host: add it by hand"
        return "add", record, None, place, ""
    if status == "wrong" and record.purpose in _SPF:
        old = next(value for value in found if spf.is_spf(value))
        extended = dns_records.Record(record.purpose, record.type, record.name, spf.extended(old), record.optional)
        return "replace", extended, old, place, ""
    return "leave", record, None, place, detail


def _with_priority(record, found):
    """dns-lexicon does not tell the priority of an MX record, which is then taken to be the right one."""
    if record.type != "MX":
        return found
    host = record.value.partition(" ")[2]
    return [record.value if value == host else value for value in found]


def _collect_dkim(planned, name, steps):
    """The three DKIM records are one change, whose names are not known before the identity is there."""
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


def apply(names, dns="aws:ses:dns", region=None, profile=None, keyid=None, key=None):
    """
    Do what ``plan`` says, with the same arguments.

    names, dns
        As in ``plan``. A record that somebody else has changed meanwhile is an error, and is left alone.

    IAM actions: those of ``ses_identity`` to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_dns.apply '[example.org]'
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    for action, record, old, place, _ in _plan(names, _settings(dns), connection)["steps"]:
        if action == "add":
            place.add(record)
        else:
            place.replace(record, old)
    return True
