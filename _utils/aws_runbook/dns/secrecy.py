"""
Keep a DNS host's credentials out of the errors and logs of the libraries that call it.

Some providers put a key in the query of a URL, which HTTP libraries then quote in exceptions and debug logs: percent-encoded, in
a ``repr``, in JSON, or in base64 as a part of a header.
"""

import base64
import html
import json
import logging
import re
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import permutations
from urllib.parse import quote, quote_plus

HIDDEN = "********"
# Options whose values are hidden however short they are. What is short elsewhere (a port, "v4") is no credential.
_SECRET_NAME = re.compile(r"token|secret|key|pass|auth|cred|user|id$", re.IGNORECASE)
_SHORTEST = 4
# A query may contain a key.
_QUERY = re.compile(r"\?[^\s'\"<>]*=[^\s'\"<>)]*")
# These log what the states do; they are handed no credentials.
_OWN_LOGGERS = ("salt", "saltext", "aws_runbook")
# Where providers' libraries log, for those loggers that are made only while a provider runs.
_FAMILIES = (
    "lexicon",
    "requests",
    "requests_oauthlib",
    "urllib3",
    "httpx",
    "httpcore",
    "zeep",
    "tldextract",
    "oauthlib",
)


def redact(text, options):
    """``text`` without any value of ``options`` that can be a credential, in any form, and without the queries of URLs."""
    text = _QUERY.sub("?…", _without(text, options))
    return _without(text, options)


def _without(text, options):
    secrets = _credentials(options)
    found = {form for secret in secrets for form in _forms(secret)}
    # As HTTP's basic authentication has a user and a password.
    found |= {_base64(f"{first}:{second}".encode()) for first, second in permutations(secrets, 2)}
    for form in sorted(found - {""}, key=len, reverse=True):
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE if "%" in form or "\\" in form else 0)
    return text


def _credentials(options, name=""):
    """The texts in ``options``, however deep, that can be credentials."""
    if isinstance(options, Mapping):
        return sorted({found for key, value in options.items() for found in _credentials(value, str(key))})
    if isinstance(options, list | tuple):
        return sorted({found for value in options for found in _credentials(value, name)})
    if options is None or isinstance(options, bool):
        return []
    # A setting may end in a line break or a space that the request omits.
    found = {str(options), str(options).strip()} - {""}
    return sorted(text for text in found if len(text) >= _SHORTEST or _SECRET_NAME.search(name))


def _forms(secret):
    """A text as URLs, Python, JSON, HTML, hexadecimal and base64 have it, once and twice."""
    once = {secret, *_encoded(secret)}
    twice = {form for text in once for form in _encoded(text)}
    raw = secret.encode()
    # In the middle of a longer text base64 depends on where it begins: the characters that only the secret decides.
    inside = {_inside(raw, offset) for offset in range(3)} if len(raw) >= _SHORTEST else set()
    coded = {_base64(raw), base64.b64encode(raw).decode(), raw.hex(), *inside}
    coded |= {form.translate(str.maketrans("+/", "-_")) for form in coded}
    return once | twice | coded | {quote(form, safe="") for form in coded}


def _encoded(text):
    return {
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        repr(text)[1:-1],
        repr(text.encode())[2:-1],
        json.dumps(text)[1:-1],
        html.escape(text),
    }


def _base64(raw):
    return base64.b64encode(raw).decode().rstrip("=")


def _inside(raw, offset):
    coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
    begin = -(-offset * 8 // 6)
    end = (offset + len(raw)) * 8 // 6
    return coded[begin:end]


@contextmanager
def hushed():
    """While a provider runs, no logger but Salt's and this project's says anything."""
    known = {name for name in logging.root.manager.loggerDict if name.partition(".")[0] not in _OWN_LOGGERS}
    before = {logger: logger.level for logger in map(logging.getLogger, sorted(known | set(_FAMILIES)))}
    try:
        for logger in before:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
