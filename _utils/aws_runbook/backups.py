"""
From the pillar that servers already have to what their backups need in AWS.

A server's pillar says where each backup goes: its *targets*. Targets, of one server or of a fleet, say which buckets,
lifecycle rules, policies, users and keys there must be: the *plan*. Nothing here talks to AWS or to Salt.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations

from aws_runbook import lifecycle, policies
from aws_runbook.connection import DEFAULT_REGION
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.pillar import check_user, is_aws_endpoint, problems

EXPIRE_DAYS = 30
ABORT_MULTIPART_DAYS = 7

# The pillar key of each kind of backup that has a location, and whether its objects expire. `aws s3 sync --delete`
# keeps a copy of what is on the server: an object that expired would be a file that is not backed up.
_LOCATIONS = {
    "script": ("postgres:backup", True),
    "mysql": ("mysql:backup", True),
    "files": ("backup", True),
    "sync": ("sync", False),
}
_NEVER = {"pgbackrest": "never (pgBackRest expires)", "sync": "never (synced)"}
_NOUNS = {"pgbackrest": "the pgBackRest repository", "sync": "the synced directory"}
_PROTECTED_KINDS = {"pgbackrest": "repository", "sync": "sync"}

# Where a server's own tools look for the key that a store is given.
_PGBACKREST_KEYS = {"access_key": "postgres:backup:s3_key", "secret_key": "postgres:backup:s3_key_secret"}
_SCRIPT_KEYS = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}


@dataclass(frozen=True)
class Target:
    """
    One place that one server backs up to.

    ``prefix`` has no slash at either end; an empty one is the whole bucket. ``kind`` is ``pgbackrest``, ``script``
    (pg_dump), ``mysql``, ``files`` or ``sync``. ``options`` are pgBackRest's features in use: ``tags``, ``target_time``.
    ``append_only`` asks for a policy without deletion, for the kinds that never delete.
    """

    server: str
    kind: str
    bucket: str
    prefix: str
    region: str
    expires: bool
    expire_days: int | None = None
    abort_multipart_days: int | None = None
    scope: str = "prefix"
    options: frozenset = frozenset()
    append_only: bool = False
    user: str | None = None
    group: str | None = None
    source: str = "postgres:backup"

    def as_data(self):
        """As plain data, for an SLS file or JSON."""
        return {**asdict(self), "options": sorted(self.options)}

    @classmethod
    def from_data(cls, data):
        """The target that :meth:`as_data` was made from."""
        return cls(**{**data, "options": frozenset(data.get("options", ()))})

    @property
    def policy(self):
        """The name of the policy that grants this target: the group's, or the user's own."""
        return self.group or self.user

    @property
    def location(self):
        """BUCKET or BUCKET/PREFIX."""
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket


@dataclass(frozen=True)
class Plan:
    """What follows from the pillar of one or more servers, as plain data."""

    rows: list = field(default_factory=list)
    buckets: dict = field(default_factory=dict)
    lifecycle: dict = field(default_factory=dict)
    policies: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    users: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    def as_data(self):
        """As plain data, for an SLS file or JSON."""
        return asdict(self)


def _get(pillar, path, default=None):
    """The value at a colon-separated key; ``default`` when there is none or it is empty."""
    for name in path.split(":"):
        pillar = pillar.get(name) if isinstance(pillar, Mapping) else None
    return default if pillar is None else pillar


def targets(server, pillar):
    """The targets that a checked pillar names, and notes on what it names that is not managed: (targets, notes)."""
    found, notes = [], []
    postgres = _get(pillar, "postgres:backup", {})
    if postgres.get("type") == "pgbackrest":
        endpoint = postgres.get("s3_endpoint")
        if endpoint is None or is_aws_endpoint(endpoint):
            found.append(("pgbackrest", postgres["s3_bucket"], postgres["repo_path"].strip("/"), "postgres:backup"))
        else:
            notes.append(
                f"{server}: postgres:backup:s3_endpoint is {endpoint!r}, which is not at AWS; that repository is not "
                "managed here."
            )
    for kind, (source, _) in _LOCATIONS.items():
        location = _get(pillar, f"{source}:location")
        if location is not None and (kind != "script" or postgres.get("type") == "script"):
            bucket, _, prefix = location.partition("/")
            found.append((kind, bucket, prefix, source))
    expiring = any(kind in _LOCATIONS and _LOCATIONS[kind][1] for kind, *_ in found)
    return [_target(server, pillar, *entry, mixed=expiring) for entry in found], notes


def _target(server, pillar, kind, bucket, prefix, source, *, mixed):
    settings = _get(pillar, "aws:backup", {})
    expires = kind not in _NEVER
    features = settings.get("pgbackrest") or {} if kind == "pgbackrest" else {}
    return Target(
        server=server,
        kind=kind,
        bucket=bucket,
        prefix=prefix,
        region=_stated_region(pillar, bucket)[0] or DEFAULT_REGION,
        expires=expires,
        expire_days=_get(settings, "expire_days", EXPIRE_DAYS) if expires else None,
        abort_multipart_days=_abort_multipart_days(settings, features, expires, mixed),
        scope=_get(settings, "scope", "prefix"),
        options=frozenset(name for name in ("tags", "target_time") if features.get(name)),
        append_only=_get(settings, "append_only", False),
        user=_get(settings, "user", f"{server}-backup"),
        group=settings.get("group"),
        source=source,
    )


def _abort_multipart_days(settings, features, expires, mixed):
    """
    After how many days unfinished uploads go. Where objects must not expire, only when asked for.

    On a server that also has expiring targets, ``aws:backup:abort_multipart_days`` is about those; for its repository
    it is asked for by ``aws:backup:pgbackrest:abort_multipart_days``.
    """
    if expires:
        return _get(settings, "abort_multipart_days", ABORT_MULTIPART_DAYS)
    return _get(features, "abort_multipart_days", None if mixed else settings.get("abort_multipart_days"))


def _stated_region(pillar, bucket):
    """The region that a server's pillar gives a bucket, and the key that does: (None, None) when none does."""
    postgres = _get(pillar, "postgres:backup", {})
    named = _get(_get(pillar, "aws:backup:buckets", {}).get(bucket) or {}, "region")
    holds_repository = postgres.get("type") == "pgbackrest" and postgres.get("s3_bucket") == bucket
    stated = {
        f"aws:backup:buckets:{bucket}:region": named,
        "postgres:backup:s3_region": postgres.get("s3_region") if holds_repository else None,
        "aws:region": _get(pillar, "aws:region"),
    }
    return next(((region, key) for key, region in stated.items() if region), (None, None))


