"""
Rules of a security group, in one canonical form: a text such as ``tcp 5432 from 0.0.0.0/0``.

AWS groups rules into permissions with lists of peers, in any way. One text for each rule and peer can be compared, sorted, and read in
a state's changes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from aws_runbook.errors import RunbookError

# Ports by the names that pillar uses for services.
SERVICES = {"ssh": 22, "http": 80, "https": 443, "mysql": 3306, "postgresql": 5432}
ANYWHERE = ("0.0.0.0/0", "::/0")
_PREPOSITIONS = {"ingress": "from", "egress": "to"}
_PEERS = {"ingress": "source", "egress": "destination"}
_NUMBERS = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_WITH_PORTS = ("tcp", "udp")
_PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6", "all")
_HIGHEST_PORT = 65535
_TEXT = re.compile(r"(?P<protocol>\w+) (?P<ports>all|\d+(?:-\d+)?|-?\d+/-?\d+) (?P<preposition>from|to) (?P<peer>.+)")
_GROUP_ID = re.compile(r"sg-[0-9a-f]+")
_PREFIX_LIST = re.compile(r"pl-[0-9a-f]+")


def canonical(where, direction, rules):
    """
    The texts of ``rules``, sorted. A rule is such a text, or a mapping.

    The mapping has ``service`` (one of :data:`SERVICES`), ``port`` (a number, or ``8000-8100``) or neither (all ports),
    ``protocol`` (default ``tcp``), and ``source`` (for egress ``destination``): ``anywhere``, a block, the name or id of
    a security group, the id of a prefix list, or a list of these.
    """
    if isinstance(rules, str | Mapping) or not isinstance(rules, list | tuple):
        raise RunbookError(f"{where}: {direction} is {rules!r}; give a list of rules.")
    texts = {
        text
        for rule in rules
        for text in ([_checked(where, direction, rule)] if isinstance(rule, str) else _texts(where, direction, rule))
    }
    return sorted(texts)


def _parts(text) -> Any:
    return _TEXT.fullmatch(text)


def _checked(where, direction, text):
    match = _parts(text)
    if not match or match["preposition"] != _PREPOSITIONS[direction]:
        raise RunbookError(
            f"{where}: {direction} has the rule {text!r}; give a mapping such as "
            f"{{service: postgresql, {_PEERS[direction]}: anywhere}}."
        )
    _peers(f"{where}: {direction}", _PEERS[direction], match["peer"].removeprefix("group "))
    return text


def _texts(where, direction, rule):
    place = f"{where}: {direction}"
    peer_key = _PEERS[direction]
    allowed = ("service", "port", "protocol", peer_key)
    if not isinstance(rule, Mapping):
        raise RunbookError(f"{place} has the rule {rule!r}; give a mapping of {', '.join(allowed)}.")
    for key in rule:
        if key not in allowed:
            raise RunbookError(f"{place} has a rule with the unknown key {key!r}; allowed are {', '.join(allowed)}.")
    peers = rule.get(peer_key)
    if not peers:
        raise RunbookError(f"{place} has a rule without {peer_key}; give anywhere, a block or a security group.")
    protocol, ports = _service(place, rule)
    for given in peers if isinstance(peers, list) else [peers]:
        for peer in _peers(place, peer_key, given):
            yield f"{protocol} {ports} {_PREPOSITIONS[direction]} {peer}"


def _service(place, rule):
    service, port, protocol = rule.get("service"), rule.get("port"), rule.get("protocol")
    if service is not None and (port is not None or protocol is not None):
        raise RunbookError(
            f"{place} has a rule with service {service!r} and a port or protocol; give one or the other."
        )
    if service is not None:
        if service not in SERVICES:
            raise RunbookError(
                f"{place}:service is {service!r}; allowed are {', '.join(SERVICES)}; for others, give port in its place."
            )
        return "tcp", str(SERVICES[service])
    protocol = "tcp" if protocol is None else str(protocol)
    if protocol not in _PROTOCOLS:
        raise RunbookError(f"{place}:protocol is {protocol!r}; allowed are {', '.join(_PROTOCOLS)}.")
    if port is None:
        return protocol, "all"
    if protocol not in _WITH_PORTS:
        raise RunbookError(f"{place} has a rule for {protocol} with a port, which {protocol} does not have.")
    return protocol, _ports(place, port)


def _ports(place, port):
    match = None if isinstance(port, bool) else re.fullmatch(r"(\d+)(?:-(\d+))?", str(port))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (-1, -1)
    if not 0 <= first <= last <= _HIGHEST_PORT:
        raise RunbookError(f"{place}:port is {port!r}; give a port from 0 to {_HIGHEST_PORT}, or a range 8000-8100.")
    return _span(first, last)


def _span(first, last):
    """A range of ports; ``all`` for all of them, which AWS may also show as a range."""
    if (first, last) == (0, _HIGHEST_PORT):
        return "all"
    return str(first) if first == last else f"{first}-{last}"


def _peers(place, key, given):
    if given == "anywhere":
        return ANYWHERE
    if not isinstance(given, str):
        raise RunbookError(f"{place}:{key} is {given!r}; give anywhere, a block or a security group.")
    if "/" not in given:
        return (given,) if _PREFIX_LIST.fullmatch(given) else (f"group {given}",)
    try:
        return (str(ip_network(given)),)
    except ValueError as error:
        raise RunbookError(f"{place}:{key} is {given!r}: {error}; give a block such as 10.0.0.0/8.") from None


def texts(direction, permissions, group_names):
    """The texts of AWS's ``permissions``, sorted; ``group_names`` are names of security groups by their id."""
    found = []
    for permission in permissions:
        lead = f"{_protocol(permission)} {_range(permission)} {_PREPOSITIONS[direction]}"
        found += [f"{lead} {entry['CidrIp']}" for entry in permission.get("IpRanges", [])]
        found += [f"{lead} {ip_network(entry['CidrIpv6'])}" for entry in permission.get("Ipv6Ranges", [])]
        found += [f"{lead} {entry['PrefixListId']}" for entry in permission.get("PrefixListIds", [])]
        found += [
            f"{lead} group {group_names.get(entry['GroupId'], entry['GroupId'])}"
            for entry in permission.get("UserIdGroupPairs", [])
        ]
    return sorted(set(found))


