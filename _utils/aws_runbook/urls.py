"""
URLs that may contain a password, and the parts that may be shown.

In a URL that was written correctly the user and the password end at the only ``@`` before the path. In one that was not, an ``@``,
``/``, ``?`` or ``#`` in the password is not written as ``%40`` and so on: then everything up to the last ``@`` may be the password.
https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
"""

import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]+|")
_END = re.compile(r"[?#]")
_USERINFO = re.compile(r"(?<=//).*@", re.DOTALL)


def shown(url):
    """A URL without user, password, query and fragment."""
    scheme, place, rest = _parts(url)
    # The password, or a token without a colon, may go on behind the first `?` or `#`, also where an `@` is in it before.
    if "@" in rest and (":" in place or "/" not in place):
        place = "…"
    elif "@" in place:
        place = f"…@{place.rpartition('@')[2]}"
    return f"{scheme}{place}{f'{rest[0]}…' if rest else ''}"


def without_userinfo(text):
    """Remove the user and the password of URLs from a sentence."""
    return _USERINFO.sub("…@", text)


def has_at_after_host(url):
    """Whether an ``@`` may be a part of the password or of the path."""
    _, place, rest = _parts(url)
    # The `?` or `#` at which the rest begins may be a part of the password too.
    return "@" in place.partition("/")[2] or ("@" in rest and "@" not in place and ":" in place)


def has_userinfo(url):
    """Whether a URL may hold a user or a password."""
    return "@" in url


def is_http(url, schemes=("http", "https")):
    """Whether ``url`` is a URL of one of ``schemes``, with a host, that needs no repair."""
    try:
        parts = urlsplit(url)
        # urlsplit leaves out what ends a line; reading the port checks it.
        return (
            url.isprintable()
            and " " not in url
            and parts.scheme in schemes
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        return False


def _parts(url):
    """The scheme with its slashes; user, password, host and path; and the rest from the first ``?`` or ``#`` on."""
    matched = _SCHEME.match(url)
    scheme = matched.group() if matched else ""
    end = _END.search(url, len(scheme))
    end = end.start() if end else len(url)
    return scheme, url[len(scheme) : end], url[end:]
