"""
Backups: the names and the retention of each server's backups.
"""

from aws_runbook.adopt import remaining_changes, writers
from aws_runbook.adopt.backup_buckets import Places, kept_for
from aws_runbook.adopt.key_files import Files
from aws_runbook.adopt.result import NOT_EXPRESSED, NOT_MANAGED, merged
from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.backups import orphans
from aws_runbook.backups import plan as plans
from aws_runbook.backups.key_settings import place_of
from aws_runbook.backups.targets import get, stated_recovery, stated_region
from aws_runbook.backups.targets import targets as targets_of
from aws_runbook.errors import PillarError
from aws_runbook.iam.people import People

# Settings that AWS does not show but pillar has.
_KEPT = ("audit", "rotate_days", "grace_days", "recovery")
# Tags in which a run stores a note for the next run.
_NOTES = "aws-runbook:"
# Slightly more than the listings of IAM and S3 need.
_LISTINGS = 10


def look(account, result):
    """Describe the backups of all known servers."""
    targets = []
    for server, pillar in sorted(account.pillars.items()):
        found, notes = targets_of(server, pillar)
        targets += found
        for note in notes:
            result.note(NOT_MANAGED, server, note)
    if not targets:
        return
    people = People(account.details)
    targets = writers.assign(account, result, people, targets)
    spent = _LISTINGS + len({writers.key_id(account.pillars[target.server], target.kind) for target in targets})
    places = Places(account, result, {target.bucket for target in targets}, spent)
    files = Files(account, result)
    for server in dict.fromkeys(target.server for target in targets):
        its = [target for target in targets if target.server == server]
        part = _part(account, result, places, files, server, its, targets)
        if part or get(account.pillars[server], "aws:backup"):
            result.say(server, ("aws", "backup"), part, server)
    _tell_remaining(account, result, people, places)


def _part(account, result, places, files, server, its, targets):
    """Describe ``aws:backup`` of a server."""
    pillar = account.pillars[server]
    kept = get(pillar, "aws:backup", {})
    settings = {name: kept[name] for name in _KEPT if kept.get(name) is not None}
    settings |= _named(server, its)
    settings |= {"scope": "bucket"} if its[0].scope == "bucket" else {}
    settings |= {"append_only": True} if its[0].append_only else {}
    days = kept_for(result, its, targets, places.rules)
    options = {name: True for target in its for name in sorted(target.options)}
    features = {**options, **days.pop("pgbackrest", {})}
    settings |= _kept_days(its, places, kept) | days
    settings |= {"pgbackrest": features} if features else {}
    store = kept.get("store") or _store(files, server, pillar, its)
    settings |= {"store": store} if store else {}
    buckets = {
        name: entry
        for name in sorted({target.bucket for target in its})
        if (entry := _bucket(places, pillar, name, targets, server))
    }
    return {**settings, "buckets": buckets} if buckets else settings


def _kept_days(its, places, kept):
    """Keep pillar's values if no bucket of a server has a rule yet."""
    has_rules = any(places.rules.get(target.bucket) for target in its)
    return {} if has_rules else {name: kept[name] for name in ("expire_days", "abort_multipart_days") if kept.get(name)}


def _named(server, its):
    """Return the user, group and policy if they differ from the defaults: one for all kinds of backup, or by kind."""
    users = {target.kind: target.user for target in its}
    groups = {target.kind: target.group for target in its}
    policies = {target.kind: target.policy_name for target in its}
    found = {"user": _by_kind(users, f"{server}-backup"), "group": _by_kind(groups), "policy": _by_kind(policies)}
    return {name: value for name, value in found.items() if value}


def _by_kind(values, usual=None):
    settings = {kind: value for kind, value in values.items() if value not in (None, usual)}
    if len(settings) == len(values) and all(value == next(iter(settings.values())) for value in settings.values()):
        return next(iter(settings.values()))
    return settings or None


def _store(files, server, pillar, its):
    found = {}
    for target in its:
        key = writers.key_id(pillar, target.kind)
        places = [place_of(target.kind, half) for half in ("access_key", "secret_key")]
        found[target.kind] = files.store(server, key, places) if key else None
    return _by_kind(found)


def _bucket(places, pillar, name, targets, server):
    """Describe a bucket: its region if nothing else gives it, and, in the pillar of one of its servers, its tags."""
    known = get(pillar, "aws:backup:buckets", {}).get(name) or {}
    entry = {attribute: known[attribute] for attribute in ("expire_all", "recovery") if known.get(attribute)}
    if stated_recovery(pillar, name)[0] is None and name in places.kept_days:
        entry["recovery"] = {"days": places.kept_days[name]}
    region = places.regions.get(name) or known.get("region")
    bare = {**pillar, "aws": {**(pillar.get("aws") or {}), "backup": {}}}
    if region and region != (stated_region(bare, name)[0] or DEFAULT_REGION):
        entry["region"] = region
    first = min(target.server for target in targets if target.bucket == name)
    tags = places.settings.get(name, known).get("tags") or {}
    tags = {key: value for key, value in tags.items() if not key.startswith(_NOTES)}
    if tags and server == first:
        entry["tags"] = tags
    return entry


def _tell_remaining(account, result, people, places):
    """Note what the adopted pillar would still change, or why it is invalid, and what no pillar names."""
    pillars = {server: merged(pillar, result.pillar.get(server, {})) for server, pillar in account.pillars.items()}
    try:
        planned = plans.plan(pillars).as_data()
    except PillarError as error:
        for problem in error.problems:
            result.note(NOT_EXPRESSED, "backups", problem)
        return
    remaining_changes.tell(account, result, people, places, planned)
    for orphan in orphans.find(account.details, planned):
        about = f"{orphan['kind']} {orphan['user'] or ', '.join(orphan['policies'])}"
        result.note(NOT_MANAGED, about, orphan["why"])
