"""
Format pending entries as a table, the most urgent first, and the DNS records to add, each once.
"""

from datetime import datetime

from aws_runbook import clock, tables
from aws_runbook.audit.judge import duration

_COLUMNS = ("no", "what", "on", "since", "until")
# Entries on these come last among those without a deadline, because nobody has to act.
_BY_ITSELF = ("AWS", "the server")
_ORIGIN = "$ORIGIN"


def complete(entries):
    """Return each entry once, the most urgent first, with ``since`` and ``until`` in ISO 8601, or ``None``."""
    found = {}
    for entry in entries:
        dated = {**entry, "since": _text(entry.get("since")), "until": _text(entry.get("until"))}
        found.setdefault((entry["what"], entry["on"], entry["do"]), dated)
    return sorted(found.values(), key=_urgency)


def _text(moment):
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _urgency(entry):
    until = clock.written(entry["until"])
    if until:
        return (0, until.timestamp())
    return (1 if entry["on"] == "you" else 3 if entry["on"] in _BY_ITSELF else 2, 0)


def table(entries, now):
    """Return the result of :func:`complete` as a table, then what to do about each entry, and the records to paste."""
    if not entries:
        return "Nothing is pending."
    rows = [
        {"no": number, **entry, "since": _since(entry["since"]), "until": _until(entry["until"], now)}
        for number, entry in enumerate(entries, start=1)
    ]
    width = len(str(len(rows)))
    lines = [tables.table(rows, _COLUMNS), ""]
    lines += [f"{row['no']:>{width}}: {_sentence(row['do'])}" for row in rows]
    wanted = records(entry["records"] for entry in entries if entry.get("records"))
    if wanted:
        lines += ["", "Records to add, as lines of a zone file:", *wanted]
    return "\n".join(lines)


def _sentence(text):
    return f"{' '.join(text.split()).removesuffix('.')}."


def _since(text):
    moment = clock.written(text)
    return moment and f"{moment:%Y-%m-%d %H:%M}"


def _until(text, now):
    moment = clock.written(text)
    return moment and f"{moment:%Y-%m-%d %H:%M} ({f'in {duration(moment - now)}' if moment > now else 'over'})"


def records(texts):
    """Return the lines of several zone files, each record once: absolute names first, then each zone below its origin."""
    found = {"": {}}
    for text in texts:
        origin = ""
        for line in text.splitlines():
            if line.startswith(_ORIGIN):
                origin = line
                continue
            whole = line.split("\t")[0].endswith(".")
            found.setdefault("" if whole else origin, {})[line] = None
    return [line for origin, lines in found.items() for line in ([origin] if origin and lines else []) + list(lines)]
