"""
Records at GoDaddy, by its API: https://developer.godaddy.com/doc/endpoint/domains

A record is added by itself, and nothing else of a zone is ever sent. The API changes no single record: it takes all of one name and type,
and a record that another client adds between the read and the write would be lost. So existing records are left to a person.
"""

import re
import time
from typing import Any
from urllib.parse import quote

from aws_runbook import salt_commands
from aws_runbook.dns.records import relative
from aws_runbook.errors import RunbookError
from aws_runbook.polling import until

API = "https://api.godaddy.com"
_TIMEOUT = 30  # seconds
# 60 calls a minute are allowed, and while GoDaddy writes a zone down, it refuses to change it. Both pass.
_DONE = 200
_PASSING = (409, 429)
_PATIENCE = 180  # seconds, of waiting for one call
_PAUSE = 2
_STEP = 1.0  # seconds, between two readings of the clock
_clock = time.monotonic
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
_MEANINGS = {
    401: "it rejects auth_key and auth_secret of aws:ses:dns; create a key for production at developer.godaddy.com/keys",
    403: "its API is closed to accounts with few domains, and to keys of another account. Add the records by hand: {records} shows them",
    404: "the zone is not a domain of this account",
    409: "it is still busy with another change of the zone; run this again",
    429: "its limit of calls a minute is used up; run this again later",
}


class GoDaddy:
    """A zone at GoDaddy."""

    # Why an existing record is not changed.
    unchangeable = "GoDaddy's API can only replace all TXT records of a name at once, so change that one there by hand"

    def __init__(self, zone, ttl, options, command=salt_commands.command):
        self._zone = zone
        self._command = command
        self._ttl = ttl
        self._authorization = f"sso-key {options['auth_key']}:{options['auth_secret']}"
        # What a plan was made from.
        self._seen = {}

    def values(self, name, kind):
        """What GoDaddy has for a name and type."""
        found = self._seen[name, kind] = self._read(name, kind)
        return sorted(_value(entry) for entry in found)

    def add(self, record):
        """Add a record, if the records at its name have not changed."""
        self._unchanged(record)
        entry = {"type": record.type, "name": relative(record.name, self._zone), "ttl": self._ttl}
        priority, _, host = record.value.partition(" ")
        entry |= {"data": host, "priority": int(priority)} if record.type == "MX" else {"data": record.value}
        self._ask("PATCH", "", f"add the {record.type} record {record.name}", [entry])

    def _unchanged(self, record):
        found = self._read(record.name, record.type)
        before = self._seen.get((record.name, record.type))
        if before is not None and _sorted(before) != _sorted(found):
            raise RunbookError(_changed(record))
        return found

    def _read(self, name, kind):
        answer = self._ask("GET", self._path(name, kind), f"read the {kind} records of {name}")
        try:
            found = answer.json()
        except ValueError:
            found = None
        # Anything else could mean "none", and is no answer of GoDaddy's.
        if not isinstance(found, list) or not all(
            isinstance(entry, dict) and entry.get("type") == kind and isinstance(entry.get("data"), str)
            for entry in found
        ):
            raise RunbookError(
                f"Cannot read the {kind} records of {name}: GoDaddy's answer is not a list of such records."
            )
        return found

    def _path(self, name, kind):
        return f"/{kind}/{quote(relative(name, self._zone) or '', safe='@')}"

    def _ask(self, method, path, doing, body=None) -> Any:
        deadline = _clock() + _PATIENCE
        allowed = {"from": deadline - _PATIENCE}

        def answered():
            # GoDaddy says when the next call is allowed, and an earlier one counts too.
            if _clock() < allowed["from"]:
                return None
            answer = self._send(method, path, doing, body)
            if answer.status_code == _DONE:
                return answer
            allowed["from"] = _clock() + _wait(answer)
            if answer.status_code not in _PASSING or allowed["from"] > deadline:
                raise RunbookError(f"Cannot {doing}: GoDaddy says {self._reason(answer)}.")
            return None

        return until(answered, what=f"GoDaddy to accept the request to {doing}", timeout=_PATIENCE, most=_STEP)

    def _reason(self, answer):
        """A refusal in our words, with GoDaddy's code for it; nothing else of the answer, which could hold anything."""
        code = _body(answer).get("code")
        shown = f" {code}" if isinstance(code, str) and _CODE.fullmatch(code) else ""
        meaning = _MEANINGS.get(answer.status_code, "it refuses that")
        meaning = meaning.replace("{records}", self._command("ses_identity.dns_records", name="IDENTITY"))
        return f"{answer.status_code}{shown}: {meaning}"

    def _send(self, method, path, doing, body):
        import requests

        url = f"{API}/v1/domains/{quote(self._zone)}/records{path}"
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        try:
            # No redirect: it would take the credentials elsewhere.
            return requests.request(method, url, json=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            unknown = "" if method == "GET" else "; it is not known whether that was done, run this again"
            raise RunbookError(f"Cannot {doing}: no answer from GoDaddy ({type(error).__name__}){unknown}.") from None


def _value(entry):
    data = entry["data"]
    if entry["type"] == "TXT":
        return data.replace('" "', "").strip('"')
    data = data.rstrip(".").lower()
    return f"{entry.get('priority', 0)} {data}" if entry["type"] == "MX" else data


def _sorted(entries):
    return sorted(sorted((key, str(value)) for key, value in entry.items()) for entry in entries)


def _changed(record):
    return f"The {record.type} records of {record.name} have changed meanwhile; run this again."


def _wait(answer):
    """The number of seconds that GoDaddy requests to wait."""
    delay = str(answer.headers.get("Retry-After") or _body(answer).get("retryAfterSec"))
    return int(delay) if delay.isdigit() else _PAUSE


def _body(answer):
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
