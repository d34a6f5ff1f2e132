"""
An audit for Prometheus: a textfile for node_exporter, and the definition of its metrics.

Names follow Prometheus' conventions: base units at the end (``_seconds``, ``_bytes``) and Unix times, so that an age is also correct
between two audits. There are no counters, so no name ends in ``_total``.
https://prometheus.io/docs/practices/naming/
The labels and the parts of the names are like those of pgbackrest_exporter. https://github.com/woblerr/pgbackrest_exporter
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from aws_runbook.audit.judge import LEVELS, STATUS

_PLACE = ("server", "kind", "bucket", "prefix")
_KEY = ("user", "access_key_id", "status")
# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True)
class Metric:
    """A metric: ``read(report, now)`` returns its samples, pairs of labels and a value. A sample whose value is ``None`` is omitted."""

    name: str
    text: str
    read: Callable


def _of_places(name):
    return lambda report, _now: [({label: row[label] for label in _PLACE}, row[name]) for row in report["targets"]]


def _max_age(report, _now):
    # The objects of a mirror are as old as the mirrored files.
    rows = [row for row in report["targets"] if row["kind"] != "sync"]
    return [({label: row[label] for label in _PLACE}, row["max_age_hours"] * 3600) for row in rows]


def _of_keys(name):
    def read(report, _now):
        for key in report["keys"]:
            yield {label: key[label] for label in _KEY}, key[name] and datetime.fromisoformat(key[name])

    return read


def _problems(report, _now):
    worst = {}
    for finding in report["findings"]:
        about = (finding["about"], finding["check"])
        worst[about] = max(worst.get(about, 0), STATUS[finding["level"]])
    return [({"about": about, "check": check}, value) for (about, check), value in sorted(worst.items())]


def _findings(report, _now):
    counts = Counter(finding["level"] for finding in report["findings"])
    return [({"level": level}, counts[level]) for level in LEVELS]


def _installed():
    try:
        return version("saltext.aws-runbook")
    except PackageNotFoundError:  # synced from file_roots
        return "unknown"


METRICS = (
    Metric("aws_backup_newest_timestamp_seconds", "When the newest backup was made.", _of_places("newest")),
    Metric("aws_backup_oldest_timestamp_seconds", "When the oldest backup was made.", _of_places("oldest")),
    Metric("aws_backup_max_age_seconds", "How old the newest backup may be.", _max_age),
    Metric("aws_backup_backups", "How many backups there are.", _of_places("count")),
    Metric("aws_backup_newest_size_bytes", "The size of the newest backup.", _of_places("size")),
    Metric("aws_backup_newest_wal_timestamp_seconds", "When the newest WAL was archived.", _of_places("newest_wal")),
    Metric(
        "aws_backup_unfinished_uploads",
        "How many uploads were begun and not finished.",
        _of_places("unfinished_uploads"),
    ),
    Metric("aws_backup_access_key_created_timestamp_seconds", "When an access key was made.", _of_keys("create_date")),
    Metric(
        "aws_backup_access_key_last_used_timestamp_seconds",
        "When an access key was last used; absent where it never was.",
        _of_keys("last_used_date"),
    ),
    Metric("aws_backup_problem", "What is wrong: 2 is critical, 1 a warning, 0 a note.", _problems),
    Metric("aws_backup_findings", "How many findings there are of each level.", _findings),
    Metric(
        "aws_backup_audit_status",
        "The worst of all: 2 is critical, 1 a warning, 0 neither.",
        lambda report, _now: [({}, report["status"])],
    ),
    Metric("aws_backup_audit_timestamp_seconds", "When the audit was made.", lambda _report, now: [({}, now)]),
    Metric(
        "aws_backup_audit_info",
        "The version of saltext.aws-runbook that made the audit.",
        lambda _report, _now: [({"version": _installed()}, 1)],
    ),
)


def text(report, now):
    """Return the report as a textfile. A metric without samples is omitted."""
    lines = []
    for metric in METRICS:
        samples = [
            f"{metric.name}{_labels(labels)} {_number(value)}"
            for labels, value in metric.read(report, now)
            if value is not None
        ]
        if samples:
            lines += [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} gauge", *samples]
    return "\n".join(lines) + "\n"


def _labels(values):
    inside = ",".join(f'{name}="{str(value).translate(_ESCAPED)}"' for name, value in values.items())
    return f"{{{inside}}}" if inside else ""


def _number(value):
    return f"{value.timestamp():.0f}" if hasattr(value, "timestamp") else value