def plan(pillars):
    """
    What the backups of all servers (minion ID → pillar) need in AWS.

    Raises :class:`PillarError` with everything that is wrong, of each server and across them.
    """
    pillars = {server: pillars[server] for server in sorted(pillars)}
    errors = [sentence for server, pillar in pillars.items() for sentence in problems(pillar, server)]
    if errors:
        raise PillarError(errors)
    found, notes = [], []
    for server, pillar in pillars.items():
        of_server, notes_of_server = targets(server, pillar)
        found += of_server
        notes += notes_of_server
    by_bucket = defaultdict(list)
    for target in found:
        by_bucket[target.bucket].append(target)
    errors = [*_name_problems(found), *_membership_problems(found), *_append_only_problems(found)]
    buckets, rules = {}, {}
    for bucket in sorted(by_bucket):
        region, tags, problems_of_bucket = _bucket(bucket, pillars, by_bucket[bucket])
        buckets[bucket] = {"region": region, "tags": tags}
        overlapping = [*_overlap_problems(by_bucket[bucket]), *_mirror_problems(by_bucket[bucket], pillars)]
        errors += [*problems_of_bucket, *overlapping]
        if not overlapping:
            rules[bucket] = _collect(errors, _lifecycle, bucket, by_bucket[bucket], pillars)
    found = [replace(target, region=buckets[target.bucket]["region"]) for target in found]
    granted = _granted(found)
    for name, of_policy in granted.items():
        _collect(errors, policies.check_size, name, policies.document(of_policy))
    keys, key_notes = _keys(pillars, found, errors)
    if errors:
        raise PillarError(list(dict.fromkeys(errors)))
    return Plan(
        rows=[_row(target) for target in found],
        buckets=buckets,
        lifecycle=rules,
        policies={name: {"targets": [target.as_data() for target in granted[name]]} for name in sorted(granted)},
        groups={name: {"policies": [name]} for name in sorted({target.group for target in found if target.group})},
        users=_users(found),
        keys=keys,
        notes=[*notes, *key_notes, *_unused_buckets(pillars, buckets), *_wide_grants(by_bucket)],
    )


