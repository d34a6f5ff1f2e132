"""
Plan what the servers' backups need in AWS, from the pillar that servers already have.

A server's pillar says where each backup goes: its *targets*. Targets, of one server or of a fleet, say which buckets,
lifecycle rules, policies, users and keys are needed: the *plan*. Nothing here calls AWS or Salt.
"""

import pickle
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.backups import conflicts, expiry, lifecycle_dangers
from aws_runbook.backups.key_settings import keys_of
from aws_runbook.backups.targets import get, stated_recovery, stated_region, targets
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.iam import backup_policy, policies
from aws_runbook.pillar import recovery_schema as recovering
from aws_runbook.pillar.backup_kinds import KINDS
from aws_runbook.pillar.check import problems


@dataclass(frozen=True)
class Plan:
    """The plan for the pillar of one or more servers, as plain data."""

    rows: list = field(default_factory=list)
    buckets: dict = field(default_factory=dict)
    lifecycle: dict = field(default_factory=dict)
    policies: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    users: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    # For each policy, group, user and key, the states that it requires: pairs of a state module and an id.
    require: dict = field(default_factory=dict)

    def as_data(self):
        """Return the plan as plain data, for an SLS file or JSON. The caller may change it."""
        # The SLS files call this several times. This copy takes a tenth of the time of a deep copy.
        return pickle.loads(self._packed)  # noqa: S301 - packed here

    @cached_property
    def _packed(self):
        return pickle.dumps(asdict(self))


def plan(pillars, servers=(), nearest=lambda server: None):  # noqa: ARG005 - the caller knows the minions
    """
    Return what the backups of all servers (minion ID → pillar) need in AWS.

    ``servers`` are those that are expected to have backups. ``nearest(server)`` returns the known minion ID most similar to one without
    pillar. Raises :class:`PillarError` with all problems, of each server and across servers.
    """
    pillars = {server: pillars[server] for server in sorted(pillars)}
    errors = [sentence for server, pillar in pillars.items() for sentence in problems(pillar, server)]
    if errors:
        raise PillarError(errors)
    found, notes = _targets(pillars, servers, nearest)
    by_bucket = defaultdict(list)
    for target in found:
        by_bucket[target.bucket].append(target)
    errors = conflicts.of_names(found)
    buckets, rules = _buckets(by_bucket, pillars, errors)
    found = [replace(target, region=buckets[target.bucket]["region"]) for target in found]
    granted = _granted(found)
    for name, of_policy in granted.items():
        _collect(errors, policies.check_size, name, backup_policy.document(of_policy))
    keys, key_notes = keys_of(pillars, found, errors)
    if errors:
        raise PillarError(list(dict.fromkeys(errors)))
    return Plan(
        rows=[_row(target) for target in found],
        buckets=buckets,
        lifecycle=rules,
        policies={
            name: {"targets": [target.as_data() for target in granted[name]], "holders": _holders(granted[name])}
            for name in sorted(granted)
        },
        groups=_groups(found),
        users=_users(found),
        keys=keys,
        notes=[
            *notes,
            *key_notes,
            *_unused_buckets(pillars, buckets),
            *_without_effect(pillars, by_bucket, rules),
            *conflicts.wide_grants(by_bucket),
        ],
        require=_require(found) if found else {},
    )


def _targets(pillars, servers, nearest):
    """Return the targets of all servers, and notes: (targets, notes)."""
    found, notes = [], []
    for server, pillar in pillars.items():
        of_server, notes_of_server = targets(server, pillar)
        found += of_server
        notes += notes_of_server
        if server in servers and not of_server and not notes_of_server:
            notes.append(_without_backup(server, nearest(server)))
    return found, notes


def _without_backup(server, nearest):
    cure = f"did you mean {nearest}? If not, remove it" if nearest else "name minions by their ID, or remove it"
    return f"{server}: aws:servers names it, but its pillar defines no backup; {cure}."


def _collect(errors, function, *args):
    try:
        return function(*args)
    except PillarError as error:
        errors += error.problems
    except RunbookError as error:
        errors.append(str(error))
    return None


def _row(target):
    """Return the columns of the plan's table, in order."""
    return {
        "server": target.server,
        "kind": target.kind,
        "bucket": target.bucket,
        "prefix": target.prefix,
        "region": target.region,
        "expires": f"after {target.expire_days} days" if target.expires else KINDS[target.kind].never,
        "policy": target.policy,
        "user": target.user,
    }


