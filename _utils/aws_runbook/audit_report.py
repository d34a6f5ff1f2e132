"""
An audit for a person, and for Prometheus.
"""

import os
import tempfile
from pathlib import Path

from aws_runbook import tables
from aws_runbook.audit import LEVELS, STATUS, duration, size

_COLUMNS = ("server", "kind", "location", "newest", "backups", "span", "size", "worst")
_ACCESS = ("bucket", "prefix", "who", "name", "may")
_LABELS = ("server", "kind", "bucket", "prefix")
# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_METRICS = {
    "newest": ("aws_backup_newest_timestamp_seconds", "When the newest backup was made."),
    "oldest": ("aws_backup_oldest_timestamp_seconds", "When the oldest backup was made."),
    "count": ("aws_backup_count", "How many backups there are."),
    "size": ("aws_backup_newest_size_bytes", "The size of the newest backup."),
    "unfinished_uploads": ("aws_backup_unfinished_uploads", "How many uploads were begun and not finished."),
}


def table(report, now):
    """A table of the targets, of what is wrong, of keys, and of who else may read or delete."""
    lines = [tables.table([_row(entry, now) for entry in report["targets"]], _COLUMNS), ""]
    findings = sorted(report["findings"], key=lambda finding: LEVELS.index(finding["level"]))
    lines += [f"{finding['level'].upper()}: {finding['about']}: {finding['message']}" for finding in findings]
    lines += ["Nothing is wrong."] if report["status"] == 0 else []
    lines += [
        "",
        "Access keys:",
        tables.table(report["keys"], ("user", "access_key_id", "status", "create_date", "last_used_date")),
    ]
    seen = tables.table(report["access"], _ACCESS) if report["access"] else "Nobody."
    lines += ["", "Who else may read or delete:", seen]
    return "\n".join(lines)


def _row(entry, now):
    newest = entry["newest"]
    return {
        "server": entry["server"],
        "kind": entry["kind"],
        "location": f"{entry['bucket']}/{entry['prefix']}".rstrip("/"),
        "newest": newest and f"{duration(now - newest)} ago",
        "backups": entry["count"],
        "span": newest and duration(newest - entry["oldest"]),
        "size": None if entry["size"] is None else size(entry["size"]),
        "worst": entry["worst"],
    }


def plain(report):
    """The report with its times as text: what Salt can show and JSON can hold."""
    if isinstance(report, dict):
        return {name: plain(value) for name, value in report.items()}
    if isinstance(report, list):
        return [plain(value) for value in report]
    return report.isoformat() if hasattr(report, "isoformat") else report


def prometheus(report, now):
    """The report as a textfile for node_exporter."""
    lines = []
    for name, (metric, text) in _METRICS.items():
        lines += [f"# HELP {metric} {text}", f"# TYPE {metric} gauge"]
        lines += [
            f"{metric}{_labels({label: entry[label] for label in _LABELS})} {_number(entry[name])}"
            for entry in report["targets"]
            if entry[name] is not None
        ]
    metric = "aws_backup_problem"
    lines += [f"# HELP {metric} What is wrong: 2 is critical, 1 a warning.", f"# TYPE {metric} gauge"]
    worst = {}
    for finding in report["findings"]:
        labels = _labels({"about": finding["about"], "check": finding["check"]})
        worst[labels] = max(worst.get(labels, 0), STATUS[finding["level"]])
    lines += [f"{metric}{labels} {value}" for labels, value in sorted(worst.items())]
    for metric, text, value in (
        ("aws_backup_audit_status", "The worst of all: 2 is critical, 1 a warning, 0 neither.", report["status"]),
        ("aws_backup_audit_timestamp_seconds", "When the audit was made.", _number(now)),
    ):
        lines += [f"# HELP {metric} {text}", f"# TYPE {metric} gauge", f"{metric} {value}"]
    return "\n".join(lines) + "\n"


def _labels(values):
    inside = ",".join(f'{name}="{str(value).translate(_ESCAPED)}"' for name, value in values.items())
    return f"{{{inside}}}"


def _number(value):
    return f"{value.timestamp():.0f}" if hasattr(value, "timestamp") else value


def write(path, text):
    """
    Replace a file at once, so that node_exporter never reads half of it, and let it be read by others.

    https://github.com/prometheus/node_exporter#textfile-collector
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