def _collect(errors, function, *args):
    try:
        return function(*args)
    except PillarError as error:
        errors += error.problems
    except RunbookError as error:
        errors.append(str(error))
    return None


def _row(target):
    return {
        "server": target.server,
        "kind": target.kind,
        "bucket": target.bucket,
        "prefix": target.prefix,
        "region": target.region,
        "expires": f"after {target.expire_days} days" if target.expires else _NEVER[target.kind],
        "policy": target.policy,
        "user": target.user,
    }


def _bucket(bucket, pillars, of_bucket):
    """A bucket's region and tags, and where servers disagree on them: (region, tags, problems)."""
    users = {target.server for target in of_bucket}
    regions, tags = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for server, pillar in pillars.items():
        settings = _get(pillar, "aws:backup:buckets", {}).get(bucket)
        if server in users or settings:
            region, key = _stated_region(pillar, bucket)
            if region:
                regions[region].append(f"{key} of {server}")
        for name, value in ((settings or {}).get("tags") or {}).items():
            tags[name][str(value)].append(server)
    errors = []
    if len(regions) > 1:
        told = ", ".join(f"{region} ({', '.join(regions[region])})" for region in sorted(regions))
        errors.append(
            f"The bucket {bucket} is given more than one region: {told}; a bucket is in one: name it as "
            f"aws:backup:buckets:{bucket}:region for each of these servers."
        )
    for name in sorted(tags):
        if len(tags[name]) > 1:
            told = ", ".join(f"{value!r} ({', '.join(tags[name][value])})" for value in sorted(tags[name]))
            errors.append(f"aws:backup:buckets:{bucket}:tags:{name} differs between servers: {told}; name one value.")
    region = min(regions, default=DEFAULT_REGION)
    return region, {name: min(tags[name]) for name in sorted(tags)}, errors


def _overlap_problems(of_bucket):
    """Pairs of targets of one bucket of which one would delete what the other keeps."""
    errors = []
    for one, other in combinations(of_bucket, 2):
        if _apart(one.prefix, other.prefix):
            continue
        if one.expires != other.expires:
            expiring, kept = (one, other) if one.expires else (other, one)
            errors.append(
                f"{_described(expiring)}, where objects expire, {_relation(expiring.prefix, kept.prefix)} "
                f"{_NOUNS[kept.kind]} of {_described(kept)}, where none may; give them prefixes apart from each other."
            )
        elif {one.kind, other.kind} == {"pgbackrest", "sync"}:
            synced, repository = (one, other) if one.kind == "sync" else (other, one)
            errors.append(
                f"{_described(synced)}, where `aws s3 sync --delete` deletes what is not on the server, "
                f"{_relation(synced.prefix, repository.prefix)} the pgBackRest repository of {_described(repository)}; "
                "give them prefixes apart from each other."
            )
    return errors


def _mirror_problems(of_bucket, pillars):
    """
    Pairs of servers that mirror into one place: each would delete what is not its own.

    The servers' script makes `aws s3 sync --delete /DIRECTORY s3://LOCATION/DIRECTORY/`.
    """
    mirrors = [
        (target, directory, "/".join(filter(None, (target.prefix, directory.strip("/")))))
        for target in of_bucket
        if target.kind == "sync"
        for directory in sorted(_get(pillars[target.server], "sync:directories", {}))
    ]
    return [
        f"sync:directories:{directory} of {one.server} and sync:directories:{other_directory} of {other.server} are mirrored to "
        f"{one.bucket}/{place} and {other.bucket}/{other_place}, where `aws s3 sync --delete` of one server deletes the files of "
        "the other; give them locations apart from each other."
        for (one, directory, place), (other, other_directory, other_place) in combinations(mirrors, 2)
        if one.server != other.server and not _apart(place, other_place)
    ]


