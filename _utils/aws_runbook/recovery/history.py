"""
The history of a server's backups: what was done to them, whether that looks like damage, and what to do about it.
"""

from aws_runbook.recovery import locations, retention, versions
from aws_runbook.recovery.activity import History, as_data, events, first_damage
from aws_runbook.recovery.moments import MARGIN, shown


def of_server(session, server, targets, by, now):
    """What was done to a server's backups: ``rows`` of ``(location, line)``, ``notes``, and the ``first`` damage and ``earliest`` moment."""
    rows, notes, firsts, limits = [], [], [], []
    for place in locations.of_server(server, targets):
        kept = retention.read(session, place)
        retention.check_source(place, kept)
        limit = kept.earliest(now)
        limits.append(limit)
        notes += [retention.limits(place, kept, limit), *retention.warnings(place, kept)]
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
    activity = History(place.target, by)
    doing = f"list the versions in {place.location}"
    pages = session.pages(
        "s3", "list_object_versions", doing, region=place.region, Bucket=place.bucket, Prefix=place.root
    )
    for key, found in versions.by_key(versions.stream(pages)):
        if place.holds(key):
            for event in events(found):
                activity.add(event)
    return list(activity.lines(since))


def advice(session, server, found):
    """What to do about the damage that a history shows, as sentences."""
    first = found["first"]
    if first is None:
        return ["Nothing in it looks like damage."]
    moment = first - MARGIN
    since = "A multipart upload may have been started"
    sentences = [
        f"What looks like damage begins at {shown(first)}.",
        f"{since} {MARGIN.days} days before it was completed: {shown(moment)} is safe.",
    ]
    limit = found["earliest"]
    if limit is not None and moment < limit:
        moment = limit
        sentences.append(
            f"Not everything from before {shown(limit)} is kept: use that moment, and check what it restores."
        )
    again = session.command("aws_backup.recover", server=server, as_of=shown(moment), test=True)
    return [*sentences, f"To see what would be done: {again}."]


def data(server, found):
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
