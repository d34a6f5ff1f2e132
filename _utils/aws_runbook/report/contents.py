"""
Convert the audit, the plan, pending entries, databases and identities to the texts of the page.

What could not be read is ``unknown``, never good.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from aws_runbook.audit.judge import CRITICAL, LEVELS, WARNING, duration, several, size
from aws_runbook.report import strip

UNKNOWN = "unknown"
_GOOD = "good"
_WORST = (CRITICAL, UNKNOWN, WARNING, "note", _GOOD)
# A page of fifty servers with two targets each must stay below 300 kB. A stroke takes about twelve bytes.
_STROKES = 11_000
_DELETING = {"delete", "expire"}


def contents(read, now):
    """
    Return mappings and texts for the template.

    ``read`` has ``account``, ``audit`` (as data, with each target's backups), ``pending``, ``changes`` (the plan's lines), ``databases`` and
    ``identities``. The value of each, except ``account``, may be the exception that prevented reading it.
    """
    audit = read["audit"]
    servers = _servers(audit, now)
    return {
        "account": read["account"],
        "made": f"{now:%Y-%m-%d %H:%M} UTC",
        "summary": _summary(read),
        "level_of_page": _level_of(read),
        "findings": _findings(audit),
        "servers": servers,
        "pending": _listed(read["pending"], _waiting),
        "changes": _listed(read["changes"], str),
        "databases": _listed(read["databases"], _database),
        "identities": _listed(read["identities"], _identity),
        "width": strip.WIDTH,
        "height": strip.HEIGHT,
    }


def summary(read):
    """Return a summary of the page in one sentence."""
    return _summary(read)


def _summary(read):
    counts = Counter(finding["level"] for finding in read["audit"]["findings"])
    wrong = [f"{counts[CRITICAL]} critical"] if counts[CRITICAL] else []
    wrong += [several(counts[WARNING], "warning")] if counts[WARNING] else []
    parts = [f"Backups: {', '.join(wrong) or 'nothing is wrong'}"]
    for name, one, many in (
        ("pending", "waits for somebody", "wait for somebody"),
        ("changes", "differs from pillar", "differ from pillar"),
    ):
        parts.append(_counted(name, read[name], one, many))
    return "; ".join(parts) + "."


def _counted(name, entries, one, many):
    if isinstance(entries, Exception):
        return f"{'what waits' if name == 'pending' else 'what differs from pillar'} is unknown"
    return f"{len(entries) or 'nothing'} {one if len(entries) < 2 else many}"  # noqa: PLR2004 - one or none


def _level_of(read):
    parts = [
        read["pending"],
        read["changes"],
        *(entry["found"] for name in ("databases", "identities") for entry in read[name]),
    ]
    unread = any(isinstance(part, Exception) for part in parts)
    levels = [finding["level"] for finding in read["audit"]["findings"]] + ([UNKNOWN] if unread else [])
    return min([*levels, _GOOD], key=_WORST.index)


def _findings(audit):
    found = sorted(audit["findings"], key=lambda finding: LEVELS.index(finding["level"]))
    return [{"level": entry["level"], "about": entry["about"], "message": entry["message"]} for entry in found]


def _servers(audit, now):
    by_server = defaultdict(list)
    keys, deleting, kept_back = _keys(audit, now), _deleting(audit), _kept_back(audit)
    most = max(24, _STROKES // max(1, len(audit["targets"])))
    for target in audit["targets"]:
        by_server[target["server"]].append(
            {
                **_target(target, now, most, kept_back),
                "who": deleting[target["bucket"], target["prefix"]],
                "key": keys[target["user"]],
            }
        )
    servers = [
        {"name": name, "targets": targets, "level": min((target["level"] for target in targets), key=_WORST.index)}
        for name, targets in by_server.items()
    ]
    return sorted(servers, key=lambda server: (_WORST.index(server["level"]), server["name"]))


def _target(target, now, most, kept_back):
    unread = target["count"] is None
    level = UNKNOWN if unread else target["worst"] or _GOOD
    newest, oldest = _moment(target["newest"]), _moment(target["oldest"])
    allowed = timedelta(hours=target["max_age_hours"])
    mirror = target["kind"] == "sync"
    backups = [{**backup, "made": _moment(backup["made"])} for backup in target["backups"] or ()]
    return {
        "kind": target["kind"],
        "location": f"{target['bucket']}/{target['prefix']}".rstrip("/"),
        "level": level,
        "count": UNKNOWN if unread else target["count"],
        "newest": UNKNOWN if unread else _ago(newest, now),
        "schedule": None if mirror else f"at most {duration(allowed)}",
        "size": UNKNOWN if unread else size(target["size"]) if target["size"] is not None else "-",
        "reach": UNKNOWN if unread else f"{duration(now - oldest)}" if oldest else "not at all",
        "kept": _kept(target, kept_back),
        "strip": strip.draw(backups, allowed, now, most),
    }


def _kept(target, kept_back):
    if target["expire_days"]:
        kept = f"for {several(target['expire_days'], 'day')}"
    elif target["retention_full"]:
        kept = f"{several(target['retention_full'], 'full backup')}, by pgBackRest"
    else:
        kept = "until somebody deletes it"
    return f"{kept}; {kept_back[target['bucket']]}" if target["recovery_days"] else kept


def _kept_back(audit):
    """Return by bucket what recovery keeps there, if it is in force."""
    checks = defaultdict(set)
    for finding in audit["findings"]:
        checks[finding["about"]].add(finding["check"])
    return {
        target["bucket"]: (
            "recovery is not in force"
            if "recovery" in checks[target["bucket"]]
            else "recovery is unknown"
            if "read" in checks[target["bucket"]]
            else f"overwritten and deleted objects, for {several(target['recovery_days'], 'more day')}"
        )
        for target in audit["targets"]
        if target["recovery_days"]
    }


def _keys(audit, now):
    """Return the age of each user's keys, by user."""
    ages = defaultdict(list)
    for key in audit["keys"]:
        made = _moment(key["create_date"])
        ages[key["user"]].append(f"{duration(now - made)} old" + ("" if key["status"] == "Active" else " (inactive)"))
    unread = {finding["about"] for finding in audit["findings"] if finding["check"] == "read"}
    users = {target["user"] for target in audit["targets"]}
    return {user: " and ".join(ages[user]) or (UNKNOWN if user in unread else "none") for user in users}


