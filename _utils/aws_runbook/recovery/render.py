"""
A history and a recovery, for a person to read.
"""

from aws_runbook import tables
from aws_runbook.amounts import several, size
from aws_runbook.recovery import copying, steps
from aws_runbook.recovery.moments import MARGIN, shown

_SHOWN = 10
_REASONS = {
    copying.ARCHIVED: "in an archive: restore them first (aws s3api restore-object with the version), then run this again",
    copying.ENCRYPTED: "encrypted with a customer-provided key (SSE-C), which S3 does not keep: copy them with that key",
    copying.GONE: "whose version of that time no longer exists",
    copying.IN_THE_WAY: "whose place holds another object, in a bucket that keeps no versions: choose an empty place",
    copying.FAILED: "that S3 refused",
}
_LEFT = {
    steps.UNKNOWN: "{}, because it is not known whether they existed then. Check them, and delete by hand those that do not belong there",
    steps.STRANGER: "objects created since then below these directories, which no known pillar declares",
}


def history(server, rows, notes, advice):
    """A history as a table; ``rows`` are ``(location, Line)``, ``advice`` says what to do about damage."""
    marked = [
        {
            "from": f"{line.begin:%Y-%m-%d %H:%M}",
            "location": location,
            "written": line.written,
            "overwritten": line.overwritten,
            "deleted": line.deleted,
            "size": size(line.volume),
            "looks_like_damage": "; ".join(line.damage),
        }
        for location, line in rows
    ]
    columns = ("from", "location", "written", "overwritten", "deleted", "size", "looks_like_damage")
    head = [f"What was done to the backups of {server}, in UTC:", tables.table(marked, columns)] if marked else []
    head = head or [f"There are no objects in the backups of {server}."]
    return "\n".join([*head, "", *notes, *advice])


def recovery(data):
    """A recovery, or what one would do, as text."""
    would = "would be " if data["test"] else ""
    there = f" at {data['to']}" if data["to"] else ""
    lines = [
        f"The backups of {data['server']} as of {shown(data['moment'])}{there}:",
        tables.table(
            [_row(entry) for entry in data["places"]], ("location", "objects", "size", "equal", "copied", "hidden")
        ),
        "",
        _summary(data, would),
    ]
    if data["hidden"]:
        count = sum(entry["hide"] for entry in data["places"])
        lines += _named(f"What {would or 'was '}hidden", {"count": count, "examples": data["hidden"]})
    for reason, sort in data["left"].items():
        lines += _named(f"NOT HIDDEN: {_LEFT[reason].format(several(sort['count'], 'object'))}", sort)
    for reason, sort in data["problems"].items():
        lines += _named(f"NOT BROUGHT BACK: {several(sort['count'], 'object')} {_REASONS[reason]}", sort)
    if data["doubtful"]:
        sort = data["doubtful"]
        lines += _named(
            f"NOTE: {several(sort['count'], 'object')} uploaded in parts, started in the {MARGIN.days} days before: S3 does not record whether "
            "they were complete by then; if they are the damage, choose an earlier moment",
            sort,
        )
    others = sum(entry["others"] for entry in data["places"])
    if others:
        lines.append(f"NOTE: {several(others, 'other object')} at {data['to']} are unchanged.")
    lines += _compared(data)
    return "\n".join([*lines, *data["notes"], *data["next"]])


def _row(entry):
    return {
        "location": entry["location"],
        "objects": entry["objects"],
        "size": size(entry["bytes"]),
        "equal": entry["same"],
        "copied": entry["copy"],
        "hidden": entry["hide"],
    }


def _summary(data, would):
    copied, hidden = (sum(entry[name] for entry in data["places"]) for name in ("copy", "hide"))
    volume = sum(entry["copy_bytes"] for entry in data["places"])
    if not copied and not hidden and data["left"]:
        return "All objects that are known to have existed then are unchanged."
    if not copied and not hidden:
        return "All objects are as they were then." if not data["to"] else "All objects are there as they were then."
    failed = sum(sort["count"] for sort in data["problems"].values())
    but = f", except for the {failed} below" if failed and not data["test"] else ""
    return (
        f"{several(copied, 'older version')} ({size(volume)}) {would}copied into place, and {several(hidden, 'object')} that did not exist "
        f"then {would}hidden by a delete marker{but}. No version is deleted."
    )


def _compared(data):
    if data["differing"] is None:
        return []
    if not data["differing"]["count"]:
        return [
            "Compared with the listing as of then: "
            + ("the rest is equal." if data["problems"] or data["left"] else "equal.")
        ]
    sort = data["differing"]
    return _named(
        f"DIFFERENT: {several(sort['count'], 'object')} not equal to the version of then, because another program has written meanwhile. Deactivate the "
        "stolen key, stop the server's backups, and run this again",
        sort,
    )


def _named(sentence, sort):
    more = sort["count"] - len(sort["examples"][:_SHOWN])
    rest = [f"  and {more} more"] if more else []
    return [f"{sentence}:", *(f"  {name}" for name in sort["examples"][:_SHOWN]), *rest]