def _apart(a, b):
    roots = [f"{prefix}/" if prefix else "" for prefix in (a, b)]
    return not (roots[0].startswith(roots[1]) or roots[1].startswith(roots[0]))


def _relation(prefix, other):
    if prefix == other:
        return "is the place of"
    if not prefix:
        return "has no prefix, so it contains"
    return "contains" if f"{other}/".startswith(f"{prefix}/") else "is inside"


def _described(target):
    key = "postgres:backup:repo_path" if target.kind == "pgbackrest" else f"{target.source}:location"
    return f"{key} of {target.server} ({target.location})"


def _lifecycle(bucket, of_bucket, pillars):
    rules, allow = lifecycle.backup_rules(bucket, of_bucket)
    sources = defaultdict(lambda: defaultdict(list))
    for target in of_bucket:
        if not target.expires:
            sources[target.prefix, _PROTECTED_KINDS[target.kind]][target.source].append(target.server)
    protected = [
        lifecycle.Protected(
            prefix, kind, "; ".join(f"{source} of {', '.join(servers)}" for source, servers in named.items())
        )
        for (prefix, kind), named in sorted(sources.items())
    ]
    return {
        "rules": rules,
        "protected": [asdict(place) for place in protected],
        "allow": allow,
        "declared": None if _expires_all(bucket, pillars) else sorted({target.prefix for target in of_bucket}),
    }


def _expires_all(bucket, pillars):
    """Whether any pillar says that all objects of a bucket may expire, also those that nobody declares."""
    return any(
        (_get(pillar, "aws:backup:buckets", {}).get(bucket) or {}).get("expire_all") for pillar in pillars.values()
    )


def _name_problems(found):
    """IAM takes no name that is too long, and no two that differ only by case."""
    errors = []
    names = {"user": defaultdict(set), "group": defaultdict(set), "policy": defaultdict(set)}
    for target in found:
        try:
            check_user(target.user)
        except ValueError as error:
            errors.append(f"{target.server}: aws:backup:user is by default {target.user!r}: {error}; name one.")
        for kind, spellings in names.items():
            name = getattr(target, kind)
            if name:
                spellings[name.lower()].add(name)
    for kind, spellings in names.items():
        for alike in spellings.values():
            if len(alike) > 1:
                key = "aws:backup:user" if kind == "user" else "aws:backup:group"
                errors.append(
                    f"{key} gives the {'policies' if kind == 'policy' else f'{kind}s'} {' and '.join(sorted(alike))}, "
                    "which differ only by case; IAM takes them for the same."
                )
    both = {target.group for target in found if target.group} & {target.user for target in found if not target.group}
    errors += [
        f"aws:backup:group {name} of {_servers(found, 'group', name)} and the user {name} of "
        f"{_servers(found, 'user', name)} would have one policy {name} between them; rename one."
        for name in sorted(both)
    ]
    return errors


def _membership_problems(found):
    """A user's policy hangs on a group or on the user: not on the one for this server and on the other for that."""
    groups = defaultdict(set)
    for target in found:
        groups[target.user].add(target.group)
    return [
        f"The user {user} is in aws:backup:group {', '.join(sorted(filter(None, named)))} by the pillar of "
        f"{_servers(found, 'user', user, grouped=True)}, and in none by that of "
        f"{_servers(found, 'user', user, grouped=False)}; name the same aws:backup:group for each, or none."
        for user, named in sorted(groups.items())
        if None in named and len(named) > 1
    ]


def _append_only_problems(found):
    """A policy or user of two servers, of which one may only add and the other delete, lets both delete."""
    stated = defaultdict(lambda: defaultdict(list))
    for target in found:
        shared = (
            {f"the group {target.group}", f"the user {target.user}"} if target.group else {f"the user {target.user}"}
        )
        for what in shared:
            stated[what][target.append_only].append(target.server)
    return [
        f"aws:backup:append_only differs between servers that share {what}: it is True for "
        f"{', '.join(dict.fromkeys(servers[True]))}, and not for {', '.join(dict.fromkeys(servers[False]))}; say the same "
        "for each."
        for what, servers in sorted(stated.items())
        if len(servers) > 1
    ]


