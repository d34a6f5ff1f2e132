"""
SPF records: read, extended by SES, and their lookups counted.

https://www.rfc-editor.org/rfc/rfc7208
"""

import re

AMAZON = "include:amazonses.com"
# A receiver gives up, and the domain fails, beyond this many. https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4
MOST_LOOKUPS = 10
NEW = f"v=spf1 {AMAZON} ~all"

_VERSION = re.compile(r"v=spf1(?= |$)", re.IGNORECASE)
_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_REDIRECT = re.compile(r"redirect=(?P<domain>\S+)", re.IGNORECASE)
_INCLUDE = re.compile(r"[+?~-]?include:(?P<domain>\S+)", re.IGNORECASE)
_ONE_LOOKUP = re.compile(r"[+?~-]?(a|mx|ptr|exists)([:/].*)?", re.IGNORECASE)
_DEPTH = 10


def is_spf(text):
    """Whether a TXT record is an SPF record."""
    return bool(_VERSION.match(text))


def includes_amazon(text):
    """Whether SES may already send for the domain."""
    return any(term.lower().lstrip("+") == AMAZON for term in text.split())


def extended(text):
    """
    An SPF record with SES's servers added and nothing else changed: before ``all`` or ``redirect``, since nothing behind
    those counts.
    """
    if includes_amazon(text):
        return text
    terms = text.split()
    end = next((place for place, term in enumerate(terms) if _ALL.fullmatch(term) or _REDIRECT.match(term)), len(terms))
    return " ".join([*terms[:end], AMAZON, *terms[end:]])


def lookups(text, fetch=lambda _domain: None, _depth=0):
    """
    How many DNS lookups a receiver needs for an SPF record, with those of the records that it includes.

    ``fetch(domain)`` gives the SPF record of a domain, or ``None`` when it is not known: then only its own counts.
    """
    terms = text.split()[1:]
    ends = any(_ALL.fullmatch(term) for term in terms)
    count = 0
    for term in terms:
        nested = _INCLUDE.fullmatch(term) or (None if ends else _REDIRECT.fullmatch(term))
        if nested:
            inner = fetch(nested["domain"]) if _depth < _DEPTH else None
            count += 1 + (lookups(inner, fetch, _depth + 1) if inner else 0)
        elif _ONE_LOOKUP.fullmatch(term):
            count += 1
    return count