def _buckets(by_bucket, pillars, errors):
    """Return the settings and the lifecycle rules of each bucket, and add the problems to ``errors``: (settings, rules)."""
    buckets, rules, declared = {}, {}, _declared(pillars)
    for bucket in sorted(by_bucket):
        region, tags, problems_of_bucket = _bucket(bucket, pillars, by_bucket[bucket], declared[bucket])
        recovery, problems_of_recovery = _recovery(bucket, pillars, by_bucket[bucket], declared[bucket])
        problems_of_bucket += problems_of_recovery
        buckets[bucket] = {"region": region, "tags": tags, **_versions(recovery)}
        overlapping = [
            *conflicts.overlap_problems(by_bucket[bucket]),
            *conflicts.mirror_problems(by_bucket[bucket], pillars),
        ]
        errors += [*problems_of_bucket, *overlapping]
        if not overlapping:
            rules[bucket] = _collect(errors, _lifecycle, bucket, by_bucket[bucket], declared[bucket], recovery)
    return buckets, rules


def _declared(pillars):
    """Return the servers' settings of each bucket, in ``aws:backup:buckets``: (bucket → server → settings)."""
    declared = defaultdict(dict)
    for server, pillar in pillars.items():
        for bucket, settings in get(pillar, "aws:backup:buckets", {}).items():
            if settings:
                declared[bucket][server] = settings
    return declared


def _bucket(bucket, pillars, of_bucket, declared):
    """Return a bucket's region and tags, and conflicts between servers about them: (region, tags, problems)."""
    regions, tags = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for server in sorted({*declared, *(target.server for target in of_bucket)}):
        region, key = stated_region(pillars[server], bucket)
        if region:
            regions[region].append(f"{key} of {server}")
        for name, value in (declared.get(server, {}).get("tags") or {}).items():
            tags[name][value].append(server)
    errors = []
    if len(regions) > 1:
        wording = ", ".join(f"{region} ({', '.join(regions[region])})" for region in sorted(regions))
        errors.append(
            f"The bucket {bucket} has more than one region: {wording}; a bucket has one: set aws:backup:buckets:{bucket}:region for each of these "
            "servers."
        )
    for name in sorted(tags):
        if len(tags[name]) > 1:
            wording = ", ".join(f"{value!r} ({', '.join(tags[name][value])})" for value in sorted(tags[name]))
            errors.append(
                f"aws:backup:buckets:{bucket}:tags:{name} differs between servers: {wording}; name one value."
            )
    region = min(regions, default=DEFAULT_REGION)
    return region, {name: min(tags[name]) for name in sorted(tags)}, errors


def _recovery(bucket, pillars, of_bucket, declared):
    """Return a bucket's recovery setting, and the problems of the servers' settings: (recovery or ``None``, problems)."""
    stated, errors = {}, []
    for server in sorted({*declared, *(target.server for target in of_bucket)}):
        recovery, key = stated_recovery(pillars[server], bucket)
        if recovery is not None:
            wording = {name: recovery[name] for name in sorted(recovery) if recovery[name] not in (None, False)}
            stated.setdefault(tuple(wording.items()), []).append(f"{key} of {server}")
            errors += [f"{server}: {problem}" for problem in recovering.problems(key, recovery)]
    if errors or not stated:
        return None, errors
    if len(stated) > 1:
        wording = "; ".join(
            f"{', '.join(f'{name} {value}' for name, value in settings)} ({', '.join(servers)})"
            for settings, servers in stated.items()
        )
        differ = (
            f"The bucket {bucket} has different settings of recovery: {wording}; versioning is a setting of the whole bucket: set the same "
            f"aws:backup:buckets:{bucket}:recovery for each of these servers."
        )
        return None, [differ]
    ((settings, servers),) = stated.items()
    recovery = dict(settings)
    return recovery, _locked_too_short(recovery, servers[0], of_bucket)


def _locked_too_short(recovery, where, of_bucket):
    """A lock must cover an expiring object from its creation until the days of its recovery are over."""
    key, _, server = where.partition(" of ")
    longest = max((target.expire_days for target in of_bucket if target.expires), default=0)
    if not recovery.get("lock") or not longest:
        return []
    longest += 1  # S3 expires objects at the midnight after they are due
    return [
        f"{server}: {problem}"
        for problem in recovering.too_short(
            key, recovery["lock_days"], longest, recovery["days"], "aws:backup:expire_days, a day until midnight,"
        )
    ]


def _versions(recovery):
    """Return the bucket attributes that follow from ``recovery``; none, that is unmanaged, if pillar does not mention it."""
    if not recovery:
        return {}
    if "days" not in recovery:
        return {"versioning": "Suspended"}
    locked = (
        {"object_lock_mode": recovery["lock"], "object_lock_days": recovery["lock_days"]}
        if recovery.get("lock")
        else {}
    )
    return {"versioning": "Enabled", **locked}


