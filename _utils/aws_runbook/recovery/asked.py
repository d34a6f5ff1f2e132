"""
What ``aws_backup.history`` and ``aws_backup.recover`` are asked for, from the first look at the buckets to the report.
"""

from aws_runbook.backups import buckets
from aws_runbook.errors import RunbookError
from aws_runbook.recovery import keeping, places, report, versions
from aws_runbook.recovery.history import History, as_data, events, first_damage
from aws_runbook.recovery.moments import MARGIN, shown
from aws_runbook.recovery.running import Recovery


def history(session, server, targets, by, now):
    """What was done to a server's backups: ``rows`` of ``(location, line)``, ``notes``, and the ``first`` damage and ``earliest`` moment."""
    rows, notes, firsts, limits = [], [], [], []
    for place in places.of_server(server, targets):
        kept = keeping.read(session, place)
        keeping.check_source(place, kept)
        limit = kept.earliest(now)
        limits.append(limit)
        notes += [keeping.limits(place, kept, limit), *keeping.warnings(place, kept)]
        found = lines(session, place, by, limit)
        rows += [(place.location, line) for line in found]
        firsts.append(first_damage(found))
    return {
        "rows": sorted(rows, key=lambda row: (row[1].begin, row[0])),
        "notes": notes,
        "first": min(filter(None, firsts), default=None),
        "earliest": max(filter(None, limits), default=None),
    }


def lines(session, place, by, since):
    """What was done to the objects of a place, hour by hour or day by day, from ``since`` on."""
    told = History(place.target, by)
    doing = f"list the versions in {place.location}"
    pages = session.pages(
        "s3", "list_object_versions", doing, region=place.region, Bucket=place.bucket, Prefix=place.root
    )
    for key, found in versions.by_key(versions.stream(pages)):
        if place.holds(key):
            for event in events(found):
                told.add(event)
    return list(told.lines(since))


def advice(session, server, found):
    """What to do about the damage that a history shows, as sentences."""
    first = found["first"]
    if first is None:
        return ["Nothing in it looks like damage."]
    moment = first - MARGIN
    since = "An upload in parts may have been begun"
    sentences = [
        f"What looks like damage begins at {shown(first)}.",
        f"{since} {MARGIN.days} days before it was finished: {shown(moment)} is safe.",
    ]
    limit = found["earliest"]
    if limit is not None and moment < limit:
        moment = limit
        sentences.append(
            f"Of what was before {shown(limit)} not all is kept: take that moment, and look at what it brings back."
        )
    again = session.command("aws_backup.recover", server=server, as_of=shown(moment), test=True)
    return [*sentences, f"What would be done is shown by {again}."]


def history_data(server, found):
    """A history as plain data."""
    first = found["first"]
    return {
        "server": server,
        "lines": [{"location": location, **as_data(line)} for location, line in found["rows"]],
        "first_damage": first and first.isoformat(),
        "safe": first and (first - MARGIN).isoformat(),
        "earliest": found["earliest"] and found["earliest"].isoformat(),
        "notes": found["notes"],
    }


def recover(session, server, targets, moment, to, now, *, test):
    """Bring a server's backups back, or see what that would do: the report as data."""
    own = places.of_server(server, targets)
    destination, status = _destination(session, to, own, targets)
    unsure = set()
    notes = [] if destination.is_elsewhere else [*_shared(server, targets)]
    for place in own:
        kept = keeping.read(session, place)
        keeping.check_source(place, kept)
        keeping.check_in_force(place, kept, now)
        if not destination.is_elsewhere:
            keeping.check_writable(place, kept)
        limit = kept.earliest(now)
        if limit is not None and moment < limit:
            raise _too_early(session, server, place, kept, moment, limit, to)
        notes += keeping.warnings(place, kept)
        if kept.since is None:
            unsure.add(place.bucket)
    what = f"Bringing back {server} as of {shown(moment)}"
    with Recovery(session, own, moment, destination, status, what, unsure) as recovery:
        recovery.plan()
        _check_rest(recovery, moment)
        if not test:
            recovery.carry_out()
            recovery.compare()
        return _data(session, server, moment, to, recovery, notes, test=test)


def _shared(server, targets):
    for location, servers in places.shared(server, targets):
        yield f"{location} holds the backups of {', '.join(servers)} too: what is copied into place or hidden there is theirs as well."


def _check_rest(recovery, moment):
    """A place that has objects must not be left with none: then the moment is more likely wrong than all of them."""
    for tally in recovery.tallies:
        if tally["hide"] and not tally["known"]:
            raise RunbookError(
                f"Nothing is known to have been in {tally['location']} at {shown(moment)}, so that all of the {tally['hide']} objects there would "
                "be hidden: choose a later moment, or bring what there was elsewhere, with to=BUCKET/PREFIX."
            )


def _destination(session, to, own, targets):
    if to is None:
        return places.Destination(), keeping.ENABLED
    bucket, prefix = places.elsewhere(to, own, targets)
    region = buckets.region_of(session, bucket)
    if region is None:
        raise RunbookError(f"to is {to!r}, but there is no bucket {bucket}: make it first.")
    return places.Destination(bucket, prefix, region), buckets.versioning(session, bucket, region)


def _too_early(session, server, place, kept, moment, limit, to):
    again = session.command("aws_backup.recover", server=server, as_of=shown(limit), to=to, test=True)
    return RunbookError(
        f"as_of is {shown(moment)}, but {keeping.why(place, kept, limit)}, so that what was there before {shown(limit)} is not known for "
        f"certain; the earliest moment is shown by {again}."
    )


def _data(session, server, moment, to, recovery, notes, *, test):
    work = any(entry["copy"] or entry["hide"] for entry in recovery.tallies)
    after = []
    if test and work:
        after = [f"To do it: {session.command('aws_backup.recover', server=server, as_of=shown(moment), to=to)}."]
    elif recovery.problems.counts:
        again = session.command("aws_backup.recover", server=server, as_of=shown(moment), to=to)
        after = [f"To go on, once that is mended: {again}. What is done already is left alone."]
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


def as_text(data):
    """The report for a person."""
    return report.recovery(data)


def as_plain(data):
    """The report as plain data."""
    return {name: value for name, value in data.items() if name != "moment"}