def _protocol(permission):
    protocol = permission["IpProtocol"]
    return _NUMBERS.get(protocol, protocol)


def _range(permission):
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if _protocol(permission) not in _WITH_PORTS:  # for ICMP these are a type and a code
        return "all" if first in (None, -1) else f"{first}/{last}"
    return "all" if first is None else _span(first, last)


def groups(rules):
    """The security groups that texts of rules name."""
    peers = (_parts(text)["peer"] for text in rules)
    return sorted({peer.removeprefix("group ") for peer in peers if peer.startswith("group ")})


def renamed(rules, names):
    """The texts of ``rules``, with ids of security groups in ``names`` (id → name) replaced by names."""
    changed = (
        f"{text.rpartition('group ')[0]}group {names.get(group, group)}" if group else text
        for text, group in ((text, next(iter(groups([text])), None)) for text in rules)
    )
    return sorted(set(changed))


def permission(text, group_ids):
    """The permission that a text means, for AWS; ``group_ids`` are ids of security groups by their name."""
    parts = _parts(text)
    protocol, ports, peer = parts["protocol"], parts["ports"], parts["peer"]
    return {"IpProtocol": "-1" if protocol == "all" else protocol, **_bounds(protocol, ports), **_peer(peer, group_ids)}


def _bounds(protocol, ports):
    if protocol == "all":
        return {}
    if ports == "all":
        return {"FromPort": 0, "ToPort": _HIGHEST_PORT} if protocol in _WITH_PORTS else {"FromPort": -1, "ToPort": -1}
    first, _, last = ports.replace("/", "-", 1).partition("-")
    return {"FromPort": int(first), "ToPort": int(last or first)}


def _peer(peer, group_ids):
    if peer.startswith("group "):
        group = peer.removeprefix("group ")
        return {"UserIdGroupPairs": [{"GroupId": group if _GROUP_ID.fullmatch(group) else group_ids[group]}]}
    if _PREFIX_LIST.fullmatch(peer):
        return {"PrefixListIds": [{"PrefixListId": peer}]}
    if ":" in peer:
        return {"Ipv6Ranges": [{"CidrIpv6": peer}]}
    return {"IpRanges": [{"CidrIp": peer}]}
