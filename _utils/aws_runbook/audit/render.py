"""
Render an audit for a person, and write its textfile for Prometheus.
"""

import os
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from aws_runbook import tables
from aws_runbook.amounts import duration, several, size
from aws_runbook.audit.judge import CRITICAL, LEVELS, WARNING
from aws_runbook.errors import RunbookError

_COLUMNS = ("server", "kind", "location", "newest", "backups", "span", "size", "newest_wal", "state")
_KEYS = ("user", "access_key_id", "status", "made", "last_used")
_ACCESS = ("who", "name", "may", "where")


def table(report, now):
    """Return a summary line, a table of the targets, all findings, access keys, and who else may read or delete."""
    findings = sorted(report["findings"], key=lambda finding: LEVELS.index(finding["level"]))
    lines = [_summary(report), "", tables.table([_row(entry, now) for entry in report["targets"]], _COLUMNS), ""]
    lines += [f"{finding['level'].upper()}: {finding['about']}: {finding['message']}" for finding in findings]
    lines += [""] if findings else []
    lines += ["Access keys:", tables.table([_key(entry, now) for entry in report["keys"]], _KEYS)]
    seen = tables.table(_who(report), _ACCESS) if report["access"] else "Nobody."
    lines += ["", "Who else may read or delete:", seen]
    return "\n".join(lines)


def _summary(report):
    counts = Counter(finding["level"] for finding in report["findings"])
    wrong = [f"{counts[CRITICAL]} critical"] if counts[CRITICAL] else []
    wrong += [several(counts[WARNING], "warning")] if counts[WARNING] else []
    return f"Wrong: {', '.join(wrong)}." if wrong else "Nothing is wrong."


def _row(entry, now):
    newest, wal = entry["newest"], entry["newest_wal"]
    return {
        "server": entry["server"],
        "kind": entry["kind"],
        "location": _place(entry),
        "newest": newest and f"{duration(now - newest)} ago",
        "backups": entry["count"],
        "span": newest and duration(newest - entry["oldest"]),
        "size": None if entry["size"] is None else size(entry["size"]),
        "newest_wal": wal and f"{duration(now - wal)} ago",
        "state": entry["worst"] or "good",
    }


def _place(entry):
    return f"{entry['bucket']}/{entry['prefix']}".rstrip("/")


def _key(entry, now):
    made, used = (entry[name] and datetime.fromisoformat(entry[name]) for name in ("create_date", "last_used_date"))
    return {
        **entry,
        "made": f"{duration(now - made)} ago",
        "last_used": f"{duration(now - used)} ago" if used else "never",
    }


def _who(report):
    """List each holder that may read or delete once: an administrator may everywhere, which is one line for a person."""
    every = {_place(entry) for entry in report["access"]} | {_place(entry) for entry in report["targets"]}
    places = {}
    for entry in report["access"]:
        places.setdefault((entry["who"], entry["name"], tuple(entry["may"])), []).append(_place(entry))
    return [
        {"who": who, "name": name, "may": may, "where": "everywhere" if set(where) == every else where}
        for (who, name, may), where in sorted(places.items())
    ]


def plain(report):
    """Return the report with times as text, for Salt's outputters and JSON."""
    if isinstance(report, dict):
        return {name: plain(value) for name, value in report.items()}
    if isinstance(report, list):
        return [plain(value) for value in report]
    return report.isoformat() if hasattr(report, "isoformat") else report


def write(path, text, argument="prometheus_file"):
    """
    Replace a file atomically, readable by others.

    ``argument`` is the argument that names the file. https://github.com/prometheus/node_exporter#textfile-collector
    """
    try:
        _replace(Path(path), text)
    except (OSError, ValueError) as error:  # a ValueError for characters that are invalid in a path
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise RunbookError(
            f"{argument} is {str(path)!r}, and that cannot be written ({reason}); name a file in a folder that exists."
        ) from error


def _replace(path, text):
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
