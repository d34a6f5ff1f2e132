"""
What programs asked of S3, without what differs from run to run: the needs that a policy must meet.

A request is ``operation``, ``key``, ``prefix``, ``delimiter``, and ``missing`` when there was no such object, which S3 tells
only those who may list it. ``PREFIX`` stands for the place of the backup in its bucket.
"""

import json
import re
from http import HTTPStatus
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "fixtures" / "requests.json"

# In this order.
_VARIABLE = (
    (r"\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?", "LABEL"),
    (r"[0-9A-F]{24}(-[0-9a-f]{40})?", "SEGMENT"),
    (r"/[0-9A-F]{16}(?=/|$)", "/SEGMENTS"),
    (r"\.[0-9A-F]{8}\.backup$", ".OFFSET.backup"),
    (r"[0-9A-F]{8}\.history$", "TIMELINE.history"),
    (r"/\d+-\d+(?=/|$)", "/VERSION"),
    (r"backup\.history/20?\d{0,2}(?=/|$)", "backup.history/YEAR"),
    (r"(bundle|pg_data)/.*", r"\1/FILE"),
    (r"\d{8}T\d{6}Z", "TIME"),
    (r"(data/storage/exporter|srv/exports)/.+", "DIRECTORY/FILE"),
    (r"data/storage/exporter|srv/exports", "DIRECTORY"),
)


def of(calls, bucket, prefix):
    """The requests among ``calls`` that are about a place in a bucket and were let through, each once."""
    found = {}
    for call in (call for call in calls if call["status"] != HTTPStatus.FORBIDDEN):
        for request in _requests(call, bucket):
            place = request.get("key", request.get("prefix"))
            if place == prefix or (place or "").startswith(f"{prefix}/"):
                plain = request | {name: _plain(request[name], prefix) for name in ("key", "prefix") if name in request}
                found[json.dumps(plain, sort_keys=True)] = plain
    return [found[text] for text in sorted(found)]


def _requests(call, bucket):
    name, _, key = (call["resource"] or "").partition("/")
    if name != bucket:
        return
    parameters = call["parameters"]
    for one in parameters.get("Keys", [key]):
        request = {"operation": call["operation"]}
        if one:
            request["key"] = one
        if call["status"] == HTTPStatus.NOT_FOUND:
            request["missing"] = True
        request |= {name.lower(): parameters[name] for name in ("Prefix", "Delimiter") if name in parameters}
        yield request


def _plain(value, prefix):
    rest = value.removeprefix(prefix)
    for pattern, name in _VARIABLE:
        rest = re.sub(pattern, name, rest)
    return f"PREFIX{rest}"


def read():
    """What was recorded, by kind of backup."""
    return json.loads(RECORDED.read_text())


def write(requests):
    """Record requests by kind of backup, one in a line; other kinds stay."""
    known = {**(read() if RECORDED.exists() else {}), **requests}
    blocks = [
        f"  {json.dumps(kind)}: [\n" + ",\n".join(f"    {json.dumps(entry)}" for entry in known[kind]) + "\n  ]"
        for kind in sorted(known)
    ]
    RECORDED.write_text("{\n" + ",\n".join(blocks) + "\n}\n")