def _deleting(audit):
    """Return who else may delete, by location; unknown for all if the account could not be listed."""
    found = {(target["bucket"], target["prefix"]): [] for target in audit["targets"]}
    if any(finding["about"] == "account" and finding["check"] == "read" for finding in audit["findings"]):
        return {place: [UNKNOWN] for place in found}
    for entry in audit["access"]:
        if _DELETING & set(entry["may"]):
            found[entry["bucket"], entry["prefix"]].append(f"{entry['who']} {entry['name']}")
    return {place: who or ["nobody else"] for place, who in found.items()}


def _listed(entries, shown):
    """Return ``entries`` as they are shown, or the reason why there are none."""
    if isinstance(entries, Exception):
        return {"unknown": str(entries), "entries": []}
    return {"unknown": None, "entries": [shown(entry) for entry in entries]}


def _waiting(entry):
    return {name: entry.get(name) for name in ("what", "on", "since", "until", "do")}


def _database(entry):
    found = entry["found"]
    if isinstance(found, Exception):
        state, level = str(found), UNKNOWN
    elif found is None:
        state, level = "not there", WARNING
    else:
        state = found["status"]
        level = _GOOD if state == "available" else WARNING
    return {"name": entry["name"], "region": entry["region"], "kind": entry["kind"], "state": state, "level": level}


def _identity(entry):
    found = entry["found"]
    if isinstance(found, Exception):
        return {**_named(entry), "state": str(found), "dkim": UNKNOWN, "mail_from": UNKNOWN, "level": UNKNOWN}
    if found is None:
        return {**_named(entry), "state": "not there", "dkim": "-", "mail_from": "-", "level": WARNING}
    return {
        **_named(entry),
        "state": found["status"],
        "dkim": found.get("dkim_status") or "-",
        "mail_from": found.get("mail_from_status") or "-",
        "level": _GOOD if found["status"] == "SUCCESS" else WARNING,
    }


def _named(entry):
    return {"name": entry["name"], "region": entry["region"]}


def _moment(text):
    return datetime.fromisoformat(text) if text else None


def _ago(moment, now):
    return f"{duration(now - moment)} ago" if moment else "never"
