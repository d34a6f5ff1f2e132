"""Audits as data, such as ``aws_backup.audit format=data`` gives."""

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

NOW = datetime(2030, 3, 1, 9, tzinfo=timezone.utc)
LEVELS = ("critical", "warning", "note")


def backup(hours, size=1000, series="registry.tar", full=True):
    """One that was made some hours ago."""
    return {
        "name": f"{hours}h",
        "series": series,
        "made": (NOW - timedelta(hours=hours)).isoformat(),
        "size": size,
        "full": full,
    }


def target(server="registry", backups=(), **changed):
    """A target with these backups, oldest first."""
    found = list(backups)
    return {
        "server": server,
        "kind": "script",
        "bucket": "ocp-registry-backup",
        "prefix": "database",
        "user": f"{server}-backup",
        "max_age_hours": 26,
        "expire_days": 30,
        "retention_full": None,
        "recovery_days": None,
        "newest": found[-1]["made"] if found else None,
        "oldest": found[0]["made"] if found else None,
        "count": len(found),
        "size": found[-1]["size"] if found else None,
        "newest_wal": None,
        "unfinished_uploads": 0,
        "backups": found,
        "worst": None,
        **changed,
    }


def daily(days, **named):
    """A target with a backup on each of so many days."""
    return target(backups=[backup(24 * day + 3) for day in reversed(range(days))], **named)


def unread(**named):
    """A target that could not be read."""
    return {**target(**named), "count": None, "backups": None, "worst": "critical"}


def audit(targets=(), findings=(), keys=(), access=()):
    return {
        "time": NOW.isoformat(),
        "status": 0,
        "targets": list(targets),
        "findings": list(findings),
        "keys": list(keys),
        "access": list(access),
    }


def read(audited, **parts):
    """All that a page is made of."""
    nothing = {"pending": [], "changes": [], "databases": [], "identities": []}
    return {"account": "123456789012", "audit": audited, **nothing, **parts}


def backups():
    """Any backups, oldest first."""
    one = st.builds(
        backup,
        st.integers(0, 24 * 400),
        st.integers(0, 2**45),
        st.sampled_from(["registry.tar", "spoonbill.tar", ""]),
        st.booleans(),
    )
    return st.lists(one, max_size=60).map(lambda found: sorted(found, key=lambda entry: entry["made"]))


def targets():
    """Any targets."""
    read_ones = st.builds(
        lambda server, found, kind, worst: target(server, found, kind=kind, worst=worst),
        st.text(min_size=1, max_size=8),
        backups(),
        st.sampled_from(["script", "pgbackrest", "files", "mysql"]),
        st.sampled_from([None, *LEVELS]),
    )
    return st.lists(read_ones | st.builds(unread, server=st.text(min_size=1, max_size=8)), max_size=6)