def _servers(found, attribute, name, grouped=None):
    return ", ".join(
        dict.fromkeys(
            target.server
            for target in found
            if getattr(target, attribute) == name and grouped in (None, bool(target.group))
        )
    )


def _granted(found):
    """The targets of each policy: (name → targets)."""
    granted = defaultdict(list)
    for target in found:
        granted[target.policy].append(target)
    return dict(granted)


def _users(found):
    users = {}
    for user in sorted({target.user for target in found}):
        groups = sorted({target.group for target in found if target.user == user and target.group})
        users[user] = {
            "policies": [] if groups else [user],
            "groups": groups,
            # A user who moves into a group keeps the policy of its own until it is a member, and no longer.
            "detached_policies": [user] if groups else [],
        }
    return users


def _keys(pillars, found, errors):
    """What is to be done with each user's key: (user → stores and rotation, notes)."""
    keys, notes = {}, []
    for user in sorted({target.user for target in found}):
        of_user = defaultdict(list)
        for target in found:
            if target.user == user:
                of_user[target.server].append(target)
        stores, without = [], []
        for server, targets_of_server in of_user.items():
            store = _store(_get(pillars[server], "aws:backup:store"), targets_of_server)
            if store is None:
                without.append(server)
            elif store not in stores:
                stores.append(store)
        if stores and without:
            notes.append(
                f"{', '.join(without)}: the user {user} is shared, but this pillar names no aws:backup:store, so a new "
                "key does not reach it."
            )
        keys[user] = {
            "store": stores or None,
            **{name: _agreed(name, user, of_user, pillars, errors) for name in ("rotate_days", "grace_days")},
        }
    return keys, notes


def _agreed(name, user, servers, pillars, errors):
    stated = defaultdict(list)
    for server in servers:
        value = _get(pillars[server], f"aws:backup:{name}")
        if value is not None:
            stated[value].append(server)
    if len(stated) > 1:
        told = ", ".join(f"{value} ({', '.join(stated[value])})" for value in sorted(stated))
        errors.append(f"aws:backup:{name} differs between servers that share the user {user}: {told}; name one value.")
    return min(stated, default=None)


def _store(store, of_server):
    """A store with the pillar keys that the server's own tools read, unless it names its own."""
    if not isinstance(store, Mapping) or "pillar_file" not in store or store.get("keys"):
        return store
    read_by = [
        keys
        for keys, wanted in (
            (_PGBACKREST_KEYS, any(target.kind == "pgbackrest" for target in of_server)),
            (_SCRIPT_KEYS, any(target.kind != "pgbackrest" for target in of_server)),
        )
        if wanted
    ]
    keys = {name: [keys[name] for keys in read_by] for name in ("access_key", "secret_key")}
    return {**store, "keys": {name: paths[0] if len(paths) == 1 else paths for name, paths in keys.items()}}


def _unused_buckets(pillars, buckets):
    return [
        f"{server}: aws:backup:buckets:{bucket} has settings, but no backup known here goes to that bucket."
        for server, pillar in pillars.items()
        for bucket in sorted(_get(pillar, "aws:backup:buckets", {}))
        if bucket not in buckets
    ]


def _wide_grants(by_bucket):
    """Who may, by ``aws:backup:scope``, delete more than their own backups."""
    return [
        f"{target.server}: aws:backup:scope is bucket, so the policy {target.policy} also allows deleting "
        f"{_NOUNS[kept.kind]} of {kept.server} ({kept.location})."
        for bucket in sorted(by_bucket)
        for target in by_bucket[bucket]
        for kept in by_bucket[bucket]
        if policies.may_delete(target)
        and target.kind != "pgbackrest"
        and policies.is_bucket_wide(target)
        and target.prefix
        and not kept.expires
        and kept is not target
    ]
