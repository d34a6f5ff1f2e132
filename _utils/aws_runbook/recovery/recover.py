"""
Recover a server's backups: check what can be recovered, do it or show what it would do, and return the report as data.
"""

from aws_runbook.buckets import lookup, settings
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import locations, retention
from aws_runbook.recovery.moments import shown
from aws_runbook.recovery.steps import Recovery


def recover(session, server, targets, moment, to, now, *, test):
    """Bring a server's backups back, or see what that would do: the report as data."""
    own = locations.of_server(server, targets)
    destination, status = _destination(session, to, own, targets)
    unsure = set()
    notes = [] if destination.is_elsewhere else [*_shared(server, targets)]
    for place in own:
        kept = retention.read(session, place)
        retention.check_source(place, kept)
        retention.check_in_force(place, kept, now)
        if not destination.is_elsewhere:
            retention.check_writable(place, kept)
        limit = kept.earliest(now)
        if limit is not None and moment < limit:
            raise _too_early(session, server, place, kept, moment, limit, to)
        notes += retention.warnings(place, kept)
        if kept.since is None:
            unsure.add(place.bucket)
    what = f"Recovering {server} as of {shown(moment)}"
    with Recovery(session, own, moment, destination, status, what, unsure) as recovery:
        recovery.plan()
        _check_rest(recovery, moment)
        if not test:
            recovery.carry_out()
            recovery.compare()
        return _data(session, server, moment, to, recovery, notes, test=test)


def _shared(server, targets):
    for location, servers in locations.shared(server, targets):
        yield f"{location} holds the backups of {', '.join(servers)} too: their objects there are restored or hidden as well."


def _check_rest(recovery, moment):
    """A place that has objects must not be left with none: then the moment is more likely wrong than all of them."""
    for tally in recovery.tallies:
        if tally["hide"] and not tally["known"]:
            raise RunbookError(
                f"No object is known to have existed in {tally['location']} at {shown(moment)}, so all of the {tally['hide']} objects there "
                "would be hidden: choose a later moment, or restore to another place, with to=BUCKET/PREFIX."
            )


def _destination(session, to, own, targets):
    if to is None:
        return locations.Destination(), retention.ENABLED
    bucket, prefix = locations.elsewhere(to, own, targets)
    region = lookup.region_of(session, bucket)
    if region is None:
        raise RunbookError(f"to is {to!r}, but there is no bucket {bucket}: create it first.")
    return locations.Destination(bucket, prefix, region), settings.versioning(session, bucket, region)


def _too_early(session, server, place, kept, moment, limit, to):
    again = session.command("aws_backup.recover", server=server, as_of=shown(limit), to=to, test=True)
    return RunbookError(
        f"as_of is {shown(moment)}, but {retention.why(place, kept, limit)}, so what existed before {shown(limit)} is not known for certain; for "
        f"the earliest moment: {again}."
    )


def _data(session, server, moment, to, recovery, notes, *, test):
    work = any(entry["copy"] or entry["hide"] for entry in recovery.tallies)
    after = []
    if test and work:
        after = [f"To do it: {session.command('aws_backup.recover', server=server, as_of=shown(moment), to=to)}."]
    elif recovery.problems.counts:
        again = session.command("aws_backup.recover", server=server, as_of=shown(moment), to=to)
        after = [f"To continue when that is fixed: {again}. Objects that are restored already are skipped."]
    doubtful = recovery.doubtful
    return {
        "server": server,
        "moment": moment,
        "as_of": moment.isoformat(),
        "to": to,
        "test": test,
        "places": recovery.tallies,
        "problems": {reason: _sort(recovery.problems, reason) for reason in recovery.problems.counts},
        "hidden": recovery.hidden,
        "left": {reason: _sort(recovery.left, reason) for reason in recovery.left.counts},
        "doubtful": _sort(doubtful, "parts") if doubtful.counts else None,
        "differing": None if recovery.differing is None else _sort(recovery.differing, "differs"),
        "notes": notes,
        "next": after,
    }


def _sort(named, reason):
    return {"count": named.counts.get(reason, 0), "examples": named.examples.get(reason, [])}


def is_complete(data):
    """Whether nothing is left to be done."""
    return not data["problems"] and not (data["differing"] or {}).get("count")


def as_plain(data):
    """The report as plain data."""
    return {name: value for name, value in data.items() if name != "moment"}
