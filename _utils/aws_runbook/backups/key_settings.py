"""
The access key of each backup user: where it is stored, and when it is rotated.
"""

from collections import defaultdict
from collections.abc import Mapping

from aws_runbook.backups.targets import get
from aws_runbook.pillar.backup_kinds import of_kind
from aws_runbook.stores import location
from aws_runbook.stores.store import ACCESS_KEY, locations, overwritten

# Where a server's own tools look for the key that a store is given.
_PGBACKREST_KEYS = {"access_key": "postgres:backup:s3_key", "secret_key": "postgres:backup:s3_key_secret"}
_SCRIPT_KEYS = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}


def place_of(kind, half="access_key"):
    """Return the pillar key where the tool of a kind of backup looks for its access key."""
    return (_PGBACKREST_KEYS if kind == "pgbackrest" else _SCRIPT_KEYS)[half]


def keys_of(pillars, found, errors):
    """Return the arguments for each user's key: (user → store, rotation and kinds of backup; notes)."""
    keys, notes = {}, []
    for user in sorted({target.user for target in found}):
        of_user = defaultdict(list)
        for target in found:
            if target.user == user:
                of_user[target.server].append(target)
        stores, without = [], []
        for server, its in of_user.items():
            of_server = _stores(get(pillars[server], "aws:backup:store"), its)
            if not of_server:
                without.append(server)
            stores += [store for store in of_server if store not in stores]
        if stores and without:
            notes.append(
                f"{', '.join(without)}: the user {user} is shared, but this pillar names no aws:backup:store, so a new "
                "key does not reach it."
            )
        keys[user] = {
            "store": stores or None,
            **{name: _agreed(name, user, of_user, pillars, errors) for name in ("rotate_days", "grace_days")},
        }
    errors += _shared_places(keys)
    return keys, notes


def _stores(store, its):
    """Return the stores that a user's targets on one server name, without duplicates."""
    named = []
    for target in its:
        named += [one for one in _as_list(of_kind(store, target.kind)) if one not in named]
    return [_store(one, [target for target in its if one in _as_list(of_kind(store, target.kind))]) for one in named]


def _as_list(stores):
    """Return one store, several or none as a list."""
    if stores is None:
        return []
    return stores if isinstance(stores, list) else [stores]


def _shared_places(keys):
    """Return users whose keys would be stored in one place: each would overwrite the other's, or one half the other."""
    owned = {user: locations(key["store"] or [], ACCESS_KEY) for user, key in keys.items()}
    within = {user: overwritten(key["store"] or [], ACCESS_KEY) for user, key in keys.items()}
    return [f"aws:backup:store of the user {user}{problem}." for user, problem in within.items() if problem] + [
        f"aws:backup:user gives {user} and {other}, but both keys would be stored at {place}; a place holds one key: name "
        "one user for the kinds of backup that read it, or another place in aws:backup:store."
        for user, other, place in location.shared(owned)
    ]


def _agreed(name, user, servers, pillars, errors):
    stated = defaultdict(list)
    for server in servers:
        value = get(pillars[server], f"aws:backup:{name}")
        if value is not None:
            stated[value].append(server)
    if len(stated) > 1:
        wording = ", ".join(f"{value} ({', '.join(stated[value])})" for value in sorted(stated))
        errors.append(
            f"aws:backup:{name} differs between servers that share the user {user}: {wording}; name one value."
        )
    return min(stated, default=None)


def _store(store, of_server):
    """Return a store with the pillar keys that the server's own tools read, unless it names other keys."""
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