def _lifecycle(bucket, of_bucket, declared, recovery):
    rules, allow = expiry.backup_rules(bucket, of_bucket)
    kept = recovery if recovery and recovery.get("days") else None
    if kept:
        rules = [*rules, expiry.keeping_rule(kept["days"])]
        allow = [*allow, rules[-1]["ID"]]
    sources = defaultdict(lambda: defaultdict(list))
    for target in of_bucket:
        if not target.expires:
            sources[target.prefix, KINDS[target.kind].protected][target.source].append(target.server)
    protected = [
        lifecycle_dangers.Protected(
            prefix, kind, "; ".join(f"{source} of {', '.join(servers)}" for source, servers in named.items())
        )
        for (prefix, kind), named in sorted(sources.items())
    ]
    return {
        "rules": rules,
        "protected": [asdict(place) for place in protected],
        "allow": allow,
        **({"recovery": {name: recovery[name] for name in recovery if name != "lock"}} if recovery else {}),
        # Any server's pillar can allow all objects of a bucket to expire, including undeclared ones.
        "declared": None
        if any(settings.get("expire_all") for settings in declared.values())
        else sorted({target.prefix for target in of_bucket}),
    }


def _granted(found):
    """Return the targets of each policy: (name → targets)."""
    granted = defaultdict(list)
    for target in found:
        granted[target.policy].append(target)
    return dict(granted)


def _groups(found):
    groups = defaultdict(set)
    for target in found:
        if target.group:
            groups[target.group].add(target.policy)
    return {name: {"policies": sorted(groups[name])} for name in sorted(groups)}


def _users(found):
    users, by_user = {}, defaultdict(list)
    for target in found:
        by_user[target.user].append(target)
    for user, its in sorted(by_user.items()):
        groups = sorted({target.group for target in its if target.group})
        own = sorted({target.policy for target in its if not target.group})
        users[user] = {"policies": own, "groups": groups, "detached_policies": []}
        if groups and user not in own:
            # A user that moves to a group keeps its own policy until it is a member. A policy of that name that allows anything
            # else is not the one that was created for its backups.
            users[user] |= {"detached_policies": [user], "detach_backups_only": True}
    return users


def _holders(of_policy):
    """Return the holders of a policy, including those that move from it to a group."""
    groups = sorted({target.group for target in of_policy if target.group})
    return {"users": sorted({target.user for target in of_policy}), "groups": groups}


def _require(found):
    """Grants on a bucket, and keys for it, require the bucket's state, which checks that the account owns the bucket."""
    require = {kind: defaultdict(set) for kind in ("policies", "groups", "users", "keys")}
    for target in found:
        bucket, policy = (
            ("s3_bucket", f"aws-bucket-{target.bucket}"),
            ("iam_backup_policy", f"aws-policy-{target.policy}"),
        )
        require["policies"][target.policy].add(bucket)
        require["users"][target.user] |= {bucket, policy}
        require["keys"][target.user] |= {bucket, policy, ("iam_user", f"aws-user-{target.user}")}
        if target.group:
            require["groups"][target.group] |= {bucket, policy}
            require["users"][target.user].add(("iam_group", f"aws-group-{target.group}"))
    return {
        kind: {name: [list(state) for state in sorted(states)] for name, states in sorted(of_kind.items())}
        for kind, of_kind in require.items()
    }


def _unused_buckets(pillars, buckets):
    return [
        f"{server}: aws:backup:buckets:{bucket} has settings, but no known backup is stored in that bucket."
        for server, pillar in pillars.items()
        for bucket in sorted(get(pillar, "aws:backup:buckets", {}))
        if bucket not in buckets
    ]


def _without_effect(pillars, by_bucket, rules):
    """Return notes on an ``abort_multipart_days`` in pillar that has no effect, because the rule for versions is earlier."""
    return [
        f"{server}: {key} is {days}, and has no effect in the bucket {bucket}, because recovery deletes incomplete uploads there after "
        f"{expiry.UNFINISHED_DAYS} day."
        for bucket in sorted(by_bucket)
        if (rules[bucket].get("recovery") or {}).get("days")
        for server, key, days in sorted(
            {
                (target.server, key, target.abort_multipart_days)
                for target in by_bucket[bucket]
                for key in ("aws:backup:abort_multipart_days", "aws:backup:pgbackrest:abort_multipart_days")
                if (target.abort_multipart_days or 0) > expiry.UNFINISHED_DAYS
                and get(pillars[target.server], key) == target.abort_multipart_days
            }
        )
    ]
